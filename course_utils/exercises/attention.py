"""The seven exercises of notebook 01: what each asks, the mistakes people make, the hints.

Mistakes are written in NumPy, as short as students write them. Sizes are different primes, so that
a swapped axis cannot pass for the right one; values are drawn anew from each seed. Cases share
shapes where they can: JAX compiles each operation once for each shape.
"""

import numpy as np
from keras import ops

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.checking.run import Unusable, call
from course_utils.reference import attention as reference

# Whole attention in one call. softmax and attention_scores stay allowed after their own exercises.
BUILT_IN_ATTENTION = frozenset(
    {
        "keras.layers.Attention",
        "keras.layers.MultiHeadAttention",
        "keras.ops.dot_product_attention",
        "keras.ops.nn.dot_product_attention",
        "keras.layers.GroupQueryAttention",
        "jax.nn.dot_product_attention",
        "torch.nn.functional.scaled_dot_product_attention",
    }
)
BUILT_IN_SOFTMAX = frozenset(
    {
        "keras.ops.softmax",
        "keras.ops.nn.softmax",
        "keras.ops.log_softmax",
        "keras.ops.nn.log_softmax",
        "keras.activations.softmax",
        "keras.activations.log_softmax",
        "keras.layers.Softmax",
        "tensorflow.nn.softmax",
        "tensorflow.nn.log_softmax",
        "tensorflow.math.softmax",
        "jax.nn.softmax",
        "jax.nn.log_softmax",
        "scipy.special.softmax",
        "scipy.special.log_softmax",
        "torch.softmax",
        "torch.nn.functional.softmax",
    }
)
# The width of `value` in the notebook's worked example: colours, red green blue.
WORKED_VALUE_WIDTH = 3


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype("float32")


# --- softmax ---------------------------------------------------------------------------------


def softmax_cases(rng):
    # Steps of 1/8 are exact in float32 beside 1,000, and log(exp(a) + exp(b)) keeps four digits
    # there; beside 10,000 it does not, so the differences there are large.
    steps = rng.permuted(np.tile(np.arange(-16, 17) / 8, (5, 1)), axis=1)[:, :7]
    around = np.array([1e3, -1e3, 0, 990, -990])[:, None]
    far_apart = rng.permutation([1e4, -1e4, 0, 3e3, -7e3, 9e3, 5])
    return [
        Case("a square of scores", {"scores": normal(rng, 5, 5)}),
        Case("more columns than rows", {"scores": 3 * normal(rng, 5, 7)}),
        Case("a single row", {"scores": normal(rng, 7)}),
        Case("batches and heads in front", {"scores": 2 * normal(rng, 2, 3, 5, 7)}),
        Case("scores of 1,000 and -1,000", {"scores": (around + steps).astype("float32")}),
        Case("scores of 10,000 and -10,000", {"scores": far_apart.astype("float32")}),
    ]


