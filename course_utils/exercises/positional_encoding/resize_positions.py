"""Exercise `resize_positions`: learned positions on an image of another size."""

import numpy as np
from keras import ops  # noqa: F401  mistakes use it

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import positional_encoding as reference

DIM = 13


def resize_positions(positions, old_grid, new_grid):
    def weights(old, new):  # (new, old), along one side
        places = (np.arange(new) + 0.5) * old / new - 0.5
        places = np.clip(places, 0, old - 1)
        return np.maximum(1 - np.abs(places[:, None] - np.arange(old)), 0)

    class_token, grid = positions[:1], positions[1:]
    h, w = old_grid
    new_h, new_w = new_grid
    grid = grid.reshape(h, w, -1)
    grid = np.einsum("Rr,Cc,rcd->RCd", weights(h, new_h), weights(w, new_w), grid)
    grid = grid.reshape(new_h * new_w, -1)
    return np.concatenate([class_token, grid])


def resize_cases(rng):
    def case(shows, old_grid, new_grid):
        positions = normal(rng, 1 + old_grid[0] * old_grid[1], DIM)
        inputs = {"positions": positions, "old_grid": old_grid, "new_grid": new_grid}
        return Case(shows, inputs, label=f"{shows}, {old_grid} -> {new_grid}")

    return [
        case("a square grid", (3, 3), (5, 5)),
        case("a larger grid", (3, 5), (7, 11)),
        case("a smaller grid", (7, 5), (3, 2)),
        # 16 and 36 tokens: a square root gives a whole number for both, and the wrong grid.
        case("one side longer, one shorter", (2, 8), (9, 4)),
        case("the same grid", (3, 5), (3, 5)),
    ]


# The class token, then the grid: in steps of 4, so that a quarter of a step is a whole number.
SMALL_GRID = np.float32([[9], [0], [4], [40], [44]])
LADDER = (
    by_hand(positions=SMALL_GRID, old_grid=(2, 2), new_grid=(2, 4)),
    by_hand(positions=numbered(9, 2), old_grid=(2, 4), new_grid=(2, 2)),
)

# What several mistakes change.
OLD_SQUARE = ("h, w = old_grid", "h = w = int(len(grid) ** 0.5)")
NEW_SQUARE = ("new_h, new_w = new_grid", "new_h = new_w = int(np.prod(new_grid) ** 0.5)")
OLD_SWAPPED = ("h, w = old_grid", "w, h = old_grid")
NEW_SWAPPED = ("new_h, new_w", "new_w, new_h")
TAKEN_LAST = ("positions[:1], positions[1:]", "positions[-1:], positions[:-1]")
PUT_LAST = ("[class_token, grid]", "[grid, class_token]")
PLACES = "(np.arange(new) + 0.5) * old / new - 0.5"
KEPT = (PLACES, "np.linspace(0, old - 1, new)")
ENDS = ((), (KEPT,))  # a list is stretched so, or with its ends in place
BY_KERAS = (
    'np.einsum("Rr,Cc,rcd->RCd", weights(h, new_h), weights(w, new_w), grid)',
    "ops.convert_to_numpy(\n"
    '        ops.image.resize(grid, new_grid, "bilinear", data_format="channels_last")\n    )',
)

ASSUMED_SQUARE = (
    "You take the grid for a square, with the square root of the number of tokens as its side. "
    "Photographs are seldom square: use the sides that old_grid and new_grid give."
)
FIRST_ROW = (
    "You take the last row for the class token's. It is the first: positions[:1], and the "
    "grid is positions[1:]."
)
HALF_PIXEL = (
    "bilinear with half-pixel centres means that new point i lies at (i + 0.5) · old / new - 0.5 "
    "in the old grid, cut off at its borders."
)

