"""Answers to `relative_position_index`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def index_published(window_height, window_width):
    """As in the published code, with a meshgrid and in-place additions."""
    coords = np.stack(np.meshgrid(np.arange(window_height), np.arange(window_width), indexing="ij"))
    flat = coords.reshape(2, -1)
    relative = (flat[:, :, None] - flat[:, None, :]).transpose(1, 2, 0).copy()
    relative[:, :, 0] += window_height - 1
    relative[:, :, 1] += window_width - 1
    relative[:, :, 0] *= 2 * window_width - 1
    return relative.sum(-1)


def index_loops(h, w):
    index = np.zeros((h * w, h * w), dtype="int32")
    for query in range(h * w):
        for key in range(h * w):
            down = query // w - key // w + h - 1
            across = query % w - key % w + w - 1
            index[query, key] = down * (2 * w - 1) + across
    return index


def index_keras(h, w):
    token = ops.arange(h * w)
    row, column = token // w, token % w
    down = row[:, None] - row[None, :] + h - 1
    across = column[:, None] - column[None, :] + w - 1
    return down * (2 * w - 1) + across


def index_wide(h, w):
    """Number the tokens as in a map 2Mw - 1 wide: then one subtraction does it."""
    row, column = np.divmod(np.arange(h * w), w)
    token = row * (2 * w - 1) + column
    return token[:, None] - token[None, :] + token[-1]


def index_dictionary(h, w):
    offsets = [(i, j) for i in range(1 - h, h) for j in range(1 - w, w)]
    number = {offset: n for n, offset in enumerate(offsets)}
    cells = [(i, j) for i in range(h) for j in range(w)]
    return np.array([[number[a - c, b - d] for c, d in cells] for a, b in cells])


def index_ravel(h, w):
    row, column = np.unravel_index(np.arange(h * w), (h, w))
    down, across = (np.subtract.outer(a, a) for a in (row, column))
    return np.ravel_multi_index((down + h - 1, across + w - 1), (2 * h - 1, 2 * w - 1))


def index_six_axes(h, w):
    i, j = np.arange(h), np.arange(w)
    down = (i[:, None] - i[None, :] + h - 1)[:, None, :, None]
    across = (j[:, None] - j[None, :] + w - 1)[None, :, None, :]
    return (down * (2 * w - 1) + across).reshape(h * w, h * w)


def index_windows_of_a_table(h, w):
    """Each query's numbers are a window of the table, read backwards."""
    table = np.arange((2 * h - 1) * (2 * w - 1)).reshape(2 * h - 1, 2 * w - 1)
    return np.stack(
        [table[i : i + h, j : j + w][::-1, ::-1].reshape(-1) for i in range(h) for j in range(w)]
    )


VARIANTS = [
    index_published,
    index_loops,
    index_keras,
    index_wide,
    index_dictionary,
    index_ravel,
    index_six_axes,
    index_windows_of_a_table,
    lambda *, window_height, window_width: index_wide(window_height, window_width),
    lambda h, w: index_loops(h, w).astype("int64"),
    lambda h, w: index_loops(h, w).astype("uint8"),
    lambda h, w: ops.cast(ops.convert_to_tensor(index_wide(h, w)), "int32"),
    functools.partial(index_ravel),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def index_tf(h, w):
        row, column = tf.meshgrid(tf.range(h), tf.range(w), indexing="ij")
        row, column = tf.reshape(row, [-1]), tf.reshape(column, [-1])
        down = row[:, None] - row[None, :] + h - 1
        return down * (2 * w - 1) + column[:, None] - column[None, :] + w - 1

    VARIANTS += [index_tf]


def swapped_meshgrid(h, w):
    """A meshgrid that gives x first, and sides added as if it gave y first."""
    x, y = (a.reshape(-1) for a in np.meshgrid(np.arange(w), np.arange(h)))
    across, down = (a[:, None] - a[None, :] for a in (x, y))
    return (across + h - 1) * (2 * w - 1) + down + w - 1


def index_by_height(h, w):
    token = ops.arange(h * w)
    row, column = token // h, token % h
    down, across = (a[:, None] - a[None, :] for a in (row, column))
    return (down + h - 1) * (2 * w - 1) + across + w - 1


def index_of_distances(h, w):
    i, j = np.indices((h, w)).reshape(2, -1)
    down, across = (np.abs(np.subtract.outer(a, a)) for a in (i, j))
    return (down + h - 1) * (2 * w - 1) + (across + w - 1)


OTHER_STYLE = [
    ("x and y swapped", swapped_meshgrid),
    (
        "row factor missing",
        lambda h, w: sum(
            (a[:, None] - a[None, :] + side - 1)
            for a, side in zip(np.divmod(np.arange(h * w), w), (h, w), strict=True)
        ),
    ),
    ("floats", lambda h, w: ops.cast(index_keras(h, w), "float32")),
    ("sign reversed", lambda h, w: index_loops(h, w).T),
    ("flattened", lambda h, w: ops.reshape(index_keras(h, w), (-1,))),
    ("divided by the height", index_by_height),
    ("distances instead of offsets", index_of_distances),
]


WRONG = [
    lambda h, w: np.zeros((h * w, h * w), int),
    lambda h, w: np.arange((h * w) ** 2).reshape(h * w, h * w),
    lambda h, w: index_loops(h, w)[::-1],
    lambda h, w: index_loops(h, w).tolist(),
    lambda h, w: index_loops(h, w)[None],
    lambda h, w: index_loops(h, w) % 7,
    lambda h, w: index_loops(h, h),
    lambda h, w: index_loops(2, 2),
    lambda h, w: index_loops(h, w) > 0,
    lambda h, w: None,
]
