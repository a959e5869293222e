"""Exercise `cyclic_shift`: a map that comes back on the other side."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import windows as reference


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


def roll(shifts, axes):
    """A roll by a function of the shift, over some axes."""
    return lambda x, shift: np.roll(x, shifts(shift), axis=axes)


def clear(x, shift, axis):
    """Set to zero, along an axis, what has come in from the other side."""
    x = np.moveaxis(x, axis, 0).copy()
    if shift > 0:
        x[-shift:] = 0
    elif shift < 0:
        x[:-shift] = 0
    return np.moveaxis(x, 0, axis)


def pads_with_zeros(x, shift):
    x = np.roll(x, (-shift, -shift), axis=(1, 2))
    return clear(clear(x, shift, 1), shift, 2)


def repeats_the_edge(x, shift):
    rows, columns = (np.clip(np.arange(n) + shift, 0, n - 1) for n in x.shape[1:3])
    return x[:, rows][:, :, columns]


def shifts_the_sequence(x, shift):
    flat = x.reshape(len(x), -1, x.shape[3])
    return np.roll(flat, -shift, axis=1).reshape(x.shape)


def sliced(x, shift):
    """What x[:, s:] beside x[:, :s] gives where nobody thought of a negative shift."""
    if shift < 0:
        return x[:, :0]
    return np.roll(x, (-shift, -shift), axis=(1, 2))


def cut_off(x, shift):
    if shift < 0:
        return x[:, :shift, :shift]
    return x[:, shift:, shift:]


def first_only(x, shift):
    x = x.copy()
    x[0] = np.roll(x[0], (-shift, -shift), axis=(0, 1))
    return x


WRONG_SIGN = (
    "Your map moves down and to the right. Content should move up and to the left: roll by "
    "-shift. (np.roll moves towards higher indices.)"
)

CYCLIC_SHIFT = Exercise(
    id="cyclic_shift",
    title="A map that comes back on the other side",
    points=1,
    reference=reference.cyclic_shift,
    cases=shift_cases,
    outputs={"x": "B H W C"},
    hints=(
        "There is a function in NumPy and in keras.ops that moves an array along an axis and "
        "brings back in front what falls off behind. Which way does it go?",
        "(B, H, W, C): the rows are axis 1, the columns axis 2. Both move, by the same number. A "
        "token of row i goes to row i - shift.",
        "return roll(x, (-shift, -shift), axis=(1, 2))",
    ),
    mistakes=(
        Mistake("wrong sign", roll(lambda s: (s, s), (1, 2)), WRONG_SIGN),
        Mistake(
            "one axis only",
            roll(lambda s: -s, 1),
            "You move the rows and not the columns. Windows shift in both directions: axes 1 "
            "and 2.",
        ),
        Mistake(
            "one axis only",
            roll(lambda s: -s, 2),
            "You move the columns and not the rows. Windows shift in both directions: axes 1 "
            "and 2.",
        ),
        Mistake(
            "one axis only, and the wrong sign",
            roll(lambda s: s, 1),
            f"You move the rows and not the columns. {WRONG_SIGN}",
        ),
        Mistake(
            "one axis only, and the wrong sign",
            roll(lambda s: s, 2),
            f"You move the columns and not the rows. {WRONG_SIGN}",
        ),
        Mistake(
            "rolls batch and height",
            roll(lambda s: (-s, -s), (0, 1)),
            "You roll axes 0 and 1. Axis 0 is the batch: images take each other's place. Rows and "
            "columns are axes 1 and 2.",
        ),
        Mistake(
            "rolls batch and height, and the wrong sign",
            roll(lambda s: (s, s), (0, 1)),
            f"You roll axes 0 and 1, and axis 0 is the batch. {WRONG_SIGN}",
        ),
        Mistake(
            "rolls width and channels",
            roll(lambda s: (-s, -s), (2, 3)),
            "You roll the last two axes. The last one holds the channels, which belong together. "
            "Rows and columns are axes 1 and 2.",
        ),
        Mistake(
            "rolls everything",
            roll(lambda s: -s, None),
            "Without an axis, roll flattens the array and moves it as one long line, channels and "
            "all. Name the axes: 1 and 2.",
        ),
        Mistake(
            "rolls the row of tokens",
            shifts_the_sequence,
            "You move the tokens along one long line, row after row. Rows and columns move "
            "separately: what leaves on the left comes back on the right, in the same row.",
        ),
        Mistake(
            "pads with zeros",
            pads_with_zeros,
            "What leaves the map is lost, and zeros come in. It should come back on the other "
            "side: nothing is lost, and the shift can be undone.",
        ),
        Mistake(
            "repeats the edge",
            repeats_the_edge,
            "What leaves the map is lost, and the edge is repeated. It should come back on the "
            "other side: nothing is lost, and the shift can be undone.",
        ),
        Mistake(
            "cut off",
            cut_off,
            "What leaves the map is lost, and the map shrinks. It should come back on the other "
            "side, so that the shape stays.",
        ),
        Mistake(
            "only one of the two moves back",
            roll(lambda s: (-s, s), (1, 2)),
            "Up is right, but your columns move to the right. Both move by -shift.",
        ),
        Mistake(
            "only one of the two moves back",
            roll(lambda s: (s, -s), (1, 2)),
            "Left is right, but your rows move down. Both move by -shift.",
        ),
        Mistake(
            "a negative shift does the same",
            roll(lambda s: (-abs(s), -abs(s)), (1, 2)),
            "Your map moves up and left even when the shift is negative. A negative shift undoes "
            "a positive one.",
        ),
        Mistake(
            "nothing moved",
            lambda x, shift: x.copy(),
            "This is the map as it came. Content should move up and to the left by `shift`.",
        ),
        Mistake(
            "first image only",
            first_only,
            "Only the first image of the batch has moved. x[0] is one image; name axes 1 and 2 of "
            "the whole batch.",
        ),
    ),
)
