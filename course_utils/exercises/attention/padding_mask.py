"""Exercise `padding_mask`: not everything is a token."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import attention as reference


def padding_mask(lengths, max_length):
    tokens = np.arange(max_length) < lengths[:, None]
    return tokens[:, None]


def padding_cases(rng):
    def case(shows, lengths, max_length):
        return Case(shows, {"lengths": np.array(lengths, dtype="int32"), "max_length": max_length})

    drawn = rng.permutation(np.arange(1, 7))
    return [
        case("a batch of different lengths", drawn[:3], 7),
        case("a batch of different lengths", [*drawn[:4], 8], 11),
        case("as many sequences as tokens", drawn[:5] % 5, 5),
        case("one sequence", drawn[:1], 7),
        case("an empty and a full sequence", [0, 7, drawn[0]], 7),
    ]


LADDER = (
    by_hand(lengths=np.array([1], dtype="int32"), max_length=3),
    by_hand(lengths=np.array([3, 1], dtype="int32"), max_length=4),
)

NUMBERS = (
    "The pattern is right, the type is not: our masks are bool, True where a query may attend."
)

PADDING_MASK = Exercise(
    id="padding_mask",
    title="Not everything is a token",
    points=1,
    reference=reference.padding_mask,
    answer=padding_mask,
    cases=padding_cases,
    ladder=LADDER,
    outputs={"mask": "B 1 N"},
    hints=(
        "Position j of a sequence holds a token when j is smaller than the sequence's length.",
        "positions (1, N) against lengths (B, 1) give (B, N); one more axis in the middle makes "
        "(B, 1, N), one row of keys for all queries.",
        "Make the (B, N) table first, with arange(max_length) and lengths[:, None]: is the one "
        "smaller than the other? Then where does None go, in [:, …]?",
    ),
    mistakes=(
        edited("True on padding", ("<", ">="))(
            "This is True on the padding. Here True means may attend: the tokens, not what fills "
            "up behind them."
        ),
        edited("padding in front", ("arange(max_length)", "arange(max_length)[::-1]"))(
            "You put the padding in front. Here sequences start at position 0 and are filled up "
            "at the end: True where the position is smaller than the length."
        ),
        edited("off by one: <=", ("<", "<="))(
            "One position too many in each sequence. Positions count from 0, so a sequence of "
            "length 3 has tokens at 0, 1 and 2: use <, not <=."
        ),
        edited("off by one: one token too few", ("lengths[:, None]", "lengths[:, None] - 1"))(
            "One token is missing in each sequence. Positions count from 0, so a sequence of "
            "length 3 has tokens at 0, 1 and 2."
        ),
        edited("shape (B, N)", ("tokens[:, None]", "tokens"))(
            "The entries are right, the shape is (B, N). Against scores (B, Nq, Nk) the batch "
            "would line up with the queries: make it (B, 1, N)."
        ),
        edited("shape (B, N, 1)", ("tokens[:, None]", "tokens[:, :, None]"))(
            "The new axis is in the wrong place: (B, N, 1) hides queries. Keys are the last axis "
            "of the scores, so make it (B, 1, N)."
        ),
        edited("shape (1, B, N)", ("tokens[:, None]", "tokens[None]"))(
            "The new axis is in front. The batch comes first in the scores (B, Nq, Nk), and one "
            "row of keys serves all queries: make it (B, 1, N)."
        ),
        edited("0/1 floats", ("return ", "return 1.0 * "))(NUMBERS),
        edited("0/1 integers", ("return ", "return 1 * "))(NUMBERS),
    ),
)
