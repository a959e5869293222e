"""Exercise `cyclic_shift`: a map that comes back on the other side."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import windows as reference


def cyclic_shift(x, shift):
    return np.roll(x, (-shift, -shift), axis=(1, 2))


def shift_cases(rng):
    def case(shows, shape, shift):
        return Case(shows, {"x": normal(rng, *shape), "shift": shift}, label=f"a shift of {shift}")

    wide, high = (2, 7, 11, 3), (3, 11, 5, 2)
    return [
        case("up and to the left", wide, 2),
        case("up and to the left", high, 3),
        case("up and to the left", high, 1),
        case("negative: back again", wide, -2),
        case("negative: back again", high, -1),
        case("no shift", wide, 0),
    ]


LADDER = (
    by_hand(x=numbered(1, 3, 4, 1), shift=1),
    by_hand(x=numbered(1, 3, 4, 1), shift=-1),
    by_hand(x=numbered(2, 2, 3, 2), shift=1),
)


BY = "-shift, -shift"
ROLLED = "np.roll(x, (-shift, -shift), axis=(1, 2))"
OUT_OF_A_LARGER_MAP = (
    f"    return {ROLLED}",
    "    n = abs(shift)\n"
    "    larger = np.pad(x, [(0, 0), (n, n), (n, n), (0, 0)])\n"
    "    return larger[:, n + shift :, n + shift :][:, : x.shape[1], : x.shape[2]]",
)
CUT_OFF = (ROLLED, "x[:, shift:, shift:] if shift >= 0 else x[:, :shift, :shift]")
ALONG_ONE_LINE = (ROLLED, "np.roll(x.reshape(len(x), -1, x.shape[3]), -shift, 1).reshape(x.shape)")
FIRST_ONLY = ("return np.roll(x,", "x = x.copy()\n    x[0] = np.roll(x[0],")

WRONG_SIGN = (
    "Your map moves down and to the right. Content should move up and to the left: roll by "
    "-shift. (np.roll moves towards higher indices.)"
)
MISTAKES = (
    edited("wrong sign", (BY, "shift, shift"))(WRONG_SIGN),
    edited("one axis only", (BY, "-shift, 0"))(
        "You move the rows and not the columns. Windows shift in both directions: axes 1 and 2."
    ),
    edited("one axis only", (BY, "0, -shift"))(
        "You move the columns and not the rows. Windows shift in both directions: axes 1 and 2."
    ),
    edited("one axis only, and the wrong sign", (BY, "shift, 0"))(
        f"You move the rows and not the columns. {WRONG_SIGN}"
    ),
    edited("one axis only, and the wrong sign", (BY, "0, shift"))(
        f"You move the columns and not the rows. {WRONG_SIGN}"
    ),
    edited("rolls batch and height", ("1, 2", "0, 1"))(
        "You roll axes 0 and 1. Axis 0 is the batch: images take each other's place. Rows and "
        "columns are axes 1 and 2."
    ),
    edited("rolls batch and height, and the wrong sign", (BY, "shift, shift"), ("1, 2", "0, 1"))(
        f"You roll axes 0 and 1, and axis 0 is the batch. {WRONG_SIGN}"
    ),
    edited("rolls width and channels", ("1, 2", "2, 3"))(
        "You roll the last two axes. The last one holds the channels, which belong together. Rows "
        "and columns are axes 1 and 2."
    ),
    edited("rolls everything", (ROLLED, "np.roll(x, -shift)"))(
        "Without an axis, roll flattens the array and moves it as one long line, channels and all. "
        "Name the axes: 1 and 2."
    ),
    edited("rolls the row of tokens", ALONG_ONE_LINE)(
        "You move the tokens along one long line, row after row. Rows and columns move separately: "
        "what leaves on the left comes back on the right, in the same row."
    ),
    edited("pads with zeros", OUT_OF_A_LARGER_MAP)(
        "What leaves the map is lost, and zeros come in. It should come back on the other side: "
        "nothing is lost, and the shift can be undone."
    ),
    edited("repeats the edge", OUT_OF_A_LARGER_MAP, ("(0, 0)])", "(0, 0)], 'edge')"))(
        "What leaves the map is lost, and the edge is repeated. It should come back on the other "
        "side: nothing is lost, and the shift can be undone."
    ),
    edited("cut off", CUT_OFF)(
        "What leaves the map is lost, and the map shrinks. It should come back on the other side, "
        "so that the shape stays."
    ),
    edited("only one of the two moves back", (BY, "-shift, shift"))(
        "The rows move up, as they should, but your columns move to the right. Both move by -shift."
    ),
    edited("only one of the two moves back", (BY, "shift, -shift"))(
        "The columns move left, as they should, but your rows move down. Both move by -shift."
    ),
    edited("a negative shift does the same", (BY, "-abs(shift), -abs(shift)"))(
        "Your map moves up and left even when the shift is negative. A negative shift undoes a "
        "positive one."
    ),
    edited("nothing moved", (BY, "0, 0"))(
        "This is the map as it came. Content should move up and to the left by `shift`."
    ),
    edited("first image only", FIRST_ONLY, ("1, 2))", "0, 1))\n    return x"))(
        "Only the first image of the batch has moved. x[0] is one image; name axes 1 and 2 of the "
        "whole batch."
    ),
)

CYCLIC_SHIFT = Exercise(
    id="cyclic_shift",
    title="A map that comes back on the other side",
    points=1,
    reference=reference.cyclic_shift,
    answer=cyclic_shift,
    cases=shift_cases,
    ladder=LADDER,
    outputs={"x": "B H W C"},
    hints=(
        "There is a function in NumPy and in keras.ops that moves an array along an axis and "
        "brings back in front what falls off behind. Which way does it go?",
        "(B, H, W, C): the rows are axis 1, the columns axis 2. Both move, by the same number. A "
        "token of row i goes to row i - shift.",
        "One call of roll does both axes: two shifts, and two axes, each in a pair. With a shift "
        "of 1, what was in row 1 is in row 0.",
    ),
    mistakes=MISTAKES,
)