def softmax_without_maximum(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(-1, keepdims=True)


def softmax_of_axis(scores, axis):
    exponentials = np.exp(scores - scores.max(axis, keepdims=True))
    return exponentials / exponentials.sum(axis, keepdims=True)


def softmax_over_queries(scores):
    return softmax_of_axis(scores, -2 if scores.ndim > 1 else -1)


def softmax_over_all(scores):
    return softmax_of_axis(scores, None)


def softmax_global_maximum(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum(-1, keepdims=True)


def softmax_without_keepdims(scores):
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1)


def softmax_never_normalised(scores):
    return np.exp(scores - scores.max(-1, keepdims=True))


def softmax_without_exponential(scores):
    return scores / scores.sum(-1, keepdims=True)


def softmax_logarithm(scores):
    return np.log(softmax_of_axis(scores, -1))


def softmax_over_all_without_maximum(scores):
    return np.exp(scores) / np.exp(scores).sum()


def softmax_without_maximum_and_keepdims(scores):
    return np.exp(scores) / np.exp(scores).sum(-1)


def softmax_maximum_without_keepdims(scores):
    exponentials = np.exp(scores - scores.max(-1))
    return exponentials / exponentials.sum(-1, keepdims=True)


def softmax_hard(scores):
    return (scores == scores.max(-1, keepdims=True)).astype("float32")


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


OVER_QUERIES = (
    "Your columns sum to 1. The last axis holds the keys that a query chooses among, so each row "
    "must sum to 1: use axis=-1."
)
OVER_ALL = (
    "All your entries together sum to 1. Each row is a choice of its own and must sum to 1: take "
    "maximum and sum along axis=-1."
)
WITHOUT_KEEPDIMS = (
    "The sum has lost its last axis, so it is divided along the wrong one (and most shapes do not "
    "fit at all). Keep it: sum(…, axis=-1, keepdims=True)."
)

SOFTMAX = Exercise(
    id="softmax",
    title="Scores become weights",
    points=2,
    reference=reference.softmax,
    cases=softmax_cases,
    outputs={"weights": "… N"},
    forbidden=BUILT_IN_SOFTMAX,
    hints=(
        "A weight says what share of the whole its exponential is. And adding the same number to "
        "a whole row changes no share: which number would keep exp from overflowing?",
        "The maximum and the sum are taken along the last axis only. Keep that axis, with length "
        "1, so that (…, N) and (…, 1) fit each other.",
        "shifted = scores - max(scores, axis=-1, keepdims=True);  e = exp(shifted);  "
        "return e / sum(e, axis=-1, keepdims=True)",
    ),
    mistakes=(
        Mistake(
            "no maximum subtracted",
            softmax_without_maximum,
            "Right for small scores, but exp(10000) is infinity, and infinity divided by infinity "
            "is not a number. Subtract each row's maximum first: it changes no weight.",
        ),
        Mistake(
            "over axis -2",
            softmax_over_queries,
            OVER_QUERIES,
        ),
        Mistake("over axis -2", lambda scores: softmax_of_axis(scores, -2), OVER_QUERIES),
        Mistake(
            "over axis 0",
            lambda scores: softmax_of_axis(scores, 0),
            "You take the sum along axis 0, the first one. Weights must sum to 1 along the last "
            "axis, whatever stands before it: use axis=-1.",
        ),
        Mistake(
            "over axis 1",
            lambda scores: softmax_of_axis(scores, 1),
            "axis=1 is the last axis of a matrix only. With batches in front it is another, and a "
            "single row has none: axis=-1 is the last one everywhere.",
        ),
        Mistake(
            "over all entries",
            softmax_over_all,
            OVER_ALL,
        ),
        Mistake("over all entries", softmax_over_all_without_maximum, OVER_ALL),
        Mistake(
            "one global maximum",
            softmax_global_maximum,
            "You subtract one maximum for the whole array. In a row that lies far below it every "
            "exponential rounds to 0, and 0 divided by 0 is not a number: subtract each row's own "
            "maximum.",
        ),
        Mistake(
            "sum without keepdims",
            softmax_without_keepdims,
            WITHOUT_KEEPDIMS,
        ),
        Mistake("sum without keepdims", softmax_without_maximum_and_keepdims, WITHOUT_KEEPDIMS),
        Mistake(
            "maximum without keepdims",
            softmax_maximum_without_keepdims,
            "The maximum has lost its last axis, so it is subtracted along the wrong one (and most "
            "shapes do not fit at all). Keep it: max(…, axis=-1, keepdims=True).",
        ),
        Mistake(
            "not divided by the sum",
            softmax_never_normalised,
            "These are the exponentials. They become weights when each row is divided by its sum.",
        ),
        Mistake(
            "no exponential",
            softmax_without_exponential,
            "You divide the scores themselves by their sum. A negative score would become a "
            "negative weight: take the exponential first.",
        ),
        Mistake(
            "logarithm of the weights",
            softmax_logarithm,
            "These are the logarithms of the weights. Return the weights themselves.",
        ),
        Mistake(
            "all to the largest",
            softmax_hard,
            "You give the largest score everything. That is what softmax becomes for very large "
            "scores; here the smaller ones keep a share: exponentials, divided by their sum.",
        ),
        Mistake(
            "sigmoid",
            sigmoid,
            "You squash each score by itself (a sigmoid). Weights compete: divide each exponential "
            "by the sum over its row.",
        ),
    ),
)


# --- attention_scores ------------------------------------------------------------------------


def scores_cases(rng):
    return [
        Case("one sequence", {"query": normal(rng, 5, 7), "key": normal(rng, 11, 7)}),
        Case("as many queries as keys", {"query": normal(rng, 5, 13), "key": normal(rng, 5, 13)}),
        Case(
            "batches and heads in front",
            {"query": normal(rng, 2, 3, 5, 13), "key": normal(rng, 2, 3, 7, 13)},
        ),
        Case(
            "very large and very small numbers",
            {"query": 300 * normal(rng, 3, 5), "key": normal(rng, 7, 5)},
        ),
        Case(
            "very large and very small numbers",
            {"query": 1e-3 * normal(rng, 3, 5), "key": normal(rng, 7, 5)},
        ),
    ]


def dot(query, key):
    return query @ np.swapaxes(key, -1, -2)


def dot_over(divisor):
    """Scores with another divisor than √d; a function of query and key gives it."""
    return lambda query, key: (dot(query, key) / divisor(query, key)).astype("float32")


ATTENTION_SCORES = Exercise(
    id="attention_scores",
    title="Queries meet keys",
    points=2,
    reference=reference.attention_scores,
    cases=scores_cases,
    outputs={"scores": "… Nq Nk"},
    forbidden=BUILT_IN_ATTENTION,
    hints=(
        "Each score is one dot product: of one query with one key. All of them at once are one "
        "matrix product.",
        "(…, Nq, d) and (…, Nk, d) should give (…, Nq, Nk): swap the last two axes of the keys, "
        "or name the axes in einsum. d is the length of the last axis.",
        'return einsum("...qd,...kd->...qk", query, key) / sqrt(d), with d = query.shape[-1]',
    ),
    mistakes=(
        Mistake(
            "not scaled",
            dot_over(lambda query, key: 1),
            "These are the bare dot products. Divide them by √d, or they grow with the width d "
            "and the softmax saturates.",
        ),
        Mistake(
            "divided by d",
            dot_over(lambda query, key: query.shape[-1]),
            "You divide by d. The spread of a dot product of d terms grows like √d, so √d is what "
            "keeps it at 1.",
        ),
        Mistake(
            "divided by √Nk",
            dot_over(lambda query, key: key.shape[-2] ** 0.5),
            "You divide by the square root of the number of keys. The sum in a dot product runs "
            "over the features: take d from the last axis, shape[-1].",
        ),
        Mistake(
            "divided by √Nq",
            dot_over(lambda query, key: query.shape[-2] ** 0.5),
            "You divide by the square root of the number of queries. The sum in a dot product "
            "runs over the features: take d from the last axis, shape[-1].",
        ),
        Mistake(
            "multiplied by √d",
            dot_over(lambda query, key: query.shape[-1] ** -0.5),
            "You multiply by √d. Dot products grow with d already: divide.",
        ),
        Mistake(
            "√ of the value width",
            dot_over(lambda query, key: WORKED_VALUE_WIDTH**0.5),
            "You divide by the square root of the width of the values (the notebook's variable "
            "value, perhaps). Values take no part in the scores: use the last axis of query.",
        ),
        Mistake(
            "all axes turned round",
            lambda query, key: query @ key.T / query.shape[-1] ** 0.5,
            "Right for one sequence, but .T (or transpose without axes) turns round all axes of "
            "the keys, batches too. Swap the last two only: swapaxes(key, -1, -2).",
            telling=True,
        ),
        Mistake(
            "key·queryᵀ",
            lambda query, key: np.swapaxes(dot(query, key), -1, -2) / query.shape[-1] ** 0.5,
            "Your result has one row for each key. Rows belong to the queries: compute "
            "query @ keyᵀ, not key @ queryᵀ.",
        ),
        Mistake(
            "key·queryᵀ, not scaled",
            lambda query, key: np.swapaxes(dot(query, key), -1, -2),
            "Your result has one row for each key, and it is not scaled. Compute query @ keyᵀ and "
            "divide by √d.",
        ),
        Mistake(
            "cosine similarity",
            lambda query, key: dot(unit(query), unit(key)),
            "You divide by the lengths of the vectors: that is the cosine of the angle. Here the "
            "length counts, a longer query asks more firmly. Divide by √d only.",
        ),
        Mistake(
            "d from axis 1",
            dot_over(lambda query, key: query.shape[1] ** 0.5),
            "shape[1] is d for a single sequence only; with batches in front it is another axis. "
            "shape[-1] is the last one everywhere.",
        ),
        Mistake(
            "d from axis 0",
            dot_over(lambda query, key: query.shape[0] ** 0.5),
            "shape[0] is not the width: it counts queries, or batches where there are some. Take d "
            "from the last axis, shape[-1].",
        ),
        Mistake(
            "rounded down",
            lambda query, key: dot(query, key) // query.shape[-1] ** 0.5,
            "Your scores are whole numbers: // rounds down. Divide with /.",
        ),
        Mistake(
            "softmax applied already",
            lambda query, key: softmax_of_axis(dot(query, key) / query.shape[-1] ** 0.5, -1),
            "These are the weights already. Here the scores are asked for, before the softmax.",
        ),
    ),
)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


# --- attend ----------------------------------------------------------------------------------


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
        Case("as many queries as keys", qkv(queries=5, keys=5)),
        Case("batches and heads in front", qkv(2, 3)),
        Case("very large scores", sure),
        Case("a causal mask", {**qkv(queries=5, keys=5), "mask": causal}),
        Case("a mask for each sequence and head", {**qkv(2, 3), "mask": some}),
        Case("a padding mask, one row for all queries", {**qkv(2, 3), "mask": padding}),
        Case("a query that may attend to nothing", {**qkv(2, 3), "mask": nothing}),
        Case("a mask over very large scores", all_alike(rng)),
    ]


