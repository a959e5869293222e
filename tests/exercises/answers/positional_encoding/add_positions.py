"""Answers to `add_positions`: right, mistaken in another style, and wrong."""

import keras
import numpy as np
from keras import ops


def add_loop(tokens, encoding):
    result = np.zeros_like(tokens)
    for b in range(tokens.shape[0]):
        for n in range(tokens.shape[1]):
            result[b, n] = tokens[b, n] + encoding[n]
    return result


def add_keras(tokens, encoding):
    length = ops.shape(tokens)[1]
    return ops.add(tokens, ops.expand_dims(encoding[:length], 0))


def add_keras_take(tokens, encoding):
    return tokens + ops.take(encoding, ops.arange(tokens.shape[1]), axis=0)


def add_unpacking(tokens, encoding):
    batch, length, dim = tokens.shape
    return tokens + np.tile(encoding[None, :length], (batch, 1, 1))


def add_einsum(tokens, encoding):
    ones = np.ones(len(tokens))
    return tokens + np.einsum("b,nd->bnd", ones, encoding[: tokens.shape[1]])


def add_copy(tokens, encoding):
    tokens = np.copy(tokens)
    tokens += encoding[: tokens.shape[-2]]
    return tokens


def add_one_hot(tokens, encoding):
    choose = ops.one_hot(ops.arange(tokens.shape[1]), encoding.shape[0])
    return tokens + ops.matmul(choose, encoding)


class AddLayer(keras.layers.Layer):
    def call(self, tokens, encoding):
        return tokens + encoding[: tokens.shape[1]]


VARIANTS = [
    lambda tokens, encoding: tokens + encoding[: tokens.shape[1]],
    lambda tokens, encoding: tokens + encoding[np.newaxis, : tokens.shape[1], :],
    lambda tokens, encoding: encoding[: len(tokens[0])] + tokens,
    lambda tokens, encoding: np.stack([t + encoding[: len(t)] for t in tokens]),
    lambda x, table: np.float64(x) + np.float64(table)[range(x.shape[1])],
    lambda *, tokens, encoding: np.add(tokens, np.split(encoding, [tokens.shape[1]])[0]),
    add_loop,
    add_keras,
    add_keras_take,
    add_unpacking,
    add_einsum,
    add_copy,
    add_one_hot,
    AddLayer(),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [
        lambda x, e: x + tf.gather(e, tf.range(tf.shape(x)[1])),
    ]
else:
    import jax

    VARIANTS += [
        jax.jit(lambda x, e: x + e[: x.shape[1]]),
    ]


OTHER_STYLE = [
    ("indexes by batch size", lambda x, e: ops.add(x, e[: ops.shape(x)[0]])),
    ("adds along the batch axis", lambda x, e: ops.add(x, ops.expand_dims(e[: x.shape[0]], 1))),
    ("encoding not cut", ops.add),
    (
        "concatenates",
        lambda x, e: ops.concatenate(
            [x, ops.repeat(e[None, : x.shape[1]], x.shape[0], axis=0)], axis=-1
        ),
    ),
]


def in_place(tokens, encoding):
    tokens += encoding[: tokens.shape[1]]
    return tokens


WRONG = [
    in_place,
    lambda x, e: x + e[:5],
    lambda x, e: x - e[: x.shape[1]],
    lambda x, e: x + e[: x.shape[1]][::-1],
    lambda x, e: x + 1,
    lambda x, e: (x + e[: x.shape[1]]) / 2,
    lambda x, e: x + e[1 : x.shape[1] + 1] if len(e) > x.shape[1] else x + e,
    lambda x, e: x + e[: x.shape[1]].mean(0),
    lambda x, e: x + np.resize(e, x.shape),
    lambda x, e: (x + e[: x.shape[1]]).astype("float16"),
    lambda x, e: (x + e[: x.shape[1]]).sum(0),
    lambda x, e: (x + e[: x.shape[1]])[:1],
    lambda x, e: x + 2 * e[: x.shape[1]],
    lambda x, e: list(x + e[: x.shape[1]]),
    lambda x, e: x + e[: x.shape[1], :1],
]
