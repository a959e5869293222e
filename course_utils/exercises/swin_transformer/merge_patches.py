"""Exercise `merge_patches`: four tokens become one."""

import numpy as np

from course_utils.checking.driver import SLIPS, call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.checking.stopping import TimeLimit
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import windows as reference

ODD = "an odd side is refused"


def merge_patches(x):
    height, width = x.shape[1:3]
    if height % 2 or width % 2:
        raise ValueError("an odd side has no whole squares")
    places = (0, 0), (1, 0), (0, 1), (1, 1)
    parts = [x[:, i::2, j::2] for i, j in places]
    return np.concatenate(parts, axis=-1)


def merge_cases(rng):
    return [
        Case("a map wider than high", {"x": normal(rng, 3, 10, 14, 5)}),
        Case("a map higher than wide, one channel", {"x": normal(rng, 2, 14, 6, 1)}),
        Case("a map of one square", {"x": normal(rng, 5, 2, 2, 3)}),
        Case(ODD, {"x": normal(rng, 2, 15, 6, 1)}, label="an odd height"),
        Case(ODD, {"x": normal(rng, 3, 10, 15, 5)}, label="an odd width"),
    ]


LADDER = (
    by_hand(x=numbered(1, 2, 4, 1)),
    by_hand(x=numbered(1, 4, 4, 1)),
    by_hand(x=numbered(2, 2, 4, 2)),
)


def odd(inputs):
    return any(side % 2 for side in inputs["x"].shape[1:3])


def merge_or_refuse(solution, inputs):
    """Merge, or see whether the solution refuses a map that has no whole squares.

    Any error is a refusal: a solution in slices gets one from concatenate, of the backend's kind.
    The map without its last row and column must bring none, or one that always raises were right.
    """
    if not odd(inputs):
        merged = call(solution, inputs)
        return None if merged is None else (merged, False)
    x = inputs["x"]
    call(solution, {"x": x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]})
    try:
        call(solution, inputs)
    except (TimeLimit, NotImplementedError, *SLIPS):
        raise
    except Exception:
        return x, True
    return x, False


def watch_merge(inputs, arrays):
    """See the merged tokens where there are any, and the refusal where not."""
    return {"refused": arrays["refused"]} if odd(inputs) else {"merged": arrays["merged"]}


CROP = "x = x[:, : height // 2 * 2, : width // 2 * 2]"
CROPPED_SILENTLY = ('raise ValueError("an odd side has no whole squares")', CROP)
THEN_CROPPED = ("    places", f"    {CROP}\n    places")
JOINED = "np.concatenate(parts, axis=-1)"
RESHAPED = (JOINED, "x.reshape(len(x), height // 2, width // 2, -1)")
QUARTERS = ("x[:, i::2, j::2]", "np.split(np.split(x, 2, axis=1)[i], 2, axis=2)[j]")
STACKED = (JOINED, "np.stack(parts, axis=-2)")
ALTERNATING = (JOINED, "np.stack(parts, axis=-1).reshape(*parts[0].shape[:3], -1)")
SQUARES = (JOINED, "x.reshape(len(x), height // 2, 2, width // 2, 2, -1)")
SEQUENCE = (JOINED, f"{JOINED}.reshape(len(x), -1, 4 * x.shape[3])")

