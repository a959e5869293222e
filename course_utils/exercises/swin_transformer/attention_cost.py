"""Exercise `attention_cost`: what windows save."""

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import windows as reference


def cost_cases(rng):
    def case(shows, height, width, dim, *window):
        inputs = {"height": height, "width": width, "dim": dim}
        inputs |= {"window": window[0]} if window else {}
        return Case(shows, inputs, label=", ".join(f"{k}={v}" for k, v in inputs.items()))

    low, high = sorted(int(n) for n in rng.choice([3, 5, 7, 11], size=2, replace=False))
    return [
        case("all tokens with all", low, high, 13),
        case("all tokens with all", high, low, 2, None),
        case("windows", 2 * low, 2 * high, 13, 2),
        case("windows", 3 * high, 3 * low, 17, 3),
        case("the first stage of Swin-T", 56, 56, 96, 7),
        case("one window, as large as the map", high, high, 13, high),
    ]


def cost(projections=None, products=None):
    """The cost with one of its two terms changed: functions of H, W, D and M, which may be None."""

    def solution(height, width, dim, window=None):
        sizes = (height, width, dim, window)
        return (projections or four)(*sizes) + (products or two)(*sizes)

    return solution


def four(h, w, dim, m):
    return 4 * h * w * dim**2


def two(h, w, dim, m):
    return 2 * (h * w) ** 2 * dim if m is None else 2 * m**2 * h * w * dim


def in_windows(formula):
    """Another second term where there are windows; without them the right one."""
    return cost(products=lambda *sizes: (two if sizes[3] is None else formula)(*sizes))


def without_windows(formula):
    """Another second term where there are none."""
    return cost(products=lambda *sizes: formula(*sizes[:3]) if sizes[3] is None else two(*sizes))


def one_window(height, width, dim, window=None):
    if window is None:
        return cost()(height, width, dim)
    return cost()(window, window, dim)


def changed(function):
    """The right cost, changed by a function of it."""
    return lambda h, w, dim, window=None: function(cost()(h, w, dim, window))


A_FLOAT = (
    "The number is right, but it is a float: / makes floats even of whole numbers. Divide with //, "
    "or return int(...)."
)

ATTENTION_COST = Exercise(
    id="attention_cost",
    title="What windows save",
    points=1,
    reference=reference.attention_cost,
    cases=cost_cases,
    outputs={"cost": ""},
    hints=(
        "A product of an array (a, b) with one of (b, c) has a·b·c multiplications. There are four "
        "projections, and two products in which tokens meet.",
        "With N = HW tokens, a projection is (N, D) times (D, D). Scores are (N, D) times (D, K), "
        "the mixing is (N, K) times (K, D): K keys for each query. K is HW, or M² with windows.",
        "tokens = height * width;  keys = tokens if window is None else window ** 2;  "
        "return 4 * tokens * dim ** 2 + 2 * tokens * keys * dim",
    ),
    mistakes=(
        Mistake(
            "projections forgotten",
            cost(projections=lambda *sizes: 0),
            "You count what happens between tokens, and not the four projections: queries, keys, "
            "values and output, 4·HW·D².",
        ),
        Mistake(
            "three projections",
            cost(projections=lambda h, w, dim, m: 3 * h * w * dim**2),
            "You count three projections. Queries, keys, values, and the output: four.",
        ),
        Mistake(
            "one projection",
            cost(projections=lambda h, w, dim, m: h * w * dim**2),
            "You count one projection. Queries, keys, values, and the output: four.",
        ),
        Mistake(
            "D instead of D²",
            cost(projections=lambda h, w, dim, m: 4 * h * w * dim),
            "A projection multiplies (HW, D) with (D, D): HW·D² multiplications, not HW·D.",
        ),
        Mistake(
            "M instead of M²",
            in_windows(lambda h, w, dim, m: 2 * m * h * w * dim),
            "A window of side M has M² tokens, so each query meets M² keys, not M.",
        ),
        Mistake(
            "M⁴ for each token",
            in_windows(lambda h, w, dim, m: 2 * m**4 * h * w * dim),
            "M⁴ are the pairs of a whole window. Each of the HW tokens meets the M² of its own.",
        ),
        Mistake(
            "per window instead of all",
            one_window,
            "This is the cost of one window. There are HW / M² of them.",
        ),
        Mistake(
            "per window instead of all",
            in_windows(lambda h, w, dim, m: 2 * m**4 * dim),
            "Your second term is that of one window. There are HW / M² of them, and all tokens "
            "together cost 2·M²·HW·D.",
        ),
        Mistake(
            "the window ignored",
            cost(products=lambda h, w, dim, m: two(h, w, dim, None)),
            "The cost does not change with the window. With windows, each query meets M² keys "
            "instead of HW.",
        ),
        Mistake(
            "tokens not squared",
            without_windows(lambda h, w, dim: 2 * h * w * dim),
            "Without windows, each of HW queries meets HW keys: (HW)²·D, not HW·D.",
        ),
        Mistake(
            "only one side squared",
            without_windows(lambda h, w, dim: 2 * h**2 * w * dim),
            "Without windows, each of HW queries meets HW keys: both sides are squared.",
        ),
        Mistake(
            "only one side squared",
            without_windows(lambda h, w, dim: 2 * h * w**2 * dim),
            "Without windows, each of HW queries meets HW keys: both sides are squared.",
        ),
        Mistake(
            "one product instead of two",
            cost(products=lambda *sizes: two(*sizes) // 2),
            "You count one product between tokens. There are two: queries with keys, and weights "
            "with values.",
        ),
        Mistake(
            "width squared in the products",
            cost(products=lambda h, w, dim, m: two(h, w, dim, m) * dim),
            "Your second term has D². A score is one dot product of width D.",
        ),
        Mistake(
            "D forgotten in the products",
            cost(products=lambda h, w, dim, m: two(h, w, dim, m) // dim),
            "Your second term lacks D. A score is a dot product of width D, and so is each mixed "
            "feature's share.",
        ),
        Mistake(
            "additions counted too",
            changed(lambda cost: 2 * cost),
            "This is twice the number: you count additions as well. The paper counts a "
            "multiplication with its addition as one.",
        ),
        Mistake(
            "a float",
            changed(float),
            A_FLOAT,
        ),
        Mistake(
            "a float",
            lambda h, w, d, m=None: cost()(h, w, d, m) if m is None else float(cost()(h, w, d, m)),
            f"{A_FLOAT} Only the case with windows needs it.",
        ),
    ),
)
