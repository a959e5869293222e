"""Exercise `count_attention_parameters`: what attention costs to keep."""

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import multi_head_attention as reference


def count_cases(rng):
    def case(shows, dim, num_heads, key_dim=None, *rest):
        inputs = {"dim": dim, "num_heads": num_heads}
        if key_dim or rest:
            inputs["key_dim"] = key_dim
        inputs |= {"use_bias": rest[0]} if rest else {}
        given = ", ".join(f"{name}={value}" for name, value in inputs.items())
        return Case(shows, inputs, label=given)

    width, heads = (int(number) for number in rng.permutation([7, 11, 13, 17])[:2])
    return [
        case("heads that share D features", 3 * width, 3),
        case("heads that share D features", heads * 5, heads),
        case("a single head", width, 1),
        case("heads of another width", 3 * 5, 3, width),
        case("heads of another width", heads, 3, 19),
        case("heads as wide as the model", 3 * width, 3, 3 * width),
        case("no biases", 3 * width, 3, None, False),
        case("no biases", heads, 5, width, False),
    ]


def count(dim, num_heads, key_dim=None, use_bias=True, *, kernel_in=None, kernel_out=None,
          bias_in=None, bias_out=None, projections=3, default=None):  # fmt: skip
    """The right number with one thing changed, each a function of D and the heads' width."""
    if key_dim is None:
        key_dim = dim // num_heads if default is None else default(dim, num_heads)
    inner = num_heads * key_dim

    def size(changed, usual):
        return usual if changed is None else changed(dim, inner, key_dim)

    kernels = projections * size(kernel_in, dim * inner) + size(kernel_out, inner * dim)
    biases = projections * size(bias_in, inner) + size(bias_out, dim)
    return kernels + biases * use_bias


def variant(**changed):
    return lambda dim, num_heads, key_dim=None, use_bias=True: count(
        dim, num_heads, key_dim, use_bias, **changed
    )


def nothing(dim, inner, key_dim):
    return 0


def one_head(dim, num_heads, key_dim=None, use_bias=True):
    return count(dim, 1, dim // num_heads if key_dim is None else key_dim, use_bias)


def a_layer_a_head(dim, num_heads, key_dim=None, use_bias=True):
    return num_heads * one_head(dim, num_heads, key_dim, use_bias)


KEY_DIM_IGNORED = (
    "Right with key_dim = D / h. But key_dim may be any number: the heads are num_heads · key_dim "
    "wide together, and the three kernels in are (D, that width), the one out (that width, D)."
)

COUNT = Exercise(
    id="count_attention_parameters",
    title="What attention costs to keep",
    points=2,
    reference=reference.count_attention_parameters,
    cases=count_cases,
    outputs={"count": ""},
    hints=(
        "Write the shapes of four kernels and four biases on paper, then multiply and add.",
        "Let inner = num_heads · key_dim. Query, key and value: kernels (D, inner), biases "
        "(inner,). Output: kernel (inner, D), bias (D,).",
        "key_dim = dim // num_heads if key_dim is None;  inner = num_heads * key_dim;  "
        "kernels = 4 * dim * inner;  biases = 3 * inner + dim if use_bias else 0",
    ),
    mistakes=(
        Mistake(
            "× num_heads for key_dim = dim/h",
            variant(default=lambda dim, num_heads: dim),
            "Without key_dim you make every head as wide as the model, so you count num_heads "
            "times too much. None means that the heads share the D features: d = D // h each.",
        ),
        Mistake(
            "a whole layer for each head",
            a_layer_a_head,
            "You count one head and multiply by num_heads. Almost: the kernels do add up like "
            "that, but the output projection has one bias (D,) for all heads together.",
        ),
        Mistake(
            "num_heads forgotten",
            one_head,
            "This counts one head. key_dim is the width of one: together they are num_heads · "
            "key_dim wide.",
        ),
        Mistake(
            "biases forgotten",
            variant(bias_in=nothing, bias_out=nothing),
            "The kernels are right, the biases are missing. With use_bias each of the four "
            "projections has one, as wide as what comes out of it.",
        ),
        Mistake(
            "biases always counted",
            lambda dim, num_heads, key_dim=None, use_bias=True: count(dim, num_heads, key_dim),
            "Right with biases. With use_bias=False none of the four projections has one.",
        ),
        Mistake(
            "output bias always counted",
            lambda dim, num_heads, key_dim=None, use_bias=True: (
                count(dim, num_heads, key_dim, use_bias) + dim * (not use_bias)
            ),
            "Right with biases. With use_bias=False the output projection has none either.",
        ),
        Mistake(
            "output bias forgotten",
            variant(bias_out=nothing),
            "One bias is missing: the output projection has one too, of D numbers.",
        ),
        Mistake(
            "output projection forgotten",
            variant(kernel_out=nothing, bias_out=nothing),
            "These are the three projections in. The fourth leads from the merged heads back to D "
            "features, with its kernel and bias.",
        ),
        Mistake(
            "one projection in, one out",
            variant(projections=1),
            "You count one projection in and one out. Queries, keys and values have one each.",
        ),
        Mistake(
            "two projections in, one out",
            variant(projections=2),
            "A projection is missing: queries, keys and values have one each, and then there is "
            "the output's.",
        ),
        Mistake(
            "key_dim taken as the sum over heads",
            lambda dim, num_heads, key_dim=None, use_bias=True: count(
                dim, 1, dim if key_dim is None else key_dim, use_bias
            ),
            "Right without key_dim. With it, you take it for the width of all heads together; it "
            "is the width of one, so together they are num_heads · key_dim wide.",
        ),
        Mistake(
            "key_dim ignored",
            lambda dim, num_heads, key_dim=None, use_bias=True: count(
                dim, num_heads, use_bias=use_bias
            ),
            KEY_DIM_IGNORED,
        ),
        Mistake(
            "key_dim ignored",
            lambda dim, num_heads, key_dim=None, use_bias=True: count(dim, 1, dim, use_bias),
            KEY_DIM_IGNORED,
        ),
        Mistake(
            "output kernel always (D, D)",
            variant(kernel_out=lambda dim, inner, key_dim: dim * dim),
            "Right with key_dim = D / h. With another key_dim the merged heads are num_heads · "
            "key_dim wide, and the output kernel leads from there to D.",
        ),
        Mistake(
            "biases as wide as the input",
            variant(bias_in=lambda dim, inner, key_dim: dim),
            "Right with key_dim = D / h. A bias is as wide as what comes out of its projection: "
            "num_heads · key_dim for query, key and value.",
        ),
        Mistake(
            "output bias as wide as the heads",
            variant(bias_out=lambda dim, inner, key_dim: inner),
            "Right with key_dim = D / h. A bias is as wide as what comes out of its projection: D "
            "for the output.",
        ),
        Mistake(
            "a float",
            lambda dim, num_heads, key_dim=None, use_bias=True: float(
                count(dim, num_heads, key_dim, use_bias)
            ),
            "The number is right, but it is a float: / makes floats even of whole numbers. Use //.",
        ),
    ),
)
