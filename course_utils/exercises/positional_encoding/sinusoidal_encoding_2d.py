"""Exercise `sinusoidal_encoding_2d`: rows and columns of a grid."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.positional_encoding.sinusoidal_encoding import (
    angles_of,
    frequencies,
    waves,
)
from course_utils.reference import positional_encoding as reference


def grid_cases(rng):
    low, high = sorted(int(n) for n in rng.choice([3, 5, 7, 11], size=2, replace=False))
    return [
        Case("a grid wider than high", {"height": low, "width": high, "dim": 12}),
        Case("a grid higher than wide", {"height": high, "width": low, "dim": 8}),
        Case("a single row", {"height": 1, "width": high, "dim": 8}),
        Case("a single column", {"height": high, "width": 1, "dim": 8}),
    ]


def encode(positions, dim):
    return waves(positions[:, None] * frequencies(dim))


def grid(height, width, column_major=False):
    """Row and column of each token: (H·W,) twice."""
    if column_major:
        column, row = np.divmod(np.arange(height * width), height)
        return row, column
    return np.divmod(np.arange(height * width), width)


def variant(first=lambda row, column: row, second=lambda row, column: column, **order):
    """The exercise with something else in one of the halves, or with the tokens ordered else."""

    def solution(height, width, dim):
        place = grid(height, width, **order)
        halves = [encode(half(*place), dim // 2) for half in (first, second)]
        return np.concatenate(halves, axis=-1)

    return solution


def changed(function):
    """The right encoding, changed by a function of it and the height and width."""
    return lambda h, w, dim: function(variant()(h, w, dim), h, w)


def of_row(row, column):
    return row


def of_column(row, column):
    return column


def full_width_frequencies(height, width, dim):
    row, column = grid(height, width)
    return np.concatenate([encode(p, dim)[:, : dim // 2] for p in (row, column)], axis=-1)


def both_full(join):
    return lambda h, w, dim: join([encode(p, dim) for p in grid(h, w)])


def blocks(height, width, dim):
    parts = [p[:, None] * frequencies(dim // 2) for p in grid(height, width)]
    return np.concatenate([f(a) for a in parts for f in (np.sin, np.cos)], axis=-1)


def between(encoding, height, width):
    """Features of row and column in turn."""
    return np.stack(np.split(encoding, 2, axis=-1), axis=-1).reshape(encoding.shape)


COLUMN_MAJOR = (
    "Your tokens run down the columns. An image is read row by row: the column changes with every "
    "token, the row after W of them. Repeat each row's code W times, and tile the columns' codes H "
    "times, not the other way round."
)
TWO_AXES = "an encoding of the row, D/2 wide, beside an encoding of the column, D/2 wide."

SINUSOIDAL_ENCODING_2D = Exercise(
    id="sinusoidal_encoding_2d",
    title="Waves over a grid",
    points=2,
    reference=reference.sinusoidal_encoding_2d,
    cases=grid_cases,
    outputs={"encoding": "H·W D"},
    hints=(
        "A token of a grid has two positions: its row and its column. Each gets half of the "
        "features, and each half is an encoding you can make already.",
        "rows (H, D/2) and columns (W, D/2) become (H·W, D/2) each: a row's code W times in "
        "succession, the columns' codes H times over. Joined on the last axis they are (H·W, D).",
        "rows = repeat(sinusoidal_encoding(height, dim // 2), width, axis=0);  "
        "columns = tile(sinusoidal_encoding(width, dim // 2), (height, 1));  "
        "return concatenate([rows, columns], axis=-1)",
    ),
    mistakes=(
        Mistake(
            "row and column swapped",
            variant(of_column, of_row),
            "The halves are exchanged: the first should encode the row, the second the column.",
        ),
        Mistake("column-major tokens", variant(column_major=True), COLUMN_MAJOR),
        Mistake(
            "height and width swapped",
            variant(of_column, of_row, column_major=True),
            "This is the encoding of a grid W high and H wide. On a square nobody would see it: "
            "the row, up to H, changes after every W tokens and belongs in the first half.",
        ),
        Mistake(
            "same half twice",
            variant(second=of_row),
            "Both halves encode the row, so tokens of a row cannot be told apart. The second half "
            "encodes the column.",
        ),
        Mistake(
            "same half twice",
            variant(of_column),
            "Both halves encode the column, so tokens of a column cannot be told apart. The first "
            "half encodes the row.",
        ),
        Mistake(
            "the grid taken for a sequence",
            lambda h, w, dim: waves(angles_of(h * w, dim)),
            f"This encodes the number of the token, 0 to H·W - 1, as in a text. What is asked is "
            f"{TWO_AXES}",
        ),
        Mistake(
            "the grid taken for a sequence, half by half",
            variant(*2 * [lambda row, column: row * (column.max() + 1) + column]),
            f"Both halves encode the number of the token, 0 to H·W - 1, as in a text. What is "
            f"asked is {TWO_AXES}",
        ),
        Mistake(
            "D features for each axis",
            both_full(lambda halves: np.concatenate(halves, axis=-1)),
            "Yours is 2D wide: each half has D features. Give each dim // 2.",
        ),
        Mistake(
            "halves added",
            both_full(sum),
            f"You add the encodings of row and column, so (1, 2) and (2, 1) look the same. What is "
            f"asked is {TWO_AXES}",
        ),
        Mistake(
            "frequencies of the full width",
            full_width_frequencies,
            "Your waves use only the faster half of the frequencies: they come from an encoding D "
            "wide. Each half is an encoding of its own, D/2 wide: divide by 10000^(2i / (D/2)).",
        ),
        Mistake(
            "blocks [sin, cos]",
            blocks,
            "The numbers are right, in another order: in each half first the sines, then the "
            "cosines. Some vision transformers do that. Here the two of a pair stand side by side, "
            "as in sinusoidal_encoding.",
        ),
        Mistake(
            "row and column in turn",
            changed(between),
            "The features of row and column alternate. Join the two halves on the last axis: first "
            "all of the row's, then all of the column's.",
        ),
        Mistake(
            "not flattened to tokens",
            changed(lambda encoding, h, w: encoding.reshape(h, w, -1)),
            "The numbers are right, but they still lie on the grid, (H, W, D). Tokens stand in a "
            "row: reshape to (H·W, D).",
        ),
        Mistake(
            "position from 1",
            variant(lambda row, column: row + 1, lambda row, column: column + 1),
            "You count rows and columns from 1. The first of each is at position 0.",
        ),
    ),
)
