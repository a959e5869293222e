"""Exercise `multi_head_attention`: project, split, attend, merge, project."""

import numpy as np

from course_utils.checking.driver import Unusable, call
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.attention.by_hand import as_they_are
from course_utils.exercises.attention.by_hand import variant as attend_variant
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention import wrong_attention as wrong
from course_utils.exercises.multi_head_attention.by_hand import (
    by_hand,
    draw_params,
    pack,
    padding,
    room_for_heads,
    some_hidden,
    variant,
    without_biases,
)
from course_utils.exercises.multi_head_attention.merge_heads import (
    in_one_reshape as merged_in_one_reshape,
)
from course_utils.exercises.multi_head_attention.split_heads import in_one_reshape, interleaved
from course_utils.reference import multi_head_attention as reference

BUILT_IN_HEADS = frozenset({"keras.layers.MultiHeadAttention", "keras.layers.GroupQueryAttention"})


def attention_cases(rng):
    def case(shows, *, value=None, heads=3, batch=2, mask=None):
        query = normal(rng, batch, 7, 15)
        inputs = {
            "query": query,
            "value": query.copy() if value is None else normal(rng, batch, value, 15),
            "num_heads": heads,
            **draw_params(rng, 15),
        }
        return Case(shows, inputs if mask is None else {**inputs, "mask": mask})

    return [
        case("self-attention"),
        case("cross-attention", value=7),
        case("cross-attention", value=11, heads=5),
        case("a mask for each sequence", value=11, mask=some_hidden(rng, 2, 7, 11)),
        case("as many sequences as heads", batch=3, mask=some_hidden(rng, 3, 7, 7)),
        case("a padding mask, one row for all queries", value=11, mask=padding(rng, 2, 11)),
        case("one mask for all sequences", mask=np.tri(7, dtype=bool)),
        case("one mask for all sequences", value=11, mask=some_hidden(rng, 1, 7, 11)),
    ]


def call_with_params(solution, inputs):
    """Call a solution with the kernels and biases in a dictionary, which has to stay as it is."""
    params = pack(inputs)
    given = {"query": inputs["query"], "value": inputs["value"], "params": params}
    given["num_heads"] = inputs["num_heads"]
    if "mask" in inputs:
        given["mask"] = inputs["mask"]
    result = call(solution, given)
    before = pack(inputs)
    same = params.keys() == before.keys()
    if not same or any(params[role][i] is not before[role][i] for role in before for i in (0, 1)):
        raise Unusable("unfit", DICTIONARY)
    return result


DICTIONARY = (
    "Your function changes the dictionary params that it is given: whoever calls it a second time "
    "gets other numbers. Leave it as it is, and keep what you need in variables of your own."
)


HEADS_AVERAGED = (
    "You average the heads, and what tells them apart is lost. Put their features side by side "
    "with merge_heads: D of them, which the output projection then mixes."
)
WRONG_SPLIT = (
    "The projections are right, but the heads are cut wrongly out of them. Use split_heads: head i "
    "has the columns i·d to (i + 1)·d - 1, for all tokens."
)
INVERTED = (
    "You hide what should be seen: True means may attend. Hand the mask to attend as it is, with "
    "an axis for the heads."
)

