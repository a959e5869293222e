"""Exercise `relative_position_index`: a number for every offset."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import positional_encoding as reference


def index_cases(rng):
    def case(shows, height, width):
        sides = {"window_height": height, "window_width": width}
        return Case(shows, sides, label=f"a window of {height} by {width}")

    low, high = sorted(int(n) for n in rng.choice([3, 4, 5, 7], size=2, replace=False))
    return [  # of few sizes: JAX compiles for each
        case("a square window", 2, 2),
        case("a window wider than high", low, high),
        case("a window higher than wide", high, low),
        case("a single row or column", 1, high),
        case("a single row or column", high, 1),
    ]


def offsets(height, width, column_major=False):
    """How far down and how far to the right of each key each query is: (A, A) twice."""
    if column_major:
        column, row = np.divmod(np.arange(height * width), height)
    else:
        row, column = np.divmod(np.arange(height * width), width)
    return row[:, None] - row[None, :], column[:, None] - column[None, :]


def number(formula, **order):
    """An index from a formula of the two offsets and the two sides of the window."""
    return lambda height, width: formula(*offsets(height, width, **order), height, width)


def formula(down, across, h, w):
    return (down + h - 1) * (2 * w - 1) + across + w - 1


right = number(formula)


def divided_by_height(height, width):
    row, column = np.divmod(np.arange(height * width), height)
    return formula(row[:, None] - row[None, :], column[:, None] - column[None, :], height, width)


def changed(function):
    """The right index, changed by a function of it and the height and width."""
    return lambda height, width: function(right(height, width), height, width)


RELATIVE_POSITION_INDEX = Exercise(
    id="relative_position_index",
    title="A number for every offset",
    points=3,
    reference=reference.relative_position_index,
    cases=index_cases,
    outputs={"index": "A A"},
    seconds=30.0,  # JAX compiles each step for each size
    hints=(
        "First find the row and the column of each token of a window. Then the offset of query i "
        "from key j is a pair: row i minus row j, column i minus column j. Which values can each "
        "take?",
        "Both offsets are (A, A). Move them to start at 0: add Mh - 1 and Mw - 1. Now number the "
        "pairs as you would number the tokens of a grid that is 2Mw - 1 wide: row · width + "
        "column.",
        "row, column = divmod(arange(Mh * Mw), Mw);  "
        "down = row[:, None] - row[None, :] + Mh - 1;  "
        "across = column[:, None] - column[None, :] + Mw - 1;  "
        "return down * (2 * Mw - 1) + across",
    ),
    mistakes=(
        Mistake(
            "not shifted to be ≥ 0",
            number(lambda down, across, h, w: down * (2 * w - 1) + across),
            "Some of your numbers are negative, and a table has no row -1 (Python would take the "
            "last). Offsets run from -(M - 1): add Mh - 1 to the one of the rows and Mw - 1 to the "
            "one of the columns.",
        ),
        Mistake(
            "shifted in one direction only",
            number(lambda down, across, h, w: (down + h - 1) * (2 * w - 1) + across),
            "The offset of the columns still begins at -(Mw - 1). Add Mw - 1 to it.",
        ),
        Mistake(
            "shifted in one direction only",
            number(lambda down, across, h, w: down * (2 * w - 1) + across + w - 1),
            "The offset of the rows still begins at -(Mh - 1). Add Mh - 1 to it.",
        ),
        Mistake(
            "row factor missing",
            number(lambda down, across, h, w: down + h - 1 + across + w - 1),
            "You add up the two offsets, so one down and one to the right get the same number. "
            "Each row of the table has 2Mw - 1 entries: multiply the row offset by that first.",
        ),
        Mistake(
            "row factor from the height",
            number(lambda down, across, h, w: (down + h - 1) * (2 * h - 1) + across + w - 1),
            "You multiply the row offset by 2Mh - 1. A row of the table has an entry for each "
            "offset across, so 2Mw - 1 of them. In a square window nobody would see it.",
        ),
        Mistake(
            "row factor too small",
            number(lambda down, across, h, w: (down + h - 1) * w + across + w - 1),
            "You multiply the row offset by Mw, which is as if the window were a text and only the "
            "distance along it counted: different offsets share a number. There are 2Mw - 1 "
            "offsets across, from -(Mw - 1) to Mw - 1.",
        ),
        Mistake(
            "row factor too large",
            number(lambda down, across, h, w: (down + h - 1) * 2 * w + across + w - 1),
            "You multiply the row offset by 2Mw. There are 2Mw - 1 offsets across: with 2Mw the "
            "table would need rows that nobody uses.",
        ),
        Mistake(
            "row factor too large",
            number(lambda down, across, h, w: (down + h - 1) * (2 * w + 1) + across + w - 1),
            "You multiply the row offset by 2Mw + 1. There are 2Mw - 1 offsets across, from "
            "-(Mw - 1) to Mw - 1.",
        ),
        Mistake(
            "sign reversed",
            number(lambda down, across, h, w: formula(-down, -across, h, w)),
            "Your offsets are key minus query. Here they are query minus key: row[:, None] - "
            "row[None, :]. With published weights the sign decides what is left and what is right.",
        ),
        Mistake(
            "one sign reversed",
            number(lambda down, across, h, w: formula(-down, across, h, w)),
            "Your offset across is query minus key, but the offset down is key minus query. Both "
            "are query minus key: row[:, None] - row[None, :].",
        ),
        Mistake(
            "one sign reversed",
            number(lambda down, across, h, w: formula(down, -across, h, w)),
            "Your offset down is query minus key, but the offset across is key minus query. Both "
            "are query minus key: column[:, None] - column[None, :].",
        ),
        Mistake(
            "x and y swapped",
            number(lambda down, across, h, w: (across + w - 1) * (2 * h - 1) + down + h - 1),
            "You count the columns before the rows: the offset across is the one multiplied. Rows "
            "first: down · (2Mw - 1) + across.",
        ),
        Mistake(
            "x and y swapped",
            number(lambda down, across, h, w: (across + h - 1) * (2 * w - 1) + down + w - 1),
            "The offsets of rows and columns are exchanged, but not the sides that belong to them. "
            "In a square window it only turns the table round; in another it gives numbers below 0 "
            "or beyond the table.",
        ),
        Mistake(
            "x and y swapped",
            number(formula, column_major=True),
            "Your tokens run down the columns of the window. They come row by row: token t is in "
            "row t // Mw and column t % Mw.",
        ),
        Mistake(
            "divided by the height",
            divided_by_height,
            "You find row and column of a token by dividing by the height. A row of the window has "
            "Mw tokens, so divide by the width: token t is in row t // Mw and column t % Mw. In a "
            "square window nobody would see it.",
        ),
        Mistake(
            "sides exchanged when moved to start at 0",
            number(lambda down, across, h, w: (down + w - 1) * (2 * w - 1) + across + h - 1),
            "You add Mw - 1 to the offset of the rows and Mh - 1 to that of the columns. Rows go "
            "from -(Mh - 1), columns from -(Mw - 1): exchange the two.",
        ),
        Mistake(
            "M instead of M - 1 added",
            number(lambda down, across, h, w: (down + h) * (2 * w - 1) + across + w),
            "Your numbers do not begin at 0. The smallest offset is -(M - 1): add Mh - 1 and "
            "Mw - 1, not Mh and Mw.",
        ),
        Mistake(
            "window sides swapped",
            lambda height, width: right(width, height),
            "This is the index of a window Mw high and Mh wide. The height comes first.",
        ),
        Mistake(
            "distances instead of offsets",
            number(lambda down, across, h, w: abs(down) * (2 * w - 1) + abs(across)),
            "You take absolute values, so left and right share a number. A model may want to treat "
            "them differently: keep the signs, and add M - 1.",
        ),
        Mistake(
            "distances instead of offsets",
            number(lambda down, across, h, w: abs(down) * w + abs(across)),
            "You take absolute values, so left and right share a number. A model may want to treat "
            "them differently: keep the signs, and add M - 1.",
        ),
        Mistake(
            "distances instead of offsets",
            number(lambda down, across, h, w: formula(abs(down), abs(across), h, w)),
            "You take absolute values, so left and right share a number. A model may want to treat "
            "them differently: keep the signs, and add M - 1.",
        ),
        Mistake(
            "counted from 1",
            changed(lambda index, h, w: index + 1),
            "Your numbers begin at 1. They are rows of a table, which begin at 0.",
        ),
        Mistake(
            "flattened",
            changed(lambda index, h, w: index.reshape(-1)),
            "The numbers are right, in one long row, as published code keeps them. Here they are "
            "(A, A): one row for each query.",
        ),
        Mistake(
            "not flattened to tokens",
            changed(lambda index, h, w: index.reshape(h, w, h, w)),
            "The numbers are right, but rows and columns of the window are axes of their own, "
            "(Mh, Mw, Mh, Mw). Tokens stand in a row: (A, A).",
        ),
        Mistake(
            "offsets not numbered",
            lambda height, width: np.stack(offsets(height, width), axis=-1),
            "These are the offsets, two for each pair of tokens. Make one number of the two: "
            "(down + Mh - 1) · (2Mw - 1) + across + Mw - 1.",
        ),
        Mistake(
            "floats",
            changed(lambda index, h, w: index.astype("float32")),
            "The numbers are right, but they are floats. They will be used to look up rows of a "
            "table: make them whole numbers.",
        ),
    ),
)
