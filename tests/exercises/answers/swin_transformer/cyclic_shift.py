"""Answers to `cyclic_shift`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def shift_slices(x, shift):
    x = np.concatenate([x[:, shift:], x[:, :shift]], axis=1)
    return np.concatenate([x[:, :, shift:], x[:, :, :shift]], axis=2)


def shift_slices_keras(x, shift):
    x = ops.concatenate([x[:, shift:], x[:, :shift]], axis=1)
    return ops.concatenate([x[:, :, shift:], x[:, :, :shift]], axis=2)


def shift_modulo(x, shift):
    rows = (np.arange(x.shape[1]) + shift) % x.shape[1]
    columns = (np.arange(x.shape[2]) + shift) % x.shape[2]
    return x[:, rows][:, :, columns]


def shift_take(x, shift):
    for axis in (1, 2):
        places = (np.arange(x.shape[axis]) + shift) % x.shape[axis]
        x = ops.take(x, places, axis=axis)
    return x


def shift_loops(x, shift):
    shifted = np.empty_like(x)
    height, width = x.shape[1:3]
    for i in range(height):
        for j in range(width):
            shifted[:, (i - shift) % height, (j - shift) % width] = x[:, i, j]
    return shifted


def shift_permutation(x, shift):
    rows, columns = (np.roll(np.eye(n, dtype="float32"), -shift, axis=0) for n in x.shape[1:3])
    return np.einsum("ih,jw,bhwc->bijc", rows, columns, x)


def shift_step_by_step(x, shift):
    for _ in range(abs(shift)):
        x = np.roll(np.roll(x, -np.sign(shift), 1), -np.sign(shift), 2)
    return x


def shift_image_by_image(x, shift):
    return np.stack([np.roll(image, (-shift, -shift), (0, 1)) for image in x])


def shift_tensor_only(x, shift):
    if isinstance(x, np.ndarray):
        raise AttributeError("'numpy.ndarray' object has no attribute 'get_shape'")
    return ops.roll(x, (-shift, -shift), axis=(1, 2))


VARIANTS = [
    shift_slices,
    shift_slices_keras,
    shift_modulo,
    shift_take,
    shift_loops,
    shift_permutation,
    shift_step_by_step,
    shift_image_by_image,
    shift_tensor_only,
    lambda x, shift: np.roll(x, (-shift, -shift), axis=(1, 2)),
    lambda x, shift: np.roll(x, -shift, axis=(1, 2)),
    lambda x, shift: ops.roll(x, (-shift, -shift), axis=(1, 2)),
    lambda x, shift: ops.roll(ops.roll(x, -shift, axis=1), -shift, axis=2),
    lambda x, shift: np.roll(x, [0, -shift, -shift, 0], axis=[0, 1, 2, 3]),
    lambda x, shift: np.roll(x, (-shift, -shift), axis=(-3, -2)),
    lambda *, x, shift: np.roll(np.float64(x), (-shift, -shift), axis=(1, 2)),
    functools.partial(shift_take),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [lambda x, shift: tf.roll(x, shift=[-shift, -shift], axis=[1, 2])]
else:
    import jax.numpy as jnp

    VARIANTS += [lambda x, shift: jnp.roll(x, (-shift, -shift), axis=(1, 2))]


OTHER_STYLE = [
    ("wrong sign", lambda x, shift: ops.roll(x, (shift, shift), axis=(1, 2))),
    ("wrong sign", lambda x, shift: shift_loops(x, -shift)),
    ("one axis only", lambda x, shift: np.concatenate([x[:, shift:], x[:, :shift]], axis=1)),
    ("rolls batch and height", lambda x, shift: ops.roll(x, (-shift, -shift), axis=(0, 1))),
]


WRONG = [
    lambda x, shift: np.roll(x, (-shift, -2 * shift), axis=(1, 2)),
    lambda x, shift: np.roll(x, (-2, -2), axis=(1, 2)),
    lambda x, shift: np.roll(x, (-shift, -shift), axis=(1, 2))[..., ::-1],
    lambda x, shift: np.roll(x, (-shift, -shift), axis=(1, 2)).astype("int32"),
    lambda x, shift: np.roll(x, (-shift, -shift), axis=(1, 2)).tolist(),
    lambda x, shift: np.roll(x, (-shift, -shift), axis=(1, 2))[0],
    lambda x, shift: np.roll(x, (-shift, -shift, -shift), axis=(0, 1, 2)),
    lambda x, shift: np.swapaxes(np.roll(x, (-shift, -shift), axis=(1, 2)), 1, 2),
    lambda x, shift: np.zeros_like(x),
    lambda x, shift: None,
]