LAYOUTS = {
    ("reshape instead of strided slices", RESHAPED): (
        "The shape is right and the entries are not: reshape keeps their order, so you have joined "
        "tokens that follow each other along the rows. What belongs together is a square of two by "
        "two: x[:, 0::2, 0::2] is its first token, everywhere at once."
    ),
    ("order row-first", ("(1, 0), (0, 1)", "(0, 1), (1, 0)")): (
        "Your squares are right, but you read them row by row: (0, 0), (0, 1), (1, 0), (1, 1). The "
        "published weights expect column by column: (0, 0), (1, 0), (0, 1), (1, 1) as "
        "(row, column). A model trained afresh would not mind; published weights would be useless."
    ),
    ("another order", ("(1, 0), (0, 1), (1, 1)", "(1, 1), (1, 0), (0, 1)")): (
        "Your squares are right, in an order of their own. Asked for is (0, 0), (1, 0), (0, 1), "
        "(1, 1) as (row, column)."
    ),
    ("round the square", ("(1, 0), (0, 1), (1, 1)", "(0, 1), (1, 1), (1, 0)")): (
        "Your squares are right, but you go round them. Asked for is (0, 0), (1, 0), (0, 1), "
        "(1, 1) as (row, column)."
    ),
    ("order reversed", ("in places", "in places[::-1]")): (
        "Your squares are right, but you begin with the last token. Asked for is (0, 0), (1, 0), "
        "(0, 1), (1, 1) as (row, column)."
    ),
    ("average pooling", (JOINED, "np.mean(parts, axis=0)")): (
        "You average the four tokens, and what tells them apart is lost. Put their features behind "
        "one another: 4C of them."
    ),
    ("maximum pooling", (JOINED, "np.max(parts, axis=0)")): (
        "You keep the largest of the four tokens, feature by feature, and the rest is lost. Put "
        "their features behind one another: 4C of them."
    ),
    ("four tokens added", (JOINED, "np.sum(parts, axis=0)")): (
        "You add up the four tokens, and what tells them apart is lost. Put their features behind "
        "one another: 4C of them."
    ),
    ("one token of four", (JOINED, "parts[0]")): (
        "You keep one token of each square and drop three. Put the features of all four behind one "
        "another: 4C of them."
    ),
    ("quarters of the map", QUARTERS): (
        "You lay the four quarters of the map over each other. What belongs together are "
        "neighbours: slices with a step of two, x[:, 0::2, 0::2]."
    ),
    ("features alternate", ALTERNATING): (
        "Each token has the right numbers in the wrong order: first the four values of feature 0, "
        "then those of feature 1. The whole first token comes first, then the second."
    ),
    ("joined along the channels' axis of a stack", STACKED): (
        "The four tokens stand on an axis of their own: (B, H/2, W/2, 4, C). Join them: 4C "
        "features."
    ),
    ("squares not joined", SQUARES): (
        "You have only cut the map into squares: (B, H/2, 2, W/2, 2, C). The two axes of length 2 "
        "are still to be joined with the features: 4C of them."
    ),
    ("left as a sequence", SEQUENCE): (
        "The tokens are right, in a row: (B, H·W/4, 4C). What comes next needs the map: "
        "(B, H/2, W/2, 4C)."
    ),
    ("joined along the height", ("axis=-1", "axis=1")): (
        "You have put the four slices below each other, as more rows. They belong behind one "
        "another, as more features: the last axis."
    ),
}
CROPPED = (
    "Right for even sides. With an odd one nothing is raised, and tokens at the edge have no whole "
    "square: if H % 2 or W % 2 is not 0, raise a ValueError."
)

MERGE_PATCHES = Exercise(
    id="merge_patches",
    title="Four tokens become one",
    points=2,
    reference=reference.merge_patches,
    answer=merge_patches,
    cases=merge_cases,
    ladder=LADDER,
    outputs={"merged": "B H/2 W/2 4C", "refused": ""},
    driver=merge_or_refuse,
    observe=watch_merge,
    hints=(
        "x[:, 0::2, 0::2] is every second row and every second column: the first token of all "
        "squares at once. Which slices are the other three?",
        "Four slices of (B, H/2, W/2, C), behind one another on the last axis. Their order: "
        "(0, 0), (1, 0), (0, 1), (1, 1) as (row, column). Before that: are H and W even?",
        "A ValueError first, where a side is odd. Then concatenate([x[:, 0::2, 0::2], "
        "x[:, 1::2, 0::2], …, …], axis=-1): the left column of the square before the right one.",
    ),
    mistakes=(
        *(
            edited(*mistake, *refusal)(sentence)
            for mistake, sentence in LAYOUTS.items()
            for refusal in ((), (CROPPED_SILENTLY,))
        ),
        edited("odd sizes cropped silently", CROPPED_SILENTLY)(CROPPED),
        edited("an odd width cropped silently", (" or width % 2", ""), THEN_CROPPED)(
            "You refuse an odd height. An odd width has no whole squares either."
        ),
        edited("an odd height cropped silently", ("height % 2 or ", ""), THEN_CROPPED)(
            "You refuse an odd width. An odd height has no whole squares either."
        ),
    ),
)
