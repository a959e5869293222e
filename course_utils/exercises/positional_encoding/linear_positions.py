"""Exercise `linear_positions`: the simplest way to number tokens."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import positional_encoding as reference


def linear_positions(length, normalize=False):
    positions = np.arange(1, length + 1)
    if normalize:
        positions = np.arange(length) / max(length - 1, 1)
    return positions


def linear_cases(rng):
    short, middle, long = sorted(int(n) for n in rng.choice(LENGTHS, size=3, replace=False))
    return [
        Case("counting from 1", {"length": middle}),
        Case("counting from 1", {"length": short, "normalize": False}),
        Case("from 0 to 1", {"length": long, "normalize": True}),
        Case("from 0 to 1", {"length": short, "normalize": True}),
        Case("a single token", {"length": 1}, label="a single token, counted"),
        Case("a single token", {"length": 1, "normalize": True}, label="a single token, from 0"),
    ]


LADDER = (
    by_hand(length=2),
    by_hand(length=3, normalize=False),
    by_hand(length=5, normalize=True),
)
LENGTHS = (3, 5, 7, 11, 13, 17, 19, 23)


def as_numbers(inputs, arrays):
    """Whole numbers are as good as floats here."""
    positions = arrays["positions"]
    whole = positions.dtype.kind in "iu"
    return {"positions": positions.astype("float64") if whole else positions}


SPREAD = "np.arange(length) / max(length - 1, 1)"
COUNTED_FROM_0 = ("1, length + 1", "length")
BY_LENGTH = ("max(length - 1, 1)", "length")
NO_MAXIMUM = ("max(length - 1, 1)", "(length - 1)")

FROM_ZERO = "Your numbers start at 0. Here the first token is number 1 and the last is number N."
ONE_SHORT = (
    "Your first number is right, but the last one is missing: arange stops before its end. "
    "arange(1, length + 1) goes up to N."
)
DIVIDED_BY_LENGTH = (
    "You divide by N. From the first token to the last there are N - 1 steps, so divide the "
    "positions 0 … N - 1 by N - 1, and the last one lands on 1."
)
SINGLE_TOKEN = (
    "Right, except for a single token: there N - 1 is 0, and you divide by it. Divide by "
    "max(N - 1, 1), and the only position is 0."
)

LINEAR_POSITIONS = Exercise(
    id="linear_positions",
    title="Numbering the tokens",
    points=1,
    reference=reference.linear_positions,
    answer=linear_positions,
    cases=linear_cases,
    ladder=LADDER,
    outputs={"positions": "N"},
    observe=as_numbers,
    hints=(
        "Count the steps between the first token and the last: there is one fewer than tokens.",
        "Both answers have shape (N,). Start from arange(N), which is 0 … N - 1: add 1, or divide "
        "by the number of steps. What is that number for a single token?",
        "Two branches, if normalize and else. In the first, arange(length) is divided by how many "
        "steps there are, or by … where there is none; in the second, 1 is added.",
    ),
    mistakes=(
        edited("starts at 0", COUNTED_FROM_0)(FROM_ZERO),
        edited("last number missing", ("length + 1", "length"))(ONE_SHORT),
        edited("divides by N instead of N - 1", BY_LENGTH)(DIVIDED_BY_LENGTH),
        edited("starts at 0, and divides by N instead of N - 1", COUNTED_FROM_0, BY_LENGTH)(
            f"{FROM_ZERO} {DIVIDED_BY_LENGTH}"
        ),
        edited("counts from 1, then divides by N", BY_LENGTH, ("np.arange(length)", "positions"))(
            "Your normalised positions start at 1/N. They should start at 0: divide the positions "
            "0 … N - 1 by N - 1."
        ),
        edited("counts from 1, then divides by N - 1", ("np.arange(length)", "positions"))(
            "Your normalised positions run beyond 1. They should go from 0 to 1: divide the "
            "positions 0 … N - 1 by N - 1."
        ),
        edited("length 1 divides by zero", NO_MAXIMUM)(SINGLE_TOKEN),
        edited(
            "length 1 divides by zero",
            (SPREAD, "np.array([p / (length - 1) for p in range(length)])"),
            telling=r"division by zero",
        )(SINGLE_TOKEN),
        edited("starts at 0, and length 1 divides by zero", COUNTED_FROM_0, NO_MAXIMUM)(FROM_ZERO),
        edited(
            "a single token at 1",
            ("max(length - 1, 1)", "(length - 1) if length > 1 else np.ones(1)"),
        )("Right, except for a single token: positions start at 0, so a token alone is at 0."),
        edited("normalize ignored", (SPREAD, "positions"))(
            "Your numbers are the same with normalize=True. Then they should go evenly from 0 to 1."
        ),
        edited("always from 0 to 1", ("np.arange(1, length + 1)", "np.linspace(0, 1, length)"))(
            "Your positions always go from 0 to 1. Do that only if normalize is true; otherwise "
            "count 1, 2, … N."
        ),
        edited("normalize turned round", ("if normalize", "if not normalize"))(
            "Your two answers are exchanged: normalize=True should give 0 to 1, and normalize="
            "False 1, 2, … N."
        ),
        edited("from -1 to 1", (SPREAD, "np.linspace(-1, 1, length)"))(
            "Your normalised positions go from -1 to 1. That is a common choice too, but here they "
            "go from 0 to 1."
        ),
        edited("rounded down", ("/ max", "// max"))(
            "Your normalised positions are whole numbers: // rounds down, and so does an integer "
            "type. Divide with / and keep floats."
        ),
        edited("shape (N, 1)", ("return positions", "return positions[:, None]"))(
            "The numbers are right, but they stand in a column, (N, 1). Here the shape is (N,), "
            "one axis."
        ),
        edited("shape (1, N)", ("return positions", "return positions[None, :]"))(
            "The numbers are right, but there is an axis in front, (1, N). Here the shape is "
            "(N,), one axis."
        ),
        edited("counts backwards", ("return positions", "return positions[::-1]"))(
            "Your numbers are in the wrong order: the first token has the smallest."
        ),
    ),
)