RESIZE_POSITIONS = Exercise(
    id="resize_positions",
    title="Positions for a larger image",
    points=3,
    reference=reference.resize_positions,
    answer=resize_positions,
    cases=resize_cases,
    ladder=LADDER,
    outputs={"result": "1+h'·w' D"},
    forbidden=frozenset({f"{reference.__name__}.resize_grid"}),
    hints=(
        "The class token has no place in the image: set it aside. The others are a small picture "
        "with D channels, and pictures can be resized.",
        "positions[1:] (h·w, D) -> (1, h, w, D) -> resized (1, h', w', D) -> (h'·w', D); then "
        "positions[:1], (1, D), in front again.",
        "A reshape of positions[1:] to one picture (1, …, …, D); keras.ops.image.resize, with "
        'interpolation="bilinear"; a reshape to rows; a concatenate with what you set aside.',
    ),
    mistakes=(
        *(
            edited(
                "interpolates the class token",
                ("positions[:1], positions[1:]", "positions[:0], positions"),
                ("h, w = old_grid", "h, w = 1, len(grid)"),
                ("new_h, new_w = new_grid", "new_h, new_w = 1, 1 + np.prod(new_grid)"),
                *ends,
            )(
                "You stretch the whole sequence, class token included, so it mixes with the first "
                "patch. Set positions[:1] aside, and resize the rest as a grid with two axes."
            )
            for ends in ENDS
        ),
        *(
            edited(
                "interpolates the flat sequence",
                ("h, w = old_grid", "h, w = 1, len(grid)"),
                ("new_h, new_w = new_grid", "new_h, new_w = 1, np.prod(new_grid)"),
                *ends,
            )(
                "You stretch the positions as one long sequence, so the end of a row mixes with "
                "the start of the next. Reshape them to the grid (h, w, D) first."
            )
            for ends in ENDS
        ),
        edited("square grid assumed", OLD_SQUARE, NEW_SQUARE)(ASSUMED_SQUARE),
        edited("square grid assumed", OLD_SQUARE)(ASSUMED_SQUARE),
        edited("square grid assumed", NEW_SQUARE)(ASSUMED_SQUARE),
        edited("height and width swapped", OLD_SWAPPED, NEW_SWAPPED)(
            "You take height for width. A grid is given as (rows, columns), and tokens are "
            "numbered row by row: reshape to (h, w, D)."
        ),
        edited("height and width of the new grid swapped", NEW_SWAPPED)(
            "The new grid's height and width are exchanged. Its sizes come as (rows, columns), "
            "which is what resize takes; some other libraries want (width, height)."
        ),
        edited("height and width of the old grid swapped", OLD_SWAPPED)(
            "The old grid's height and width are exchanged when you reshape. Tokens are numbered "
            "row by row, so the shape is (h, w, D)."
        ),
        edited("class token not put back", ("np.concatenate([class_token, grid])", "grid"))(
            "The class token is missing: one row too few. Join positions[:1] in front."
        ),
        edited("class token put back last", PUT_LAST)(
            "The class token has moved to the end. It is the first token: join it in front."
        ),
        edited("class token taken from the end", TAKEN_LAST, PUT_LAST)(FIRST_ROW),
        edited("class token taken from the end", TAKEN_LAST)(FIRST_ROW),
        edited(
            "features first", ("reshape(h, w, -1)", "reshape(-1, h, w)"), ("rcd->RCd", "drc->dRC")
        )(
            "You reshape to (D, h, w), which tears the features of each token apart: they are the "
            "last axis. Reshape to (h, w, D)."
        ),
        edited(
            "nearest neighbour",
            ("np.clip(places, 0, old - 1)", "np.floor(np.clip(places, 0, old - 1) + 0.5)"),
        )("You copy the nearest position. Interpolate between them: bilinear."),
        edited("bicubic", BY_KERAS, ("bilinear", "bicubic"))(
            "This is bicubic interpolation, a good choice elsewhere. Here bilinear is asked for."
        ),
        edited("antialiasing", BY_KERAS, ('"bilinear"', '"bilinear", antialias=True'))(
            "Right for larger grids. For smaller ones you average over several positions: that is "
            "antialiasing. Leave it out."
        ),
        edited("corners kept in place", KEPT)(
            f"Your grid's corners stay in place (elsewhere: align_corners). Here {HALF_PIXEL}"
        ),
        edited("half a pixel forgotten", (PLACES, "np.arange(new) * old / new"))(
            "Your new point i lies at i · old / new, so the whole grid is shifted. Here "
            f"{HALF_PIXEL}"
        ),
    ),
)
