"""Exercise `causal_mask`: no looking ahead."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import attention as reference


def causal_mask(length):
    everything = np.ones((length, length), dtype=bool)
    mask = np.tril(everything)
    return mask


def causal_cases(rng):
    lengths = rng.choice([3, 5, 7, 11, 13, 17], size=3, replace=False)
    several = [Case("several tokens", {"length": int(length)}) for length in lengths]
    return [*several, Case("a single token", {"length": 1})]


ADDED = (
    "This is what some libraries add to the scores. Our masks are boolean: True where a "
    "query may attend."
)

CAUSAL_MASK = Exercise(
    id="causal_mask",
    title="No looking ahead",
    points=1,
    reference=reference.causal_mask,
    answer=causal_mask,
    cases=causal_cases,
    ladder=(by_hand(length=2), by_hand(length=3)),
    outputs={"mask": "N N"},
    hints=(
        "Query i may see key j when j is not later than i. Can you ask that of all pairs at once?",
        "positions (N, 1) compared with positions (1, N) broadcast to (N, N). Which of the two is "
        "the query?",
        "With p = arange(length), compare p[:, None], the queries, with p[None, :], the keys. Or "
        "start from all True, and keep one of its triangles.",
    ),
    mistakes=(
        edited("upper triangle", ("tril", "triu"))(
            "This lets each token see what comes after it. Rows are queries: row i may be True "
            "only in columns up to i, the lower triangle."
        ),
        edited("upper triangle without the diagonal", ("tril(everything)", "triu(everything, 1)"))(
            "This marks what is to be hidden. Here True means may attend: the lower triangle, with "
            "its diagonal."
        ),
        edited("diagonal excluded", ("tril(everything)", "tril(everything, -1)"))(
            "A token may see itself: include the diagonal. Without it the first token would see "
            "nothing at all."
        ),
        edited("0/1 floats", ("bool", "float"))(
            "The pattern is right, the type is not: make it bool. With numbers nobody can tell "
            "whether 1 means may attend, or is to be added to a score, and ~mask fails."
        ),
        edited("0/1 integers", ("bool", "int"))(
            "The pattern is right, the type is not: make it bool. With numbers nobody can tell "
            "whether 1 means may attend, or is to be added to a score, and ~ makes no False of 1."
        ),
        edited("0/-inf to be added", ("return mask", "return np.where(mask, 0, -np.inf)"))(ADDED),
        edited("0/-1e9 to be added", ("return mask", "return np.where(mask, 0, -1e9)"))(ADDED),
        edited("everything allowed", ("np.tril(everything)", "everything"))(
            "This hides nothing. A query may not see the keys after its own position."
        ),
    ),
)
