"""Exercise `resize_positions`: learned positions on an image of another size."""

import numpy as np
from keras import ops

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import positional_encoding as reference

DIM = 13


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


def half_pixel(old, new):
    """Where the centre of each new point lies, in points of the old grid."""
    return (np.arange(new) + 0.5) * old / new - 0.5


def line(old, new, centres=half_pixel):
    """The weights of bilinear interpolation along one side: (new, old)."""
    places = np.clip(centres(old, new), 0, old - 1)
    return np.maximum(1 - np.abs(places[:, None] - np.arange(old)), 0)


def nearest(old, new):
    """Weights that copy the nearest point."""
    return np.eye(old)[np.floor(half_pixel(old, new) + 0.5).astype(int)]


def corners(old, new):
    return line(old, new, lambda o, n: np.linspace(0, o - 1, n))


def from_zero(old, new):
    return line(old, new, lambda o, n: np.arange(n) * o / n)


def resized(grid, old_grid, new_grid, weights=line):
    """(h·w, D) -> (h'·w', D), with the weights (new, old) of each side."""
    rows, columns = (weights(*sides) for sides in zip(old_grid, new_grid, strict=True))
    grid = grid.reshape(*old_grid, DIM)
    return np.einsum("Rr,Cc,rcd->RCd", rows, columns, grid).reshape(-1, DIM)


def variant(weights=line, old=tuple, new=tuple, join=None):
    """The exercise with one thing changed: weights, what is taken for the grids, or how the class
    token and the rest are put together again."""

    def solution(positions, old_grid, new_grid):
        grid = resized(positions[1:], old(old_grid), new(new_grid), weights)
        return (join or np.concatenate)([positions[:1], grid])

    return solution


def by_keras(**options):
    def solution(positions, old_grid, new_grid):
        grid = ops.reshape(positions[1:], (1, *old_grid, DIM))
        grid = ops.image.resize(grid, new_grid, data_format="channels_last", **options)
        return ops.concatenate([positions[:1], ops.reshape(grid, (-1, DIM))])

    return solution


def class_token_elsewhere(taken, put):
    """The class token looked for at one end of the positions and put at one end of the result."""

    def solution(positions, old_grid, new_grid):
        token, grid = positions[:1], positions[1:]
        if taken == "last":
            token, grid = positions[-1:], positions[:-1]
        grid = resized(grid, old_grid, new_grid)
        return np.concatenate([token, grid] if put == "first" else [grid, token])

    return solution


def as_sequence(rows, length):
    return line(len(rows), length) @ rows


def flat(positions, old_grid, new_grid):
    return np.concatenate([positions[:1], as_sequence(positions[1:], np.prod(new_grid))])


def flat_with_class_token(positions, old_grid, new_grid):
    return as_sequence(positions, 1 + np.prod(new_grid))


def features_first(positions, old_grid, new_grid):
    grid = positions[1:].reshape(DIM, *old_grid)
    rows, columns = (line(*sides) for sides in zip(old_grid, new_grid, strict=True))
    grid = np.einsum("Rr,Cc,drc->dRC", rows, columns, grid).reshape(-1, DIM)
    return np.concatenate([positions[:1], grid])


def squared(grid):
    side = int(np.sqrt(grid[0] * grid[1]))
    return side, side


def swapped(grid):
    return grid[::-1]


ASSUMED_SQUARE = (
    "You take the grid for a square, with the square root of the number of tokens as its side. "
    "Photographs are seldom square: use the sides that old_grid and new_grid give."
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
    cases=resize_cases,
    outputs={"result": "1+h'·w' D"},
    forbidden=frozenset({f"{reference.__name__}.resize_grid"}),
    hints=(
        "The class token has no place in the image: set it aside. The others are a small picture "
        "with D channels, and pictures can be resized.",
        "positions[1:] (h·w, D) -> (1, h, w, D) -> resized (1, h', w', D) -> (h'·w', D); then "
        "positions[:1], (1, D), in front again.",
        "grid = reshape(positions[1:], (1, *old_grid, D));  "
        'grid = keras.ops.image.resize(grid, new_grid, interpolation="bilinear");  '
        "return concatenate([positions[:1], reshape(grid, (h' * w', D))])",
    ),
    mistakes=(
        Mistake(
            "interpolates the class token",
            flat_with_class_token,
            "You stretch the whole sequence, class token included, so it mixes with the first "
            "patch. Set positions[:1] aside, and resize the rest as a grid with two axes.",
        ),
        Mistake(
            "interpolates the flat sequence",
            flat,
            "You stretch the positions as one long sequence, so the end of a row mixes with the "
            "start of the next. Reshape them to the grid (h, w, D) first.",
        ),
        Mistake(
            "square grid assumed",
            variant(old=squared, new=squared),
            ASSUMED_SQUARE,
        ),
        Mistake("square grid assumed", variant(old=squared), ASSUMED_SQUARE),
        Mistake("square grid assumed", variant(new=squared), ASSUMED_SQUARE),
        Mistake(
            "height and width swapped",
            variant(old=swapped, new=swapped),
            "You take height for width. A grid is given as (rows, columns), and tokens are "
            "numbered row by row: reshape to (h, w, D).",
        ),
        Mistake(
            "height and width of the new grid swapped",
            variant(new=swapped),
            "The new grid's height and width are exchanged. Its sizes come as (rows, columns), "
            "which is what resize takes; some other libraries want (width, height).",
        ),
        Mistake(
            "height and width of the old grid swapped",
            variant(old=swapped),
            "The old grid's height and width are exchanged when you reshape. Tokens are numbered "
            "row by row, so the shape is (h, w, D).",
        ),
        Mistake(
            "class token not put back",
            variant(join=lambda parts: parts[1]),
            "The class token is missing: one row too few. Join positions[:1] in front.",
        ),
        Mistake(
            "class token put back last",
            class_token_elsewhere("first", "last"),
            "The class token has moved to the end. It is the first token: join it in front.",
        ),
        Mistake(
            "class token taken from the end",
            class_token_elsewhere("last", "last"),
            "You take the last row for the class token's. It is the first: positions[:1], and the "
            "grid is positions[1:].",
        ),
        Mistake(
            "class token taken from the end",
            class_token_elsewhere("last", "first"),
            "You take the last row for the class token's. It is the first: positions[:1], and the "
            "grid is positions[1:].",
        ),
        Mistake(
            "features first",
            features_first,
            "You reshape to (D, h, w), which tears the features of each token apart: they are the "
            "last axis. Reshape to (h, w, D).",
        ),
        Mistake(
            "nearest neighbour",
            variant(nearest),
            "You copy the nearest position. Interpolate between them: bilinear.",
        ),
        Mistake(
            "bicubic",
            by_keras(interpolation="bicubic"),
            "This is bicubic interpolation, a good choice elsewhere. Here bilinear is asked for.",
        ),
        Mistake(
            "antialiasing",
            by_keras(interpolation="bilinear", antialias=True),
            "Right for larger grids. For smaller ones you average over several positions: that is "
            "antialiasing. Leave it out.",
        ),
        Mistake(
            "corners kept in place",
            variant(corners),
            f"Your grid's corners stay in place (elsewhere: align_corners). Here {HALF_PIXEL}",
        ),
        Mistake(
            "half a pixel forgotten",
            variant(from_zero),
            "Your new point i lies at i · old / new, so the whole grid is shifted. Here "
            f"{HALF_PIXEL}",
        ),
    ),
)
