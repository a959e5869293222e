"""Exercise `sinusoidal_encoding_2d`: rows and columns of a grid."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.positional_encoding.sinusoidal_encoding import sinusoidal_encoding
from course_utils.reference import positional_encoding as reference


def sinusoidal_encoding_2d(height, width, dim):
    half = dim // 2
    rows = sinusoidal_encoding(height, half)
    columns = sinusoidal_encoding(width, half)
    rows = np.repeat(rows, width, axis=0)
    columns = np.tile(columns, (height, 1))
    return np.concatenate([rows, columns], axis=-1)


def grid_cases(rng):
    low, high = sorted(int(n) for n in rng.choice([3, 5, 7, 11], size=2, replace=False))
    return [
        Case("a grid wider than high", {"height": low, "width": high, "dim": 12}),
        Case("a grid higher than wide", {"height": high, "width": low, "dim": 8}),
        Case("a single row", {"height": 1, "width": high, "dim": 8}),
        Case("a single column", {"height": high, "width": 1, "dim": 8}),
    ]


LADDER = (
    by_hand(height=1, width=2, dim=4),
    by_hand(height=2, width=2, dim=4),
    by_hand(height=1, width=2, dim=8),
)

# What several mistakes change.
FULL_WIDTH = ("dim // 2", "dim")
JOINED = "np.concatenate([rows, columns], axis=-1)"

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
    answer=sinusoidal_encoding_2d,
    cases=grid_cases,
    ladder=LADDER,
    outputs={"encoding": "H·W D"},
    hints=(
        "A token of a grid has two positions: its row and its column. Each gets half of the "
        "features, and each half is an encoding you can make already.",
        "rows (H, D/2) and columns (W, D/2) become (H·W, D/2) each: a row's code W times in "
        "succession, the columns' codes H times over. Joined on the last axis they are (H·W, D).",
        "np.repeat does the one (0, 0, 1, 1), np.tile the other (0, 1, 0, 1). Which of them for "
        "sinusoidal_encoding(height, dim // 2), and which for the columns? Then concatenate.",
    ),
    mistakes=(
        edited("row and column swapped", ("rows, columns", "columns, rows"))(
            "The halves are exchanged: the first should encode the row, the second the column."
        ),
        edited(
            "column-major tokens",
            ("np.repeat(rows, width, axis=0)", "np.tile(rows, (width, 1))"),
            ("np.tile(columns, (height, 1))", "np.repeat(columns, height, axis=0)"),
        )(COLUMN_MAJOR),
        edited("height and width swapped", ("(height, width, dim)", "(width, height, dim)"))(
            "This is the encoding of a grid W high and H wide. On a square nobody would see it: "
            "the row, up to H, changes after every W tokens and belongs in the first half."
        ),
        edited(
            "halves cut from whole encodings",
            ("sinusoidal_encoding(height, half)", "sinusoidal_encoding(height, dim)[:, :half]"),
            ("sinusoidal_encoding(width, half)", "sinusoidal_encoding(width, dim)[:, half:]"),
        )(
            "Your halves are cut from encodings of D features, so that one has the fast waves "
            "only, and the other the slow ones. Each half is a whole encoding of D/2 features."
        ),
        edited("same half twice", ("rows, columns", "rows, rows"))(
            "Both halves encode the row, so tokens of a row cannot be told apart. The second half "
            "encodes the column."
        ),
        edited("same half twice", ("rows, columns", "columns, columns"))(
            "Both halves encode the column, so tokens of a column cannot be told apart. The first "
            "half encodes the row."
        ),
        edited(
            "the grid taken for a sequence", (JOINED, "sinusoidal_encoding(height * width, dim)")
        )(
            f"This encodes the number of the token, 0 to H·W - 1, as in a text. What is asked is "
            f"{TWO_AXES}"
        ),
        edited(
            "the grid taken for a sequence, half by half",
            (JOINED, "np.tile(sinusoidal_encoding(height * width, half), 2)"),
        )(
            f"Both halves encode the number of the token, 0 to H·W - 1, as in a text. What is "
            f"asked is {TWO_AXES}"
        ),
        edited("D features for each axis", FULL_WIDTH)(
            "Yours is 2D wide: each half has D features. Give each dim // 2."
        ),
        edited("halves added", FULL_WIDTH, (JOINED, "rows + columns"))(
            f"You add the encodings of row and column, so (1, 2) and (2, 1) look the same. What is "
            f"asked is {TWO_AXES}"
        ),
        edited(
            "frequencies of the full width",
            FULL_WIDTH,
            ("rows, columns", "rows[:, : dim // 2], columns[:, : dim // 2]"),
        )(
            "Your waves use only the faster half of the frequencies: they come from an encoding D "
            "wide. Each half is an encoding of its own, D/2 wide: divide by 10000^(2i / (D/2))."
        ),
        edited(
            "blocks [sin, cos]",
            ("[rows, columns]", "[part[:, i::2] for part in (rows, columns) for i in (0, 1)]"),
        )(
            "The numbers are right, in another order: in each half first the sines, then the "
            "cosines. Some vision transformers do that. Here the two of a pair stand side by side, "
            "as in sinusoidal_encoding."
        ),
        edited(
            "row and column in turn",
            ("concatenate", "stack"),
            ("axis=-1)", "axis=-1).reshape(height * width, dim)"),
        )(
            "The features of row and column alternate. Join the two halves on the last axis: first "
            "all of the row's, then all of the column's."
        ),
        edited("not flattened to tokens", ("axis=-1)", "axis=-1).reshape(height, width, dim)"))(
            "The numbers are right, but they still lie on the grid, (H, W, D). Tokens stand in a "
            "row: reshape to (H·W, D)."
        ),
        edited(
            "position from 1",
            ("(height, half)", "(height + 1, half)[1:]"),
            ("(width, half)", "(width + 1, half)[1:]"),
        )("You count rows and columns from 1. The first of each is at position 0."),
    ),
)
