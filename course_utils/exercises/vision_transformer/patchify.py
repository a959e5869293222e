"""Exercise `patchify`: from an image to a row of tokens."""

import re

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import vision_transformer as reference

UNEVEN = "patches that do not fill the image"


def patch_cases(rng):
    def case(shows, shape, patch_size, label=""):
        return Case(shows, {"images": normal(rng, *shape), "patch_size": patch_size}, label)

    wide, high = (4, 6, 15, 2), (3, 10, 4, 1)
    return [
        case("patches of a wide image", wide, 3),
        case("patches of a high, grey image", high, 2),
        case("patches of one pixel", (2, 3, 5, 4), 1),
        case("one patch, as large as the image", (3, 5, 5, 2), 5),
        case(UNEVEN, wide, 5, "a height of 6 and patches of 5"),
        case(UNEVEN, wide, 2, "a width of 15 and patches of 2"),
        case(UNEVEN, high, 3, "patches of 3, which fill neither side"),
        case(UNEVEN, (2, 8, 6, 1), 4, "patches of 4 and a width of 6"),  # 8 · 6 pixels fill 3
        case(UNEVEN, (2, 5, 7, 1), 4, "patches of 4, which fill neither side"),  # 5 + 7 is even
    ]


def remainders(inputs):
    """The sides of the images that the patches do not fill."""
    sides = inputs["images"].shape[1:3]
    return [side for side in sides if side % inputs["patch_size"]]


def cut_or_complain(solution, inputs):
    """Cut, or see how the solution complains where that cannot be done.

    Errors other than ValueError go on: what is done about them is the same in all exercises.
    """
    sides = remainders(inputs)
    if not sides:
        patches = call(solution, inputs)
        return None if patches is None else (patches, False, False)
    try:
        call(solution, inputs)
    except ValueError as error:
        numbers = {int(number) for number in re.findall(r"\d+", str(error))}
        named = inputs["patch_size"] in numbers and not numbers.isdisjoint(sides)
        return inputs["images"], True, named
    return inputs["images"], False, False


def watch_cut(inputs, arrays):
    """See the patches where there are any, and the complaint where not."""
    even = not remainders(inputs)
    return {name: array for name, array in arrays.items() if (name == "patches") == even}