def all_alike(rng):
    """Queries for which all keys score the same: thousands above zero, or thousands below."""
    wants = rng.permutation([1, 1, 1, -1, -1])
    mask = rng.permuted(np.tile(np.arange(7) < 4, (5, 1)), axis=1)
    axis = np.array([100, 0, 0], dtype="float32")
    return {
        "query": wants[:, None].astype("float32") * axis,
        "key": np.tile(axis, (7, 1)),
        "value": normal(rng, 7, 11),
        "mask": mask,
    }


def by_hand(query, key, value, mask=None, *, scale=None, hide=None, axis=-1, after=None):
    """Attention with one thing changed: how mistakes are written below.

    hide: (scores, mask) -> scores; after: (weights, mask) -> weights; both only with a mask.
    """
    scores = dot(query, key) / (query.shape[-1] ** 0.5 if scale is None else scale(query, value))
    if mask is not None:
        scores = (hide or hide_finite)(scores, mask)
    weights = softmax_of_axis(scores, axis)
    if mask is not None:
        weights = (after or zero_hidden)(weights, mask)
    return weights @ value, weights


def hide_finite(scores, mask):
    return np.where(mask, scores, np.float32(-1e9))


def hide_infinite(scores, mask):
    return np.where(mask, scores, np.float32(-np.inf))


def zero_hidden(weights, mask):
    return np.where(mask, weights, np.float32(0))


def as_they_are(array, mask):
    return array


def variant(**changed):
    return lambda query, key, value, mask=None: by_hand(query, key, value, mask, **changed)


