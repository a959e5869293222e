"""Exercise `is_permutation_equivariant`: the student writes the test, so the cases are layers.

Some are equivariant, some only look so. What the true ones return is exact or far from zero, so
that any sensible tolerance accepts it.
"""

import numpy as np
from keras import ops

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.attention.attend import attend
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import attention as reference


def is_permutation_equivariant(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    before = layer(tokens[:, order])
    after = layer(tokens)[:, order]
    return np.allclose(before, after, atol=1e-4)


def attention_layer(x, rng, positions=0.0):
    width = x.shape[-1]
    x = x + positions * normal(rng, *x.shape[1:])
    query, key = (x @ normal(rng, width, width) for _ in range(2))
    return attend(query, key, 1.5 + 0.5 * np.sin(x))[0]


def mean_layer(x, rng, positions=0.0):
    mean = np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape)
    return mean + positions * normal(rng, *x.shape[1:])


def middle_by_place(x):
    """Alike for the tokens at both ends. The others count: any drawn order moves some of them."""
    alone = np.maximum(x, 0) + 1
    alone[:, 2:-1] += np.arange(x.shape[1] - 3)[:, None]
    return alone


def one_feature(x):
    """Alike for all tokens in all features but one, which lies in the middle."""
    alone = np.maximum(x, 0) + 1
    alone[..., x.shape[2] // 2] = np.cumsum(alone[..., x.shape[2] // 2], axis=1)
    return alone


def slightly(x):
    """A little of the position: 1/128 more in each token than in the one before."""
    return np.maximum(x, 0) + 1 + np.arange(x.shape[1], dtype="float32")[:, None] / 128


def one_place(place):
    """Alike for all tokens, but for one place: it gets more, the less the sequence is sorted.

    Whatever order is drawn for sorted tokens, only who compares this place can see it.
    """

    def layer(x, rng):
        alone = np.maximum(x, 0) + 1
        first, places = x[0, :, 0], np.arange(x.shape[1])
        alone[:, place] += places @ np.sort(first) - places @ first  # 0 where they are sorted
        return alone

    return layer


def weighted_sum(x):
    return np.einsum("bnd,n->bd", x, np.arange(x.shape[1], dtype="float32"))[:, None]


def dropout_layer(x, rng):
    return np.maximum(x, 0) * np.random.default_rng().choice([0.0, 2.0], size=x.shape) + 1


LAYERS = {
    "attention without positions": attention_layer,
    "attention with positions": lambda x, rng: attention_layer(x, rng, positions=2.0),
    "a layer for each token alone": lambda x, rng: np.maximum(x, 0) + 1,
    "a running sum over the tokens": lambda x, rng: np.cumsum(x, axis=1),
    "a layer that mixes the sequences of a batch": lambda x, rng: (
        x + np.einsum("bnd,b->nd", x, np.arange(len(x)) + 1)
    ),
    "each token with its neighbours added": lambda x, rng: (
        x + np.roll(x, 1, axis=1) + np.roll(x, -1, axis=1)
    ),
    "the mean of all tokens, given to each": mean_layer,
    "the mean of all tokens, with positions": lambda x, rng: mean_layer(x, rng, positions=2.0),
    "a sum weighted by place, given to each token": lambda x, rng: np.repeat(
        weighted_sum(x), x.shape[1], axis=1
    ),
    "three times each token": lambda x, rng: 3 * x,
    "a layer with dropout left on": dropout_layer,
    "a layer that counts the tokens in the middle": lambda x, rng: middle_by_place(x),
    "a layer with one feature summed over the tokens before": lambda x, rng: one_feature(x),
    "a layer that adds a little of the position": lambda x, rng: slightly(x),
    "a layer that changes the first token of what is unsorted": one_place(0),
    "a layer that changes a middle token of what is unsorted": one_place(5),
    "a layer that changes the last token of what is unsorted": one_place(10),
    "twice each token, less 1": lambda x, rng: 2 * x - 1,
}
GROUPS = {
    "attention, without and with positions": (
        "attention without positions",
        "attention with positions",
    ),
    "a layer for each token, and a running sum": (
        "a layer for each token alone",
        "a running sum over the tokens",
    ),
    "mixing a batch's sequences, and mixing neighbours": (
        "a layer that mixes the sequences of a batch",
        "each token with its neighbours added",
    ),
    "the same for all tokens": (
        "the mean of all tokens, given to each",
        "the mean of all tokens, with positions",
        "a sum weighted by place, given to each token",
    ),
    "a layer without and with dropout left on": (
        "three times each token",
        "a layer with dropout left on",
    ),
    "a layer that looks equivariant in most places": (
        "twice each token, less 1",
        "a layer that counts the tokens in the middle",
        "a layer with one feature summed over the tokens before",
        "a layer that adds a little of the position",
        "a layer that changes the first token of what is unsorted",
        "a layer that changes a middle token of what is unsorted",
        "a layer that changes the last token of what is unsorted",
    ),
}


def equivariance_cases(rng):
    def case(shows, name):
        tokens = rng.integers(-16, 17, size=(7, 11, 5)).astype("float32") / 8  # sums are exact
        if name.endswith("unsorted"):
            tokens = tokens[:, np.argsort(tokens[0, :, 0])]
        inputs = {"layer": name, "tokens": tokens, "seed": int(rng.integers(2**31))}
        return Case(shows, inputs, label=name)

    return [case(shows, name) for shows, group in GROUPS.items() for name in group]


def pair(label, layer, other):
    """Two layers to tell apart. With 11 tokens, no drawn order leaves them all in their places."""
    tokens = numbered(1, 11, 1) / 8
    return by_hand(f"{label}; tokens 1/8 to 11/8", layer=layer, other=other, tokens=tokens, seed=1)


LADDER = (
    pair(
        "a layer that adds 1, and one that sums up all tokens so far",
        "a layer for each token alone",
        "a running sum over the tokens",
    ),
    pair(
        "a layer that triples each token, and one that adds its neighbours",
        "three times each token",
        "each token with its neighbours added",
    ),
    pair("attention without positions, and with", *GROUPS["attention, without and with positions"]),
)


def run_test(solution, inputs):
    """Hand the student's test a layer, or two, one after the other: then both verdicts count."""
    verdicts = [
        run_on(solution, LAYERS[inputs[name]], inputs)
        for name in ("layer", "other")
        if name in inputs
    ]
    return verdicts[0] if len(verdicts) == 1 else np.array(verdicts)


def run_on(solution, function, inputs):
    """A layer answers with what it was given: an array or a tensor."""

    def layer(x):
        array = ops.convert_to_numpy(x)
        result = function(array, np.random.default_rng(inputs["seed"]))
        result = np.array(result, dtype="float32")
        return result if isinstance(x, np.ndarray) else ops.convert_to_tensor(result)

    rng = np.random.default_rng(inputs["seed"] + 1)
    return call(solution, {"layer": layer, "tokens": inputs["tokens"], "rng": rng})


DRAWN = "rng.permutation(tokens.shape[1])"

EQUIVARIANT = Exercise(
    id="is_permutation_equivariant",
    title="A test for order",
    points=3,
    reference=reference.is_permutation_equivariant,
    answer=is_permutation_equivariant,
    cases=equivariance_cases,
    ladder=LADDER,
    outputs={"verdict": ""},
    driver=run_test,
    hints=(
        "Two ways lead from tokens to a permuted result: permute first and then apply the layer, "
        "or apply the layer and then permute. When is a layer equivariant?",
        "order = rng.permutation(N), with N = tokens.shape[1]; tokens[:, order] permutes the "
        "tokens and leaves batch and features alone.",
        "first = layer(tokens[:, order]), which is π first and f afterwards. The other way round "
        "is …, with the same order. Are the two alike, up to 1e-4 in every entry?",
    ),
    mistakes=(
        edited("tests invariance instead", ("layer(tokens)[:, order]", "layer(tokens)"))(
            "You ask whether the result stays the same when the tokens are permuted: that is "
            "invariance. Equivariant means that the result is permuted in the same way."
        ),
        edited("compares to the unpermuted output", ("layer(tokens[:, order])", "layer(tokens)"))(
            "You permute the result and compare it with the result itself. The layer must also "
            "see permuted tokens: compare layer(tokens[:, order]) with layer(tokens)[:, order]."
        ),
        edited(
            "permutes features",
            ("shape[1]", "shape[2]"),
            ("s[:, order]", "s[:, :, order]"),
            (")[:, order]", ")[:, :, order]"),
        )("You permute the features of each token. The tokens are axis 1: tokens[:, order]."),
        edited(
            "permutes batch",
            (DRAWN, "np.roll(np.arange(len(tokens)), 1)"),
            ("tokens[:, order]", "tokens[order]"),
            ("tokens)[:, order]", "tokens)[order]"),
        )(
            "You permute the sequences of the batch, which hardly any layer notices. The tokens "
            "are axis 1: tokens[:, order]."
        ),
        edited("uses the identity permutation", ("rng.permutation", "np.arange"))(
            "Your permutation leaves every token where it is, so any layer passes. Draw one: "
            "rng.permutation(tokens.shape[1])."
        ),
        edited(
            "exact equality on floats",
            ("allclose(before, after, atol=1e-4)", "array_equal(before, after)"),
        )(
            "Adding the same numbers in another order changes their last digits, so a right layer "
            "fails your test. Compare with a tolerance: allclose(…, atol=1e-4)."
        ),
        edited("another permutation on each side", ("tokens)[:, order]", f"tokens)[:, {DRAWN}]"))(
            "What you compare does not stand in one order: there are two draws, say, or an order "
            "and its inverse, or one side is permuted twice, which does not undo it. Draw order "
            "once, and compare layer(tokens[:, order]) with layer(tokens)[:, order]."
        ),
        edited("always True", ("np.allclose(before, after, atol=1e-4)", "True"))(
            "Your test calls all our layers equivariant. Attention with positions, for one, is not."
        ),
        edited("always False", ("np.allclose(before, after, atol=1e-4)", "False"))(
            "Your test calls none of our layers equivariant. Attention without positions is: there "
            "layer(tokens[:, order]) is the same as layer(tokens)[:, order]."
        ),
        edited("an order for a fixed number of tokens", (DRAWN, "rng.permutation(5)"))(
            "Your order does not take all tokens: it is drawn for another number than there are "
            "here. Draw it for all of them: rng.permutation(tokens.shape[1])."
        ),
        edited("one equal number is enough", ("allclose", "any(np.isclose"), ("1e-4)", "1e-4))"))(
            "One number that is equal on both sides is enough for you. All of them must be: "
            "np.allclose, or np.isclose(…).all()."
        ),
        edited("a tolerance as large as the numbers", ("1e-4", "1"))(
            "Your tolerance is as large as the numbers themselves, so positions pass. Rounding "
            "changes far less: 1e-4 is enough."
        ),
        edited("one token only", ("(before, after", "(before[:, 0], after[:, 0]"))(
            "You compare one token only. A layer that treats just some places differently passes, "
            "if this one is not among them: compare all tokens."
        ),
        edited("only one special order", (DRAWN, "np.arange(tokens.shape[1])[::-1]"))(
            "Your permutation is a special one, such as turning round or shifting. A layer that "
            "mixes neighbours passes it. Draw any order: rng.permutation(tokens.shape[1])."
        ),
    ),
)
