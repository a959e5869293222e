"""Answers to `reversal_queries_keys`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import ops


def reverse_keys(length, sharpness=50.0):
    query = np.eye(length) * sharpness * np.sqrt(length)
    return query, np.eye(length)[::-1]


def reverse_query_rows(length, sharpness=50.0):
    key = np.eye(length, dtype="float32")
    return np.flip(key, 0) * (sharpness * length**0.5), key


def reverse_antidiagonal(n, sharpness=50.0):
    query = np.zeros((n, n))
    for i in range(n):
        query[i, n - 1 - i] = sharpness * math.sqrt(n)
    return query, np.identity(n)


def reverse_shared_sharpness(length, sharpness=50.0):
    factor = math.sqrt(sharpness * math.sqrt(length))
    return factor * np.fliplr(np.eye(length)), factor * np.eye(length)


def reverse_circle(length, sharpness=50.0):
    """Two features: keys on a circle, the nearest direction wins."""
    angle = 2 * np.pi * np.arange(length) / length
    key = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    margin = 1 - np.cos(2 * np.pi / length)
    return key[::-1] * sharpness * np.sqrt(2) / margin, key


def reverse_parabola(length, sharpness=50.0):
    """-(i - j)² = 2ij - j² - i², and the last term is the same for all keys."""
    j = np.arange(length, dtype="float64")
    wanted = j[::-1]
    key = np.stack([j, -(j**2)], axis=1)
    query = np.stack([2 * wanted, np.ones(length)], axis=1)
    return sharpness * np.sqrt(2) * query, key


def reverse_parabola_three(length, sharpness=50.0):
    j = np.arange(length) - (length - 1) / 2
    key = np.stack([j**2, j, np.ones(length)], axis=-1)
    query = np.stack([-np.ones(length), -2 * j, np.zeros(length)], axis=-1)
    return query * sharpness * 3**0.5, key


def reverse_wide(length, sharpness=50.0):
    key = np.eye(length, 2 * length + 3)
    return sharpness * np.sqrt(2 * length + 3) * key[::-1], key


def reverse_random_basis(length, sharpness=50.0):
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((length, length)))[0]
    return sharpness * np.sqrt(length) * basis[::-1], basis


def reverse_fixed_sharpness(length):
    return 1e4 * np.eye(length)[::-1], np.eye(length)


def reverse_keras(length, sharpness=50.0):
    key = ops.one_hot(ops.arange(length), length)
    query = ops.one_hot(length - 1 - ops.arange(length), length)
    return query * sharpness * ops.sqrt(float(length)), key


def reverse_integers(length, sharpness=50):
    key = np.eye(length, dtype=int)
    return key[::-1] * int(sharpness) * length, key


VARIANTS = [
    reverse_keys,
    reverse_query_rows,
    reverse_antidiagonal,
    reverse_shared_sharpness,
    reverse_circle,
    reverse_parabola,
    reverse_parabola_three,
    reverse_wide,
    reverse_random_basis,
    reverse_fixed_sharpness,
    reverse_keras,
    reverse_integers,
    lambda length, sharpness=50.0: list(reverse_keys(length, sharpness)),
    functools.partial(reverse_keys, sharpness=80.0),
    lambda *, length, sharpness=50.0: reverse_wide(length, sharpness),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def tf_reverse(length, sharpness=50.0):
        key = tf.eye(length)
        return sharpness * tf.sqrt(float(length)) * tf.reverse(key, [0]), key

    VARIANTS += [
        tf_reverse,
    ]
else:
    import jax.numpy as jnp

    def jnp_reverse(length, sharpness=50.0):
        key = jnp.eye(length)
        return sharpness * length**0.5 * key[::-1], key

    VARIANTS += [
        jnp_reverse,
    ]


OTHER_STYLE = [
    ("identity instead of reversal", lambda n: (ops.eye(n) * 1000.0, ops.eye(n))),
    ("not sharp enough", lambda n: (np.float64(np.eye(n)[::-1]), np.eye(n))),
    ("only for one length", lambda n: (ops.eye(3)[::-1] * 100.0, ops.eye(3))),
]


WRONG = [
    lambda n: (np.zeros((n, n)), np.zeros((n, n))),
    lambda n: (np.full((n, n), np.nan), np.eye(n)),
    lambda n: (1e30 * np.eye(n)[::-1], 1e30 * np.eye(n)),
    lambda n: (1000 * np.eye(n)[::-1], np.eye(n, n + 1)),
    lambda n: (1000 * np.eye(n)[None, ::-1], np.eye(n)[None]),
    lambda n: 1000 * np.eye(n)[::-1],
    lambda n: (-1000 * np.eye(n)[::-1], np.eye(n)),
    lambda n: (1000 * np.roll(np.eye(n), 1, 0), np.eye(n)),
    lambda n: (1000 * np.eye(n)[::-1], np.eye(n)[::-1]),
]
