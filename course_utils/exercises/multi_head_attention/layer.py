"""Exercise `MultiHeadAttention`: attention with numbers of its own, as a layer."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention import wrong_layers as wrong
from course_utils.exercises.multi_head_attention.by_hand import draw_params, padding, some_hidden
from course_utils.exercises.multi_head_attention.multi_head_attention import BUILT_IN_HEADS
from course_utils.exercises.multi_head_attention.watch_layer import (
    OUTPUTS,
    watch_asked,
    watch_layer,
)
from course_utils.reference import multi_head_attention as reference


def layer_cases(rng):
    def case(shows, asks="output", *, value=None, heads=3, mask=None):
        inputs = {"asks": asks, "dim": 15, "num_heads": heads, "query": normal(rng, 3, 7, 15)}
        if value:
            inputs["value"] = normal(rng, 3, value, 15)
        if mask is not None:
            inputs["mask"] = mask
        return Case(shows, {**inputs, **draw_params(rng, 15)})

    return [
        case("self-attention"),
        case("self-attention", mask=np.tri(7, dtype=bool)),
        case("cross-attention", value=7),
        case("cross-attention", value=11, heads=5),
        case("a mask", value=11, mask=some_hidden(rng, 3, 7, 11)),
        case("a mask", value=11, heads=5, mask=padding(rng, 3, 11)),
        case(
            "the pair of output and weights",
            "weights",
            value=11,
            heads=5,
            mask=some_hidden(rng, 1, 7, 11),
        ),
        case("a layer called twice", "state", value=11),
        case("a part of a model", "model", value=11),
    ]


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
    cases=layer_cases,
    outputs=OUTPUTS,
    driver=watch_layer,
    observe=watch_asked,
    forbidden=BUILT_IN_HEADS,
    seconds=30.0,
    hints=(
        "It is multi_head_attention again. Where that took a kernel and a bias out of params, here "
        "is a Dense layer that owns both: self.query_dense(query).",
        "self.query_dense(query) (B, Nq, D) -> split_heads -> (B, h, Nq, d). Keys and values come "
        "from value (B, Nk, D), which is the query where it is None. attend, merge_heads, "
        "self.output_dense -> (B, Nq, D).",
        "value = query if value is None else value;  q, k, v = split_heads(self.query_dense("
        "query), self.num_heads), …;  output, weights = attend(q, k, v, mask_for_heads(mask));  "
        "output = self.output_dense(merge_heads(output));  "
        "return (output, weights) if return_weights else output",
    ),
    mistakes=(
        Mistake("sublayers created in call", wrong.MadeInCall, MADE_IN_CALL),
        Mistake("sublayers created in call", wrong.KeptInCall, MADE_IN_CALL),
        Mistake(
            "value ignored",
            wrong.ValueIgnored,
            "Right for self-attention. But where a value is given, keys and values are made from "
            "it: self.key_dense(value) and self.value_dense(value).",
        ),
        Mistake("value needed", wrong.ValueNeeded, VALUE_NEEDED, telling=True),
        Mistake(
            "value asked as if it were one truth value",
            wrong.ValueAsked,
            "Right without a value. But `if value` and `value or query` ask an array whether it is "
            "true, and an array has many answers. Ask: if value is None.",
            telling=True,
        ),
        Mistake(
            "key from query in cross-attention",
            wrong.KeyFromQuery,
            "Right for self-attention. But the keys are made from value: it is what is looked at.",
        ),
        Mistake(
            "query and value exchanged",
            wrong.Exchanged,
            "Right for self-attention. In cross-attention the roles are exchanged: query asks, and "
            "keys and values are made from value.",
        ),
        Mistake(
            "one projection for all three",
            wrong.OneProjection,
            "Queries, keys and values all come out of query_dense. Each has a layer of its own.",
        ),
        Mistake(
            "one projection for keys and values",
            wrong.KeyIsValue,
            "Keys and values both come out of key_dense. Each has a layer of its own.",
        ),
        Mistake(
            "key_dense and value_dense exchanged",
            wrong.KeyAndValueExchanged,
            "key_dense makes your values and value_dense your keys. Whoever loads trained numbers "
            "into this layer goes by the names.",
        ),
        Mistake(
            "values not projected",
            wrong.ValuesNotProjected,
            "You mix the tokens of value as they are. Let value_dense project them first.",
        ),
        Mistake(
            "no projection at all",
            wrong.NoProjection,
            "None of your four Dense layers is used, so this layer has nothing to learn. Project "
            "query and value first, and the merged heads last.",
        ),
        Mistake(
            "no output projection",
            wrong.NoOutputProjection,
            "The merged heads come out as they are. The last step is missing: output_dense, which "
            "lets the heads' results mix.",
        ),
        Mistake(
            "no biases",
            wrong.NoBias,
            "Your Dense layers have no bias. Leave them as they were given, Dense(dim).",
        ),
        Mistake(
            "mask ignored",
            wrong.MaskIgnored,
            "The mask changes nothing yet. Hand it to attend, with an axis for the heads.",
        ),
        Mistake(
            "mask polarity inverted",
            wrong.MaskInverted,
            "You hide what should be seen: True means may attend. Hand the mask to attend as it "
            "is, with an axis for the heads.",
        ),
        Mistake(
            "mask not broadcast over heads",
            wrong.MaskWithoutRoom,
            "Right without a mask. With one, its batch axis meets the heads' axis of the scores: "
            "an error, or the wrong mask where there are as many sequences as heads. Give it an "
            "axis for the heads: mask_for_heads does.",
        ),
        Mistake(
            "mask without batch, or no mask, not thought of",
            wrong.MaskNeeded,
            "Right with a mask of three axes. But it may be None, and it may lack the batch axis: "
            "mask_for_heads takes care of all three.",
            telling=True,
        ),
        Mistake(
            "one head only",
            wrong.OneHead,
            "This is attention with a single head, D features wide. Split queries, keys and values "
            "into self.num_heads heads before attend.",
        ),
        Mistake(
            "heads split by one reshape",
            wrong.SplitByReshape,
            "The heads are cut wrongly out of the projections: one reshape shares out tokens, not "
            "features. Use split_heads.",
        ),
        Mistake(
            "heads merged by one reshape",
            wrong.MergedByReshape,
            "Each head is right, but merging them went wrong: heads and tokens must change places "
            "before the reshape. Use merge_heads.",
        ),
        Mistake(
            "scaled by √D",
            wrong.ScaledByAll,
            "You divide the scores by √D. A head's dot product adds up only d = D / h terms: "
            "divide by √d, which attend does by itself.",
        ),
        Mistake(
            "return_weights ignored",
            wrong.WeightsNever,
            "The output is right. With return_weights=True return the weights as well: the pair "
            "(output, weights).",
        ),
        Mistake(
            "always returns the weights",
            wrong.WeightsAlways,
            "All numbers are right. But return the weights only where return_weights is True: a "
            "layer that comes after this one expects the output alone.",
        ),
        Mistake(
            "returns (weights, output)",
            wrong.WeightsFirst,
            "Both are right, in the wrong order: return output first, then weights.",
        ),
        Mistake(
            "weights averaged over heads",
            wrong.WeightsAveraged,
            "The output is right. The weights should be those of each head, (B, h, Nq, Nk): return "
            "them as attend gave them.",
        ),
        Mistake(
            "NumPy in call",
            wrong.InNumpy,
            "The numbers are right, but the layer cannot be part of a model and cannot learn: what "
            "passes through NumPy leaves no trace for the gradient. Use keras.ops in call.",
            telling=True,
        ),
        Mistake(
            "a layer that does not learn",
            wrong.Frozen,
            "The numbers are right, but not all of its kernels are trainable. Leave the Dense "
            "layers as they were given, and let every projection have its part in the output.",
        ),
    ),
)
