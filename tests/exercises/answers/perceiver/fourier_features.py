"""Answers to `fourier_features`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import ops


def fourier_numpy(positions, num_bands, max_resolution):
    angles = np.pi * positions[..., None] * np.linspace(1, max_resolution / 2, num_bands)
    angles = angles.reshape(positions.shape[0], -1)
    return np.concatenate([positions, np.sin(angles), np.cos(angles)], axis=-1)


def fourier_keras(positions, num_bands, max_resolution):
    positions = ops.convert_to_tensor(positions)
    f = ops.linspace(1.0, max_resolution / 2, num_bands)
    angles = ops.einsum("nk,f->nkf", positions, f) * math.pi
    angles = ops.reshape(angles, (positions.shape[0], positions.shape[1] * num_bands))
    return ops.concatenate([positions, ops.sin(angles), ops.cos(angles)], axis=-1)


def fourier_columns(positions, num_bands, max_resolution):
    columns = [positions[:, axis] for axis in range(positions.shape[1])]
    frequencies = np.linspace(1, max_resolution / 2, num_bands)
    for wave in (np.sin, np.cos):
        for axis in range(positions.shape[1]):
            columns += [wave(np.pi * f * positions[:, axis]) for f in frequencies]
    return np.stack(columns, axis=1)


def fourier_float32(positions, num_bands, max_resolution):
    f = np.linspace(1, max_resolution / 2, num_bands, dtype="float32")
    angles = np.repeat(positions, num_bands, axis=1) * np.tile(f, positions.shape[1])
    angles = angles * np.float32(np.pi)
    return np.hstack([positions, np.sin(angles), np.cos(angles)]).astype("float32")


def fourier_loop(positions, num_bands, max_resolution):
    rows = []
    step = (max_resolution / 2 - 1) / (num_bands - 1) if num_bands > 1 else 0
    for place in positions.tolist():
        row = list(place)
        row += [math.sin(math.pi * (1 + i * step) * p) for p in place for i in range(num_bands)]
        row += [math.cos(math.pi * (1 + i * step) * p) for p in place for i in range(num_bands)]
        rows.append(row)
    return np.array(rows)


def fourier_outer(positions, num_bands, max_resolution):
    f = np.pi * np.linspace(1, max_resolution / 2, num_bands)
    axes = [np.outer(axis, f) for axis in positions.T]
    return np.concatenate([positions, *map(np.sin, axes), *map(np.cos, axes)], axis=1)


def fourier_complex(positions, num_bands, max_resolution):
    f = np.linspace(1, max_resolution / 2, num_bands)
    turned = np.exp(1j * np.pi * np.kron(positions, f[None]))
    return np.c_[positions, turned.imag, turned.real]


def fourier_shifted(positions, num_bands, max_resolution):
    """A cosine is a sine a quarter turn ahead."""
    angles = np.pi * np.kron(
        positions.astype("float64"), np.linspace(1, max_resolution / 2, num_bands)
    )
    return np.concatenate([positions, np.sin(angles), np.sin(angles + np.pi / 2)], axis=-1)


class Fourier:
    def __call__(self, positions, *, num_bands, max_resolution):
        return fourier_keras(positions, num_bands, max_resolution)


VARIANTS = [
    fourier_numpy,
    fourier_keras,
    fourier_columns,
    fourier_float32,
    fourier_loop,
    fourier_outer,
    fourier_complex,
    fourier_shifted,
    Fourier(),
    functools.partial(fourier_numpy),
    lambda *, positions, num_bands, max_resolution: fourier_outer(
        positions, num_bands, max_resolution
    ),
    lambda p, bands, res: np.float64(fourier_numpy(p.astype("float64"), bands, res)),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def fourier_tf(positions, num_bands, max_resolution):
        f = tf.linspace(1.0, max_resolution / 2, num_bands)
        angles = tf.reshape(math.pi * positions[:, :, None] * f, (tf.shape(positions)[0], -1))
        return tf.concat([positions, tf.sin(angles), tf.cos(angles)], -1)

    VARIANTS += [fourier_tf]
else:
    import jax
    import jax.numpy as jnp

    def fourier_jax(positions, num_bands, max_resolution):
        f = jnp.linspace(1, max_resolution / 2, num_bands)

        def one(place):
            angles = (jnp.pi * place[:, None] * f).ravel()
            return jnp.concatenate([place, jnp.sin(angles), jnp.cos(angles)])

        return jax.vmap(one)(jnp.asarray(positions))

    VARIANTS += [fourier_jax]


def with_bands(bands, factor=np.pi):
    def solution(positions, num_bands, max_resolution):
        angles = np.kron(positions, factor * np.asarray(bands(num_bands, max_resolution)))
        return np.concatenate([positions, np.sin(angles), np.cos(angles)], axis=-1)

    return solution


def evenly(num_bands, max_resolution):
    return np.linspace(1, max_resolution / 2, num_bands)


def reordered(order):
    """The columns of the right answer in another order: positions, sines, cosines -> columns."""

    def solution(positions, num_bands, max_resolution):
        right = fourier_numpy(positions, num_bands, max_resolution)
        k = positions.shape[1]
        sines, cosines = np.split(right[:, k:], 2, axis=1)
        return order(positions, sines, cosines, k, num_bands)

    return solution


OTHER_STYLE = [
    ("π missing", with_bands(evenly, 1)),
    ("2π", with_bands(evenly, 2 * np.pi)),
    (
        "frequencies up to max_resolution",
        with_bands(lambda n, res: np.arange(n) / max(n - 1, 1) * (res - 1) + 1),
    ),
    ("logarithmic spacing", with_bands(lambda n, res: np.logspace(0, np.log10(res / 2), n))),
    ("powers of 2", with_bands(lambda n, res: 1 << np.arange(n))),
    ("frequencies from 0", with_bands(lambda n, res: ops.linspace(0, res / 2, n))),
    ("whole numbers as frequencies", with_bands(lambda n, res: range(1, n + 1))),
    ("raw positions forgotten", lambda p, n, res: fourier_keras(p, n, res)[:, p.shape[1] :]),
    (
        "raw positions last",
        lambda p, n, res: ops.roll(fourier_keras(p, n, res), -p.shape[1], axis=1),
    ),
    (
        "cosines before sines",
        reordered(lambda p, s, c, k, n: np.concatenate([p, c, s], axis=1)),
    ),
    (
        "sine and cosine in pairs",
        reordered(
            lambda p, s, c, k, n: np.concatenate(
                [p, np.stack([s, c], axis=-1).reshape(len(p), -1)], axis=1
            )
        ),
    ),
    (
        "frequency-major order",
        reordered(
            lambda p, s, c, k, n: np.concatenate(
                [p, *(x.reshape(-1, k, n).swapaxes(1, 2).reshape(-1, k * n) for x in (s, c))],
                axis=1,
            )
        ),
    ),
    (
        "an axis at a time",
        reordered(
            lambda p, s, c, k, n: np.concatenate(
                [p] + [x[:, a * n : (a + 1) * n] for a in range(k) for x in (s, c)], axis=1
            )
        ),
    ),
    (
        "features before places",
        lambda p, n, res: ops.transpose(fourier_keras(p, n, res)),
    ),
]


WRONG = [
    lambda p, n, res: None,
    lambda p, n, res: p,
    lambda p, n, res: fourier_numpy(p, n, res).tolist(),
    lambda p, n, res: fourier_numpy(p, n, res)[None],
    lambda p, n, res: fourier_numpy(p, n, 32),
    lambda p, n, res: fourier_numpy(p, 5, res),
    lambda p, n, res: fourier_numpy(p, n, res + 1),
    lambda p, n, res: fourier_numpy(p, n, res // 2 * 2),
    lambda p, n, res: fourier_numpy((p + 1) / 2, n, res),
    lambda p, n, res: fourier_numpy(p, n, res).round(2),
    lambda p, n, res: -fourier_numpy(p, n, res),
    lambda p, n, res: 1.01 * fourier_numpy(p, n, res),
    lambda p, n, res: fourier_numpy(p, n, res).astype("int32"),
    lambda p, n, res: np.zeros((len(p), p.shape[1] * (2 * n + 1))),
    lambda p, n, res: np.full((len(p), p.shape[1] * (2 * n + 1)), np.nan),
    lambda p, n, res: fourier_numpy(p[:, ::-1], n, res),
    with_bands(lambda n, res: evenly(n, res)[::-1]),
    with_bands(lambda n, res: evenly(n, res).round()),
    with_bands(lambda n, res: np.linspace(1, res / 2 - 1, n)),
    with_bands(lambda n, res: np.linspace(1, res / 2, n) if n > 1 else np.array([res / 2])),
    lambda p, n: fourier_numpy(p, n, 32),
]
