"""Exercise `MultiHeadAttention`: attention with numbers of its own, as a layer."""

import numpy as np
from keras import layers, ops  # noqa: F401  mistakes use ops

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.inputs import (
    ROLES,
    SMALL,
    draw_params,
    hiding,
    padding,
)
from course_utils.exercises.multi_head_attention.multi_head_attention import BUILT_IN_HEADS
from course_utils.exercises.multi_head_attention.watch_layer import OUTPUTS, asked, watch_layer
from course_utils.reference import multi_head_attention as reference
from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import mask_for_heads, merge_heads, split_heads


class MultiHeadAttention(layers.Layer):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.query_dense = layers.Dense(dim)
        self.key_dense = layers.Dense(dim)
        self.value_dense = layers.Dense(dim)
        self.output_dense = layers.Dense(dim)

    def call(self, query, value=None, mask=None, return_weights=False):
        value = query if value is None else value
        queries = self.query_dense(query)
        keys = self.key_dense(value)
        values = self.value_dense(value)
        heads = [split_heads(x, self.num_heads) for x in (queries, keys, values)]
        output, weights = attend(*heads, mask_for_heads(mask))
        output = self.output_dense(merge_heads(output))
        return (output, weights) if return_weights else output


def layer_cases(rng):
    def case(shows, asks="output", *, value=None, heads=3, mask=None, shapes=""):
        inputs = {"asks": asks, "dim": 15, "num_heads": heads, "query": normal(rng, 3, 7, 15)}
        if value:
            inputs["value"] = normal(rng, 3, value, 15)
        if mask is not None:
            inputs["mask"] = mask
        return Case(shows, {**inputs, **draw_params(rng, 15)}, shapes=shapes)

    return [
        case("self-attention"),
        case("self-attention", mask=np.tri(7, dtype=bool)),
        case("cross-attention", value=7),
        case("cross-attention", value=11, heads=5),
        case("a mask", value=11, mask=hiding(rng, 3, 7, 11)),
        case("a mask", value=11, heads=5, mask=padding(rng, 3, 11)),
        case(
            "the pair of output and weights",
            "weights",
            value=11,
            heads=5,
            mask=hiding(rng, 1, 7, 11),
        ),
        case("a layer called twice", "state", value=11),
        case(
            "a part of a model",
            "model",
            value=11,
            shapes="query (None, 7, 15), value (None, 11, 15), for how many sequences there are "
            "is not known before there is data",
        ),
    ]


def rung(label, asks, inputs):
    return by_hand(label, asks=asks, dim=2, num_heads=2, **inputs)


LADDER = (
    rung("2 heads, a query and two values:", "output", SMALL[0]),
    rung("2 heads, return_weights, a mask for each sequence:", "weights", SMALL[1]),
    rung("2 heads, one mask for all sequences:", "output", SMALL[2]),
    rung("a layer called twice", "state", {"query": SMALL[0]["query"]}),
)

DENSES = "".join(f"        self.{role}_dense = layers.Dense(dim)\n" for role in ROLES)
START = "        value = query"
VALUE = "query if value is None else value"
KEY_FROM_QUERY = ("key_dense(value)", "key_dense(query)")
NO_OUTPUT_PROJECTION = ("self.output_dense(merge_heads(output))", "merge_heads(output)")
SPLIT = "split_heads(x, self.num_heads)"
MASK = "mask_for_heads(mask)"
RETURNED = "(output, weights) if return_weights else output"
MADE_IN_CALL = (
    "The layers that make your projections are new at every call, and random: nothing can be "
    "learned, or saved. Make them once, in __init__, as attributes of self, and only use them in "
    "call."
)
VALUE_NEEDED = (
    "Right when there is a value. Without one, value is None, and stands for the query itself: "
    "value = query if value is None else value."
)

