"""Answers to `sinusoidal_encoding`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import ops

from course_utils.reference import positional_encoding as reference


def refuse_odd(dim):
    if dim % 2 != 0:
        raise ValueError(f"dim must be even, not {dim}")


def sinusoid_plain(length, dim):
    refuse_odd(dim)
    position = np.arange(length)[:, np.newaxis]
    divisor = np.power(10000, np.arange(0, dim, 2) / dim)
    encoding = np.zeros((length, dim))
    encoding[:, 0::2] = np.sin(position / divisor)
    encoding[:, 1::2] = np.cos(position / divisor)
    return encoding


def sinusoid_accidental_error(length, dim):
    """Broadcasting refuses an odd dim by itself, with a ValueError."""
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    encoding = np.empty((length, dim))
    encoding[:, ::2], encoding[:, 1::2] = np.sin(angles), np.cos(angles)
    return encoding


def sinusoid_loops(length, dim):
    refuse_odd(dim)
    encoding = np.zeros((length, dim), dtype="float32")
    for p in range(length):
        for i in range(dim // 2):
            encoding[p, 2 * i] = math.sin(p / 10000 ** (2 * i / dim))
            encoding[p, 2 * i + 1] = math.cos(p / 10000 ** (2 * i / dim))
    return encoding


def sinusoid_float32(length, dim):
    refuse_odd(dim)
    position = np.arange(length, dtype="float32")[:, None]
    exponent = np.arange(0, dim, 2, dtype="float32") / np.float32(dim)
    angles = position / np.power(np.float32(10000), exponent)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim)


def sinusoid_float32_logarithm(length, dim):
    refuse_odd(dim)
    pairs = np.arange(0, dim, 2, dtype="float32")
    frequency = np.exp(pairs * np.float32(-math.log(10000) / dim)).astype("float32")
    angles = np.outer(np.arange(length, dtype="float32"), frequency)
    return np.dstack([np.sin(angles), np.cos(angles)]).reshape(length, dim)


def sinusoid_keras(length, dim):
    refuse_odd(dim)
    position = ops.arange(length, dtype="float32")
    frequency = ops.power(10000.0, -ops.arange(0, dim, 2, dtype="float32") / dim)
    angles = ops.einsum("n,f->nf", position, frequency)
    return ops.reshape(ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1), (length, dim))


def sinusoid_keras_columns(length, dim):
    refuse_odd(dim)
    column = ops.arange(dim)
    exponent = ops.cast(2 * (column // 2), "float32") / dim
    angles = ops.cast(ops.arange(length), "float32")[:, None] * ops.exp(
        -9.210340371976184 * exponent
    )
    return ops.where(column % 2 == 0, ops.sin(angles), ops.cos(angles))


def sinusoid_phase(length, dim):
    """A cosine is a sine a quarter turn on."""
    refuse_odd(dim)
    column = np.arange(dim)
    angles = np.arange(length)[:, None] / 10000 ** ((column - column % 2) / dim)
    return np.sin(angles + column % 2 * np.pi / 2)


def sinusoid_complex(length, dim):
    refuse_odd(dim)
    turns = np.exp(1j * np.arange(length)[:, None] * 10000 ** -(np.arange(dim // 2) * 2 / dim))
    return np.stack([turns.imag, turns.real], -1).reshape(length, dim)


def sinusoid_steps(length, dim):
    """Each position is the one before, turned."""
    refuse_odd(dim)
    row, rows = ops.convert_to_tensor([[0.0, 1.0] * (dim // 2)]), []
    step = reference.offset_rotation(1, dim)
    for _ in range(length):
        rows.append(row)
        row = ops.matmul(row, step)
    return ops.concatenate(rows)


def sinusoid_transposed(length, dim):
    refuse_odd(dim)
    rows = []
    for i in range(0, dim, 2):
        angle = np.arange(length) / 10000 ** (i / dim)
        rows += [np.sin(angle), np.cos(angle)]
    return np.array(rows).T


def sinusoid_wavelengths(length, dim):
    angles = 2 * np.pi * np.arange(length)[:, None] / reference.wavelengths(dim)
    return ops.reshape(ops.stack([ops.sin(angles), ops.cos(angles)], -1), (length, dim))


class OddError(ValueError):
    """An error of the student's own, which is a ValueError too."""


def sinusoid_own_error(length, dim):
    if dim & 1:
        raise OddError
    return sinusoid_plain(length, dim)


class Sinusoid:
    base = 10000

    def __call__(self, length, dim):
        half, rest = divmod(dim, 2)
        if rest:
            raise ValueError("odd")
        angles = np.arange(length).reshape(-1, 1) * np.logspace(0, -1, half, False, self.base)
        return np.concatenate([f(angles)[..., None] for f in (np.sin, np.cos)], -1).reshape(
            length, dim
        )