def attend_weights_at_key(query, key, value, mask=None):
    weights = by_hand(query, key, value, mask)[1]
    return weights @ key, weights


def attend_without_softmax(query, key, value, mask=None):
    scores = dot(query, key) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = zero_hidden(scores, mask)
    return scores @ value, scores


def attend_without_maximum(query, key, value, mask=None):
    exponentials = np.exp(dot(query, key) / query.shape[-1] ** 0.5)
    if mask is not None:
        exponentials = zero_hidden(exponentials, mask)
    totals = exponentials.sum(-1, keepdims=True)
    weights = exponentials / np.where(totals == 0, 1, totals)
    return weights @ value, weights


def attend_hidden_not_enough(query, key, value, mask=None):
    def hide(scores, mask):
        return np.where(mask, scores, np.float32(-100))

    def empty_rows(weights, mask):
        return weights * np.any(mask, axis=-1, keepdims=True)

    return by_hand(query, key, value, mask, hide=hide, after=empty_rows)


def attend_if_mask(query, key, value, mask=None):
    if mask:
        raise AssertionError("an array of several truth values has raised before")
    return by_hand(query, key, value)


def attend_needs_mask(query, key, value, mask=None):
    return by_hand(query, key, value, 1 * mask == 1)


def attend_none_hides(query, key, value, mask=None):
    return by_hand(query, key, value, np.array(False) if mask is None else mask)


def attend_transposed(query, key, value, mask=None):
    return by_hand(query, np.swapaxes(key.T, -1, -2), value, mask)


def attend_weights_first(query, key, value, mask=None):
    return by_hand(query, key, value, mask)[::-1]


