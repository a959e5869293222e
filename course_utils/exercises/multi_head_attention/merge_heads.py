"""Exercise `merge_heads`: the heads' features side by side again."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import multi_head_attention as reference


def merge_heads(x):
    batch, num_heads, length, width = x.shape
    x = np.transpose(x, (0, 2, 1, 3))
    return x.reshape(batch, length, num_heads * width)


def merge_cases(rng):
    return [
        Case("three heads of five features", {"x": normal(rng, 2, 3, 7, 5)}),
        Case("five heads of three features", {"x": normal(rng, 2, 5, 7, 3)}),
        Case("as many heads as features a head", {"x": normal(rng, 2, 3, 7, 3)}),
        Case("as many heads as tokens", {"x": normal(rng, 2, 7, 7, 5)}),
        Case("a single head", {"x": normal(rng, 2, 1, 7, 5)}),
    ]


LADDER = (by_hand(x=numbered(1, 2, 2, 2)), by_hand(x=numbered(2, 2, 3, 2)))

JOINED = "x.reshape(batch, length, num_heads * width)"
NEVER_TRANSPOSED = ("np.transpose(x, (0, 2, 1, 3))", "x")

MERGE_HEADS = Exercise(
    id="merge_heads",
    title="Side by side again",
    points=1,
    reference=reference.merge_heads,
    answer=merge_heads,
    cases=merge_cases,
    ladder=LADDER,
    outputs={"tokens": "B N D"},
    hints=(
        "split_heads had two steps. Undo them, the last one first.",
        "(B, h, N, d) -> swap the two axes in the middle -> (B, N, h, d) -> join the last two -> "
        "(B, N, h·d).",
        "transpose(x, …) first, for (B, N, h, d): only then does reshape(…, (B, N, h * d)) find a "
        "token's features side by side.",
    ),
    mistakes=(
        edited("reshape without transposing back", NEVER_TRANSPOSED)(
            "The shape is right and the entries are not: a token's row now holds parts of other "
            "tokens. Heads and tokens must change places first, to (B, N, h, d); then reshape."
        ),
        edited("h and d swapped", ("0, 2, 1, 3", "0, 2, 3, 1"))(
            "Each token has its own features, in the wrong order: the heads' features alternate. "
            "Join (h, d) in this order, so that head 0 comes first as a block."
        ),
        edited("mean over heads", (JOINED, "x.mean(axis=2)"))(
            "You average the heads, and what tells them apart is lost. Put their features side by "
            "side: D = h·d of them."
        ),
        edited("sum over heads", (JOINED, "x.sum(axis=2)"))(
            "You add up the heads, and what tells them apart is lost. Put their features side by "
            "side: D = h·d of them."
        ),
        edited("transposed, not joined", (JOINED, "x"))(
            "Heads and tokens have changed places, which is the first step. The second: join the "
            "last two axes, (B, N, h, d) to (B, N, h·d)."
        ),
        edited(
            "heads joined along the tokens",
            NEVER_TRANSPOSED,
            ("length, num_heads * width", "length * num_heads, width"),
        )(
            "You have put the heads one after another, as if they were more tokens. They belong "
            "side by side: N tokens, h·d features."
        ),
        edited("features before tokens", ("* width)", "* width).swapaxes(1, 2)"))(
            "The features are joined, but they stand before the tokens: (B, D, N). It should be "
            "(B, N, D)."
        ),
        edited(
            "sequences joined instead of heads",
            NEVER_TRANSPOSED,
            (JOINED, "np.concatenate(list(x), axis=-1)"),
        )(
            "concatenate has gone through the first axis, the batch, and joined the sequences. "
            "The heads are axis 1."
        ),
        edited("one head only", (JOINED, "x[:, :, 0]"))(
            "This is the first head alone. All of them belong side by side: D = h·d features."
        ),
    ),
)
