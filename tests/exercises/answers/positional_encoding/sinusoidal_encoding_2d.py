"""Answers to `sinusoidal_encoding_2d`: right, mistaken in another style, and wrong."""

import numpy as np
from exercises.answers.positional_encoding.sinusoidal_encoding import (
    sinusoid_float32,
    sinusoid_keras,
    sinusoid_plain,
    waves,
)
from keras import ops

from course_utils.reference import positional_encoding as reference


def grid_repeat(height, width, dim):
    rows = np.repeat(waves(np.arange(height), dim // 2), width, axis=0)
    columns = np.tile(waves(np.arange(width), dim // 2), (height, 1))
    return np.concatenate([rows, columns], axis=1)


def grid_loops(height, width, dim):
    row, column = sinusoid_plain(height, dim // 2), sinusoid_plain(width, dim // 2)
    tokens = []
    for r in range(height):
        for c in range(width):
            tokens.append(np.concatenate([row[r], column[c]]))
    return np.stack(tokens)


def grid_keras(height, width, dim):
    rows = reference.sinusoidal_encoding(height, dim // 2)
    columns = reference.sinusoidal_encoding(width, dim // 2)
    rows = ops.broadcast_to(rows[:, None], (height, width, dim // 2))
    columns = ops.broadcast_to(columns[None], (height, width, dim // 2))
    return ops.reshape(ops.concatenate([rows, columns], axis=-1), (height * width, dim))


def grid_index(height, width, dim):
    place = np.arange(height * width)
    encode = sinusoid_float32(max(height, width), dim // 2)
    return np.hstack([encode[place // width], encode[place % width]])


def grid_meshgrid(height, width, dim):
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.concatenate([waves(rows.ravel(), dim // 2), waves(columns.ravel(), dim // 2)], -1)


def grid_filled(height, width, dim):
    grid = np.zeros((height, width, dim))
    grid[..., : dim // 2] = waves(np.arange(height), dim // 2)[:, None, :]
    grid[..., dim // 2 :] = waves(np.arange(width), dim // 2)
    return grid.reshape(-1, dim)


def grid_take(height, width, dim):
    row, column = np.unravel_index(np.arange(height * width), (height, width))
    parts = [
        ops.take(sinusoid_keras(size, dim // 2), place, axis=0)
        for size, place in ((height, row), (width, column))
    ]
    return ops.concatenate(parts, axis=1)


def grid_einsum(height, width, dim):
    rows, columns = waves(np.arange(height), dim // 2), waves(np.arange(width), dim // 2)
    rows = np.einsum("hd,w->hwd", rows, np.ones(width))
    columns = np.einsum("wd,h->hwd", columns, np.ones(height))
    return np.append(rows, columns, axis=-1).reshape(height * width, dim)


VARIANTS = [
    grid_repeat,
    grid_loops,
    grid_keras,
    grid_index,
    grid_meshgrid,
    grid_filled,
    grid_take,
    grid_einsum,
    lambda *, height, width, dim: grid_filled(height, width, dim),
    lambda h, w, d: grid_filled(h, w, d).astype("float32"),
]


OTHER_STYLE = [
    ("row and column swapped", lambda h, w, d: np.roll(grid_filled(h, w, d), d // 2, axis=-1)),
    (
        "column-major tokens",
        lambda h, w, d: np.hstack(
            [
                np.tile(waves(np.arange(h), d // 2), (w, 1)),
                np.repeat(waves(np.arange(w), d // 2), h, axis=0),
            ]
        ),
    ),
    ("height and width swapped", lambda h, w, d: grid_keras(w, h, d)),
    (
        "frequencies of the full width",
        lambda h, w, d: np.hstack([waves(p.ravel(), d)[:, : d // 2] for p in np.indices((h, w))]),
    ),
    ("the grid taken for a sequence", lambda h, w, d: sinusoid_keras(h * w, d)),
    ("same half twice", lambda h, w, d: np.tile(waves(np.indices((h, w))[0].ravel(), d // 2), 2)),
]


WRONG = [
    lambda h, w, d: grid_filled(h, w, d)[::-1],
    lambda h, w, d: -grid_filled(h, w, d),
    lambda h, w, d: grid_filled(h, w, d)[None],
    lambda h, w, d: grid_filled(h, w, d).round(2),
    lambda h, w, d: grid_filled(max(h, w), max(h, w), d)[: h * w],
    lambda h, w, d: grid_filled(h, h, d),
    lambda h, w, d: grid_filled(h, w, d)[:, : d // 2],
    lambda h, w, d: np.zeros((h * w, d)),
    lambda h, w, d: np.hstack([grid_filled(h, w, d)[:, : d // 2]] + [np.zeros((h * w, d // 2))]),
    lambda h, w, d: waves(sum(np.indices((h, w))).ravel(), d),
    lambda h, w, d: np.hstack([waves(p.ravel() / p.size, d // 2) for p in np.indices((h, w))]),
    lambda h, w, d: grid_filled(h, w, d).astype("float16"),
    lambda h, w, d: np.concatenate([grid_filled(h, w, d), np.zeros((1, d))]),
]
