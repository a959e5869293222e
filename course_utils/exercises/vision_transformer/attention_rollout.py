"""Exercise `attention_rollout`: which patches the class token has seen, through all layers."""

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.reference import vision_transformer as reference


def attention_rollout(weights):
    identity = np.eye(weights[0].shape[-1])
    rollout = identity
    for layer in weights:
        flow = layer.mean(axis=1) + identity
        flow = flow / flow.sum(axis=-1, keepdims=True)
        rollout = flow @ rollout
    return rollout


def rollout_cases(rng):
    def case(shows, layers, batch=2, heads=3, length=5, scale=2.0):
        scores = scale * normal(rng, layers, batch, heads, length, length)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return Case(shows, {"weights": weights / weights.sum(axis=-1, keepdims=True)})

    return [
        case("a single layer", 1),
        case("two layers", 2),
        case("three layers", 3),
        case("a single head", 2, heads=1),
        case("as many heads as tokens", 3, heads=5),
        case("sharp attention", 3, scale=30.0),
    ]


LOOKS = np.float32([[[[1, 0, 0], [0, 0.5, 0.5], [0, 1, 0]], [[0, 1, 0], [1, 0, 0], [0, 0, 1]]]])
LADDER = (
    by_hand(weights=LOOKS[None, :, :1]),
    by_hand(weights=LOOKS[None]),
    by_hand(weights=np.stack([LOOKS[:, :1], LOOKS[:, 1:]])),
)


def roll(solution, inputs):
    """Hand over a list of arrays, as the exercise has it, from the one array of a case."""
    return call(solution, {"weights": list(inputs["weights"])})


WITHOUT_IDENTITY = (" + identity", "")
EARLIER_ON_THE_LEFT = ("flow @ rollout", "rollout @ flow")
LAST_LAYER = ("in weights", "in weights[-1:]")
NOT_AVERAGED = (".mean(axis=1)", "")
FROM_0, FROM_1 = ("rollout = identity", "rollout = 0"), ("rollout = identity", "rollout = 1")
HEADS_AS_LAYERS = (
    "heads = layer[:, 0]\n"
    "        for head in range(1, layer.shape[1]):\n"
    "            heads = layer[:, head] @ heads\n"
    "        flow = heads"
)
IDENTITY_AT_THE_END = (
    "rollout = rollout + identity\n    return rollout / rollout.sum(axis=-1, keepdims=True)"
)

MISTAKES = (
    edited("no identity added", WITHOUT_IDENTITY)(
        "The residual path is missing: a token keeps what it has, and attention adds to it. Add "
        "the identity to each layer's weights, then divide each row by its sum."
    ),
    edited("no identity added", WITHOUT_IDENTITY, EARLIER_ON_THE_LEFT)(
        "The residual path is missing: a token keeps what it has, and attention adds to it. Add "
        "the identity to each layer's weights, then divide each row by its sum. And later layers "
        "stand on the left of the product: flow @ rollout."
    ),
    edited("not renormalised", (" / flow.sum(axis=-1, keepdims=True)", ""))(
        "With the identity added each row sums to 2, and after L layers to 2 to the power L. "
        "Divide each row by its sum, flow.sum(axis=-1, keepdims=True)."
    ),
    edited("1 for the identity", ("+ identity", "+ 1"))(
        "You add 1 to every weight. The identity has ones on the diagonal alone, np.eye(N): a "
        "token keeps itself, not all the others."
    ),
    edited("wrong order of products", EARLIER_ON_THE_LEFT)(
        "The layers are multiplied in the wrong order. What reaches layer 2 has been through "
        "layer 1, so later layers stand on the left: flow @ rollout."
    ),
    edited("heads multiplied", ("mean", "prod"))(
        "You multiply the heads of a layer. They work side by side: take their mean."
    ),
    edited("heads multiplied", ("flow = layer.mean(axis=1)", HEADS_AS_LAYERS))(
        "You multiply the heads of a layer like layers. They work side by side: take their mean."
    ),
    edited("last layer only", LAST_LAYER)(
        "This is the last layer alone. What it reads was mixed in the layers before: multiply all "
        "of them."
    ),
    edited("last layer only", LAST_LAYER, WITHOUT_IDENTITY)(
        "This is the last layer's mean over the heads. What it reads was mixed in the layers "
        "before: add the identity to each, and multiply all of them."
    ),
    edited("first layer only", ("in weights", "in weights[:1]"))(
        "This is the first layer alone: multiply the others onto it, from the left."
    ),
    edited("largest head", ("mean", "max"))(
        "You take the largest weight of all heads. Some pictures are made like that; here it is "
        "their mean."
    ),
    edited("sum over heads", ("mean", "sum"))(
        "You add up the heads, so the identity counts for too little beside them. Take the mean "
        "over the heads."
    ),
    edited("heads kept apart", NOT_AVERAGED, ("return rollout", "return rollout.mean(axis=1)"))(
        "You follow each head through the layers by itself and average at the end. But after each "
        "layer the heads are merged: take the mean in each layer first."
    ),
    edited("heads not averaged", NOT_AVERAGED)(
        "The heads are still there: (B, h, N, N). Take the mean over axis 1 first."
    ),
    edited("identity added once", WITHOUT_IDENTITY, ("return rollout", IDENTITY_AT_THE_END))(
        "You add the identity once, to the product. Each layer has a residual path: add it to "
        "each layer's weights, before you multiply."
    ),
    edited("columns renormalised", ("axis=-1", "axis=1"))(
        "You divide each column by its sum. A row holds where one token looks: divide rows, "
        "sum(axis=-1, keepdims=True)."
    ),
    edited("mean of the layers", FROM_0, ("@ rollout", "/ len(weights) + rollout"))(
        "You average the layers. They work one after another: multiply their matrices."
    ),
    edited("layers multiplied entry by entry", FROM_1, ("@ rollout", "* rollout"))(
        "* multiplies entry by entry. From one layer to the next it is a matrix product: flow @ "
        "rollout."
    ),
    edited("transposed", ("return rollout", "return rollout.swapaxes(1, 2)"))(
        "Your result is transposed: row q should say where token q has its knowledge from, and "
        "sum to 1."
    ),
    edited("the class token's row only", ("return rollout", "return rollout[:, 0]"))(
        "This is the class token's row. Return all rows, (B, N, N); the picture will take row 0 "
        "of it."
    ),
)

ATTENTION_ROLLOUT = Exercise(
    id="attention_rollout",
    title="What a token has seen, through all layers",
    points=3,
    reference=reference.attention_rollout,
    answer=attention_rollout,
    cases=rollout_cases,
    ladder=LADDER,
    outputs={"rollout": "B N N"},
    driver=roll,
    hints=(
        "Row q of one layer says from where token q takes what it knows. Where did those tokens "
        "get it, one layer before?",
        "Of each layer (B, h, N, N): mean over the heads (B, N, N), plus the identity (N, N), each "
        "row divided by its sum. Then multiply: the second layer's from the left on the first's, "
        "and so on.",
        "for each layer:  flow = the mean over its heads, plus eye(N);  flow = flow / …, so that "
        "rows sum to 1;  rollout = flow for the first layer, and then … @ …",
    ),
    mistakes=MISTAKES,
)