LAYER = Exercise(
    id="MultiHeadAttention",
    title="Attention as a layer",
    points=3,
    reference=reference.MultiHeadAttention,
    answer=MultiHeadAttention,
    cases=layer_cases,
    ladder=LADDER,
    outputs=OUTPUTS,
    driver=watch_layer,
    observe=asked,
    forbidden=BUILT_IN_HEADS,
    seconds=30.0,
    hints=(
        "It is multi_head_attention again. Where that took a kernel and a bias out of params, here "
        "is a Dense layer that owns both: self.query_dense(query).",
        "self.query_dense(query) (B, Nq, D) -> split_heads -> (B, h, Nq, d). Keys and values come "
        "from value (B, Nk, D), which is the query where it is None. attend, merge_heads, "
        "self.output_dense -> (B, Nq, D).",
        "In call, first: what is value where it is None? Then your multi_head_attention, line by "
        "line, with self.…_dense(…) for each product with a kernel. At the end one if: the output "
        "alone, or the pair.",
    ),
    mistakes=(
        edited(
            "sublayers created in call",
            *((f"self.{role}_dense(", "layers.Dense(query.shape[-1])(") for role in ROLES),
        )(MADE_IN_CALL),
        edited(
            "sublayers created in call",
            (DENSES, ""),
            (START, DENSES.replace("dim", "query.shape[-1]") + START),
        )(MADE_IN_CALL),
        edited("value ignored", (VALUE, "query"))(
            "Right for self-attention. But where a value is given, keys and values are made from "
            "it: self.key_dense(value) and self.value_dense(value)."
        ),
        edited("value needed", (VALUE, "value"), telling=r"\bNone\b")(VALUE_NEEDED),
        edited(
            "value asked as if it were one truth value",
            (VALUE, "value or query"),
            telling=r"truth value.*code:.*\bor\b",
        )(
            "Right without a value. But `if value` and `value or query` ask an array whether it "
            "is true, and an array has many answers. Ask: if value is None."
        ),
        edited("key from query in cross-attention", KEY_FROM_QUERY)(
            "Right for self-attention. But the keys are made from value: it is what is looked at."
        ),
        edited(
            "query and value exchanged",
            ("query_dense(query)", "query_dense(value)"),
            KEY_FROM_QUERY,
            ("value_dense(value)", "value_dense(query)"),
        )(
            "Right for self-attention. In cross-attention the roles are exchanged: query asks, "
            "and keys and values are made from value."
        ),
        edited(
            "one projection for all three",
            ("key_dense(value)", "query_dense(value)"),
            ("value_dense(value)", "query_dense(value)"),
        )("Queries, keys and values all come out of query_dense. Each has a layer of its own."),
        edited("one projection for keys and values", ("value_dense(value)", "key_dense(value)"))(
            "Keys and values both come out of key_dense. Each has a layer of its own."
        ),
        edited(
            "key_dense and value_dense exchanged",
            ("keys = self.key", "keys = self.value"),
            ("values = self.value", "values = self.key"),
        )(
            "key_dense makes your values and value_dense your keys. Whoever loads trained numbers "
            "into this layer goes by the names."
        ),
        edited("values not projected", ("self.value_dense(value)", "value"))(
            "You mix the tokens of value as they are. Let value_dense project them first."
        ),
        edited(
            "no projection at all",
            ("self.query_dense(query)", "query"),
            ("self.key_dense(value)", "value"),
            ("self.value_dense(value)", "value"),
            NO_OUTPUT_PROJECTION,
        )(
            "None of your four Dense layers is used, so this layer has nothing to learn. Project "
            "query and value first, and the merged heads last."
        ),
        edited("no output projection", NO_OUTPUT_PROJECTION)(
            "The merged heads come out as they are. The last step is missing: output_dense, which "
            "lets the heads' results mix."
        ),
        edited("no biases", (DENSES, DENSES.replace("dim", "dim, use_bias=False")))(
            "Your Dense layers have no bias. Leave them as they were given, Dense(dim)."
        ),
        edited("mask ignored", (MASK, "None"))(
            "The mask changes nothing yet. Hand it to attend, with an axis for the heads."
        ),
        edited(
            "mask polarity inverted", (MASK, f"None if mask is None else ops.logical_not({MASK})")
        )(
            "You hide what should be seen: True means may attend. Hand the mask to attend as it "
            "is, with an axis for the heads."
        ),
        edited("mask not broadcast over heads", (MASK, "mask"))(
            "Right without a mask. With one, its batch axis meets the heads' axis of the scores: "
            "an error, or the wrong mask where there are as many sequences as heads. Give it an "
            "axis for the heads: mask_for_heads does."
        ),
        edited(
            "mask without batch, or no mask, not thought of",
            (MASK, "mask[:, None]"),
            telling=r"(None|broadcast|shape).*code:.*mask",
        )(
            "Right with a mask of three axes. But it may be None, and it may lack the batch axis: "
            "mask_for_heads takes care of all three."
        ),
        edited("one head only", ("x, self.num_heads", "x, 1"))(
            "This is attention with a single head, D features wide. Split queries, keys and "
            "values into self.num_heads heads before attend."
        ),
        edited(
            "heads split by one reshape",
            (SPLIT, "ops.reshape(x, (x.shape[0], self.num_heads, x.shape[1], -1))"),
        )(
            "The heads are cut wrongly out of the projections: one reshape shares out tokens, not "
            "features. Use split_heads."
        ),
        *(
            edited(
                "heads merged by one reshape",
                ("merge_heads(output)", f"ops.reshape(output, {size})"),
            )(
                "Each head is right, but merging them went wrong: heads and tokens must change "
                "places before the reshape. Use merge_heads."
            )
            for size in ("query.shape", "ops.shape(query)")
        ),
        edited("not split at all", (SPLIT, "x"), (MASK, "mask"), ("merge_heads(output)", "output"))(
            "Queries, keys and values are not split: this is one attention, D features wide. Split "
            "them into heads before attend, and merge the heads after it."
        ),
        edited(
            "scaled by √D",
            ("self.query_dense(query)", "self.query_dense(query) / self.num_heads**0.5"),
        )(
            "You divide the scores by √D. A head's dot product adds up only d = D / h terms: "
            "divide by √d, which attend does by itself."
        ),
        edited("return_weights ignored", (RETURNED, "output"))(
            "The output is right. With return_weights=True return the weights as well: the pair "
            "(output, weights)."
        ),
        edited("always returns the weights", (RETURNED, "output, weights"))(
            "All numbers are right. But return the weights only where return_weights is True: a "
            "layer that comes after this one expects the output alone."
        ),
        edited("returns (weights, output)", ("(output, weights)", "(weights, output)"))(
            "Both are right, in the wrong order: return output first, then weights."
        ),
        edited(
            "weights averaged over heads",
            ("(output, weights)", "(output, ops.mean(weights, axis=1))"),
        )(
            "The output is right. The weights should be those of each head, (B, h, Nq, Nk): "
            "return them as attend gave them."
        ),
        edited(
            "NumPy in call",
            ("split_heads(x", "split_heads(ops.convert_to_numpy(x)"),
            telling=r"(?i)numpy|symbolic|KerasTensor|Tracer",
        )(
            "The numbers are right, but the layer cannot be part of a model and cannot learn: "
            "what passes through NumPy leaves no trace for the gradient. Use keras.ops in call."
        ),
        edited(
            "a layer that does not learn",
            ("query_dense = layers.Dense(dim", "query_dense = layers.Dense(dim, trainable=False"),
        )(
            "The numbers are right, but not all of its kernels are trainable. Leave the Dense "
            "layers as they were given, and let every projection have its part in the output."
        ),
    ),
)
