"""Answers to `add_class_token`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def token_keras(tokens, class_token):
    batch, _, dim = ops.shape(tokens)
    in_front = ops.broadcast_to(class_token, (batch, 1, dim))
    return ops.concatenate([in_front, tokens], axis=1)


def token_repeat(tokens, class_token):
    return np.concatenate([np.repeat(class_token, len(tokens), axis=0), tokens], axis=1)


def token_tile(tokens, class_token):
    return ops.concatenate([ops.tile(class_token, (tokens.shape[0], 1, 1)), tokens], axis=-2)


def token_loop(tokens, class_token):
    return np.stack([np.vstack([class_token[0], image]) for image in tokens])


def token_filled(tokens, class_token):
    batch, length, dim = tokens.shape
    result = np.empty((batch, length + 1, dim))
    result[:, 0] = class_token
    result[:, 1:] = tokens
    return result


def token_by_padding(tokens, class_token):
    first = np.zeros(tokens.shape[1] + 1)
    first[0] = 1
    return ops.pad(tokens, ((0, 0), (1, 0), (0, 0))) + first[None, :, None] * class_token


def token_by_zeros(tokens, class_token):
    return ops.concatenate([ops.zeros_like(tokens[:, :1]) + class_token, tokens], axis=1)


def token_turned(tokens, class_token):
    by_token = np.swapaxes(tokens, 0, 1)  # (N, B, D)
    row = np.broadcast_to(class_token, (1, *by_token.shape[1:]))
    return np.swapaxes(np.concatenate([row, by_token]), 0, 1)


class Token(keras.layers.Layer):
    def call(self, tokens, class_token):
        return token_keras(tokens, class_token)


VARIANTS = [
    token_keras,
    token_repeat,
    token_tile,
    token_loop,
    token_filled,
    token_by_padding,
    token_by_zeros,
    token_turned,
    Token(),
    functools.partial(token_keras),
    lambda x, c: np.insert(x, 0, c[0, 0], axis=1),
    lambda x, c: ops.hstack([ops.repeat(c, x.shape[0], axis=0), x]),
    lambda *, tokens, class_token: np.float64(token_repeat(tokens, class_token)),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [lambda x, c: tf.concat([tf.tile(c, [tf.shape(x)[0], 1, 1]), x], 1)]
else:
    import jax
    import jax.numpy as jnp

    VARIANTS += [jax.vmap(lambda x, c: jnp.concatenate([c[0], x]), in_axes=(0, None))]


OTHER_STYLE = [
    ("batch of one not repeated", lambda x, c: ops.concatenate([c, x], axis=1)),
    ("batch of one not repeated", lambda x, c: np.hstack([c, x])),
    ("at the end", lambda x, c: ops.concatenate([x, ops.repeat(c, x.shape[0], 0)], axis=1)),
    ("at the end", lambda x, c: np.append(x, np.repeat(c, len(x), axis=0), axis=1)),
    ("added instead of joined", ops.add),
    ("joined along the batch", lambda x, c: np.vstack([np.repeat(c, x.shape[1], axis=1), x])),
]


def in_place(tokens, class_token):
    tokens[:, 0] = class_token[0, 0]
    return tokens


def spoils(tokens, class_token):
    result = token_repeat(tokens, class_token)
    tokens *= 0
    return result


WRONG = [
    in_place,
    spoils,
    lambda x, c: None,
    lambda x, c: x,
    lambda x, c: c,
    lambda x, c: token_repeat(x, c)[:, :-1],
    lambda x, c: token_repeat(x, c)[:, ::-1],
    lambda x, c: token_repeat(x, -c),
    lambda x, c: token_repeat(x, c) + c,
    lambda x, c: token_repeat(x[::-1], c),
    lambda x, c: token_repeat(x, c)[0],
    lambda x, c: token_repeat(x, c).tolist(),
    lambda x, c: token_repeat(x, c).astype("float16"),
    lambda x, c: token_repeat(x, np.random.default_rng(0).normal(size=c.shape)),
    lambda x, c: token_repeat(x, c)[:1],
    lambda x, c: token_repeat(x, c).swapaxes(1, 2),
]