def grid(images, size):
    """(B, H, W, C) -> (B, H/P, P, W/P, P, C), where nothing has moved yet."""
    batch, height, width, channels = images.shape
    return images.reshape(batch, height // size, size, width // size, size, channels)


def right(images, size):
    batch, _, _, channels = images.shape
    return grid(images, size).transpose(0, 1, 3, 2, 4, 5).reshape(batch, -1, size**2 * channels)


def ordered(*order):
    """Patches with the axes of `grid` in another order."""

    def layout(images, size):
        return grid(images, size).transpose(order).reshape(right(images, size).shape)

    return layout


def strided(images, size):
    batch, height, width, channels = images.shape
    cut = images.reshape(batch, size, height // size, size, width // size, channels)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(right(images, size).shape)


def as_a_grid(images, size):
    batch, height, width, _ = images.shape
    return right(images, size).reshape(batch, height // size, width // size, -1)


def not_flattened(images, size):
    return right(images, size).reshape(len(images), -1, size, size, images.shape[3])


def square_grid(images, size):
    batch, height, _, channels = images.shape
    n = height // size
    cut = images.reshape(batch, n, size, n, size, channels).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(batch, n * n, -1)


def names_both(sides, size):
    raise ValueError(f"{sides}, {size}")


def names_neither(sides, size):
    raise ValueError("cannot reshape array")


def raises_another(sides, size):
    raise AssertionError(f"{sides}, {size}")


def says_nothing(sides, size):
    return np.zeros(1)


def cut_with(layout, complain, first=0, last=2):
    """A solution that looks at the sides from `first` to `last` to see whether they fit."""

    def solution(images, patch_size):
        sides = images.shape[1:3][first:last]
        if any(side % patch_size for side in sides):
            return complain(sides, patch_size)
        cropped = images.shape[1:3]
        height, width = (side - side % patch_size for side in cropped)
        return layout(images[:, :height, :width], patch_size)

    return solution


COMPLAINTS = (names_both, names_neither, raises_another, says_nothing)
LAYOUTS = {
    "plain reshape": (
        lambda images, size: images.reshape(right(images, size).shape),
        "The shape is right and the entries are not: reshape keeps their order, so your first "
        "patch is the start of the image's first row. Reshape to (B, H/P, P, W/P, P, C), where "
        "nothing moves, then swap the two axes in the middle, P and W/P, then flatten.",
    ),
    "channels first": (
        ordered(0, 1, 3, 5, 2, 4),
        "Each patch has its own pixels, but first all its reds, then all its greens. In a patch "
        "the order is row, column, channel: the channels stay last.",
    ),
    "column-major patches": (
        ordered(0, 3, 1, 2, 4, 5),
        "The patches are right, in the wrong order: you go down the first column of patches. Go "
        "along the first row: the axis H/P comes before W/P.",
    ),
    "rows of the grid and of the patch swapped": (
        strided,
        "Each of your patches takes every so many pixels from the whole image, like a coarse copy "
        "of it. Split a side as (number of patches, P), in this order: the pixels of one patch "
        "are neighbours.",
    ),
    "rows of the grid and of the patch swapped, in the transpose": (
        ordered(0, 2, 4, 1, 3, 5),
        "Your rows are no patches: each holds one place of every patch. After the reshape to "
        "(B, H/P, P, W/P, P, C) the axes of the grid, H/P and W/P, come first, then the two of "
        "the patch.",
    ),
    "patches transposed": (
        ordered(0, 1, 3, 4, 2, 5),
        "The patches are in the right order, but each is flattened column by column. Row by row: "
        "in a patch the row axis comes before the column axis.",
    ),
    "left as a grid": (
        as_a_grid,
        "The patches are right, still lying in a grid: (B, H/P, W/P, P·P·C). A transformer reads "
        "a row of tokens: join the two axes of the grid, to N.",
    ),
    "patches not flattened": (
        not_flattened,
        "The patches are right, each still a small image: (B, N, P, P, C). A token is a row of "
        "numbers: flatten the last three axes.",
    ),
    "tokens and features exchanged": (
        lambda images, size: right(images, size).transpose(0, 2, 1),
        "The patches are right, but they are your columns: (B, P·P·C, N). Tokens first: "
        "(B, N, P·P·C).",
    ),
}

PATCHIFY = Exercise(
    id="patchify",
    title="An image as a row of patches",
    points=3,
    reference=reference.patchify,
    cases=patch_cases,
    outputs={
        "patches": "B N P·P·C",
        "raises a ValueError": "",
        "its message names both numbers": "",
    },
    driver=cut_or_complain,
    observe=watch_cut,
    forbidden=frozenset({f"{reference.__name__}.Patchify"}),
    hints=(
        "It is split_heads twice. Which reshape cuts both sides of the image into pieces of P "
        "pixels, and moves nothing?",
        "(B, H, W, C) -> reshape -> (B, H/P, P, W/P, P, C) -> swap the two axes in the middle -> "
        "(B, H/P, W/P, P, P, C) -> reshape -> (B, N, P·P·C). Before that: does P divide H and W?",
        "B, H, W, C = images.shape;  if H % P or W % P: raise ValueError(…P, H and W…);  "
        "x = reshape(images, (B, H // P, P, W // P, P, C));  "
        "return reshape(transpose(x, (0, 1, 3, 2, 4, 5)), (B, (H // P) * (W // P), P * P * C))",
    ),
    mistakes=(
        *(
            Mistake(name.partition(", ")[0], cut_with(layout, complain), sentence)
            for name, (layout, sentence) in LAYOUTS.items()
            for complain in COMPLAINTS
        ),
        Mistake(
            "square images assumed",
            cut_with(square_grid, names_both),
            "Right for a square image only: you count the patches along one side and use it for "
            "both. There are H/P rows and W/P columns of patches.",
            telling=True,
        ),
        Mistake(
            "cropped silently",
            cut_with(right, says_nothing),
            "Right where the patches fill the image. Where they do not, what is left at the edge "
            "is lost without a word: if H % P or W % P is not 0, raise a ValueError that names "
            "the patch size and the image's.",
        ),
        Mistake(
            "only the height looked at",
            cut_with(right, names_both, last=1),
            "You raise a ValueError when P does not divide the height. It has to divide the width "
            "as well.",
        ),
        Mistake(
            "only the width looked at",
            cut_with(right, names_both, first=1),
            "You raise a ValueError when P does not divide the width. It has to divide the height "
            "as well.",
        ),
        Mistake(
            "a message without both numbers",
            cut_with(right, names_neither),
            "Right where the patches fill the image. Where they do not there is a ValueError, but "
            "who reads it does not learn which numbers do not fit. Check H % P and W % P yourself, "
            "before the reshape, and put P, H and W into the message.",
        ),
        Mistake(
            "another error than ValueError",
            cut_with(right, raises_another),
            "Right where the patches fill the image. Where they do not, your code stops with "
            "another error, perhaps from inside reshape. Check H % P and W % P first, and raise a "
            "ValueError whose message names P, H and W.",
            telling=True,
        ),
    ),
)
