"""Exercise `split_heads`: a block of features for each head."""

import re

from course_utils.checking.driver import NO_SLIP, call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import multi_head_attention as reference

UNEVEN = "heads that do not divide the features"


def split_heads(x, num_heads):
    batch, length, dim = x.shape
    if dim % num_heads:
        raise ValueError(f"{num_heads} heads cannot share {dim} features")
    x = x.reshape(batch, length, num_heads, dim // num_heads)
    return x.transpose(0, 2, 1, 3)


def split_cases(rng):
    def case(shows, num_heads):
        return Case(shows, {"x": normal(rng, 2, 7, 15), "num_heads": num_heads})

    return [
        case("three heads of five features", 3),
        case("five heads of three features", 5),
        case("a single head, or a head for each feature", 1),
        case("a single head, or a head for each feature", 15),
        case(UNEVEN, 4),
        case(UNEVEN, int(rng.choice([6, 8, 11, 13]))),
    ]


LADDER = (
    by_hand(x=numbered(1, 2, 4), num_heads=2),
    by_hand(x=numbered(1, 2, 6), num_heads=3),
    by_hand(x=numbered(2, 2, 4), num_heads=2),
)


def even(inputs):
    return inputs["x"].shape[-1] % inputs["num_heads"] == 0


def split_or_complain(solution, inputs):
    """Split, or see how the solution complains where that cannot be done.

    Errors other than ValueError go on: what is done about them is the same in all exercises.
    """
    if even(inputs):
        heads = call(solution, inputs)
        return None if heads is None else (heads, False, False)
    try:
        call(solution, inputs)
    except ValueError as error:
        wanted = {str(inputs["num_heads"]), str(inputs["x"].shape[-1])}
        return inputs["x"], True, wanted <= set(re.findall(r"\d+", str(error)))
    return inputs["x"], False, False


def watch_split(inputs, arrays):
    """See the heads where there are any, and the complaint where not."""
    return {name: array for name, array in arrays.items() if (name == "heads") == even(inputs)}


AXES = "0, 2, 1, 3"
NEVER_TRANSPOSED = (f".transpose({AXES})", "")
D_TIMES_H = ("num_heads, dim // num_heads)", "dim // num_heads, num_heads)")
# What is done about uneven heads, rightly or not, along with any of the layouts.
MESSAGE = 'f"{num_heads} heads cannot share {dim} features"'
NAMES_NEITHER = (MESSAGE, '"cannot reshape array"')
ANOTHER_ERROR = ("ValueError", "AssertionError")
LAYOUTS = {
    "reshape without transpose": (
        ("length, num_heads", "num_heads, length"),
        NEVER_TRANSPOSED,
        "The shape is right and the entries are not: reshape keeps their order, so your first "
        "head got the first tokens, cut up. Reshape to (B, N, h, d), where nothing moves, then "
        "swap the axes of heads and tokens.",
    ),
    "features interleaved across heads": (
        D_TIMES_H,
        (AXES, "0, 3, 1, 2"),
        "Each head has every h-th feature, like cards dealt round a table. A head is a contiguous "
        "block: split the last axis as (h, d), in this order, not as (d, h).",
    ),
    "heads behind the tokens": (
        NEVER_TRANSPOSED,
        "The blocks are right, but this is (B, N, h, d). Attention mixes the last axis but one, "
        "and there the tokens must be: swap the axes of heads and tokens.",
    ),
    "heads in front of the batch": (
        (AXES, "2, 0, 1, 3"),
        "The blocks are right, but this is (h, B, N, d). The batch stays first: (B, h, N, d).",
    ),
    "num_heads taken for the width of a head": (
        D_TIMES_H,
        "You made heads of num_heads features. num_heads is how many there are; each has "
        "d = D // num_heads features: reshape to (B, N, num_heads, d).",
    ),
    "features before tokens": (
        (AXES, "0, 2, 3, 1"),
        "The heads are right, but within each one tokens and features have changed places: "
        "(B, h, d, N). It should be (B, h, N, d).",
    ),
}

SPLIT_HEADS = Exercise(
    id="split_heads",
    title="A block of features for each head",
    points=2,
    reference=reference.split_heads,
    answer=split_heads,
    cases=split_cases,
    ladder=LADDER,
    outputs={"heads": "B h N d", "raises a ValueError": "", "its message names both numbers": ""},
    driver=split_or_complain,
    observe=watch_split,
    hints=(
        "A head is a block of neighbouring features. Which reshape cuts the last axis into blocks, "
        "and moves nothing else?",
        "(B, N, D) -> reshape -> (B, N, h, d) -> swap the two axes in the middle -> (B, h, N, d). "
        "Before that: d = D // h, if D % h is 0.",
        "A test of D % num_heads, with both numbers in what it raises; a reshape that keeps B and "
        "N, and cuts D into (…, …); a transpose that brings heads in front of tokens.",
    ),
    mistakes=(
        *(
            edited(name, *complaint, *edits)(sentence)
            for name, (*edits, sentence) in LAYOUTS.items()
            for complaint in ((), (NAMES_NEITHER,), (ANOTHER_ERROR,))
        ),
        edited(
            "nothing said about uneven heads",
            (f"raise ValueError({MESSAGE})", "x = x[..., : dim - dim % num_heads]"),
        )(
            "Right where the heads share the features evenly. Where they cannot, no error is "
            "raised: if D % num_heads is not 0, raise a ValueError that names both."
        ),
        edited("a message without both numbers", NAMES_NEITHER)(
            "Right where the heads share the features evenly. Where they cannot, there is a "
            "ValueError, but who reads it does not learn which numbers do not fit. Check D % "
            'num_heads before the reshape, and put the numbers into the message: f"… {num_heads} '
            '… {D}", with an f.'
        ),
        edited("another error than ValueError", ANOTHER_ERROR, telling=NO_SLIP)(
            "Right where the heads share the features evenly. Where they cannot, your code stops "
            "with another error, perhaps from inside reshape. Check D % num_heads first, and raise "
            "a ValueError whose message names num_heads and D."
        ),
    ),
)
