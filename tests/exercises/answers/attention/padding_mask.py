"""Answers to `padding_mask`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def padding_loops(lengths, max_length):
    mask = np.zeros((len(lengths), 1, max_length), dtype=bool)
    for b, n in enumerate(lengths):
        mask[b, 0, :n] = True
    return mask


def padding_stack(lengths, max_length):
    rows = [[j < n for j in range(max_length)] for n in lengths]
    return np.stack([np.array(row) for row in rows])[:, np.newaxis]


def padding_keras(lengths, max_length):
    mask = ops.arange(max_length) < ops.expand_dims(lengths, -1)
    return ops.expand_dims(mask, 1)


def padding_concatenate(lengths, max_length):
    rows = [np.concatenate([np.ones(n, bool), np.zeros(max_length - n, bool)]) for n in lengths]
    return np.array(rows).reshape(len(lengths), 1, max_length)


def padding_cumsum(lengths, max_length):
    ones = np.ones((len(lengths), 1, max_length), "int64")
    return np.cumsum(ones, axis=-1) <= np.reshape(lengths, (-1, 1, 1))


VARIANTS = [
    padding_loops,
    padding_stack,
    padding_keras,
    padding_concatenate,
    padding_cumsum,
    lambda lengths, max_length: np.arange(max_length) < lengths[:, None, None],
    lambda lengths, max_length: np.arange(max_length)[None, None] < lengths[:, None, None],
    lambda lengths, max_length: (np.arange(1, max_length + 1) <= lengths[:, None])[:, None],
    lambda sizes, n: ~(np.arange(n) >= np.asarray(sizes)[:, None]).reshape(-1, 1, n),
    lambda sizes, n: np.greater.outer(sizes, np.arange(n))[:, None, :],
    lambda sizes, n: np.array([[[i < s for i in range(n)]] for s in sizes]),
    lambda sizes, n: np.tri(n + 1, n, -1, dtype=bool)[sizes][:, None],
    lambda sizes, n: ops.greater(ops.reshape(sizes, (-1, 1, 1)), ops.arange(n)),
    lambda *, lengths, max_length: padding_loops(lengths, max_length),
    functools.partial(lambda less, sizes, n: less(np.arange(n), sizes[:, None, None]), np.less),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [
        lambda sizes, n: tf.sequence_mask(sizes, n)[:, None],
    ]
else:
    import jax.numpy as jnp

    VARIANTS += [
        lambda sizes, n: jnp.arange(n) < sizes[:, None, None],
    ]


OTHER_STYLE = [
    ("shape (B, N)", lambda s, n: ops.arange(n) < ops.expand_dims(s, 1)),
    ("off by one: <=", lambda s, n: np.arange(n) <= s[:, None, None]),
    ("True on padding", lambda s, n: ops.arange(n) >= s[:, None, None]),
]


WRONG = [
    lambda s, n: np.ones((len(s), 1, n), bool),
    lambda s, n: np.zeros((len(s), 1, n), bool),
    lambda s, n: padding_loops(s, n)[..., ::-1],
    lambda s, n: padding_loops(s, n) & np.swapaxes(padding_loops(s, n), -1, -2),
    lambda s, n: padding_loops(s, n)[:, :, None],
    lambda s, n: padding_loops(s, max(s)),
    lambda s, n: np.arange(n)[None, None] == s[:, None, None],
    lambda s, n: padding_loops(s[::-1], n),
    lambda s, n: padding_loops(np.sort(s), n),
    lambda s, n: padding_loops(np.maximum(s, 1), n),
]
