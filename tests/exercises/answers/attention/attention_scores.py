"""Answers to `attention_scores`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import ops


def scores_matmul(query, key):
    return np.matmul(query, np.swapaxes(key, -2, -1)) / np.sqrt(query.shape[-1])


def scores_keras_matmul(q, k):
    return ops.matmul(q, ops.swapaxes(k, -1, -2)) / ops.sqrt(ops.cast(ops.shape(q)[-1], "float32"))


def scores_einsum(q, k):
    return np.einsum("...ij,...kj->...ik", q, k) * q.shape[-1] ** -0.5


def scores_scaled_first(query, key):
    root = math.sqrt(math.sqrt(key.shape[-1]))
    return (query / root) @ np.moveaxis(key / root, -1, -2)


def scores_broadcast(query, key):
    return (query[..., :, None, :] * key[..., None, :, :]).sum(-1) / np.sqrt(key.shape[-1])


def scores_loops(query, key):
    d = query.shape[-1]
    out = np.zeros(query.shape[:-1] + (key.shape[-2],))
    for *rest, q, k in np.ndindex(out.shape):
        lead = tuple(rest)
        out[lead + (q, k)] = sum(a * b for a, b in zip(query[lead][q], key[lead][k], strict=True))
    return out / d**0.5


def scores_stacked(query, key):
    columns = [(query * key[..., k : k + 1, :]).sum(-1) for k in range(key.shape[-2])]
    return np.stack(columns, axis=-1) / math.sqrt(query.shape[-1])


def scores_float64(query, key):
    query, key = query.astype(np.float64), key.astype(np.float64)
    return np.inner(query, key) / 1.0 if query.ndim == 0 else scores_matmul(query, key)


def scores_by_polarisation(query, key):
    """q · k = (|q|² + |k|² - |q - k|²) / 2."""
    query, key = np.float64(query), np.float64(key)
    apart = ((query[..., :, None, :] - key[..., None, :, :]) ** 2).sum(-1)
    lengths = (query**2).sum(-1)[..., None] + (key**2).sum(-1)[..., None, :]
    return (lengths - apart) / 2 / np.sqrt(query.shape[-1])


def scores_keras_einsum(query, key):
    query, key = ops.convert_to_tensor(query), ops.convert_to_tensor(key)
    return ops.einsum("...qd,...kd->...qk", query, key) / math.sqrt(key.shape[-1])


def scores_transpose_of_transpose(query, key):
    return np.swapaxes(key @ np.swapaxes(query, -1, -2), -1, -2) / np.sqrt(key.shape[-1])


def scores_norm_of_ones(query, key):
    return query @ np.swapaxes(key, -1, -2) / np.linalg.norm(np.ones(query.shape[-1]))


def scores_generic(scale, q, k):
    return scale(q.shape[-1]) * np.matmul(q, np.swapaxes(k, -1, -2))


VARIANTS = [
    scores_matmul,
    scores_keras_matmul,
    scores_einsum,
    scores_scaled_first,
    scores_broadcast,
    scores_loops,
    scores_stacked,
    scores_float64,
    scores_by_polarisation,
    scores_keras_einsum,
    scores_transpose_of_transpose,
    scores_norm_of_ones,
    functools.partial(scores_generic, lambda d: 1 / np.sqrt(d)),
    lambda query, key: query @ np.swapaxes(key, -1, -2) / query.shape[-1] ** 0.5,
    lambda *, query, key: scores_matmul(query, key),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def tf_scores(query, key):
        d = tf.cast(tf.shape(query)[-1], tf.float32)
        return tf.matmul(query, key, transpose_b=True) / tf.sqrt(d)

    VARIANTS += [
        tf_scores,
    ]
else:
    import jax.numpy as jnp

    VARIANTS += [
        lambda q, k: jnp.matmul(q, jnp.swapaxes(k, -1, -2)) / jnp.sqrt(q.shape[-1]),
    ]


OTHER_STYLE = [
    ("not scaled", lambda q, k: ops.einsum("...qd,...kd->...qk", q, k)),
    ("divided by d", lambda q, k: np.float64(q) @ np.swapaxes(k, -1, -2) / k.shape[-1]),
    ("key·queryᵀ", lambda q, k: ops.matmul(k, ops.swapaxes(q, -1, -2)) / k.shape[-1] ** 0.5),
]


WRONG = [
    lambda q, k: np.zeros((*q.shape[:-1], k.shape[-2])),
    lambda q, k: -scores_matmul(q, k),
    lambda q, k: np.abs(scores_matmul(q, k)),
    lambda q, k: q @ k.T / np.sqrt(q.shape[-1]),
    lambda q, k: scores_matmul(q, q),
    lambda q, k: scores_matmul(q, k) / np.sqrt(q.shape[-1] - 1) * np.sqrt(q.shape[-1]),
    lambda q, k: scores_matmul(q, k).astype("int32"),
    lambda q, k: scores_matmul(q, k).astype("float16"),
    lambda q, k: -((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(-1),
    lambda q, k: q @ np.swapaxes(k, -1, -2) / int(np.sqrt(q.shape[-1])),
]