ATTEND = Exercise(
    id="attend",
    title="Attention, whole",
    points=4,
    reference=reference.attend,
    cases=attend_cases,
    outputs={"output": "… Nq dv", "weights": "… Nq Nk"},
    forbidden=BUILT_IN_ATTENTION,
    hints=(
        "Three steps you have already: scores, weights, and a weighted sum of the values. The mask "
        "belongs between the first and the second.",
        "scores (…, Nq, Nk) -> where the mask is False, a large negative number instead -> "
        "softmax over the last axis -> weights @ value, (…, Nq, dv). A row of the mask without any "
        "True needs one more step.",
        "scores = attention_scores(query, key);  scores = where(mask, scores, -1e9);  "
        "weights = softmax(scores);  weights = where(mask, weights, 0);  "
        "return weights @ value, weights   (both where steps only if mask is not None)",
    ),
    mistakes=(
        Mistake(
            "softmax over queries",
            variant(axis=-2),
            "Each column of your weights sums to 1. A query shares its attention among the keys, "
            "so each row must: softmax over the last axis.",
        ),
        Mistake(
            "softmax over queries",
            variant(axis=-2, after=as_they_are),
            "Each column of your weights sums to 1. A query shares its attention among the keys, "
            "so each row must: softmax over the last axis.",
        ),
        Mistake(
            "weights @ key",
            attend_weights_at_key,
            "Your weights are right, but you mix the keys with them. Keys only say where to look; "
            "what is fetched are the values: weights @ value.",
        ),
        Mistake(
            "no scale",
            variant(scale=lambda query, value: 1),
            "The scores are not divided by √d. Use your attention_scores, or divide here.",
        ),
        Mistake(
            "√ of the value width",
            variant(scale=lambda query, value: value.shape[-1] ** 0.5),
            "You divide by the square root of the width of the values. The sum in a score runs "
            "over the features of query and key: take d from the last axis of query.",
        ),
        Mistake(
            "mask polarity inverted",
            variant(
                hide=lambda scores, mask: hide_finite(scores, ~mask),
                after=lambda weights, mask: zero_hidden(weights, ~mask),
            ),
            "You hide what should be seen: here True means may attend. Replace the scores where "
            "the mask is False.",
        ),
        Mistake(
            "mask polarity inverted, rows of nothing uniform",
            variant(hide=lambda scores, mask: hide_finite(scores, ~mask), after=as_they_are),
            "You hide what should be seen: here True means may attend. Replace the scores where "
            "the mask is False.",
        ),
        Mistake(
            "mask polarity inverted, rows of nothing NaN",
            variant(hide=lambda scores, mask: hide_infinite(scores, ~mask), after=as_they_are),
            "You hide what should be seen: here True means may attend. Replace the scores where "
            "the mask is False.",
        ),
        Mistake(
            "mask applied after softmax",
            variant(hide=as_they_are),
            "You set weights to zero after the softmax, so the rows no longer sum to 1: hidden "
            "keys still took their share. Hide the scores before the softmax.",
        ),
        Mistake(
            "scores × mask",
            variant(hide=lambda scores, mask: scores * mask, after=as_they_are),
            "You multiply the scores by the mask. A score of 0 is not hidden, it weighs exp(0) = "
            "1: put a large negative number there.",
        ),
        Mistake(
            "mask ignored",
            variant(hide=as_they_are, after=as_they_are),
            "The mask changes nothing yet. Where it is False, replace the score by a large "
            "negative number before the softmax.",
        ),
        Mistake(
            "-1e9 rows becoming uniform",
            variant(after=as_they_are),
            "Nearly there. In a row that may attend to nothing all scores are equally bad, so "
            "softmax makes it uniform and it sees everything that is hidden. Set the weights to "
            "zero where the mask is False.",
        ),
        Mistake(
            "-1e9 added in float64",
            variant(hide=lambda scores, mask: scores + np.where(mask, 0, -1e9), after=as_they_are),
            "Nearly there. In a row that may attend to nothing all scores are lowered alike, which "
            "changes no weight, so it sees everything that is hidden. Set the weights to zero "
            "where the mask is False.",
        ),
        Mistake(
            "-inf rows becoming NaN",
            variant(hide=hide_infinite, after=as_they_are),
            "Nearly there. A row that may attend to nothing gives NaN: -inf minus its maximum, "
            "or 0 divided by 0. Hide with a large finite number such as -1e9, then set the "
            "weights to zero where the mask is False.",
        ),
        Mistake(
            "hiding number too small",
            attend_hidden_not_enough,
            "Right for small scores. But a score may lie below the number you hide with, and then "
            "the hidden keys win. Hide with a number that no score reaches, such as -1e9.",
        ),
        Mistake(
            "hiding number too small",
            variant(hide=lambda scores, mask: np.where(mask, scores, np.float32(-100))),
            "Right for small scores. But a score may lie below the number you hide with, and then "
            "the hidden keys win. Hide with a number that no score reaches, such as -1e9.",
        ),
        Mistake(
            "mask asked as if it were one truth value",
            attend_if_mask,
            "Right without a mask. But `if mask:` asks an array whether it is true, and an array "
            "has many answers. Ask whether there is one: if mask is not None.",
            telling=True,
        ),
        Mistake(
            "a mask is expected always",
            attend_needs_mask,
            "Right with a mask. Without one, mask is None, and None times a number is nothing: "
            "use it only if mask is not None.",
            telling=True,
        ),
        Mistake(
            "None hides everything",
            attend_none_hides,
            "Right with a mask. Without one, mask is None, and where(None, …) counts as False "
            "everywhere: use it only if mask is not None.",
        ),
        Mistake(
            "all axes turned round",
            attend_transposed,
            "Right for one sequence, but .T (or transpose without axes) turns round all axes of "
            "the keys, batches too. Swap the last two only: swapaxes(key, -1, -2).",
            telling=True,
        ),
        Mistake(
            "returns (weights, output)",
            attend_weights_first,
            "Both are right, in the wrong order: return output first, then weights.",
        ),
        Mistake(
            "divided by d",
            variant(scale=lambda query, value: query.shape[-1]),
            "Your scores are divided by d. Divide by √d, and once: attention_scores has done it "
            "already.",
        ),
        Mistake(
            "no softmax",
            attend_without_softmax,
            "You mix the values by the scores themselves. Turn the scores into weights with the "
            "softmax first.",
        ),
        Mistake(
            "softmax over all entries",
            variant(axis=(-2, -1)),
            "All your weights together sum to 1. Every query shares out its own attention: each "
            "row must sum to 1.",
        ),
        Mistake(
            "scores + mask",
            variant(hide=lambda scores, mask: scores + mask, after=as_they_are),
            "You add the mask to the scores, and True counts as 1. That hardly hides anything: "
            "where the mask is False, put a large negative number.",
        ),
        Mistake(
            "no maximum subtracted",
            attend_without_maximum,
            "Right for small scores, but the exponential of a large one is infinity. Use the "
            "softmax that subtracts each row's maximum.",
        ),
    ),
)


# --- causal_mask -----------------------------------------------------------------------------


def causal_cases(rng):
    lengths = rng.choice([3, 5, 7, 11, 13, 17], size=3, replace=False)
    several = [Case("several tokens", {"length": int(length)}) for length in lengths]
    return [*several, Case("a single token", {"length": 1})]


CAUSAL_MASK = Exercise(
    id="causal_mask",
    title="No looking ahead",
    points=1,
    reference=reference.causal_mask,
    cases=causal_cases,
    outputs={"mask": "N N"},
    hints=(
        "Query i may see key j when j is not later than i. Can you ask that of all pairs at once?",
        "positions (N, 1) compared with positions (1, N) broadcast to (N, N). Which of the two is "
        "the query?",
        "p = arange(length);  return p[:, None] >= p[None, :]",
    ),
    mistakes=(
        Mistake(
            "upper triangle",
            lambda length: np.triu(np.ones((length, length), dtype=bool)),
            "This lets each token see what comes after it. Rows are queries: row i may be True "
            "only in columns up to i, the lower triangle.",
        ),
        Mistake(
            "upper triangle without the diagonal",
            lambda length: np.triu(np.ones((length, length), dtype=bool), 1),
            "This marks what is to be hidden. Here True means may attend: the lower triangle, with "
            "its diagonal.",
        ),
        Mistake(
            "diagonal excluded",
            lambda length: np.tril(np.ones((length, length), dtype=bool), -1),
            "A token may see itself: include the diagonal. Without it the first token would see "
            "nothing at all.",
        ),
        Mistake(
            "0/1 floats",
            lambda length: np.tril(np.ones((length, length), dtype="float32")),
            "The pattern is right, the type is not: make it bool. With numbers nobody can tell "
            "whether 1 means may attend, or is to be added to a score, and ~mask fails.",
        ),
        Mistake(
            "0/1 integers",
            lambda length: np.tril(np.ones((length, length), dtype="int32")),
            "The pattern is right, the type is not: make it bool. With numbers nobody can tell "
            "whether 1 means may attend, or is to be added to a score, and ~1 is -2, not False.",
        ),
        Mistake(
            "0/-inf to be added",
            lambda length: np.where(np.tril(np.ones((length, length))), 0, -np.inf),
            "This is what some libraries add to the scores. Our masks are boolean: True where a "
            "query may attend.",
        ),
        Mistake(
            "0/-1e9 to be added",
            lambda length: np.where(np.tril(np.ones((length, length))), 0, -1e9),
            "This is what some libraries add to the scores. Our masks are boolean: True where a "
            "query may attend.",
        ),
        Mistake(
            "everything allowed",
            lambda length: np.ones((length, length), dtype=bool),
            "This hides nothing. A query may not see the keys after its own position.",
        ),
    ),
)


