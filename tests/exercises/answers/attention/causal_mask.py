"""Answers to `causal_mask`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def causal_loops(length):
    mask = np.zeros((length, length), dtype=bool)
    for i in range(length):
        for j in range(i + 1):
            mask[i, j] = True
    return mask


def causal_filled(n):
    mask = np.full((n, n), False)
    mask[np.tril_indices(n)] = True
    return mask


def causal_grid(n):
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    return j <= i


def causal_keyword(length, dtype="bool"):
    return ops.cast(ops.tril(ops.ones((length, length))), dtype)


VARIANTS = [
    causal_loops,
    causal_filled,
    causal_grid,
    causal_keyword,
    lambda length: np.tril(np.ones((length, length), dtype=bool)),
    lambda length: np.tri(length, dtype=bool),
    lambda length: np.tri(length).astype(bool),
    lambda length: ~np.triu(np.ones((length, length), bool), k=1),
    lambda n: np.arange(n)[None, :] <= np.arange(n)[:, None],
    lambda n: np.less_equal.outer(np.arange(n), np.arange(n)).T,
    lambda n: np.array([[j <= i for j in range(n)] for i in range(n)]),
    lambda n: np.cumsum(np.eye(n), axis=0) > 0.5,
    lambda n: ops.arange(n)[:, None] >= ops.arange(n),
    lambda n: ops.logical_not(ops.triu(ops.ones((n, n), dtype="bool"), k=1)),
    lambda *, length: np.tri(length) == 1,
    functools.partial(np.tri, dtype=bool),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [
        lambda n: tf.linalg.band_part(tf.ones((n, n)), -1, 0) > 0,
        lambda n: tf.sequence_mask(tf.range(1, n + 1), n),
    ]
else:
    import jax.numpy as jnp

    VARIANTS += [
        lambda n: jnp.tri(n, dtype=bool),
    ]


OTHER_STYLE = [
    ("upper triangle", lambda n: ops.arange(n)[:, None] <= ops.arange(n)),
    ("diagonal excluded", lambda n: ops.arange(n)[:, None] > ops.arange(n)),
    ("0/1 floats", lambda n: ops.tril(ops.ones((n, n)))),
    ("0/1 integers", lambda n: np.array([[int(j <= i) for j in range(n)] for i in range(n)])),
]


WRONG = [
    lambda n: np.eye(n, dtype=bool),
    lambda n: np.zeros((n, n), bool),
    lambda n: np.tri(n, dtype=bool)[::-1],
    lambda n: np.tri(n, dtype=bool)[None],
    lambda n: np.tri(n, n, 1, dtype=bool),
    lambda n: np.tri(n + 1, dtype=bool),
    lambda n: np.tri(5, dtype=bool),
    lambda n: np.tri(n, dtype=bool).tolist(),
    lambda n: np.tri(n, dtype=bool).astype(str),
    lambda n: True,
]
