"""Exercise `patchify`: from an image to a row of tokens."""

import re

from course_utils.checking.driver import NO_SLIP, call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import vision_transformer as reference

UNEVEN = "patches that do not fill the image"


def patchify(images, patch_size):
    B, H, W, C = images.shape
    P = patch_size
    if H % P or W % P:
        raise ValueError(f"patches of {P} do not fill an image of {H} by {W}")
    grid = images.reshape(B, H // P, P, W // P, P, C)
    patches = grid.transpose(0, 1, 3, 2, 4, 5)
    return patches.reshape(B, -1, P * P * C)


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


LADDER = (
    by_hand(images=numbered(1, 2, 4, 1), patch_size=2),
    by_hand(images=numbered(1, 4, 6, 1), patch_size=2),
    by_hand(images=numbered(2, 2, 4, 2), patch_size=2),
)


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


ORDER = "0, 1, 3, 2, 4, 5"
STRIDED = ("H // P, P, W // P, P", "P, H // P, P, W // P")
MESSAGE = 'f"patches of {P} do not fill an image of {H} by {W}"'
CROPPED = ("grid = images", "grid = images[:, : H // P * P, : W // P * P]")
# What is done about patches that do not fill the image, as edits: all that is asked for, or less.
RIGHT = ()
VAGUE = ((MESSAGE, '"cannot reshape array"'),)
ANOTHER = (("ValueError", "AssertionError"),)
SILENT = ((f"    if H % P or W % P:\n        raise ValueError({MESSAGE})\n", ""), CROPPED)

LAYOUTS = {
    ("plain reshape", (f".transpose({ORDER})", "")): (
        "The shape is right and the entries are not: reshape keeps their order, so your first "
        "patch is the start of the image's first row. Reshape to (B, H/P, P, W/P, P, C), where "
        "nothing moves, then swap the two axes in the middle, P and W/P, then flatten."
    ),
    ("channels first", (ORDER, "0, 1, 3, 5, 2, 4")): (
        "Each patch has its own pixels, but first all its reds, then all its greens. In a patch "
        "the order is row, column, channel: the channels stay last."
    ),
    ("column-major patches", (ORDER, "0, 3, 1, 2, 4, 5")): (
        "The patches are right, in the wrong order: you go down the first column of patches. Go "
        "along the first row: the axis H/P comes before W/P."
    ),
    ("rows of the grid and of the patch swapped", STRIDED, (ORDER, "0, 2, 4, 1, 3, 5")): (
        "Each of your patches takes every so many pixels from the whole image, like a coarse copy "
        "of it. Split a side as (number of patches, P), in this order: the pixels of one patch "
        "are neighbours."
    ),
    ("rows of the grid and of the patch swapped", (ORDER, "0, 2, 4, 1, 3, 5")): (
        "Your rows are no patches: each holds one place of every patch. After the reshape to (B, "
        "H/P, P, W/P, P, C) the axes of the grid, H/P and W/P, come first, then the two of the "
        "patch."
    ),
    ("patches transposed", (ORDER, "0, 1, 3, 4, 2, 5")): (
        "The patches are in the right order, but each is flattened column by column. Row by row: "
        "in a patch the row axis comes before the column axis."
    ),
    ("left as a grid", ("B, -1", "B, H // P, W // P")): (
        "The patches are right, still lying in a grid: (B, H/P, W/P, P·P·C). A transformer reads "
        "a row of tokens: join the two axes of the grid, to N."
    ),
    ("patches not flattened", ("P * P * C", "P, P, C")): (
        "The patches are right, each still a small image: (B, N, P, P, C). A token is a row of "
        "numbers: flatten the last three axes."
    ),
    ("tokens and features exchanged", ("P * P * C)", "P * P * C).transpose(0, 2, 1)")): (
        "The patches are right, but they are your columns: (B, P·P·C, N). Tokens first: (B, N, "
        "P·P·C)."
    ),
}

PATCHIFY = Exercise(
    id="patchify",
    title="An image as a row of patches",
    points=3,
    reference=reference.patchify,
    answer=patchify,
    cases=patch_cases,
    ladder=LADDER,
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
        "if …: raise ValueError(…P, H and W…);  x = reshape(images, (B, H // P, P, W // P, P, C)); "
        "x = transpose(x, (0, …, 5));  and a second reshape. Try an image of numbered pixels.",
    ),
    mistakes=(
        *(
            edited(*layout, *complaint)(sentence)
            for layout, sentence in LAYOUTS.items()
            for complaint in (RIGHT, VAGUE, ANOTHER, SILENT)
        ),
        edited("square images assumed", ("W // P, P", "H // P, P"), telling=r"reshape")(
            "Right for a square image only: you count the patches along one side and use it for "
            "both. There are H/P rows and W/P columns of patches."
        ),
        edited("cropped silently", *SILENT)(
            "Right where the patches fill the image. Where they do not, no error is raised: if "
            "H % P or W % P is not 0, raise a ValueError that names the patch size and the image's."
        ),
        edited("only the height looked at", (" or W % P", ""), CROPPED)(
            "You raise a ValueError when P does not divide the height. It has to divide the width "
            "as well."
        ),
        edited("only the width looked at", ("H % P or ", ""), CROPPED)(
            "You raise a ValueError when P does not divide the width. It has to divide the height "
            "as well."
        ),
        edited("a message without both numbers", *VAGUE)(
            "Right where the patches fill the image. Where they do not there is a ValueError, but "
            "who reads it does not learn which numbers do not fit. Check H % P and W % P before "
            'the reshape, and put the numbers into the message: f"… {P} … {H} … {W}", with an f.'
        ),
        edited("another error than ValueError", *ANOTHER, telling=NO_SLIP)(
            "Right where the patches fill the image. Where they do not, your code stops with "
            "another error, perhaps from inside reshape. Check H % P and W % P first, and raise a "
            "ValueError whose message names P, H and W."
        ),
    ),
)