# --- padding_mask ----------------------------------------------------------------------------


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


def padding(lengths, max_length):
    return (np.arange(max_length) < lengths[:, None])[:, None, :]


PADDING_MASK = Exercise(
    id="padding_mask",
    title="Not everything is a token",
    points=1,
    reference=reference.padding_mask,
    cases=padding_cases,
    outputs={"mask": "B 1 N"},
    hints=(
        "Position j of a sequence holds a token when j is smaller than the sequence's length.",
        "positions (1, N) against lengths (B, 1) give (B, N); one more axis in the middle makes "
        "(B, 1, N), one row of keys for all queries.",
        "p = arange(max_length);  return (p[None, :] < lengths[:, None])[:, None, :]",
    ),
    mistakes=(
        Mistake(
            "padding in front",
            lambda lengths, max_length: padding(lengths, max_length)[..., ::-1],
            "You put the padding in front. Here sequences start at position 0 and are filled up "
            "at the end: True where the position is smaller than the length.",
        ),
        Mistake(
            "True on padding",
            lambda lengths, max_length: ~padding(lengths, max_length),
            "This is True on the padding. Here True means may attend: the tokens, not what fills "
            "up behind them.",
        ),
        Mistake(
            "off by one: <=",
            lambda lengths, max_length: padding(lengths + 1, max_length),
            "One position too many in each sequence. Positions count from 0, so a sequence of "
            "length 3 has tokens at 0, 1 and 2: use <, not <=.",
        ),
        Mistake(
            "off by one: one token too few",
            lambda lengths, max_length: padding(lengths - 1, max_length),
            "One token is missing in each sequence. Positions count from 0, so a sequence of "
            "length 3 has tokens at 0, 1 and 2.",
        ),
        Mistake(
            "shape (B, N)",
            lambda lengths, max_length: padding(lengths, max_length)[:, 0],
            "The entries are right, the shape is (B, N). Against scores (B, Nq, Nk) the batch "
            "would line up with the queries: make it (B, 1, N).",
        ),
        Mistake(
            "shape (B, N, 1)",
            lambda lengths, max_length: np.swapaxes(padding(lengths, max_length), 1, 2),
            "The new axis is in the wrong place: (B, N, 1) hides queries. Keys are the last axis "
            "of the scores, so make it (B, 1, N).",
        ),
        Mistake(
            "shape (1, B, N)",
            lambda lengths, max_length: np.swapaxes(padding(lengths, max_length), 0, 1),
            "The new axis is in front. The batch comes first in the scores (B, Nq, Nk), and one "
            "row of keys serves all queries: make it (B, 1, N).",
        ),
        Mistake(
            "0/1 floats",
            lambda lengths, max_length: padding(lengths, max_length).astype("float32"),
            "The pattern is right, the type is not: our masks are bool, True where a query may "
            "attend.",
        ),
        Mistake(
            "0/1 integers",
            lambda lengths, max_length: padding(lengths, max_length).astype("int32"),
            "The pattern is right, the type is not: our masks are bool, True where a query may "
            "attend.",
        ),
    ),
)


# --- reversal_queries_keys -------------------------------------------------------------------


def reversal_cases(rng):
    lengths = (5, int(rng.choice([7, 11, 13, 17, 19, 23])), 67)
    shows = ("five tokens", "another length", "a long sequence")
    return [Case(s, {"length": n}) for s, n in zip(shows, lengths, strict=True)]


def watch_reversal(inputs, arrays):
    """See what attention does with the queries and keys: where each query looks, and whether the
    values come out reversed. Any width and any scores that do it are right."""
    length, query, key = inputs["length"], arrays["query"], arrays["key"]
    if query.ndim != 2 or query.shape != key.shape or len(query) != length:
        only_length = query.ndim == 2 and query.shape == key.shape
        raise Unusable(
            "unfit" if only_length else "shape",
            f"For length {length}, query and key should both have shape ({length}, d) with one d. "
            f"Yours have {query.shape} and {key.shape}.",
        )
    values = np.cos(np.arange(length)[:, None] * [1.0, 2.0, 3.0]).astype("float32")
    output, weights = by_hand(query.astype("float32"), key.astype("float32"), values)
    error = np.abs(output - values[::-1]).max()
    return {
        "where each query looks": weights.argmax(axis=-1),
        "error below 0.001": np.array(bool(error < 1e-3)),
    }


