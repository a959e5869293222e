"""Exercise `attend`: attention, whole, with its mask."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.attention.attention_scores import BUILT_IN_ATTENTION, TURNED
from course_utils.exercises.draw import normal
from course_utils.reference import attention as reference


def attend(query, key, value, mask=None):
    scores = query @ np.swapaxes(key, -1, -2) / np.float32(query.shape[-1] ** 0.5)
    if mask is not None:
        scores = np.where(mask, scores, np.float32(-1e9))
    maximum = scores.max(-1, keepdims=True)
    exponentials = np.exp(scores - maximum)
    total = exponentials.sum(-1, keepdims=True)
    weights = exponentials / total
    if mask is not None:
        weights = np.where(mask, weights, np.float32(0))
    return weights @ value, weights


def attend_cases(rng):
    def qkv(*leading, queries=5, keys=7, width=3, value_width=11):
        return {
            "query": 2 * normal(rng, *leading, queries, width),
            "key": normal(rng, *leading, keys, width),
            "value": normal(rng, *leading, keys, value_width),
        }

    causal = np.tril(np.ones((5, 5), dtype=bool))
    some = rng.random((2, 3, 5, 7)) < 0.6
    some[..., np.arange(5), rng.integers(7, size=5)] = False  # a key that a query must not see
    some[~some.any(axis=-1), 0] = True  # and every query sees one
    nothing = some.copy()
    nothing[0, 1, 2] = nothing[1, 2, 4] = False
    padding = (np.arange(7) < np.array([[4], [6]]))[:, None, None, :]
    sure = {  # scores of thousands: each query finds one key and nothing else counts
        "query": 100 * np.eye(3, dtype="float32")[rng.integers(3, size=5)],
        "key": 100 * np.eye(7, 3, dtype="float32")[rng.permutation(7)],
        "value": normal(rng, 7, 11),
    }
    return [
        Case("one sequence", qkv()),
        Case("one sequence", {**qkv(), "mask": None}),
        Case("as many queries as keys", qkv(queries=5, keys=5)),
        Case("batches and heads in front", qkv(2, 3)),
        Case("very large scores", sure),
        Case("a causal mask", {**qkv(queries=5, keys=5), "mask": causal}),
        Case("a mask for each sequence and head", {**qkv(2, 3), "mask": some}),
        Case("a padding mask, one row for all queries", {**qkv(2, 3), "mask": padding}),
        Case("a query that may attend to nothing", {**qkv(2, 3), "mask": nothing}),
        Case("a mask over very large scores", all_alike(rng)),
        Case("hidden keys that score higher", better_hidden(rng)),
    ]


def all_alike(rng):
    """Queries for which all keys score the same: thousands above zero, or thousands below."""
    wants = rng.permutation([1, 1, 1, -1, -1])
    mask = rng.permuted(np.tile(np.arange(7) < 4, (5, 1)), axis=1)
    axis = np.array([300, 0, 0], dtype="float32")
    return {
        "query": wants[:, None].astype("float32") * axis,
        "key": np.tile(axis, (7, 1)),
        "value": normal(rng, 7, 11),
        "mask": mask,
    }


def better_hidden(rng):
    """Hidden keys that would take all but 1e-13 of each row: nothing may be left of that."""
    mask = rng.permutation(np.arange(7) < 4)
    query, key = normal(rng, 5, 3), normal(rng, 7, 3)
    query[:, 0], key[:, 0] = 3**0.5, np.where(mask, -30, 0)
    return {"query": query, "key": key, "value": normal(rng, 7, 11), "mask": mask[None]}


TWO = {"query": np.float32([[1], [0]]), "key": np.float32(np.log([[1], [3], [3]]))}
TWO["value"] = np.float32([[4], [8], [60]])
LADDER = (
    by_hand(
        query=np.float32([[2, 0, 0, 0]]),
        key=np.float32(np.log([[1, 1, 1, 1], [3, 1, 1, 1]])),
        value=np.float32([[4], [8]]),
    ),
    by_hand(
        query=np.float32([[[1]], [[1]]]),
        key=np.float32(np.log([[[1], [3]], [[1], [1]]])),
        value=np.float32([[[4], [8]], [[4], [8]]]),
    ),
    by_hand(**TWO, mask=np.array([[True, True, False], [False, True, True]])),
    by_hand(**TWO, mask=np.array([[True, True, False], [False, False, False]])),
)

HIDING = "np.where(mask, scores, np.float32(-1e9))"
ZEROING = "np.where(mask, weights, np.float32(0))"
NOTHING_HIDDEN = (HIDING, "scores")
INF = ("-1e9", "-np.inf")
FLIPPED = ("(mask, scores", "(~mask, scores")
ROWS_ZEROED = (ZEROING, "weights * np.any(mask, axis=-1, keepdims=True)")
UNZEROED = (ZEROING, "weights")
OVER_QUERIES = (("max(-1", "max(-2"), ("sum(-1", "sum(-2"))

COLUMNS = (
    "Each column of your weights sums to 1. A query shares its attention among the keys, so each "
    "row must: softmax over the last axis."
)
INVERTED = (
    "You hide what should be seen: here True means may attend. Replace the scores where the mask "
    "is False."
)
TOO_SMALL = (
    "The number that you hide with is not low enough: where a row's own scores are low, hidden "
    "keys take a share of its weights. Hide with a number that no score comes near, such as -1e9."
)

ATTEND = Exercise(
    id="attend",
    title="Attention, whole",
    points=4,
    reference=reference.attend,
    answer=attend,
    cases=attend_cases,
    ladder=LADDER,
    outputs={"output": "… Nq dv", "weights": "… Nq Nk"},
    forbidden=BUILT_IN_ATTENTION | {f"{reference.__name__}.mix_values"},
    hints=(
        "Three steps you have already: scores, weights, and a weighted sum of the values. The mask "
        "belongs between the first and the second.",
        "scores (…, Nq, Nk) -> where the mask is False, a large negative number instead -> "
        "softmax over the last axis -> weights @ value, (…, Nq, dv). A row of the mask without any "
        "True needs one more step.",
        "scores = attention_scores(query, key);  if mask is not None: scores = where(…);  weights "
        "= softmax(scores);  and once more, if there is a mask: where it is False, a weight is …",
    ),
    mistakes=(
        edited("softmax over queries", *OVER_QUERIES)(COLUMNS),
        edited("softmax over queries", *OVER_QUERIES, UNZEROED)(COLUMNS),
        edited("weights @ key", ("weights @ value", "weights @ key"))(
            "Your weights are right, but you mix the keys with them. Keys only say where to look; "
            "what is fetched are the values: weights @ value."
        ),
        edited("no scale", (" / np.float32(query.shape[-1] ** 0.5)", ""))(
            "The scores are not divided by √d. Use your attention_scores, or divide here."
        ),
        edited("√ of the value width", ("query.shape[-1]", "value.shape[-1]"))(
            "You divide by the square root of the width of the values. The sum in a score runs "
            "over the features of query and key: take d from the last axis of query."
        ),
        edited("mask polarity inverted", FLIPPED, ("(mask, w", "(~mask, w"))(INVERTED),
        edited("mask polarity inverted, rows of nothing uniform", FLIPPED, UNZEROED)(INVERTED),
        edited("mask polarity inverted, rows of nothing NaN", FLIPPED, INF, UNZEROED)(INVERTED),
        edited("mask applied after softmax", NOTHING_HIDDEN)(
            "You set weights to zero after the softmax, so the rows no longer sum to 1: hidden "
            "keys still took their share. Hide the scores before the softmax."
        ),
        edited("scores × mask", (HIDING, "scores * mask"), UNZEROED)(
            "You multiply the scores by the mask. A score of 0 is not hidden, it weighs exp(0) = "
            "1: put a large negative number there."
        ),
        edited("mask ignored", NOTHING_HIDDEN, UNZEROED)(
            "The mask changes nothing yet. Where it is False, replace the score by a large "
            "negative number before the softmax."
        ),
        edited("-1e9 rows becoming uniform", UNZEROED)(
            "Nearly there. In a row that may attend to nothing all scores are equally bad, so "
            "softmax makes it uniform and it sees everything that is hidden. Set the weights to "
            "zero where the mask is False."
        ),
        edited("-1e9 added in float64", (HIDING, "scores + np.where(mask, 0, -1e9)"), UNZEROED)(
            "Nearly there. In a row that may attend to nothing all scores are lowered alike, which "
            "changes no weight, so it sees everything that is hidden. Set the weights to zero "
            "where the mask is False."
        ),
        edited("-inf rows becoming NaN", INF, UNZEROED)(
            "Nearly there. A row that may attend to nothing gives NaN: -inf minus its maximum, "
            "or 0 divided by 0. Hide with a large finite number such as -1e9, then set the "
            "weights to zero where the mask is False."
        ),
        *(
            edited("hiding number too small", ("np.float32(-1e9)", number), *more)(TOO_SMALL)
            for number in ("-100", "-10", "scores.min() - 1")
            for more in ((), [UNZEROED], [ROWS_ZEROED])
        ),
        edited(
            "mask asked as if it were one truth value",
            ("if mask is not None:\n        scores", "if mask:\n        scores"),
            telling=r"truth value.*code:.*mask",
        )(
            "Right without a mask. But `if mask:` asks an array whether it is true, and an array "
            "has many answers. Ask whether there is one: if mask is not None."
        ),
        edited(
            "a mask is expected always",
            (HIDING, "scores"),
            ("    maximum = ", "    scores = scores + -1e9 * (1 - mask)\n    maximum = "),
            telling=r"None.*code:.*mask",
        )(
            "Right with a mask. Without one, mask is None, and nothing can be computed with None: "
            "use it only if mask is not None."
        ),
        edited(
            "None hides everything",
            ("if mask is not None:\n        scores", "if True:\n        scores"),
            ("if mask is not None:\n        weights", "if True:\n        weights"),
        )(
            "Right with a mask. Without one, mask is None, and where(None, …) counts as False "
            "everywhere: use it only if mask is not None."
        ),
        edited("all axes turned round", ("np.swapaxes(key, -1, -2)", "key.T"), telling=TURNED)(
            "Right for one sequence, but .T (or transpose without axes) turns round all axes of "
            "the keys, batches too. Swap the last two only: swapaxes(key, -1, -2)."
        ),
        edited(
            "returns (weights, output)", ("weights @ value, weights", "weights, weights @ value")
        )("Both are right, in the wrong order: return output first, then weights."),
        edited("divided by d", (" ** 0.5", ""))(
            "Your scores are divided by d. Divide by √d, once. (If you call attention_scores: it "
            "has done that.)"
        ),
        edited(
            "no softmax", ("-1e9", "0"), ("np.exp(scores - maximum)", "scores"), (" / total", "")
        )(
            "You mix the values by the scores themselves. Turn the scores into weights with the "
            "softmax first."
        ),
        edited("softmax over all entries", ("max(-1", "max((-2, -1)"), ("sum(-1", "sum((-2, -1)"))(
            "All your weights together sum to 1. Every query shares out its own attention: each "
            "row must sum to 1."
        ),
        edited("scores + mask", (HIDING, "scores + mask"), UNZEROED)(
            "You add the mask to the scores, and True counts as 1. That hardly hides anything: "
            "where the mask is False, put a large negative number."
        ),
        edited(
            "no maximum subtracted",
            (" - maximum", ""),
            ("/ total", "/ np.maximum(total, np.float32(1e-30))"),
        )(
            "Right for small scores, but the exponential of a large one is infinity. Use the "
            "softmax that subtracts each row's maximum."
        ),
    ),
)
