"""Exercise `relative_position_index`: a number for every offset."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import positional_encoding as reference


def relative_position_index(height, width):
    row, column = np.divmod(np.arange(height * width), width)
    down = row[:, None] - row[None, :] + height - 1
    across = column[:, None] - column[None, :] + width - 1
    index = down * (2 * width - 1) + across
    return index


def index_cases(rng):
    def case(shows, height, width):
        sides = {"window_height": height, "window_width": width}
        return Case(shows, sides, label=f"a window of {height} by {width}")

    low, high = sorted(int(n) for n in rng.choice([3, 4, 5, 7], size=2, replace=False))
    return [  # of few sizes: JAX compiles for each
        case("a square window", 2, 2),
        case("the published window", 7, 7),  # its last number, 168, is too large for one byte
        case("a window wider than high", low, high),
        case("a window higher than wide", high, low),
        case("a single row or column", 1, high),
        case("a single row or column", high, 1),
    ]


LADDER = (
    by_hand(window_height=1, window_width=2),
    by_hand(window_height=2, window_width=1),
    by_hand(window_height=2, window_width=3),
)


ROW_FACTOR = "(2 * width - 1)"
TOO_SMALL = (ROW_FACTOR, "width")
ROWS_NOT_SHIFTED, COLUMNS_NOT_SHIFTED = NOT_SHIFTED = (" + height - 1", ""), (" + width - 1", "")
DOWN, ACROSS = "row[:, None] - row[None, :]", "column[:, None] - column[None, :]"
DOWN_REVERSED = (DOWN, "row[None, :] - row[:, None]")
ACROSS_REVERSED = (ACROSS, "column[None, :] - column[:, None]")
DISTANCES = (DOWN, f"abs({DOWN})"), (ACROSS, f"abs({ACROSS})")
DIVIDED_BY_HEIGHT = ("width), width)", "width), height)")
NOT_NUMBERED = ("return index", "return np.stack([down, across], axis=-1)")
SIDES_EXCHANGED = (
    ("row[None, :] + height", "row[None, :] + width"),
    ("column[None, :] + width", "column[None, :] + height"),
)

DISTANCES_TAKEN = (
    "You take absolute values, so left and right share a number. A model may want to treat them "
    "differently: keep the signs, and add M - 1."
)
MISTAKES = (
    edited("not shifted to be ≥ 0", *NOT_SHIFTED)(
        "Some of your numbers are negative, and a table has no row -1 "
        "(Python would take the last). Offsets run from -(M - 1): add Mh - 1 to the one of the "
        "rows and Mw - 1 to the one of the columns."
    ),
    edited("shifted in one direction only", COLUMNS_NOT_SHIFTED)(
        "The offset of the columns still begins at -(Mw - 1). Add Mw - 1 to it."
    ),
    edited("shifted in one direction only", ROWS_NOT_SHIFTED)(
        "The offset of the rows still begins at -(Mh - 1). Add Mh - 1 to it."
    ),
    edited("row factor missing", (f" * {ROW_FACTOR}", ""))(
        "You add up the two offsets, so one down and one to the right get the same number. Each "
        "row of the table has 2Mw - 1 entries: multiply the row offset by that first."
    ),
    edited("row factor from the height", ("2 * width", "2 * height"))(
        "You multiply the row offset by 2Mh - 1. A row of the table has an entry for each offset "
        "across, so 2Mw - 1 of them. In a square window nobody would see it."
    ),
    edited("row factor too small", TOO_SMALL)(
        "Your numbers are row offset times Mw plus column offset, as if the window were a text and "
        "only the distance along it counted: different offsets share a number. There are 2Mw - 1 "
        "offsets across, from -(Mw - 1) to Mw - 1."
    ),
    edited("row factor too large", (ROW_FACTOR, "2 * width"))(
        "You multiply the row offset by 2Mw. There are 2Mw - 1 offsets across: with 2Mw the table "
        "would need rows that nobody uses."
    ),
    edited("row factor too large", (ROW_FACTOR, "(2 * width + 1)"))(
        "You multiply the row offset by 2Mw + 1. There are 2Mw - 1 offsets across, from -(Mw - 1) "
        "to Mw - 1."
    ),
    edited("sign reversed", DOWN_REVERSED, ACROSS_REVERSED)(
        "Your table is the right one with rows and columns exchanged. A row is a query, a column a "
        "key, and the offset is query minus key: row[:, None] - row[None, :]. With published "
        "weights the sign decides what is left and what is right."
    ),
    edited("one sign reversed", DOWN_REVERSED)(
        "Your offset across is query minus key, but the offset down is key minus query. Both are "
        "query minus key: row[:, None] - row[None, :]."
    ),
    edited("one sign reversed", ACROSS_REVERSED)(
        "Your offset down is query minus key, but the offset across is key minus query. Both are "
        "query minus key: column[:, None] - column[None, :]."
    ),
    edited(
        "x and y swapped", (f"down * {ROW_FACTOR} + across", "across * (2 * height - 1) + down")
    )(
        "You count the columns before the rows: the offset across is the one multiplied. Rows "
        "first: down · (2Mw - 1) + across."
    ),
    edited("x and y swapped", ("row, column", "column, row"))(
        "The offsets of rows and columns are exchanged, but not the sides that belong to them. In "
        "a square window it only turns the table round; in another it gives numbers below 0 or "
        "beyond the table."
    ),
    edited("x and y swapped", ("row, column", "column, row"), DIVIDED_BY_HEIGHT)(
        "Your tokens run down the columns of the window. They come row by row: token t is in row "
        "t // Mw and column t % Mw."
    ),
    edited("divided by the height", DIVIDED_BY_HEIGHT)(
        "You find row and column of a token by dividing by the height. A row of the window has Mw "
        "tokens, so divide by the width: token t is in row t // Mw and column t % Mw. In a square "
        "window nobody would see it."
    ),
    edited("sides exchanged when moved to start at 0", *SIDES_EXCHANGED)(
        "You add Mw - 1 to the offset of the rows and Mh - 1 to that of the columns. Rows go from "
        "-(Mh - 1), columns from -(Mw - 1): exchange the two."
    ),
    edited(
        "M instead of M - 1 added", (" + height - 1", " + height"), (" + width - 1", " + width")
    )(
        "Your numbers do not begin at 0. The smallest offset is -(M - 1): add Mh - 1 and Mw - 1, "
        "not Mh and Mw."
    ),
    edited("window sides swapped", ("height, width)", "width, height)"))(
        "This is the index of a window Mw high and Mh wide. The height comes first."
    ),
    edited("distances instead of offsets", *DISTANCES, *NOT_SHIFTED)(DISTANCES_TAKEN),
    edited("distances instead of offsets", *DISTANCES, *NOT_SHIFTED, TOO_SMALL)(DISTANCES_TAKEN),
    edited("distances instead of offsets", *DISTANCES)(DISTANCES_TAKEN),
    edited("counted from 1", ("+ across", "+ across + 1"))(
        "Your numbers begin at 1. They are rows of a table, which begin at 0."
    ),
    edited("flattened", ("return index", "return index.reshape(-1)"))(
        "The numbers are right, in one long row, as published code keeps them. Here they are "
        "(A, A): one row for each query."
    ),
    edited(
        "not flattened to tokens", ("return index", "return index.reshape(2 * (height, width))")
    )(
        "The numbers are right, but rows and columns of the window are axes of their own, "
        "(Mh, Mw, Mh, Mw). Tokens stand in a row: (A, A)."
    ),
    edited("offsets not numbered", *NOT_SHIFTED, NOT_NUMBERED)(
        "These are the offsets, two for each pair of tokens. Make one number of the two: "
        "(down + Mh - 1) · (2Mw - 1) + across + Mw - 1."
    ),
    edited("floats", ("return index", "return index.astype('float32')"))(
        "The numbers are right, but they are floats. They will be used to look up rows of a table: "
        "make them whole numbers."
    ),
)

RELATIVE_POSITION_INDEX = Exercise(
    id="relative_position_index",
    title="A number for every offset",
    points=3,
    reference=reference.relative_position_index,
    answer=relative_position_index,
    cases=index_cases,
    ladder=LADDER,
    outputs={"index": "A A"},
    seconds=30.0,  # JAX compiles each step for each size
    hints=(
        "First find the row and the column of each token of a window. Then the offset of query i "
        "from key j is a pair: row i minus row j, column i minus column j. Which values can each "
        "take?",
        "Both offsets are (A, A). Move them to start at 0: add Mh - 1 and Mw - 1. Now number the "
        "pairs as you would number the tokens of a grid that is 2Mw - 1 wide: row · width + "
        "column.",
        "row, column = divmod(arange(Mh * Mw), Mw);  down = row[:, None] - row[None, :] + …;  "
        "across likewise;  and one number of the two, as a token's number is row · width + column.",
    ),
    mistakes=MISTAKES,
)