def one_hot(length, strength, wanted):
    """Keys along the axes, and queries that want the keys at the given positions."""
    key = np.eye(length, dtype="float32")
    return strength * key[wanted], key


def reversal_mistake(wanted, strength):
    def solution(length, sharpness=50.0):
        return one_hot(length, strength(length, sharpness), wanted(length))

    return solution


def backwards(length):
    return np.arange(length)[::-1]


def enough(length, sharpness):
    return np.float32(sharpness * length**0.5)


ONLY_ONE_LENGTH = (
    "These queries and keys always have the same length. Build them from the argument length."
)

REVERSAL = Exercise(
    id="reversal_queries_keys",
    title="Attention that turns a sequence round",
    points=2,
    reference=reference.reversal_queries_keys,
    cases=reversal_cases,
    outputs={"query": "N d", "key": "N d"},
    observe=watch_reversal,
    hints=(
        "Give each position a key of its own that no other resembles. Query 0 should want the last "
        "key, query 1 the one before it.",
        "With d = N, one-hot vectors do: key is the identity matrix (N, N), query the same with "
        "its rows turned round, times a factor.",
        "key = eye(length);  query = sharpness * sqrt(length) * key[::-1].  The √d comes back out "
        "when attention divides by it.",
    ),
    mistakes=(
        Mistake(
            "identity instead of reversal",
            reversal_mistake(np.arange, enough),
            "Each query finds its own position, so the sequence comes out as it went in. Query i "
            "should want key N - 1 - i: turn the rows of one of the two round.",
        ),
        Mistake(
            "not sharp enough",
            reversal_mistake(backwards, lambda length, sharpness: 1.0),
            "Each query likes the right key best, but not by enough: the others still mix in. Make "
            "the winning score larger by a factor, and remember that attention divides by √d.",
        ),
        Mistake(
            "√d forgotten",
            reversal_mistake(backwards, lambda length, sharpness: np.float32(sharpness)),
            "Sharp enough for short sequences, not for long ones: attention divides the scores by "
            "√d, and your d grows with the length. Multiply by √d first.",
        ),
        Mistake(
            "only for one length",
            lambda length, sharpness=50.0: one_hot(5, 400.0, backwards(5)),
            ONLY_ONE_LENGTH,
        ),
        Mistake(
            "only for one length",
            lambda length, sharpness=50.0: one_hot(4, 400.0, backwards(4)),
            ONLY_ONE_LENGTH,
        ),
        Mistake(
            "all queries want the last key",
            reversal_mistake(lambda length: np.full(length, length - 1), enough),
            "All your queries want the same key, the last one. Query 1 should want the one before "
            "it, and so on.",
        ),
    ),
)


# --- is_permutation_equivariant --------------------------------------------------------------
# The student writes the test, so the cases are layers: some are equivariant, some only look so.
# What the true ones return is exact or far from zero, so that any sensible tolerance accepts it.


def attention_layer(x, rng, positions=0.0):
    width = x.shape[-1]
    x = x + positions * normal(rng, *x.shape[1:])
    query, key = (x @ normal(rng, width, width) for _ in range(2))
    return by_hand(query, key, 1.5 + 0.5 * np.sin(x))[0]


def mean_layer(x, rng, positions=0.0):
    return np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape) + positions * normal(
        rng, *x.shape[1:]
    )


def weighted_sum(x):
    return np.einsum("bnd,n->bd", x, np.arange(x.shape[1], dtype="float32"))[:, None]


def dropout_layer(x, rng):
    return np.maximum(x, 0) * np.random.default_rng().choice([0.0, 2.0], size=x.shape) + 1


LAYERS = {
    "attention": attention_layer,
    "attention with positions": lambda x, rng: attention_layer(x, rng, positions=2.0),
    "each token alone": lambda x, rng: np.maximum(x, 0) + 1,
    "running sum": lambda x, rng: np.cumsum(x, axis=1),
    "sequences mixed": lambda x, rng: x + np.einsum("bnd,b->nd", x, np.arange(len(x)) + 1),
    "neighbours": lambda x, rng: x + np.roll(x, 1, axis=1) + np.roll(x, -1, axis=1),
    "mean": mean_layer,
    "mean with positions": lambda x, rng: mean_layer(x, rng, positions=2.0),
    "weighted sum": lambda x, rng: np.repeat(weighted_sum(x), x.shape[1], axis=1),
    "each token alone, again": lambda x, rng: 3 * x,
    "dropout left on": dropout_layer,
}
GROUPS = {
    "attention, without and with positions": ("attention", "attention with positions"),
    "a layer for each token, and a running sum": ("each token alone", "running sum"),
    "mixing a batch's sequences, and mixing neighbours": ("sequences mixed", "neighbours"),
    "the same for all tokens": ("mean", "mean with positions", "weighted sum"),
    "a layer without and with dropout left on": ("each token alone, again", "dropout left on"),
}


