"""Exercise `merge_heads`: the heads' features side by side again."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.by_hand import merge
from course_utils.reference import multi_head_attention as reference


def merge_cases(rng):
    return [
        Case("three heads of five features", {"x": normal(rng, 2, 3, 7, 5)}),
        Case("five heads of three features", {"x": normal(rng, 2, 5, 7, 3)}),
        Case("as many heads as features a head", {"x": normal(rng, 2, 3, 7, 3)}),
        Case("as many heads as tokens", {"x": normal(rng, 2, 7, 7, 5)}),
        Case("a single head", {"x": normal(rng, 2, 1, 7, 5)}),
    ]


def reordered(*order):
    """Transpose first, then join the last two axes."""

    def solution(x):
        x = x.transpose(order)
        return x.reshape(*x.shape[:2], -1)

    return solution


def in_one_reshape(x):
    return x.reshape(x.shape[0], x.shape[2], -1)


def transposed_only(x):
    return x.transpose(0, 2, 1, 3)


def joined_along_tokens(x):
    return x.reshape(x.shape[0], -1, x.shape[3])


MERGE_HEADS = Exercise(
    id="merge_heads",
    title="Side by side again",
    points=1,
    reference=reference.merge_heads,
    cases=merge_cases,
    outputs={"tokens": "B N D"},
    hints=(
        "split_heads had two steps. Undo them, the last one first.",
        "(B, h, N, d) -> swap the two axes in the middle -> (B, N, h, d) -> join the last two -> "
        "(B, N, h·d).",
        "B, h, N, d = x.shape;  return reshape(transpose(x, (0, 2, 1, 3)), (B, N, h * d))",
    ),
    mistakes=(
        Mistake(
            "reshape without transposing back",
            in_one_reshape,
            "The shape is right and the entries are not: a token's row now holds parts of other "
            "tokens. Heads and tokens must change places first, to (B, N, h, d); then reshape.",
        ),
        Mistake(
            "h and d swapped",
            reordered(0, 2, 3, 1),
            "Each token has its own features, in the wrong order: the heads' features alternate. "
            "Join (h, d) in this order, so that head 0 comes first as a block.",
        ),
        Mistake(
            "mean over heads",
            lambda x: x.mean(axis=1),
            "You average the heads, and what tells them apart is lost. Put their features side by "
            "side: D = h·d of them.",
        ),
        Mistake(
            "sum over heads",
            lambda x: x.sum(axis=1),
            "You add up the heads, and what tells them apart is lost. Put their features side by "
            "side: D = h·d of them.",
        ),
        Mistake(
            "transposed, not joined",
            transposed_only,
            "Heads and tokens have changed places, which is the first step. The second: join the "
            "last two axes, (B, N, h, d) to (B, N, h·d).",
        ),
        Mistake(
            "heads joined along the tokens",
            joined_along_tokens,
            "You have put the heads one after another, as if they were more tokens. They belong "
            "side by side: N tokens, h·d features.",
        ),
        Mistake(
            "features before tokens",
            lambda x: np.swapaxes(merge(x), 1, 2),
            "The features are joined, but they stand before the tokens: (B, D, N). It should be "
            "(B, N, D).",
        ),
        Mistake(
            "sequences joined instead of heads",
            lambda x: np.concatenate(list(x), axis=-1),
            "concatenate has gone through the first axis, the batch, and joined the sequences. "
            "The heads are axis 1.",
        ),
        Mistake(
            "one head only",
            lambda x: x[:, 0],
            "This is the first head alone. All of them belong side by side: D = h·d features.",
        ),
    ),
)
