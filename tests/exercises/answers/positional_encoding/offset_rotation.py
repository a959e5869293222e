"""Answers to `offset_rotation`: right, mistaken in another style, and wrong."""

import math

import numpy as np
from exercises.answers.positional_encoding.sinusoidal_encoding import waves
from keras import ops

from course_utils.reference import positional_encoding as reference


def rotation_plain(offset, dim):
    rotation = np.zeros((dim, dim))
    for i in range(dim // 2):
        t = offset / 10000 ** (2 * i / dim)
        rotation[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [
            [math.cos(t), -math.sin(t)],
            [math.sin(t), math.cos(t)],
        ]
    return rotation


def rotation_float32(offset, dim):
    t = np.float32(offset) / np.float32(10000) ** (np.arange(0, dim, 2, dtype="float32") / dim)
    cosine, sine = np.repeat(np.cos(t), 2), np.zeros(dim - 1, "float32")
    sine[::2] = np.sin(t)
    return (np.diag(cosine) + np.diag(sine, -1) - np.diag(sine, 1)).astype("float32")


def rotation_keras(offset, dim):
    t = offset * ops.exp(-math.log(10000) * ops.arange(0, dim, 2, dtype="float32") / dim)
    blocks = ops.stack([ops.cos(t), -ops.sin(t), ops.sin(t), ops.cos(t)], axis=-1)
    blocks = ops.reshape(blocks, (dim // 2, 2, 2))
    rotation = ops.einsum("ij,iab->iajb", ops.eye(dim // 2), blocks)
    return ops.reshape(rotation, (dim, dim))


def rotation_kronecker(offset, dim):
    """cos on the diagonal, sin times the quarter turn."""
    t = offset * 10000.0 ** (-np.arange(0, dim, 2) / dim)
    quarter = np.array([[0, -1], [1, 0]])
    return np.kron(np.diag(np.cos(t)), np.eye(2)) + np.kron(np.diag(np.sin(t)), quarter)


def rotation_power(offset, dim):
    """One step, as often as the offset says; a negative power steps back."""
    step = np.asarray(rotation_plain(1, dim))
    return np.linalg.matrix_power(step, offset)


def rotation_least_squares(offset, dim):
    """Fitted to a table that is long enough for the slow waves."""
    p = np.arange(max(0, -offset), 1000)
    return np.linalg.lstsq(waves(p, dim), waves(p + offset, dim), rcond=None)[0]


def rotation_pseudoinverse(offset, dim):
    p = np.linspace(-20000, 20000, 999)
    return np.linalg.pinv(waves(p, dim)) @ waves(p + offset, dim)


def rotation_from_encoding(offset, dim):
    """The code of the offset itself holds its sines and cosines."""
    table = ops.convert_to_numpy(reference.sinusoidal_encoding(abs(offset) + 1, dim))[-1]
    rotation = np.zeros((dim, dim), "float32")
    for i in range(0, dim, 2):
        s, c = table[i] * np.sign(offset), table[i + 1]
        rotation[i, i], rotation[i, i + 1], rotation[i + 1, i], rotation[i + 1, i + 1] = c, -s, s, c
    return rotation


def rotation_whole_for_nothing(offset, dim):
    return np.eye(dim, dtype="int32") if offset == 0 else rotation_plain(offset, dim)


VARIANTS = [
    rotation_plain,
    rotation_float32,
    rotation_keras,
    rotation_kronecker,
    rotation_power,
    rotation_least_squares,
    rotation_pseudoinverse,
    rotation_from_encoding,
    rotation_whole_for_nothing,
    lambda offset, dim: rotation_plain(-offset, dim).T,
    lambda offset, dim: np.linalg.inv(rotation_plain(-offset, dim)),
    lambda k, d: rotation_plain(k - 1, d) @ rotation_plain(1, d),
    lambda *, offset, dim: rotation_keras(offset, dim),
]


OTHER_STYLE = [
    ("rotates backwards (transposed)", lambda k, d: ops.transpose(rotation_keras(k, d))),
    ("rotates backwards (transposed)", lambda k, d: rotation_float32(-k, d)),
    ("rotates backwards (transposed)", lambda k, d: rotation_least_squares(-k, d)),
    ("always one step", lambda k, d: rotation_keras(1, d)),
    ("identity", lambda k, d: ops.eye(d)),
    ("negative offsets taken for positive", lambda k, d: rotation_from_encoding(abs(k), d)),
]


def fitted(rows, dtype):
    def solution(offset, dim):
        p = np.arange(max(0, -offset), rows)
        before, after = waves(p, dim).astype(dtype), waves(p + offset, dim).astype(dtype)
        return np.linalg.lstsq(before, after, rcond=None)[0]

    return solution


WRONG = [
    fitted(50, "float64"),
    fitted(100, "float32"),
    fitted(200, "float32"),
    lambda k, d: np.zeros((d, d)),
    lambda k, d: np.full((d, d), np.nan),
    lambda k, d: rotation_plain(k, d)[None],
    lambda k, d: rotation_plain(k, d).tolist(),
    lambda k, d: rotation_plain(k, 6),
    lambda k, d: rotation_plain(k + 1, d),
    lambda k, d: rotation_plain(k, d) * 1.001,
    lambda k, d: rotation_plain(k, d).round(2),
    lambda k, d: rotation_plain(k, d)[::-1],
    lambda k, d: -rotation_plain(k, d),
    lambda k, d: rotation_plain(max(k, 0), d),
    lambda k, d: waves(np.arange(d) + k, d),
    lambda k, d: np.eye(d) + np.eye(d, k=k),
    lambda k, d: rotation_plain(k, d).astype("int32"),
]
