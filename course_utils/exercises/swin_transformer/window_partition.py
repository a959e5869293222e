"""Exercise `window_partition`: a map, cut into windows."""

from itertools import permutations

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import windows as reference


def window_partition(x, window):
    batch, height, width, channels = x.shape
    rows, columns = height // window, width // window
    x = np.reshape(x, (batch, rows, window, columns, window, channels))
    x = np.transpose(x, (0, 1, 3, 2, 4, 5))
    return np.reshape(x, (-1, window**2, channels))


def partition_cases(rng):
    def case(shows, shape, window):
        return Case(shows, {"x": normal(rng, *shape), "window": window})

    return [
        case("a map wider than high", (3, 10, 14, 11), 2),
        case("a map higher than wide, one channel", (2, 21, 15, 1), 3),
        case("a square map of several windows", (2, 9, 9, 5), 3),
        case("one window, as large as the map", (3, 5, 5, 2), 5),
        case("windows of one token", (2, 3, 5, 7), 1),
    ]


LADDER = (
    by_hand(x=numbered(1, 2, 4, 1), window=2),
    by_hand(x=numbered(1, 4, 2, 1), window=2),
    by_hand(x=numbered(1, 4, 6, 1), window=2),
    by_hand(x=numbered(2, 2, 4, 2), window=2),
)


ORDER = "0, 1, 3, 2, 4, 5"
SIDES = ("height // window, width // window", "width // window, height // window")
ONE_SIDE = ("width // window", "height // window")
M_FIRST = ("rows, window, columns, window", "window, rows, window, columns")
OVERLAPPING = (
    "np.reshape(x, (batch, rows, window, columns, window, channels))",
    "np.lib.stride_tricks.sliding_window_view(x, (window, window), (1, 2))",
)
# Orders of the four axes in the middle that are right, or have a sentence of their own.
KNOWN = {"1, 2, 3, 4", "1, 3, 2, 4", "1, 3, 4, 2", "2, 4, 1, 3", "3, 1, 2, 4", "3, 1, 4, 2"}
OTHER_ORDER = (
    "All tokens are there, but the transpose brings the axes into the wrong order. (B, H/M, M, "
    "W/M, M, C) should become (B, H/M, W/M, M, M, C): only the two in the middle change places."
)
SQUARE_ASSUMED = (
    "Right for a square map only: somewhere the number of windows along one side stands for the "
    "other. There are H/M rows and W/M columns of windows."
)
MISTAKES = (
    edited("reshape without transpose", ("    x = np.transpose(x, (0, 1, 3, 2, 4, 5))\n", ""))(
        "The shape is right and the entries are not: reshape keeps their order, so your first "
        "window is the start of the map's first row. Reshape to (B, H/M, M, W/M, M, C), where "
        "nothing moves, then swap the two axes in the middle, M and W/M, then flatten."
    ),
    edited("windows before batch", (ORDER, "1, 3, 0, 2, 4, 5"))(
        "The windows are right, in the wrong order: the first window of every image, then the "
        "second of every image. All windows of the first image come first: the batch axis stays in "
        "front."
    ),
    edited("column-major windows", (ORDER, "0, 3, 1, 2, 4, 5"))(
        "The windows are right, in the wrong order: you go down the first column of windows. Go "
        "along the first row: the axis H/M comes before W/M."
    ),
    edited("tokens column by column", (ORDER, "0, 1, 3, 4, 2, 5"))(
        "The windows are in the right order, but the tokens of each run down its columns. Row by "
        "row: within a window the row axis comes before the column axis."
    ),
    edited("both column by column", (ORDER, "0, 3, 1, 4, 2, 5"))(
        "You read everything down the columns: the windows of a map, and the tokens of a window. "
        "Both go row by row."
    ),
    edited("tokens from all over the map", M_FIRST)(
        "Your windows are torn apart. Split a side as (H/M, M), in this order: first which window, "
        "then where in it."
    ),
    edited("tokens from all over the map", (ORDER, "0, 2, 4, 1, 3, 5"))(
        "Your windows are torn apart: each holds one place of every window. After the reshape to "
        "(B, H/M, M, W/M, M, C) the axes of the grid, H/M and W/M, come first, then the two M."
    ),
    edited("tokens from all over the map", M_FIRST, (ORDER, "0, 2, 4, 1, 3, 5"))(
        "Your windows are torn apart: their tokens stand H/M rows and W/M columns from each other. "
        "Split a side as (H/M, M), in this order: first which window, then where in it."
    ),
    *(
        edited("axes in another order", (ORDER, f"0, {order}, 5"))(OTHER_ORDER)
        for order in map(", ".join, permutations("1234"))
        if order not in KNOWN
    ),
    edited("height and width swapped", SIDES)(
        "You cut the height as if it were the width. x is (B, H, W, C): axis 1 is the height. On a "
        "square map nobody would see it."
    ),
    edited("square maps assumed", ONE_SIDE, telling=r"reshape")(SQUARE_ASSUMED),
    edited("windows that overlap", OVERLAPPING, (ORDER, "0, 1, 2, 4, 5, 3"))(
        "Your windows overlap: a new one begins at every token, as in a convolution. Swin's "
        "windows lie side by side, and each token is in exactly one."
    ),
    edited("windows not flattened", ("window**2", "window, window"))(
        "The windows are right, each still a small map, (B·nW, M, M, C), as some libraries keep "
        "them. Here a window is a row of tokens: join the two axes of M."
    ),
    edited("batch and windows not joined", ("-1", "batch, -1"))(
        "The windows are right, but batch and windows are two axes: (B, nW, M², C). Join them: to "
        "attention, every window is a sequence of its own."
    ),
    edited("windows flattened to vectors", ("window**2, channels", "window**2 * channels"))(
        "You went one step too far, to (B·nW, M²·C), as for patches. The tokens of a window stay "
        "apart, since they are to attend to each other."
    ),
    edited("channels before tokens", ("**2, channels))", "**2, channels)).transpose(0, 2, 1)"))(
        "The windows are right, but tokens and channels have changed places: (B·nW, C, M²). Tokens "
        "first: (B·nW, M², C)."
    ),
    edited("first image only", ("**2, channels))", "**2, channels))[: rows * columns]"))(
        "These are the windows of the first image alone. All images of the batch are cut."
    ),
)

WINDOW_PARTITION = Exercise(
    id="window_partition",
    title="A map, cut into windows",
    points=2,
    reference=reference.window_partition,
    answer=window_partition,
    cases=partition_cases,
    ladder=LADDER,
    outputs={"windows": "B·nW M² C"},
    hints=(
        "It is patchify on a map of tokens. Which reshape cuts both sides into pieces of M, and "
        "moves nothing?",
        "(B, H, W, C) -> reshape -> (B, H/M, M, W/M, M, C) -> swap the two axes in the middle -> "
        "(B, H/M, W/M, M, M, C) -> reshape -> (B·nW, M·M, C).",
        "x = reshape(x, (B, H // M, M, W // M, M, C));  x = transpose(x, (0, …, 5));  and a second "
        "reshape, to one window a row. Try it on a map whose tokens are numbered.",
    ),
    mistakes=MISTAKES,
)
