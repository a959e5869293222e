"""Exercise `count_attention_parameters`: what attention costs to keep."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import multi_head_attention as reference


def count_attention_parameters(dim, num_heads, key_dim=None, use_bias=True):
    key_dim = dim // num_heads if key_dim is None else key_dim
    inner = num_heads * key_dim
    kernels = 3 * dim * inner + inner * dim
    biases = 3 * inner + dim
    return kernels + use_bias * biases


def count_cases(rng):
    def case(shows, dim, num_heads, key_dim=None, *rest):
        inputs = {"dim": dim, "num_heads": num_heads}
        if key_dim or rest:
            inputs["key_dim"] = key_dim
        inputs |= {"use_bias": rest[0]} if rest else {}
        given = ", ".join(f"{name}={value}" for name, value in inputs.items())
        return Case(shows, inputs, label=given)

    # With a width of their own there are so many sizes that no table holds the answers.
    width, other = (int(number) for number in rng.choice(np.arange(7, 120), 2, replace=False))
    heads, more = (int(number) for number in rng.choice(np.arange(2, 24), 2, replace=False))
    dims = [int(number) for number in rng.integers(120, 400, 3)]
    return [
        case("heads that share D features", heads * width, heads),
        case("heads that share D features", more * other, more),
        case("a single head", width, 1),
        case("heads of another width", dims[0], heads, width),
        case("heads of another width", dims[1], more, other),
        case("heads as wide as the model", 3 * width, 3, 3 * width),
        case("no biases", 3 * width, 3, None, False),
        case("no biases", dims[2], heads, other, False),
    ]


LADDER = (
    by_hand(dim=2, num_heads=2),
    by_hand(dim=2, num_heads=2, key_dim=3),
    by_hand(dim=2, num_heads=2, key_dim=None, use_bias=False),
)

AS_WIDE_AS_THE_MODEL = ("dim // num_heads if", "dim if")
ONE_HEAD = ("num_heads * key_dim", "key_dim")
NO_OUTPUT_BIAS = ("3 * inner + dim", "3 * inner")
KEY_DIM_IGNORED = (
    "Right with key_dim = D / h. But key_dim may be any number: the heads are num_heads · key_dim "
    "wide together, and the three kernels in are (D, that width), the one out (that width, D)."
)

COUNT = Exercise(
    id="count_attention_parameters",
    title="What attention costs to keep",
    points=2,
    reference=reference.count_attention_parameters,
    answer=count_attention_parameters,
    cases=count_cases,
    ladder=LADDER,
    outputs={"count": ""},
    hints=(
        "Write the shapes of four kernels and four biases on paper, then multiply and add.",
        "Let inner = num_heads · key_dim. Query, key and value: kernels (D, inner), biases "
        "(inner,). Output: kernel (inner, D), bias (D,).",
        "inner first: num_heads times what, where key_dim is None? The four kernels are equally "
        "large. The biases are not: three are … long, one is …; without use_bias there are none.",
    ),
    mistakes=(
        edited("num_heads forgotten", ONE_HEAD)(
            "This counts one head. key_dim is the width of one: together they are num_heads · "
            "key_dim wide."
        ),
        edited("× num_heads for key_dim = dim/h", AS_WIDE_AS_THE_MODEL)(
            "Without key_dim you make every head as wide as the model, and the kernels come out "
            "num_heads times too large. None means that the heads share the D features: d = D // h "
            "each."
        ),
        edited("a float", ("dim // num_heads", "dim / num_heads"))(
            "The number is right, but it is a float: / makes one even where nothing is left over. "
            "Divide with //."
        ),
        edited("a whole layer for each head", ("3 * inner + dim", "3 * inner + num_heads * dim"))(
            "You count one head and multiply by num_heads. Almost: the kernels do add up like "
            "that, but the output projection has one bias (D,) for all heads together."
        ),
        edited("biases forgotten", ("kernels + use_bias * biases", "kernels"))(
            "The kernels are right, the biases are missing. With use_bias each of the four "
            "projections has one, as wide as what comes out of it."
        ),
        edited("biases always counted", ("use_bias * biases", "biases"))(
            "Right with biases. With use_bias=False none of the four projections has one."
        ),
        edited(
            "output bias always counted", ("use_bias * biases", "(biases if use_bias else dim)")
        )("Right with biases. With use_bias=False the output projection has none either."),
        edited("output bias forgotten", NO_OUTPUT_BIAS)(
            "One bias is missing: the output projection has one too, of D numbers."
        ),
        edited("output projection forgotten", (" + inner * dim", ""), NO_OUTPUT_BIAS)(
            "These are the three projections in. The fourth leads from the merged heads back to D "
            "features, with its kernel and bias."
        ),
        edited("one projection in, one out", ("3 * dim", "dim"), ("3 * inner", "inner"))(
            "You count one projection in and one out. Queries, keys and values have one each."
        ),
        edited("two projections in, one out", ("3 * dim", "2 * dim"), ("3 * inner", "2 * inner"))(
            "A projection is missing: queries, keys and values have one each, and then there is "
            "the output's."
        ),
        edited("key_dim taken as the sum over heads", AS_WIDE_AS_THE_MODEL, ONE_HEAD)(
            "Right without key_dim. With it, you take it for the width of all heads together; it "
            "is the width of one, so together they are num_heads · key_dim wide."
        ),
        edited("key_dim ignored", (" if key_dim is None else key_dim", ""))(KEY_DIM_IGNORED),
        edited("key_dim ignored", ("num_heads * key_dim", "dim"))(KEY_DIM_IGNORED),
        edited("output kernel always (D, D)", ("inner * dim", "dim * dim"))(
            "Right with key_dim = D / h. With another key_dim the merged heads are num_heads · "
            "key_dim wide, and the output kernel leads from there to D."
        ),
        edited("biases as wide as the input", ("3 * inner", "3 * dim"))(
            "Right with key_dim = D / h. A bias is as wide as what comes out of its projection: "
            "num_heads · key_dim for query, key and value."
        ),
        edited("output bias as wide as the heads", ("3 * inner + dim", "4 * inner"))(
            "Right with key_dim = D / h. A bias is as wide as what comes out of its projection: D "
            "for the output."
        ),
        edited("a float", ("kernels + use_bias * biases", "float(kernels + use_bias * biases)"))(
            "The number is right, but it is a float: / makes floats even of whole numbers. Use //."
        ),
    ),
)
