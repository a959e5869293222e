"""Answers to `window_partition`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def partition_numpy(x, window):
    B, H, W, C = x.shape
    x = np.reshape(x, (B, H // window, window, W // window, window, C))
    return np.transpose(x, (0, 1, 3, 2, 4, 5)).reshape(-1, window * window, C)


def partition_keras(x, window):
    B, H, W, C = ops.shape(x)
    x = ops.reshape(x, (B, H // window, window, W // window, window, C))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (B * (H // window) * (W // window), window**2, C))


def partition_loops(x, window):
    windows = []
    for image in x:
        for top in range(0, image.shape[0], window):
            for left in range(0, image.shape[1], window):
                cut = image[top : top + window, left : left + window]
                windows.append(cut.reshape(window * window, -1))
    return np.stack(windows)


def partition_split(x, window):
    B, H, W, C = x.shape
    rows = np.split(x, H // window, axis=1)
    windows = [w for row in rows for w in np.split(row, W // window, axis=2)]
    return np.stack(windows, axis=1).reshape(-1, window**2, C)


def partition_gather(x, window):
    B, H, W, C = x.shape
    place = np.arange(H * W).reshape(H // window, window, W // window, window)
    place = place.swapaxes(1, 2).reshape(-1)
    return ops.reshape(ops.take(ops.reshape(x, (B, H * W, C)), place, axis=1), (-1, window**2, C))


def partition_einsum(x, window):
    B, H, W, C = x.shape
    x = x.reshape(B, H // window, window, W // window, window, C)
    return np.einsum("bhiwjc->bhwijc", x).reshape((-1, window**2, C))


def partition_in_two_steps(x, window):
    B, H, W, C = x.shape
    strips = ops.reshape(x, (B * H // window, window, W // window, window, C))
    strips = ops.swapaxes(strips, 1, 2)
    return ops.reshape(strips, (-1, window * window, C))


def partition_float64(x, window):
    return partition_numpy(np.asarray(x, "float64"), window)


def partition_tensor_only(x, window):
    """Works on tensors only, as code does that calls a method of theirs."""
    if isinstance(x, np.ndarray):
        raise AttributeError("'numpy.ndarray' object has no attribute 'get_shape'")
    return partition_keras(x, window)


def partition_image_by_image(x, window):
    return ops.concatenate([partition_keras(x[i : i + 1], window) for i in range(x.shape[0])])


class Partition:
    def __call__(self, x, window):
        return partition_keras(x, window)


VARIANTS = [
    partition_numpy,
    partition_keras,
    partition_loops,
    partition_split,
    partition_gather,
    partition_einsum,
    partition_in_two_steps,
    partition_float64,
    partition_tensor_only,
    partition_image_by_image,
    Partition(),
    functools.partial(partition_numpy),
    lambda *, x, window: partition_keras(x, window),
    lambda feature_map, m: partition_loops(feature_map, m),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def partition_tf(x, window):
        B, H, W, C = x.shape
        x = tf.reshape(x, [B, H // window, window, W // window, window, C])
        return tf.reshape(tf.transpose(x, [0, 1, 3, 2, 4, 5]), [-1, window * window, C])

    VARIANTS += [partition_tf]


OTHER_STYLE = [
    ("reshape without transpose", lambda x, m: ops.reshape(x, (-1, m * m, x.shape[3]))),
    (
        "windows not flattened",
        lambda x, m: ops.reshape(partition_keras(x, m), (-1, m, m, x.shape[3])),
    ),
    (
        "windows before batch",
        lambda x, m: np.concatenate(
            [
                x[:, i : i + m, j : j + m].reshape(len(x), m * m, -1)
                for i in range(0, x.shape[1], m)
                for j in range(0, x.shape[2], m)
            ]
        ),
    ),
    (
        "column-major windows",
        lambda x, m: np.stack(
            [
                x[:, i : i + m, j : j + m].reshape(len(x), m * m, -1)
                for j in range(0, x.shape[2], m)
                for i in range(0, x.shape[1], m)
            ],
            axis=1,
        ).reshape(-1, m * m, x.shape[3]),
    ),
    (
        "tokens from all over the map",
        lambda x, m: np.stack(
            [
                x[:, i :: x.shape[1] // m, j :: x.shape[2] // m].reshape(len(x), m * m, -1)
                for i in range(x.shape[1] // m)
                for j in range(x.shape[2] // m)
            ],
            axis=1,
        ).reshape(-1, m * m, x.shape[3]),
    ),
    (
        "axes in another order",
        lambda x, m: np.einsum(
            "bhiwjc->bjwihc",
            x.reshape(len(x), x.shape[1] // m, m, x.shape[2] // m, m, x.shape[3]),
        ).reshape(-1, m * m, x.shape[3]),
    ),
]


WRONG = [
    lambda x, m: x,
    lambda x, m: partition_numpy(x, m)[::-1],
    lambda x, m: partition_numpy(x, m)[:, ::-1],
    lambda x, m: partition_numpy(x[::-1], m),
    lambda x, m: partition_numpy(x, m).tolist(),
    lambda x, m: partition_numpy(x, m).astype("int32"),
    lambda x, m: partition_numpy(x, 1),
    lambda x, m: list(partition_numpy(x, m)),
    lambda x, m: partition_numpy(x, m)[None],
    lambda x, m: partition_numpy(x, m).mean(axis=1, keepdims=True) + 0 * partition_numpy(x, m),
    lambda x, m: None,
]
