"""Exercise `multi_head_attention`: project, split, attend, merge, project."""

from dataclasses import replace

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.attention.attend import attend
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.inputs import (
    SMALL,
    draw_params,
    hiding,
    pack,
    padding,
)
from course_utils.exercises.multi_head_attention.merge_heads import merge_heads
from course_utils.exercises.multi_head_attention.split_heads import split_heads
from course_utils.reference import multi_head_attention as reference

BUILT_IN_HEADS = frozenset({"keras.layers.MultiHeadAttention", "keras.layers.GroupQueryAttention"})


def multi_head_attention(query, value, params, num_heads, mask=None):
    def heads(x, role):
        kernel, bias = params[role]
        return split_heads(x @ kernel + bias, num_heads)

    queries, keys, values = heads(query, "query"), heads(value, "key"), heads(value, "value")
    if mask is not None and mask.ndim == 3:
        mask = mask[:, None]
    output, weights = attend(queries, keys, values, mask)
    kernel, bias = params["output"]
    return merge_heads(output) @ kernel + bias, weights


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
        case("a mask for each sequence", value=11, mask=hiding(rng, 2, 7, 11)),
        case("as many sequences as heads", batch=3, mask=hiding(rng, 3, 7, 7)),
        case("a padding mask, one row for all queries", value=11, mask=padding(rng, 2, 11)),
        case("one mask for all sequences", mask=np.tri(7, dtype=bool)),
        case("one mask for all sequences", value=11, mask=hiding(rng, 1, 7, 11)),
    ]


def call_with_params(solution, inputs):
    """Call a solution with the kernels and biases in a dictionary."""
    held = {**inputs, "params": pack(inputs)}
    names = ("query", "value", "params", "num_heads", "mask")
    return call(solution, {name: held[name] for name in names if name in held})


KEY_FROM_QUERY = ('heads(value, "key")', 'heads(query, "key")')
VALUE_FROM_QUERY = ('heads(value, "value")', 'heads(query, "value")')
OWN_BLOCK = "np.kron(np.eye(num_heads), np.ones([len(bias) // num_heads] * 2))"
PROJECTED = "merge_heads(output) @ kernel + bias"
MEAN = "output.mean(axis=1)"
SPLIT = "split_heads(x @ kernel + bias, num_heads)"
INTERLEAVED = "(x @ kernel + bias).reshape(*x.shape[:2], -1, num_heads).transpose(0, 3, 1, 2)"
SPLIT_BY_RESHAPE = (SPLIT, "np.reshape(x @ kernel + bias, (len(x), num_heads, x.shape[1], -1))")
MERGED_BY_RESHAPE = ("merge_heads(output)", "output.reshape(query.shape)")
NO_BIAS_IN = ("x @ kernel + bias", "x @ kernel")
NO_BIAS_OUT = ("(output) @ kernel + bias", "(output) @ kernel")
MIXED_ANEW = "\n    output = weights @ values"
HIDDEN_AFTERWARDS = (
    "values)\n    weights = weights if mask is None else weights * mask" + MIXED_ANEW
)
# The same as a softmax along the wrong axis: each key shares its attention among the queries.
OVER_QUERIES = (
    "attend(keys, queries, queries, mask if mask is None else np.swapaxes(mask, -1, -2))\n"
    "    weights = np.swapaxes(weights, -1, -2)" + MIXED_ANEW
)
ONE_PROJECTION = (
    "Queries, keys and values all come through the same projection. Each has a kernel and bias of "
    'its own: params["query"], params["key"], params["value"].'
)
HEADS_AVERAGED = (
    "You average the heads, and what tells them apart is lost. Put their features side by side "
    "with merge_heads: D of them, which the output projection then mixes."
)
WRONG_SPLIT = (
    "The projections are right, but the heads are cut wrongly out of them. Use split_heads: head i "
    "has the columns i·d to (i + 1)·d - 1, for all tokens."
)

