"""Answers to `merge_patches`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def refuse_odd(x):
    if x.shape[1] % 2 or x.shape[2] % 2:
        raise ValueError(f"{x.shape[1]} by {x.shape[2]} tokens have no whole squares")


def merge_slices(x):
    refuse_odd(x)
    parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
    return np.concatenate(parts, axis=-1)


def merge_slices_unchecked(x):
    """Odd sides end in an error from concatenate, whatever the backend calls it."""
    parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
    return ops.concatenate(parts, axis=-1)


def merge_transpose(x):
    refuse_odd(x)
    B, H, W, C = x.shape
    x = ops.reshape(x, (B, H // 2, 2, W // 2, 2, C))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 4, 2, 5)), (B, H // 2, W // 2, 4 * C))


def merge_transpose_unchecked(x):
    B, H, W, C = x.shape
    return x.reshape(B, H // 2, 2, W // 2, 2, C).transpose(0, 1, 3, 4, 2, 5).reshape(
        B, H // 2, W // 2, 4 * C
    )  # fmt: skip


def merge_loops(x):
    assert x.shape[1] % 2 == 0 and x.shape[2] % 2 == 0
    B, H, W, C = x.shape
    merged = np.zeros((B, H // 2, W // 2, 4 * C), "float32")
    for i in range(H // 2):
        for j in range(W // 2):
            square = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            merged[:, i, j] = square.transpose(0, 2, 1, 3).reshape(B, 4 * C)
    return merged


def merge_two_steps(x):
    refuse_odd(x)
    x = ops.concatenate([x[:, 0::2], x[:, 1::2]], axis=-1)
    return ops.concatenate([x[:, :, 0::2], x[:, :, 1::2]], axis=-1)


def merge_filled(x):
    B, H, W, C = x.shape
    merged = np.empty((B, H // 2, W // 2, 4 * C))
    for part, (i, j) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        merged[..., part * C : (part + 1) * C] = x[:, i::2, j::2]
    return merged


def merge_einsum(x):
    refuse_odd(x)
    B, H, W, C = x.shape
    x = np.einsum("bhiwjc->bhwjic", x.reshape(B, H // 2, 2, W // 2, 2, C))
    return x.reshape(B, H // 2, W // 2, 4 * C)


def merge_tensor_only(x):
    if isinstance(x, np.ndarray):
        raise AttributeError("'numpy.ndarray' object has no attribute 'get_shape'")
    return merge_transpose(x)


class Merge(keras.layers.Layer):
    def call(self, x):
        return merge_transpose(x)


VARIANTS = [
    merge_slices,
    merge_slices_unchecked,
    merge_transpose,
    merge_transpose_unchecked,
    merge_loops,
    merge_two_steps,
    merge_filled,
    merge_einsum,
    merge_tensor_only,
    Merge(),
    functools.partial(merge_slices),
    lambda *, x: merge_two_steps(x),
    lambda tokens: np.float64(merge_slices(tokens)),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def merge_space_to_depth(x):
        """TensorFlow's own reads squares row by row: turned round before and after."""
        refuse_odd(x)
        return tf.transpose(tf.nn.space_to_depth(tf.transpose(x, [0, 2, 1, 3]), 2), [0, 2, 1, 3])

    VARIANTS += [merge_space_to_depth]


OTHER_STYLE = [
    (
        "order row-first",
        lambda x: ops.concatenate([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=-1),
    ),
    (
        "reshape instead of strided slices",
        lambda x: ops.reshape(x, (x.shape[0], x.shape[1] // 2, x.shape[2] // 2, 4 * x.shape[3])),
    ),
    (
        "round the square",
        lambda x: ops.concatenate(
            [x[:, ::2, ::2], x[:, ::2, 1::2], x[:, 1::2, 1::2], x[:, 1::2, ::2]], axis=-1
        ),
    ),
    ("average pooling", lambda x: keras.layers.AveragePooling2D(2)(x)),
    ("maximum pooling", lambda x: keras.layers.MaxPooling2D(2)(x)),
    (
        "odd sizes cropped silently",
        lambda x: merge_slices(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]),
    ),
    (
        "odd sizes cropped silently",
        lambda x: merge_slices(np.pad(x, ((0, 0), *((0, n % 2) for n in x.shape[1:3]), (0, 0)))),
    ),
]


def refuses_everything(x):
    raise ValueError("no")


WRONG = [
    refuses_everything,
    lambda x: x,
    lambda x: merge_slices(x)[..., ::-1],
    lambda x: merge_slices(x[::-1]),
    lambda x: merge_slices(x)[:, ::-1],
    lambda x: merge_slices(x).tolist(),
    lambda x: merge_slices(x).astype("int32"),
    lambda x: merge_slices(x)[..., : x.shape[3]],
    lambda x: np.swapaxes(merge_slices(x), 1, 2),
    lambda x: None,
]