ATTENTION = Exercise(
    id="multi_head_attention",
    title="Several attentions side by side",
    points=4,
    reference=reference.multi_head_attention,
    cases=attention_cases,
    outputs={"output": "B Nq D", "weights": "B h Nq Nk"},
    driver=call_with_params,
    forbidden=BUILT_IN_HEADS,
    hints=(
        "Five steps: project, split, attend, merge, project. You have a function for all but the "
        "projections, and these are a matrix product and a sum.",
        "query @ kernel + bias (B, Nq, D) -> split_heads (B, h, Nq, d); the same for key and "
        "value, both from value, with Nk. attend -> (B, h, Nq, d) -> merge_heads (B, Nq, D) -> "
        "@ kernel + bias of the output. A mask (B, Nq, Nk) becomes (B, 1, Nq, Nk).",
        "q, k, v = (split_heads(x @ params[n][0] + params[n][1], num_heads) for x, n in [(query, "
        '"query"), (value, "key"), (value, "value")]);  mask = mask[:, None] if it has three axes; '
        'output, weights = attend(q, k, v, mask);  kernel, bias = params["output"];  '
        "return merge_heads(output) @ kernel + bias, weights",
    ),
    mistakes=(
        Mistake(
            "scaled by √D",
            variant(attend=wrong.over_root_of_all),
            "You divide the scores by √D. A head's dot product adds up only d = D / h terms: "
            "divide by √d, which attend does by itself when the heads are split.",
        ),
        Mistake(
            "not scaled",
            variant(attend=attend_variant(scale=lambda query, value: 1)),
            "The scores are not divided by √d. attend does it; so does attention_scores.",
        ),
        Mistake(
            "input split before projecting",
            wrong.input_split_first,
            "You split the tokens first and project each part with its own block of the kernel, so "
            "a head sees only its share of the input. Project all D features first, then split.",
        ),
        Mistake(
            "no output projection",
            variant(finish=wrong.untouched),
            "The merged heads are right. The last step is missing: the output kernel and bias, "
            "which let the heads' results mix.",
        ),
        Mistake(
            "key from query in cross-attention",
            variant(sources=(("query", "query"), ("query", "key"), ("value", "value"))),
            "Right for self-attention. But the keys are made from value: it is what is looked at, "
            "and it may have another number of tokens than query.",
        ),
        Mistake(
            "value ignored",
            variant(sources=(("query", "query"), ("query", "key"), ("query", "value"))),
            "Right for self-attention. But keys and values are made from the argument value; you "
            "make all three from query.",
        ),
        Mistake(
            "query and value exchanged",
            variant(sources=(("value", "query"), ("query", "key"), ("query", "value"))),
            "Right for self-attention. In cross-attention the roles are exchanged: query asks, and "
            "keys and values are made from value. The output has a row for each query.",
        ),
        Mistake(
            "value from query in cross-attention",
            variant(sources=(("query", "query"), ("value", "key"), ("query", "value"))),
            "Right for self-attention. But you project query to get the values: keys and values "
            "are both made from the argument value.",
        ),
        *(
            Mistake(
                "one projection for all three",
                variant(sources=wrong.same_for_all(role)),
                "Queries, keys and values all come through the same projection. Each has a kernel "
                'and bias of its own: params["query"], params["key"], params["value"].',
            )
            for role in ("query", "key", "value")
        ),
        Mistake(
            "projections of key and value exchanged",
            variant(sources=(("query", "query"), ("value", "value"), ("value", "key"))),
            'Keys are made with params["key"] and values with params["value"]; yours are '
            "exchanged.",
        ),
        Mistake(
            "projections of query and key exchanged",
            variant(sources=(("query", "key"), ("value", "query"), ("value", "value"))),
            'Queries are made with params["query"] and keys with params["key"]; yours are '
            "exchanged.",
        ),
        Mistake(
            "values not projected",
            variant(project=wrong.values_as_they_are),
            "The weights are right, but you mix the tokens of value as they are. Project them with "
            'params["value"] first.',
        ),
        Mistake(
            "mask not broadcast over heads",
            variant(room=lambda mask: mask),
            "Right without a mask. With one, its batch axis meets the heads' axis of the scores: "
            "an error, or the wrong mask where there are as many sequences as heads. Give it an "
            "axis for the heads: (B, Nq, Nk) becomes (B, 1, Nq, Nk).",
        ),
        Mistake(
            "an axis for the heads in a mask without batch",
            variant(room=lambda mask: mask[:, None]),
            "Right for a mask of three axes. One of shape (Nq, Nk) has no batch axis to put the "
            "heads behind: broadcast it to (B, Nq, Nk) first, or leave it alone.",
            telling=True,
        ),
        Mistake(
            "a mask is expected always",
            wrong.needs_mask,
            "Right with a mask. Without one, mask is None, which has no axes: change it only if "
            "mask is not None.",
            telling=True,
        ),
        Mistake(
            "mask asked as if it were one truth value",
            wrong.asks_mask,
            "Right without a mask. But `if mask:` asks an array whether it is true, and an array "
            "has many answers. Ask whether there is one: if mask is not None.",
            telling=True,
        ),
        Mistake(
            "mask ignored",
            variant(room=lambda mask: np.array(True)),
            "The mask changes nothing yet. Hand it to attend, with an axis for the heads.",
        ),
        Mistake(
            "mask polarity inverted", variant(room=lambda mask: room_for_heads(~mask)), INVERTED
        ),
        Mistake(
            "mask applied after softmax",
            variant(attend=attend_variant(hide=as_they_are)),
            "You set weights to zero after the softmax, so the rows no longer sum to 1. Hide the "
            "scores before the softmax; attend does it.",
        ),
        Mistake(
            "heads averaged instead of concatenated",
            variant(merge=wrong.mean_over_heads, finish=wrong.untouched),
            HEADS_AVERAGED,
        ),
        Mistake(
            "heads averaged instead of concatenated",
            variant(merge=wrong.mean_over_heads, finish=wrong.mean_projected),
            HEADS_AVERAGED,
        ),
        Mistake(
            "weights averaged over heads",
            wrong.weights_averaged,
            "The output is right. The weights should be those of each head, (B, h, Nq, Nk): return "
            "them as attend gave them.",
        ),
        Mistake(
            "one head only",
            lambda query, value, params, num_heads, mask=None: by_hand(
                query, value, params, 1, mask
            ),
            "This is attention with a single head, D features wide. Split queries, keys and values "
            "into num_heads heads before attend.",
        ),
        Mistake(
            "heads split by one reshape",
            variant(split=wrong.split_as(in_one_reshape)),
            WRONG_SPLIT,
        ),
        Mistake(
            "heads split by one reshape, and merged by one",
            variant(split=wrong.split_as(in_one_reshape), merge=merged_in_one_reshape),
            WRONG_SPLIT,
        ),
        Mistake("heads interleaved", variant(split=wrong.split_as(interleaved)), WRONG_SPLIT),
        Mistake(
            "heads merged by one reshape",
            variant(merge=merged_in_one_reshape),
            "Each head is right, but merging them went wrong: heads and tokens must change places "
            "before the reshape. Use merge_heads.",
        ),
        Mistake(
            "kernels transposed",
            variant(project=wrong.transposed, finish=wrong.transposed),
            "Your kernels are turned round. Here a kernel takes D features in its rows to D in its "
            "columns: x @ kernel, as in Keras' Dense, not x @ kernel.T.",
        ),
        Mistake(
            "biases forgotten",
            variant(project=without_biases, finish=without_biases),
            "Your projections have no bias. Each of the four is x @ kernel + bias.",
        ),
        Mistake(
            "biases of query, key and value forgotten",
            variant(project=wrong.biases_of_three_forgotten),
            "Only your output projection adds its bias. The other three are x @ kernel + bias too.",
        ),
        Mistake(
            "output bias forgotten",
            variant(finish=without_biases),
            'The last step lacks its bias: merged @ kernel + bias, with those of params["output"].',
        ),
        Mistake(
            "softmax over queries",
            variant(attend=attend_variant(axis=-2)),
            "Each column of your weights sums to 1. A query shares its attention among the keys, "
            "so each row must: softmax over the last axis, as attend does it.",
        ),
        Mistake(
            "returns (weights, output)",
            wrong.weights_first,
            "Both are right, in the wrong order: return output first, then weights.",
        ),
    ),
)