ATTENTION = Exercise(
    id="multi_head_attention",
    title="Several attentions side by side",
    points=4,
    reference=reference.multi_head_attention,
    answer=multi_head_attention,
    cases=attention_cases,
    # In the second, a single key in place of two is broadcast by some back ends and not by others.
    ladder=tuple(
        replace(by_hand(num_heads=2, **inputs), corner=number == 1)
        for number, inputs in enumerate(SMALL)
    ),
    outputs={"output": "B Nq D", "weights": "B h Nq Nk"},
    driver=call_with_params,
    forbidden=BUILT_IN_HEADS,
    hints=(
        "Five steps: project, split, attend, merge, project. You have a function for all but the "
        "projections, and these are a matrix product and a sum.",
        "query @ kernel + bias (B, Nq, D) -> split_heads (B, h, Nq, d); the same for key and "
        "value, both from value, with Nk. attend -> (B, h, Nq, d) -> merge_heads (B, Nq, D) -> "
        "@ kernel + bias of the output. A mask (B, Nq, Nk) becomes (B, 1, Nq, Nk).",
        "A helper: (tokens, name) -> their projection with params[name], split into heads. Call it "
        "three times: which tokens for which name? Then attend(…, mask with its axis for the "
        "heads), merge_heads, and the fourth projection. The weights go out as they are.",
    ),
    mistakes=(
        edited("input split before projecting", ("x @ kernel", f"x @ (kernel * {OWN_BLOCK})"))(
            "You split the tokens first and project each part with its own block of the kernel, "
            "so a head sees only its share of the input. Project all D features first, then split."
        ),
        edited("scaled by √D", ("attend(queries", "attend(queries / num_heads**0.5"))(
            "You divide the scores by √D. A head's dot product adds up only d = D / h terms: "
            "divide by √d, which attend does by itself when the heads are split."
        ),
        edited("not scaled", ("attend(queries", "attend(queries * queries.shape[-1] ** 0.5"))(
            "The scores are not divided by √d. attend does it; so does attention_scores."
        ),
        edited("no output projection", (PROJECTED, "merge_heads(output)"))(
            "The merged heads are right. The last step is missing: the output kernel and bias, "
            "which let the heads' results mix."
        ),
        edited("key from query in cross-attention", KEY_FROM_QUERY)(
            "Right for self-attention. But the keys are made from value: it is what is looked at, "
            "and it may have another number of tokens than query."
        ),
        edited("value ignored", KEY_FROM_QUERY, VALUE_FROM_QUERY)(
            "Right for self-attention. But keys and values are made from the argument value; you "
            "make all three from query."
        ),
        edited(
            "query and value exchanged",
            ('(query, "query")', '(value, "query")'),
            KEY_FROM_QUERY,
            VALUE_FROM_QUERY,
        )(
            "Right for self-attention. In cross-attention the roles are exchanged: query asks, "
            "and keys and values are made from value. The output has a row for each query."
        ),
        edited("value from query in cross-attention", VALUE_FROM_QUERY)(
            "Right for self-attention. But you project query to get the values: keys and values "
            "are both made from the argument value."
        ),
        *(
            edited("one projection for all three", ("[role]", f'["{role}"]'))(ONE_PROJECTION)
            for role in ("query", "key", "value")
        ),
        edited(
            "projections of key and value exchanged",
            ('"key"), heads(value, "value")', '"value"), heads(value, "key")'),
        )(
            'Keys are made with params["key"] and values with params["value"]. Yours are exchanged '
            "here, or on their way into attend: query, key, value."
        ),
        edited(
            "projections of query and key exchanged",
            ('(query, "query"), heads(value, "key")', '(query, "key"), heads(value, "query")'),
        )(
            'Queries are made with params["query"] and keys with params["key"]; yours are '
            "exchanged."
        ),
        edited(
            "projections of value and output exchanged",
            ('heads(value, "value")', 'heads(value, "output")'),
            ('params["output"]', 'params["value"]'),
        )(
            'Values are made with params["value"], and the merged heads go through '
            'params["output"]; yours are exchanged.'
        ),
        edited("nothing projected", ("x @ kernel + bias", "x"), (PROJECTED, "merge_heads(output)"))(
            "Nothing is projected: params is not used. Queries, keys and values go through a "
            "kernel and bias each before the split, and the merged heads through the fourth."
        ),
        *(
            edited("a fixed number of heads", ("bias, num_heads", f"bias, {number}"))(
                "Right for one number of heads only. Take it from num_heads."
            )
            for number in (3, 5)
        ),
        edited("values not projected", ('heads(value, "value")', "split_heads(value, num_heads)"))(
            "The weights are right, but you mix the tokens of value as they are. Project them "
            'with params["value"] first.'
        ),
        edited("mask not broadcast over heads", ("mask[:, None]", "mask"))(
            "Right without a mask. With one, its batch axis meets the heads' axis of the scores: "
            "an error, or the wrong mask where there are as many sequences as heads. Give it an "
            "axis for the heads: (B, Nq, Nk) becomes (B, 1, Nq, Nk)."
        ),
        edited(
            "an axis for the heads in a mask without batch",
            (" and mask.ndim == 3", ""),
            telling=r"(broadcast|shape).*code:.*mask",
        )(
            "Right for a mask of three axes. One of shape (Nq, Nk) has no batch axis to put the "
            "heads behind: broadcast it to (B, Nq, Nk) first, or leave it alone."
        ),
        edited(
            "a mask is expected always", ("mask is not None and ", ""), telling=r"None.*code:.*mask"
        )(
            "Right with a mask. Without one, mask is None, which has no axes: change it only if "
            "mask is not None."
        ),
        edited(
            "mask asked as if it were one truth value",
            ("mask is not None", "mask"),
            telling=r"truth value.*code:.*mask",
        )(
            "Right without a mask. But `if mask:` asks an array whether it is true, and an array "
            "has many answers. Ask whether there is one: if mask is not None."
        ),
        edited("mask ignored", ("values, mask)", "values)"))(
            "The mask changes nothing yet. Hand it to attend, with an axis for the heads."
        ),
        edited(
            "mask polarity inverted", ("values, mask)", "values, mask if mask is None else ~mask)")
        )(
            "You hide what should be seen: True means may attend. Hand the mask to attend as it "
            "is, with an axis for the heads."
        ),
        edited("mask applied after softmax", ("values, mask)", HIDDEN_AFTERWARDS))(
            "You set weights to zero after the softmax, so the rows no longer sum to 1. Hide the "
            "scores before the softmax; attend does it."
        ),
        *(
            edited("heads averaged instead of concatenated", (PROJECTED, result))(HEADS_AVERAGED)
            for result in (MEAN, f"{MEAN} @ kernel[: output.shape[-1]] + bias")
        ),
        edited("weights averaged over heads", ("+ bias, weights", "+ bias, weights.mean(axis=1)"))(
            "The output is right. The weights should be those of each head, (B, h, Nq, Nk): "
            "return them as attend gave them."
        ),
        edited("one head only", ("bias, num_heads", "bias, 1"))(
            "This is attention with a single head, D features wide. Split queries, keys and "
            "values into num_heads heads before attend."
        ),
        edited(
            "not split at all",
            ("split_heads(x @ kernel + bias, num_heads)", "x @ kernel + bias"),
            ("mask = mask[:, None]", "pass"),
            ("merge_heads(output) @", "output @"),
        )(
            "Queries, keys and values are not split: this is one attention, D features wide. Split "
            "them into heads before attend, and merge the heads after it."
        ),
        edited("heads split by one reshape", SPLIT_BY_RESHAPE)(WRONG_SPLIT),
        edited(
            "heads split by one reshape, and merged by one", SPLIT_BY_RESHAPE, MERGED_BY_RESHAPE
        )(WRONG_SPLIT),
        edited("heads interleaved", (SPLIT, INTERLEAVED))(WRONG_SPLIT),
        edited("heads merged by one reshape", MERGED_BY_RESHAPE)(
            "Each head is right, but merging them went wrong: heads and tokens must change places "
            "before the reshape. Use merge_heads."
        ),
        edited(
            "kernels transposed",
            ("x @ kernel", "x @ kernel.T"),
            ("(output) @ kernel", "(output) @ kernel.T"),
        )(
            "Your kernels are turned round. Here a kernel takes D features in its rows to D in "
            "its columns: x @ kernel, as in Keras' Dense, not x @ kernel.T."
        ),
        edited("biases forgotten", NO_BIAS_IN, NO_BIAS_OUT)(
            "Your projections have no bias. Each of the four is x @ kernel + bias."
        ),
        edited("biases of query, key and value forgotten", NO_BIAS_IN)(
            "Only your output projection adds its bias. The other three are x @ kernel + bias too."
        ),
        edited("output bias forgotten", NO_BIAS_OUT)(
            'The last step lacks its bias: merged @ kernel + bias, with those of params["output"].'
        ),
        edited("softmax over queries", ("attend(queries, keys, values, mask)", OVER_QUERIES))(
            "Each column of your weights sums to 1. A query shares its attention among the keys, "
            "so each row must: softmax over the last axis, as attend does it."
        ),
        edited(
            "the pair of attend not taken apart",
            ("merge_heads(output)", "merge_heads((output, weights))"),
            telling=r"values\[0\]|inhomogeneous|tuple",
        )(
            "attend returns two things, output and weights, and you go on with the pair. Take it "
            "apart: output, weights = attend(…)."
        ),
        edited("returns (weights, output)", (f"{PROJECTED}, weights", f"weights, {PROJECTED}"))(
            "Both are right, in the wrong order: return output first, then weights."
        ),
    ),
)