def equivariance_cases(rng):
    cases = []
    for shows, group in GROUPS.items():
        for name in group:
            tokens = rng.integers(-16, 17, size=(7, 11, 5)).astype("float32") / 8  # sums are exact
            seed = int(rng.integers(2**31))
            inputs = {"layer": name, "tokens": tokens, "seed": seed}
            cases.append(Case(shows, inputs, label=f"the layer '{name}'"))
    return cases


def run_test(solution, inputs):
    """Hand the student's test a layer. It answers with what it was given: an array or a tensor."""

    def layer(x):
        array = ops.convert_to_numpy(x)
        result = LAYERS[inputs["layer"]](array, np.random.default_rng(inputs["seed"]))
        result = np.array(result, dtype="float32")
        return result if isinstance(x, np.ndarray) else ops.convert_to_tensor(result)

    rng = np.random.default_rng(inputs["seed"] + 1)
    return call(solution, {"layer": layer, "tokens": inputs["tokens"], "rng": rng})


def near(first, second):
    return bool(np.allclose(first, second, rtol=1e-3, atol=1e-4))


def tests_invariance(layer, tokens, rng):
    return near(layer(tokens[:, rng.permutation(tokens.shape[1])]), layer(tokens))


def compares_to_unpermuted(layer, tokens, rng):
    return near(layer(tokens)[:, rng.permutation(tokens.shape[1])], layer(tokens))


def test_with(order, axis=1, equal=near):
    """A test that permutes along an axis by order(length, rng)."""

    def solution(layer, tokens, rng):
        tokens = np.asarray(tokens)
        permutation = order(tokens.shape[axis], rng)
        before = layer(np.take(tokens, permutation, axis))
        return equal(before, np.take(layer(tokens), permutation, axis))

    return solution


def two_permutations(layer, tokens, rng):
    count = tokens.shape[1]
    before = layer(tokens[:, np.roll(np.arange(count), 1)])
    return near(before, layer(tokens)[:, np.roll(np.arange(count), -1)])


def not_itself(length, rng):
    return np.roll(np.arange(length), 1)


EQUIVARIANT = Exercise(
    id="is_permutation_equivariant",
    title="A test for order",
    points=3,
    reference=reference.is_permutation_equivariant,
    cases=equivariance_cases,
    outputs={"verdict": ""},
    driver=run_test,
    hints=(
        "Two ways lead from tokens to a permuted result: permute first and then apply the layer, "
        "or apply the layer and then permute. When is a layer equivariant?",
        "order = rng.permutation(N), with N = tokens.shape[1]; tokens[:, order] permutes the "
        "tokens and leaves batch and features alone.",
        "before = np.array(layer(tokens[:, order]));  after = np.array(layer(tokens))[:, order];  "
        "return bool(np.allclose(before, after, atol=1e-4))",
    ),
    mistakes=(
        Mistake(
            "tests invariance instead",
            tests_invariance,
            "You ask whether the result stays the same when the tokens are permuted: that is "
            "invariance. Equivariant means that the result is permuted in the same way.",
        ),
        Mistake(
            "compares to the unpermuted output",
            compares_to_unpermuted,
            "You permute the result and compare it with the result itself. The layer must also "
            "see permuted tokens: compare layer(tokens[:, order]) with layer(tokens)[:, order].",
        ),
        Mistake(
            "permutes features",
            test_with(lambda length, rng: rng.permutation(length), axis=2),
            "You permute the features of each token. The tokens are axis 1: tokens[:, order].",
        ),
        Mistake(
            "permutes batch",
            test_with(not_itself, axis=0),
            "You permute the sequences of the batch, which hardly any layer notices. The tokens "
            "are axis 1: tokens[:, order].",
        ),
        Mistake(
            "uses the identity permutation",
            test_with(lambda length, rng: np.arange(length)),
            "Your permutation leaves every token where it is, so any layer passes. Draw one: "
            "rng.permutation(tokens.shape[1]).",
        ),
        Mistake(
            "exact equality on floats",
            test_with(lambda length, rng: rng.permutation(length), equal=np.array_equal),
            "Adding the same numbers in another order changes their last digits, so a right layer "
            "fails your test. Compare with a tolerance: allclose(…, atol=1e-4).",
        ),
        Mistake(
            "another permutation on each side",
            two_permutations,
            "You permute the tokens in one order and the result in another: two draws, or an order "
            "and its inverse. Draw order once and use it on both sides.",
        ),
        Mistake(
            "always True",
            lambda layer, tokens, rng: True,
            "Your test calls every layer equivariant. Attention with positions, for one, is not.",
        ),
        Mistake(
            "always False",
            lambda layer, tokens, rng: False,
            "Your test calls no layer equivariant. Attention without positions is.",
        ),
        Mistake(
            "only one special order",
            test_with(lambda length, rng: np.arange(length)[::-1]),
            "Your permutation is a special one, such as turning round or shifting. A layer that "
            "mixes neighbours passes it. Draw any order: rng.permutation(tokens.shape[1]).",
        ),
    ),
)

EXERCISES = (
    SOFTMAX,
    ATTENTION_SCORES,
    ATTEND,
    CAUSAL_MASK,
    PADDING_MASK,
    REVERSAL,
    EQUIVARIANT,
)