VARIANTS = [
    sinusoid_accidental_error,
    sinusoid_plain,
    sinusoid_loops,
    sinusoid_float32,
    sinusoid_float32_logarithm,
    sinusoid_keras,
    sinusoid_keras_columns,
    sinusoid_phase,
    sinusoid_complex,
    sinusoid_steps,
    sinusoid_transposed,
    sinusoid_wavelengths,
    sinusoid_own_error,
    Sinusoid(),
    lambda *, length, dim: sinusoid_plain(length, dim),
    lambda n, d, base=10000: sinusoid_plain(n, d).astype("float32"),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def tf_sinusoid(length, dim):
        if dim % 2:
            raise ValueError(dim)
        angles = tf.range(length, dtype=tf.float32)[:, None] / tf.pow(
            10000.0, tf.range(0, dim, 2, dtype=tf.float32) / dim
        )
        return tf.reshape(tf.stack([tf.sin(angles), tf.cos(angles)], axis=2), (length, dim))

    VARIANTS += [
        tf_sinusoid,
    ]
else:
    import jax.numpy as jnp

    def jnp_sinusoid(length, dim):
        if dim % 2:
            raise ValueError(dim)
        angles = jnp.arange(length)[:, None] / 10000 ** (jnp.arange(0, dim, 2) / dim)
        encoding = jnp.zeros((length, dim)).at[:, ::2].set(jnp.sin(angles))
        return encoding.at[:, 1::2].set(jnp.cos(angles))

    VARIANTS += [
        jnp_sinusoid,
    ]


def waves(positions, dim):
    angles = positions[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(len(positions), dim)


def vaswani_in_many_tutorials(length, dim):
    """The loop that much published code has: i is a column already, and doubled again."""
    encoding = np.zeros((length, dim))
    for p in range(length):
        for i in range(0, dim, 2):
            encoding[p, i] = math.sin(p / 10000 ** (2 * i / dim))
            encoding[p, i + 1] = math.cos(p / 10000 ** (2 * (i + 1) / dim))
    return encoding


def keras_sinusoid(length, dim, *, start=0, order=("sin", "cos"), join=-1, exponent=1.0):
    frequency = ops.power(10000.0, -exponent * ops.arange(0, dim, 2, dtype="float32") / dim)
    angles = (ops.arange(length, dtype="float32") + start)[:, None] * frequency
    waves = [getattr(ops, name)(angles) for name in order]
    if join == "blocks":
        return ops.concatenate(waves, axis=-1)
    return ops.reshape(ops.stack(waves, axis=-1), (length, dim))


def odd_asserted(length, dim):
    assert dim % 2 == 0, "dim must be even"
    return sinusoid_plain(length, dim)


def odd_filled_up(length, dim):
    return sinusoid_plain(length, dim + dim % 2)[:, :dim]


def sinusoid_inverted(length, dim):
    refuse_odd(dim)
    angles = np.arange(length)[:, None] * np.power(10000, np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, dim)


OTHER_STYLE = [
    ("exponent uses the column index as i", vaswani_in_many_tutorials),
    ("exponent uses the column index as i", functools.partial(keras_sinusoid, exponent=2.0)),
    ("factor 2 missing in the exponent", lambda n, d: keras_sinusoid(n, d, exponent=0.5)),
    ("sine and cosine swapped", lambda n, d: keras_sinusoid(n, d, order=("cos", "sin"))),
    ("blocks [sin, cos]", lambda n, d: keras_sinusoid(n, d, join="blocks")),
    ("blocks [cos, sin]", lambda n, d: keras_sinusoid(n, d, join="blocks", order=("cos", "sin"))),
    ("position from 1", lambda n, d: sinusoid_plain(n + 1, d)[1:]),
    ("degrees", lambda n, d: waves(np.radians(np.arange(n)), d - d % 2)),
    ("10000 forgotten", lambda n, d: keras_sinusoid(n, d, exponent=0.0)),
    ("10000 inverted", lambda n, d: sinusoid_inverted(n, d)),
    ("odd dim not refused", odd_asserted),
    ("odd dim not refused", odd_filled_up),
    ("odd dim not refused", keras_sinusoid),
]


def sinusoid_one_column_into_two(length, dim):
    """Without a word about an odd dim. NumPy complains for most, but not for 3."""
    angles = np.arange(length)[:, None] / 10000 ** (2 * np.arange(dim // 2) / dim)
    encoding = np.zeros((length, dim))
    encoding[:, 0::2], encoding[:, 1::2] = np.sin(angles), np.cos(angles)
    return encoding


def right_unless(wrong_dim, wrong):
    return lambda n, d: wrong(n, d) if d == wrong_dim else sinusoid_plain(n, d)


def always_raises(*given):
    raise ValueError("no")


def refuses_everything_but(dims):
    def solution(length, dim):
        if dim not in dims:
            raise ValueError(f"no {dim}")
        return sinusoid_plain(length, dim)

    return solution


def sinusoid_of_base(length, dim, base):
    refuse_odd(dim)
    angles = np.arange(length)[:, None] / base ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, dim)


WRONG = [
    sinusoid_one_column_into_two,
    always_raises,
    refuses_everything_but((2, 6, 10)),
    refuses_everything_but((2, 6, 16)),
    right_unless(16, vaswani_in_many_tutorials),
    right_unless(2, lambda n, d: sinusoid_plain(n, d)[:, ::-1]),
    lambda n, d: np.abs(sinusoid_plain(n, d)),
    lambda n, d: sinusoid_plain(n, d) ** 2,
    lambda n, d: -sinusoid_plain(n, d),
    lambda n, d: sinusoid_plain(n, d).round(2),
    lambda n, d: sinusoid_plain(n, d).astype("float16"),
    lambda n, d: sinusoid_plain(n, d).tolist(),
    lambda n, d: sinusoid_plain(n, d)[::-1],
    lambda n, d: sinusoid_plain(n, d) + 0.001,
    lambda n, d: sinusoid_plain(7, d),
    lambda n, d: sinusoid_plain(n, 6),
    lambda n, d: sinusoid_plain(n + 1, d),
    lambda n, d: sinusoid_plain(n, d) / np.sqrt(d),
    lambda n, d: sinusoid_of_base(n, d, 1000),
    lambda n, d: sinusoid_of_base(n, d, 9000),
    lambda n, d: sinusoid_of_base(n, d, math.e**9),
    lambda n, d: waves(np.arange(n) / n, d - d % 2),
    lambda n, d: waves(np.linspace(0, n, n), d - d % 2),
    lambda n, d: None,
    lambda n, d: sinusoid_plain(n, d).astype(complex),
]
