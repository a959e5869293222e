"""Answers to `linear_positions`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def linear_plain(length, normalize=False):
    if normalize:
        return np.arange(length) / max(length - 1, 1)
    return np.arange(1, length + 1)


def linear_linspace(length, normalize=False):
    return np.linspace(0, 1, length) if normalize else np.linspace(1, length, length)


def linear_loop(length, normalize=False):
    positions = np.zeros(length)
    for i in range(length):
        positions[i] = i / (length - 1) if normalize and length > 1 else i * (not normalize)
        positions[i] += not normalize
    return positions


def linear_keras(length, normalize=False):
    positions = ops.arange(1, length + 1, dtype="float32")
    if normalize:
        positions = (positions - 1) / ops.maximum(positions[-1] - 1, 1)
    return positions


def linear_keras_integers(length, normalize=False):
    return ops.linspace(0.0, 1.0, length) if normalize else ops.arange(1, length + 1)


def linear_cumsum(length, normalize=False):
    positions = np.cumsum(np.ones(length, "float32"))
    return (positions - 1) / (length - 1 or 1) if normalize else positions


def linear_shifted(length, normalize=False):
    positions = np.arange(length, dtype="int32")
    return positions / np.maximum(positions.max(), 1) if normalize else positions + 1


def linear_list(length, normalize=False):
    if normalize and length == 1:
        return np.array([0])
    return np.array([p / (length - 1) if normalize else p + 1 for p in range(length)])


class Linear:
    def __call__(self, length, *, normalize=False):
        return linear_plain(length, normalize)


VARIANTS = [
    linear_plain,
    linear_linspace,
    linear_loop,
    linear_keras,
    linear_keras_integers,
    linear_cumsum,
    linear_shifted,
    linear_list,
    Linear(),
    lambda n, normed=False: np.float32(linear_plain(n, normed)),
    lambda *, length, normalize=False: linear_plain(length, normalize),
    functools.partial(lambda start, n, normalize=False: linear_plain(n, normalize), 1),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [
        lambda n, norm=False: tf.linspace(0.0, 1.0, n) if norm else tf.range(1, n + 1),
    ]
else:
    import jax.numpy as jnp

    VARIANTS += [
        lambda n, norm=False: jnp.linspace(0, 1, n) if norm else jnp.arange(1, n + 1),
    ]


OTHER_STYLE = [
    ("starts at 0", lambda n, norm=False: np.arange(n) / (max(n - 1, 1) if norm else 1)),
    ("starts at 0", lambda n, norm=False: ops.linspace(0.0, 1.0, n) if norm else ops.arange(n)),
    (
        "divides by N instead of N - 1",
        lambda n, norm=False: np.linspace(0, 1, n, endpoint=False) if norm else np.arange(1, n + 1),
    ),
    (
        "length 1 divides by zero",
        lambda n, norm=False: np.arange(n) / (n - 1) if norm else np.arange(1, n + 1),
    ),
    (
        "length 1 divides by zero",
        lambda n, norm=False: (
            ops.arange(n, dtype="float32") / (n - 1) if norm else ops.arange(1, n + 1)
        ),
    ),
    (
        "length 1 divides by zero",
        lambda n, norm=False: np.array([i * (1 / (n - 1)) if norm else i + 1 for i in range(n)]),
    ),
    (
        "length 1 divides by zero",
        lambda n, norm=False: (lambda p: (p - p.min()) / (p.max() - p.min()) if norm else p)(
            np.arange(1, n + 1)
        ),
    ),
    ("normalize ignored", lambda length, normalize=False: ops.arange(1, length + 1)),
    ("shape (N, 1)", lambda n, norm=False: ops.reshape(linear_plain(n, norm), (n, 1))),
]


WRONG = [
    lambda n, norm=False: np.arange(1, n + 2),
    lambda n, norm=False: np.zeros(n),
    lambda n, norm=False: linear_plain(n, norm).tolist(),
    lambda n, norm=False: range(1, n + 1),
    lambda n, norm=False: linear_plain(5, norm),
    lambda n, norm=False: linear_plain(n, norm) + 0.01,
    lambda n, norm=False: linear_plain(n, norm) * (0.999 if norm else 1),
    lambda n, norm=False: linear_plain(n, norm) ** 2,
    lambda n, norm=False: np.nan_to_num(np.arange(n) / max(n - 1, 1) if norm else np.arange(n)),
    lambda n, norm=False: np.linspace(0, 1, n).astype(int) if norm else np.arange(1, n + 1),
    lambda n, norm=False: np.linspace(0.5, 0.5, n) if n == 1 and norm else linear_plain(n, norm),
    lambda n, norm=False: linear_plain(n, norm)[None, None],
    lambda n, norm=False: linear_plain(n, norm) > 1,
    lambda n, norm=False: linear_plain(n, norm).astype(str),
    lambda n: np.arange(1, n + 1),
]
