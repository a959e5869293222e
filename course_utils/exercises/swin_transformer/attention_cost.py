"""Exercise `attention_cost`: what windows save."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import windows as reference


def attention_cost(height, width, dim, window=None):
    tokens = height * width
    keys = tokens if window is None else window**2
    projections = 4 * tokens * dim**2
    products = 2 * tokens * keys * dim
    return projections + products


def cost_cases(rng):
    def case(shows, height, width, dim, *window):
        inputs = {"height": height, "width": width, "dim": dim}
        inputs |= {"window": window[0]} if window else {}
        return Case(shows, inputs, label=", ".join(f"{k}={v}" for k, v in inputs.items()))

    # So many sizes that no table holds the answers.
    low, high = sorted(int(n) for n in rng.choice(np.arange(5, 200), size=2, replace=False))
    dims = [int(n) for n in rng.integers(13, 300, 5)]
    return [
        case("all tokens with all", low, high, dims[0]),
        case("all tokens with all", high, low, dims[1], None),
        case("windows", 2 * low, 2 * high, dims[2], 2),
        case("windows", 3 * high, 3 * low, dims[3], 3),
        case("the first stage of Swin-T", 56, 56, 96, 7),
        case("one window, as large as the map", high, high, dims[4], high),
    ]


LADDER = (
    by_hand(height=2, width=3, dim=5),
    by_hand(height=2, width=4, dim=3, window=2),
)


A_FLOAT = (
    "The number is right, but it is a float: float(…) makes one, and so does / even of whole "
    "numbers. Return a whole number, int(…), or divide with //."
)
ONE_SIDE_SQUARED = "Without windows, each of HW queries meets HW keys: both sides are squared."
MISTAKES = (
    edited("projections forgotten", ("projections + ", ""))(
        "You count what happens between tokens, and not the four projections: queries, keys, "
        "values and output, 4·HW·D²."
    ),
    edited("three projections", ("4 * ", "3 * "))(
        "You count three projections. Queries, keys, values, and the output: four."
    ),
    edited("one projection", ("4 * ", ""))(
        "You count one projection. Queries, keys, values, and the output: four."
    ),
    edited("D instead of D²", ("dim**2", "dim"))(
        "A projection multiplies (HW, D) with (D, D): HW·D² multiplications, not HW·D."
    ),
    edited("M instead of M²", ("window**2", "window"))(
        "A window of side M has M² tokens, so each query meets M² keys, not M."
    ),
    edited("M⁴ for each token", ("window**2", "window**4"))(
        "M⁴ are the pairs of a whole window. Each of the HW tokens meets the M² of its own."
    ),
    edited(
        "per window instead of all",
        ("height * width", "height * width if window is None else window**2"),
    )("This is the cost of one window. There are HW / M² of them."),
    edited("per window instead of all", ("tokens * keys", "keys * keys"))(
        "Your second term is that of one window. There are HW / M² of them, and all tokens "
        "together cost 2·M²·HW·D."
    ),
    edited("the window ignored", (" if window is None else window**2", ""))(
        "The cost does not change with the window. With windows, each query meets M² keys instead "
        "of HW."
    ),
    edited("tokens not squared", ("tokens if", "1 if"))(
        "Without windows, each of HW queries meets HW keys: (HW)²·D, not HW·D."
    ),
    edited("only one side squared", ("tokens if", "height if"))(ONE_SIDE_SQUARED),
    edited("only one side squared", ("tokens if", "width if"))(ONE_SIDE_SQUARED),
    edited("one product instead of two", ("2 * ", ""))(
        "You count one product between tokens. There are two: queries with keys, and weights with "
        "values."
    ),
    edited("width squared in the products", ("keys * dim", "keys * dim**2"))(
        "Your second term has D². A score is one dot product of width D."
    ),
    edited("D forgotten in the products", ("keys * dim", "keys"))(
        "Your second term lacks D. A score is a dot product of width D, and so is each mixed "
        "feature's share."
    ),
    edited("additions counted too", ("projections + products", "2 * (projections + products)"))(
        "This is twice the number: you count additions as well. The paper counts a multiplication "
        "with its addition as one."
    ),
    edited("a float", ("projections + products", "float(projections + products)"))(A_FLOAT),
    edited("a float", ("window**2", "window**2.0"))(
        f"{A_FLOAT} Only the case with windows needs it."
    ),
)

ATTENTION_COST = Exercise(
    id="attention_cost",
    title="What windows save",
    points=1,
    reference=reference.attention_cost,
    answer=attention_cost,
    cases=cost_cases,
    ladder=LADDER,
    outputs={"cost": ""},
    hints=(
        "A product of an array (a, b) with one of (b, c) has a·b·c multiplications. There are four "
        "projections, and two products in which tokens meet.",
        "With N = HW tokens, a projection is (N, D) times (D, D). Scores are (N, D) times (D, K), "
        "the mixing is (N, K) times (K, D): K keys for each query. K is HW, or M² with windows.",
        "Write both sums down with K in them: four projections, and two products of N, K and D. "
        "Last, what is K, with a window and without?",
    ),
    mistakes=MISTAKES,
)
