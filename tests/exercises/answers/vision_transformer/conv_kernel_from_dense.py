"""Answers to `conv_kernel_from_dense`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def kernel_loop(kernel, patch_size, channels):
    result = np.zeros((patch_size, patch_size, channels, kernel.shape[1]))
    number = 0
    for row in range(patch_size):
        for column in range(patch_size):
            for channel in range(channels):
                result[row, column, channel] = kernel[number]
                number += 1
    return result


def kernel_of_units(kernel, patch_size, channels):
    units = [column.reshape(patch_size, patch_size, channels) for column in np.transpose(kernel)]
    return np.stack(units, axis=-1)


def kernel_split(kernel, patch_size, channels):
    rows = np.split(kernel, patch_size)
    return np.stack([np.stack(np.split(row, patch_size)) for row in rows])


def kernel_einsum(kernel, patch_size, channels):
    places = patch_size * patch_size * channels
    choose = np.eye(places).reshape(patch_size, patch_size, channels, places)
    return np.einsum("pqcn,nd->pqcd", choose, kernel)


def kernel_by_index(kernel, patch_size, channels):
    row, column, channel = np.indices((patch_size, patch_size, channels))
    return ops.take(kernel, (row * patch_size + column) * channels + channel, axis=0)


def kernel_transposed_twice(kernel, patch_size, channels):
    per_feature = ops.transpose(kernel)  # (D, P·P·C)
    cut = ops.reshape(per_feature, (kernel.shape[1], patch_size, patch_size, channels))
    return ops.transpose(cut, (1, 2, 3, 0))


class Kernel:
    def __call__(self, kernel, patch_size, channels):
        return ops.reshape(kernel, (patch_size, patch_size, channels, kernel.shape[-1]))


VARIANTS = [
    lambda kernel, patch_size, channels: kernel.reshape(patch_size, patch_size, channels, -1),
    lambda k, p, c: ops.reshape(k, (p, p, c, k.shape[1])),
    lambda k, p, c: np.reshape(np.reshape(k, (p * p, c, -1)), (p, p, c, -1)),
    lambda *, kernel, patch_size, channels: np.float64(kernel_split(kernel, patch_size, channels)),
    lambda k, p, c: ops.reshape(k, [p, p, c, -1]),
    functools.partial(lambda k, p, c, d: np.reshape(k, (p, p, c, d)), d=-1),
    kernel_loop,
    kernel_of_units,
    kernel_split,
    kernel_einsum,
    kernel_by_index,
    kernel_transposed_twice,
    Kernel(),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [lambda k, p, c: tf.reshape(k, (p, p, c, tf.shape(k)[-1]))]
else:
    import jax

    VARIANTS += [jax.jit(lambda k, p, c: k.reshape(p, p, c, -1), static_argnums=(1, 2))]


OTHER_STYLE = [
    (
        "wrong reshape order",
        lambda k, p, c: ops.transpose(ops.reshape(k, (c, p, p, k.shape[1])), (1, 2, 0, 3)),
    ),
    (
        "wrong reshape order",
        lambda k, p, c: np.moveaxis(k.reshape(c, p, p, -1), 0, 2),
    ),
    (
        "transposed",
        lambda k, p, c: ops.swapaxes(ops.reshape(k, (p, p, c, k.shape[1])), 0, 1),
    ),
    (
        "kernel transposed first",
        lambda k, p, c: ops.reshape(ops.transpose(k), (p, p, c, k.shape[1])),
    ),
    ("turned round", lambda k, p, c: np.flip(k.reshape(p, p, c, -1), axis=(0, 1))),
]


WRONG = [
    lambda k, p, c: None,
    lambda k, p, c: k.T,
    lambda k, p, c: k.reshape(p, p, c, -1)[::-1],
    lambda k, p, c: k.reshape(p, p, c, -1)[:, :, ::-1],
    lambda k, p, c: k.reshape(p, p, c, -1)[..., ::-1],
    lambda k, p, c: k.reshape(1, p, p, c, -1),
    lambda k, p, c: k.reshape(p, p, -1),
    lambda k, p, c: k.reshape(p, c, p, -1),
    lambda k, p, c: np.random.default_rng(0).normal(size=(p, p, c, k.shape[1])),
    lambda k, p, c: np.zeros((p, p, c, k.shape[1])),
    lambda k, p, c: -k.reshape(p, p, c, -1),
    lambda k, p, c: k.reshape(p, p, c, -1).astype("int32"),
    lambda k, p, c: k.reshape(p, p, c, -1).tolist(),
    lambda k, p, c: k.reshape(p, p, 3, -1),
]
