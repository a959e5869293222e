"""Exercise `attention_rollout`: which patches the class token has seen, through all layers."""

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import vision_transformer as reference


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


def roll(solution, inputs):
    """Hand over a list of arrays, as the exercise has it, from the one array of a case."""
    return call(solution, {"weights": list(inputs["weights"])})


def right_flow(weights):
    """(B, h, N, N) -> (B, N, N)."""
    return normed(weights.mean(axis=1) + np.eye(weights.shape[-1]))


def normed(flow):
    return flow / flow.sum(axis=-1, keepdims=True)


def later_first(flows):
    result = flows[0]
    for flow in flows[1:]:
        result = flow @ result
    return result


def earlier_first(flows):
    result = flows[0]
    for flow in flows[1:]:
        result = result @ flow
    return result


def rolled(flow=right_flow, product=later_first):
    return lambda weights: product([flow(layer) for layer in weights])


def with_identity(heads):
    """A layer's flow with the heads put together in another way."""
    return lambda weights: normed(heads(weights) + np.eye(weights.shape[-1]))


def not_averaged(weights):
    return rolled(lambda layer: normed(layer + np.eye(layer.shape[-1])))(weights)


def identity_once(weights):
    product = later_first([layer.mean(axis=1) for layer in weights])
    return normed(product + np.eye(product.shape[-1]))


def averaged_later(weights):
    return not_averaged(weights).mean(axis=1)


def mean_of(layers):
    return np.mean(layers, axis=0)


NO_IDENTITY = (
    "The residual path is missing: a token keeps what it has, and attention adds to it. Add the "
    "identity to each layer's weights, then divide each row by its sum."
)
ORDER = (
    "The layers are multiplied in the wrong order. What reaches layer 2 has been through layer 1, "
    "so later layers stand on the left: flow @ rollout."
)

ATTENTION_ROLLOUT = Exercise(
    id="attention_rollout",
    title="What a token has seen, through all layers",
    points=3,
    reference=reference.attention_rollout,
    cases=rollout_cases,
    outputs={"rollout": "B N N"},
    driver=roll,
    hints=(
        "Row q of one layer says from where token q takes what it knows. Where did those tokens "
        "get it, one layer before?",
        "Of each layer (B, h, N, N): mean over the heads (B, N, N), plus the identity (N, N), each "
        "row divided by its sum. Then multiply: the second layer's from the left on the first's, "
        "and so on.",
        "for each layer:  flow = mean(layer, axis=1) + eye(N);  flow = flow / sum(flow, axis=-1, "
        "keepdims=True);  rollout = flow if first else matmul(flow, rollout)",
    ),
    mistakes=(
        Mistake("no identity added", rolled(lambda layer: layer.mean(axis=1)), NO_IDENTITY),
        Mistake(
            "no identity added",
            rolled(lambda layer: layer.mean(axis=1), earlier_first),
            f"{NO_IDENTITY} And later layers stand on the left of the product: flow @ rollout.",
        ),
        Mistake(
            "not renormalised",
            rolled(lambda layer: layer.mean(axis=1) + np.eye(layer.shape[-1])),
            "With the identity added each row sums to 2, and after L layers to 2 to the power L. "
            "Divide each row by its sum, flow.sum(axis=-1, keepdims=True).",
        ),
        Mistake(
            "1 for the identity",
            rolled(lambda layer: normed(layer.mean(axis=1) + 1)),
            "You add 1 to every weight. The identity has ones on the diagonal alone, np.eye(N): a "
            "token keeps itself, not all the others.",
        ),
        Mistake("wrong order of products", rolled(product=earlier_first), ORDER),
        Mistake(
            "heads multiplied",
            rolled(with_identity(lambda layer: layer.prod(axis=1))),
            "You multiply the heads of a layer. They work side by side: take their mean.",
        ),
        Mistake(
            "heads multiplied",
            rolled(with_identity(lambda layer: later_first(list(layer.swapaxes(0, 1))))),
            "You multiply the heads of a layer like layers. They work side by side: take their "
            "mean.",
        ),
        Mistake(
            "last layer only",
            lambda weights: right_flow(weights[-1]),
            "This is the last layer alone. What it reads was mixed in the layers before: multiply "
            "all of them.",
        ),
        Mistake(
            "last layer only",
            lambda weights: weights[-1].mean(axis=1),
            "This is the last layer's mean over the heads. What it reads was mixed in the layers "
            "before: add the identity to each, and multiply all of them.",
        ),
        Mistake(
            "first layer only",
            lambda weights: right_flow(weights[0]),
            "This is the first layer alone: multiply the others onto it, from the left.",
        ),
        Mistake(
            "largest head",
            rolled(with_identity(lambda layer: layer.max(axis=1))),
            "You take the largest weight of all heads. Some pictures are made like that; here it "
            "is their mean.",
        ),
        Mistake(
            "sum over heads",
            rolled(with_identity(lambda layer: layer.sum(axis=1))),
            "You add up the heads, so the identity counts for too little beside them. Take the "
            "mean over the heads.",
        ),
        Mistake(
            "heads kept apart",
            averaged_later,
            "You follow each head through the layers by itself and average at the end. But after "
            "each layer the heads are merged: take the mean in each layer first.",
        ),
        Mistake(
            "heads not averaged",
            not_averaged,
            "The heads are still there: (B, h, N, N). Take the mean over axis 1 first.",
        ),
        Mistake(
            "identity added once",
            identity_once,
            "You add the identity once, to the product. Each layer has a residual path: add it to "
            "each layer's weights, before you multiply.",
        ),
        Mistake(
            "columns renormalised",
            rolled(
                lambda layer: (
                    (layer.mean(axis=1) + np.eye(layer.shape[-1]))
                    / (layer.mean(axis=1) + np.eye(layer.shape[-1])).sum(axis=1, keepdims=True)
                )
            ),
            "You divide each column by its sum. A row holds where one token looks: divide rows, "
            "sum(axis=-1, keepdims=True).",
        ),
        Mistake(
            "mean of the layers",
            rolled(product=mean_of),
            "You average the layers. They work one after another: multiply their matrices.",
        ),
        Mistake(
            "layers multiplied entry by entry",
            rolled(product=lambda flows: np.prod(flows, axis=0)),
            "* multiplies entry by entry. From one layer to the next it is a matrix product: "
            "flow @ rollout.",
        ),
        Mistake(
            "transposed",
            lambda weights: rolled()(weights).swapaxes(1, 2),
            "Your result is transposed: row q should say where token q has its knowledge from, "
            "and sum to 1.",
        ),
        Mistake(
            "the class token's row only",
            lambda weights: rolled()(weights)[:, 0],
            "This is the class token's row. Return all rows, (B, N, N); the picture will take row "
            "0 of it.",
        ),
    ),
)
