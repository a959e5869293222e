"""Answers to `window_reverse`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def reverse_numpy(windows, window, height, width):
    rows, columns = height // window, width // window
    x = windows.reshape(-1, rows, columns, window, window, windows.shape[-1])
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(-1, height, width, windows.shape[-1])


def reverse_keras(windows, window, height, width):
    count, _, C = ops.shape(windows)
    rows, columns = height // window, width // window
    B = count // (rows * columns)
    x = ops.reshape(windows, (B, rows, columns, window, window, C))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (B, height, width, C))


def reverse_float_batch(windows, window, height, width):
    """As published: the number of images through a float."""
    B = int(windows.shape[0] / (height * width / window / window))
    x = ops.reshape(windows, (B, height // window, width // window, window, window, -1))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (B, height, width, -1))


def reverse_loops(windows, window, height, width):
    rows, columns = height // window, width // window
    x = np.zeros((len(windows) // (rows * columns), height, width, windows.shape[2]), "float32")
    for number, tokens in enumerate(windows):
        image, place = divmod(number, rows * columns)
        top, left = window * (place // columns), window * (place % columns)
        square = tokens.reshape(window, window, -1)
        x[image, top : top + window, left : left + window] = square
    return x


def reverse_concatenate(windows, window, height, width):
    C = windows.shape[2]
    squares = ops.reshape(windows, (-1, height // window, width // window, window, window, C))
    strips = [
        ops.concatenate([squares[:, i, j] for j in range(width // window)], axis=2)
        for i in range(height // window)
    ]
    return ops.concatenate(strips, axis=1)


def reverse_by_place(windows, window, height, width):
    """Cut up the numbers of the places, and put each token where its number says."""
    places = np.arange(height * width).reshape(height // window, window, -1, window)
    places = places.transpose(0, 2, 1, 3).reshape(-1)
    tokens = np.asarray(windows).reshape(-1, height * width, windows.shape[2])
    x = np.empty_like(tokens)
    x[:, places] = tokens
    return x.reshape(-1, height, width, windows.shape[2])


def reverse_einsum(windows, window, height, width):
    x = windows.reshape(-1, height // window, width // window, window, window, windows.shape[2])
    return np.einsum("bhwijc->bhiwjc", x).reshape(-1, height, width, windows.shape[2])


def reverse_two_steps(windows, window, height, width):
    C = windows.shape[2]
    strips = ops.reshape(windows, (-1, width // window, window, window, C))
    return ops.reshape(ops.swapaxes(strips, 1, 2), (-1, height, width, C))


def reverse_tensor_only(windows, window, height, width):
    if isinstance(windows, np.ndarray):
        raise AttributeError("'numpy.ndarray' object has no attribute 'get_shape'")
    return reverse_keras(windows, window, height, width)


VARIANTS = [
    reverse_numpy,
    reverse_keras,
    reverse_float_batch,
    reverse_loops,
    reverse_concatenate,
    reverse_by_place,
    reverse_einsum,
    reverse_two_steps,
    reverse_tensor_only,
    functools.partial(reverse_numpy),
    lambda *, windows, window, height, width: reverse_keras(windows, window, height, width),
    lambda w, m, h, b: np.float64(reverse_numpy(w, m, h, b)),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def reverse_tf(windows, window, height, width):
        C = windows.shape[2]
        x = tf.reshape(windows, [-1, height // window, width // window, window, window, C])
        return tf.reshape(tf.transpose(x, [0, 1, 3, 2, 4, 5]), [-1, height, width, C])

    VARIANTS += [reverse_tf]


OTHER_STYLE = [
    (
        "reshape without transpose",
        lambda w, m, height, width: ops.reshape(w, (-1, height, width, w.shape[2])),
    ),
    (
        "height and width swapped",
        lambda w, m, height, width: reverse_loops(w, m, width, height),
    ),
    (
        "left as a sequence",
        lambda w, m, height, width: ops.reshape(
            reverse_keras(w, m, height, width), (-1, height * width, w.shape[2])
        ),
    ),
    (
        "axes in another order",
        lambda w, m, height, width: np.einsum(
            "bhwijc->bwihjc", w.reshape(-1, height // m, width // m, m, m, w.shape[2])
        ).reshape(-1, height, width, w.shape[2]),
    ),
]


WRONG = [
    lambda w, m, height, width: w,
    lambda w, m, height, width: reverse_numpy(w, m, height, width)[::-1],
    lambda w, m, height, width: reverse_numpy(w, m, height, width)[:, ::-1],
    lambda w, m, height, width: reverse_numpy(w, m, height, width)[:, :, ::-1],
    lambda w, m, height, width: reverse_numpy(w, m, height, width).astype("int32"),
    lambda w, m, height, width: reverse_numpy(w, m, height, width).tolist(),
    lambda w, m, height, width: reverse_numpy(w, m, height, width)[None],
    lambda w, m, height, width: reverse_numpy(w, 2, height, width),
    lambda w, m, height, width: 0 * reverse_numpy(w, m, height, width),
    lambda w, m, height, width: None,
]
