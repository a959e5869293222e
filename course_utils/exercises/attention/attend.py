"""Exercise `attend`: attention, whole, with its mask."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.attention.attention_scores import BUILT_IN_ATTENTION
from course_utils.exercises.attention.by_hand import (
    as_they_are,
    attend_hidden_not_enough,
    attend_if_mask,
    attend_needs_mask,
    attend_none_hides,
    attend_transposed,
    attend_weights_at_key,
    attend_weights_first,
    attend_without_maximum,
    attend_without_softmax,
    hide_finite,
    hide_infinite,
    variant,
    zero_hidden,
)
from course_utils.exercises.draw import normal
from course_utils.reference import attention as reference


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


ATTEND = Exercise(
    id="attend",
    title="Attention, whole",
    points=4,
    reference=reference.attend,
    cases=attend_cases,
    outputs={"output": "… Nq dv", "weights": "… Nq Nk"},
    forbidden=BUILT_IN_ATTENTION | {f"{reference.__name__}.mix_values"},
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
