"""Answers to `shifted_window_mask`: right, mistaken in another style, and wrong."""

import functools

import numpy as np
from keras import ops


def cut(labels, window):
    """labels (H, W) -> (nW, M²)."""
    height, width = labels.shape
    labels = labels.reshape(height // window, window, width // window, window)
    return labels.transpose(0, 2, 1, 3).reshape(-1, window**2)


def compare(labels, window):
    seen = cut(labels, window)
    return seen[:, :, None] == seen[:, None, :]


def mask_published(height, width, window, shift):
    """As in the published code: nine regions, named by slices."""
    labels, count = np.zeros((height, width)), 0
    slices = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
    for rows in slices:
        for columns in slices:
            labels[rows, columns] = count
            count += 1
    seen = cut(labels, window)
    difference = seen[:, None, :] - seen[:, :, None]
    return difference == 0


def mask_by_distance(height, width, window, shift):
    """True neighbours are as far from each other as the window says."""
    mask = []
    for top in range(0, height, window):
        for left in range(0, width, window):
            i, j = np.indices((window, window)).reshape(2, -1)
            row, column = (top + i + shift) % height, (left + j + shift) % width
            far = [np.subtract.outer(a, a) for a in (row, column, i, j)]
            mask.append((far[0] == far[2]) & (far[1] == far[3]))
    return np.stack(mask)


def mask_loops(height, width, window, shift):
    columns = width // window
    area = window * window
    mask = np.zeros((height // window * columns, area, area), dtype=bool)
    for number in range(len(mask)):
        for query in range(area):
            for key in range(area):
                (a, b), (c, d) = divmod(query, window), divmod(key, window)
                top, left = number // columns * window, number % columns * window
                rows = (top + a + shift >= height) == (top + c + shift >= height)
                mask[number, query, key] = rows and (left + b + shift >= width) == (
                    left + d + shift >= width
                )
    return mask


def mask_rolled_coordinates(height, width, window, shift):
    """Roll the coordinates, and see where they jump back to the start."""
    row = np.roll(np.arange(height), -shift)
    column = np.roll(np.arange(width), -shift)
    labels = (row[:, None] < np.arange(height)[:, None]) * 2 + (column < np.arange(width))
    return compare(labels, window)


def mask_keras(height, width, window, shift):
    row = ops.cast(ops.arange(height) >= height - shift, "int32")
    column = ops.cast(ops.arange(width) >= width - shift, "int32")
    labels = 2 * row[:, None] + column[None, :]
    labels = ops.reshape(labels, (height // window, window, width // window, window))
    labels = ops.reshape(ops.transpose(labels, (0, 2, 1, 3)), (-1, window**2))
    return ops.equal(labels[:, :, None], labels[:, None, :])


def mask_two_masks(height, width, window, shift):
    row, column = np.indices((height, width))
    return compare(row >= height - shift, window) & compare(column >= width - shift, window)


def mask_distinct_primes(height, width, window, shift):
    row, column = np.indices((height, width))
    labels = np.where(row + shift >= height, 3, 1) * np.where(column + shift >= width, 5.0, 1.0)
    return compare(labels, window)


def mask_from_additive(height, width, window, shift):
    additive = np.where(mask_published(height, width, window, shift), 0.0, -100.0)
    return additive > -50


def mask_kronecker(height, width, window, shift):
    """Only the last row and the last column of windows are cut."""

    def side(length):
        count = length // window
        same = np.ones((count, window, window), bool)
        late = np.arange(window) >= window - shift
        same[-1] = late[:, None] == late[None, :]
        return same

    rows, columns = side(height), side(width)
    mask = rows[:, None, :, None, :, None] & columns[None, :, None, :, None, :]
    return mask.reshape(-1, window**2, window**2)


def mask_in_place(height, width, window, shift):
    mask = np.ones((height // window, width // window, *4 * [window]), dtype=bool)
    if shift:
        edge = window - shift
        mask[-1, :, :edge, :, edge:] = mask[-1, :, edge:, :, :edge] = False
        mask[:, -1, :, :edge, :, edge:] = mask[:, -1, :, edge:, :, :edge] = False
    return mask.reshape(-1, window**2, window**2)


VARIANTS = [
    mask_published,
    mask_by_distance,
    mask_loops,
    mask_rolled_coordinates,
    mask_keras,
    mask_two_masks,
    mask_distinct_primes,
    mask_from_additive,
    mask_kronecker,
    mask_in_place,
    functools.partial(mask_two_masks),
    lambda *, height, width, window, shift: mask_keras(height, width, window, shift),
    lambda h, w, m, s: ops.convert_to_tensor(mask_published(h, w, m, s)),
]


OTHER_STYLE = [
    ("inverted", lambda h, w, m, s: ~mask_published(h, w, m, s)),
    ("all True", lambda h, w, m, s: np.full((h * w // m**2, m * m, m * m), True)),
    ("numbers to be added", lambda h, w, m, s: (mask_published(h, w, m, s) - 1.0) * 100),
    ("only rows", lambda h, w, m, s: compare(np.indices((h, w))[0] >= h - s, m)),
    (
        "shift of the other sign",
        lambda h, w, m, s: (
            compare(np.indices((h, w))[0] < s, m) & compare(np.indices((h, w))[1] < s, m)
        ),
    ),
    ("0/1 floats", lambda h, w, m, s: ops.cast(mask_keras(h, w, m, s), "float32")),
]


WRONG = [
    lambda h, w, m, s: np.zeros((h * w // m**2, m * m, m * m), bool),
    lambda h, w, m, s: np.broadcast_to(np.eye(m * m, dtype=bool), (h * w // m**2, m * m, m * m)),
    lambda h, w, m, s: mask_published(h, w, m, s)[::-1],
    lambda h, w, m, s: mask_published(h, w, m, s).tolist(),
    lambda h, w, m, s: mask_published(h, w, m, s)[-1],
    lambda h, w, m, s: mask_published(h, w, m, s).astype(str),
    lambda h, w, m, s: np.tril(mask_published(h, w, m, s)),
    lambda h, w, m, s: mask_two_masks(h, w, m, m - s),
    lambda h, w, m, s: mask_two_masks(h, w, m, 1),
    lambda h, w, m, s: True,
    lambda h, w, m, s: None,
]
