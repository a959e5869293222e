"""Exercise `window_partition`: a map, cut into windows."""

from itertools import permutations

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.exercises.swin_transformer.by_hand import SQUARE_ASSUMED, grid, partition
from course_utils.reference import windows as reference


def partition_cases(rng):
    def case(shows, shape, window):
        return Case(shows, {"x": normal(rng, *shape), "window": window})

    return [
        case("a map wider than high", (3, 10, 14, 11), 2),
        case("a map higher than wide, one channel", (2, 21, 15, 1), 3),
        case("one window, as large as the map", (3, 5, 5, 2), 5),
        case("windows of one token", (2, 3, 5, 7), 1),
    ]


def ordered(*order):
    """Windows with the axes of `grid` in another order."""
    return lambda x, window: (
        grid(x, window).transpose(order).reshape(-1, window**2, x.shape[3])
    )  # fmt: skip


def cut_as(rows, columns, order=(0, 1, 3, 2, 4, 5)):
    """Sides split otherwise: which pair of sizes each becomes, from (H/M or W/M, M)."""

    def solution(x, window):
        batch, height, width, channels = x.shape
        high, wide = rows(height // window, window), columns(width // window, window)
        cut = x.reshape(batch, *high, *wide, channels)
        return cut.transpose(order).reshape(partition(x, window).shape)

    return solution


def sides_exchanged(x, window):
    batch, height, width, channels = x.shape
    cut = x.reshape(batch, width // window, window, height // window, window, channels)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(-1, window**2, channels)


def square_assumed(x, window):
    batch, height, _, channels = x.shape
    n = height // window
    cut = x.reshape(batch, n, window, n, window, channels)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(-1, window**2, channels)


def changed(function):
    """The right windows, changed by a function of them and of x and the window."""
    return lambda x, window: function(partition(x, window), x, window)


def overlapping(x, window):
    _, height, width, channels = x.shape
    corners = np.ndindex(height - window + 1, width - window + 1)
    cut = [x[:, i : i + window, j : j + window].reshape(len(x), -1, channels) for i, j in corners]
    return np.stack(cut, axis=1).reshape(-1, window**2, channels)


# Orders of the four axes in the middle of `grid` that are right, or have a sentence of their own.
KNOWN = {(1, 2, 3, 4), (1, 3, 2, 4), (1, 3, 4, 2), (2, 4, 1, 3), (3, 1, 2, 4), (3, 1, 4, 2)}
OTHER_ORDERS = [order for order in permutations((1, 2, 3, 4)) if order not in KNOWN]


WINDOW_PARTITION = Exercise(
    id="window_partition",
    title="A map, cut into windows",
    points=2,
    reference=reference.window_partition,
    cases=partition_cases,
    outputs={"windows": "B·nW M² C"},
    hints=(
        "It is patchify on a map of tokens. Which reshape cuts both sides into pieces of M, and "
        "moves nothing?",
        "(B, H, W, C) -> reshape -> (B, H/M, M, W/M, M, C) -> swap the two axes in the middle -> "
        "(B, H/M, W/M, M, M, C) -> reshape -> (B·nW, M·M, C).",
        "B, H, W, C = x.shape;  x = reshape(x, (B, H // M, M, W // M, M, C));  "
        "return reshape(transpose(x, (0, 1, 3, 2, 4, 5)), (B * (H // M) * (W // M), M * M, C))",
    ),
    mistakes=(
        Mistake(
            "reshape without transpose",
            lambda x, window: x.reshape(-1, window**2, x.shape[3]),
            "The shape is right and the entries are not: reshape keeps their order, so your first "
            "window is the start of the map's first row. Reshape to (B, H/M, M, W/M, M, C), where "
            "nothing moves, then swap the two axes in the middle, M and W/M, then flatten.",
        ),
        Mistake(
            "windows before batch",
            ordered(1, 3, 0, 2, 4, 5),
            "The windows are right, in the wrong order: the first window of every image, then the "
            "second of every image. All windows of the first image come first: the batch axis "
            "stays in front.",
        ),
        Mistake(
            "column-major windows",
            ordered(0, 3, 1, 2, 4, 5),
            "The windows are right, in the wrong order: you go down the first column of windows. "
            "Go along the first row: the axis H/M comes before W/M.",
        ),
        Mistake(
            "tokens column by column",
            ordered(0, 1, 3, 4, 2, 5),
            "The windows are in the right order, but the tokens of each run down its columns. Row "
            "by row: within a window the row axis comes before the column axis.",
        ),
        Mistake(
            "both column by column",
            ordered(0, 3, 1, 4, 2, 5),
            "You read everything down the columns: the windows of a map, and the tokens of a "
            "window. Both go row by row.",
        ),
        Mistake(
            "tokens from all over the map",
            cut_as(lambda n, m: (m, n), lambda n, m: (m, n)),
            "Your windows are torn apart. Split a side as (H/M, M), in this order: first which "
            "window, then where in it.",
        ),
        Mistake(
            "tokens from all over the map",
            ordered(0, 2, 4, 1, 3, 5),
            "Your windows are torn apart: each holds one place of every window. After the reshape "
            "to (B, H/M, M, W/M, M, C) the axes of the grid, H/M and W/M, come first, then the "
            "two M.",
        ),
        Mistake(
            "tokens from all over the map",
            cut_as(lambda n, m: (m, n), lambda n, m: (m, n), order=(0, 2, 4, 1, 3, 5)),
            "Your windows are torn apart: their tokens stand H/M rows and W/M columns from each "
            "other. Split a side as (H/M, M), in this order: first which window, then where in it.",
        ),
        *(
            Mistake(
                "axes in another order",
                ordered(0, *order, 5),
                "All tokens are there, but the transpose brings the axes into the wrong order. "
                "(B, H/M, M, W/M, M, C) should become (B, H/M, W/M, M, M, C): only the two in the "
                "middle change places.",
            )
            for order in OTHER_ORDERS
        ),
        Mistake(
            "height and width swapped",
            sides_exchanged,
            "You cut the height as if it were the width. x is (B, H, W, C): axis 1 is the height. "
            "On a square map nobody would see it.",
        ),
        Mistake(
            "square maps assumed",
            square_assumed,
            SQUARE_ASSUMED,
            telling=True,
        ),
        Mistake(
            "windows that overlap",
            overlapping,
            "Your windows overlap: a new one begins at every token, as in a convolution. Swin's "
            "windows lie side by side, and each token is in exactly one.",
        ),
        Mistake(
            "windows not flattened",
            changed(lambda y, x, window: y.reshape(-1, window, window, x.shape[3])),
            "The windows are right, each still a small map, (B·nW, M, M, C), as some libraries "
            "keep them. Here a window is a row of tokens: join the two axes of M.",
        ),
        Mistake(
            "batch and windows not joined",
            changed(lambda y, x, window: y.reshape(len(x), -1, *y.shape[1:])),
            "The windows are right, but batch and windows are two axes: (B, nW, M², C). Join them: "
            "to attention, every window is a sequence of its own.",
        ),
        Mistake(
            "windows flattened to vectors",
            changed(lambda y, x, window: y.reshape(len(y), -1)),
            "You went one step too far, to (B·nW, M²·C), as for patches. The tokens of a window "
            "stay apart, since they are to attend to each other.",
        ),
        Mistake(
            "channels before tokens",
            changed(lambda y, x, window: y.transpose(0, 2, 1)),
            "The windows are right, but tokens and channels have changed places: (B·nW, C, M²). "
            "Tokens first: (B·nW, M², C).",
        ),
        Mistake(
            "first image only",
            changed(lambda y, x, window: y[: len(y) // len(x)]),
            "These are the windows of the first image alone. All images of the batch are cut.",
        ),
    ),
)
