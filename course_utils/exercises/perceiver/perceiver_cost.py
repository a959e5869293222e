"""Exercise `perceiver_cost`: what a look costs, and what a thought."""

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import perceiver as reference


def cost_cases(rng):
    names = ("num_tokens", "num_latents", "dim", "depth", "iterations")

    def case(shows, *values):
        inputs = dict(zip(names, (int(value) for value in values), strict=True))
        return Case(shows, inputs, label=", ".join(f"{k}={v}" for k, v in inputs.items()))

    primes = rng.permutation([11, 13, 17, 19, 23])
    return [
        case("many tokens, few latents", 101, 7, 13, 3, 5),
        case("more latents than tokens", 5, 17, 11, 2, 3),
        case("one look, one block", 53, 11, 7, 1, 1),
        case("as in this notebook", 1024, 16, 32, 2, 2),
        case("other sizes", *primes[:3], 5, 2),
        case("other sizes", *primes[:3] * 3, 2, 7),
    ]


def cost(cross=None, think=None, whole=None):
    """The cost with one term changed: functions of N, L, D and depth; whole also of iterations."""

    def solution(num_tokens, num_latents, dim, depth, iterations):
        sizes = (num_tokens, num_latents, dim, depth)
        looks = (cross or right_cross)(*sizes)
        thoughts = (think or right_think)(*sizes)
        return (whole or right_whole)(looks, thoughts, iterations)

    return solution


def right_cross(n, latents, dim, depth):
    return 2 * n * latents * dim


def right_think(n, latents, dim, depth):
    return depth * 2 * latents**2 * dim


def right_whole(looks, thoughts, iterations):
    return iterations * (looks + thoughts)


PERCEIVER_COST = Exercise(
    id="perceiver_cost",
    title="What a look costs, and what a thought",
    points=1,
    reference=reference.perceiver_cost,
    cases=cost_cases,
    outputs={"cost": ""},
    hints=(
        "A product of an array (a, b) with one of (b, c) has a·b·c multiplications. Attention has "
        "two products: for the scores, and for the mixing.",
        "Cross-attention: (L, D) times (D, N), then (L, N) times (N, D). A block of the latent "
        "transformer: the same with L in place of N.",
        "cross = 2 * num_tokens * num_latents * dim;  block = 2 * num_latents ** 2 * dim;  "
        "return iterations * (cross + depth * block)",
    ),
    mistakes=(
        Mistake(
            "N² term",
            cost(cross=lambda n, latents, dim, depth: 2 * n**2 * dim),
            "Your cost grows with N², as if the tokens looked at each other. Only L latents look "
            "at N tokens: 2·N·L·D.",
        ),
        Mistake(
            "N² term",
            cost(cross=lambda n, latents, dim, depth: 2 * (n**2 + n * latents) * dim),
            "There is an N² in your cost, as if the tokens looked at each other. Only L latents "
            "look at N tokens: 2·N·L·D.",
        ),
        Mistake(
            "N² in the latent transformer",
            cost(think=lambda n, latents, dim, depth: depth * 2 * n**2 * dim),
            "Your latent transformer works on the N tokens. It sees the L latents alone: 2·L²·D a "
            "block.",
        ),
        Mistake(
            "N in the latent transformer",
            cost(think=lambda n, latents, dim, depth: depth * 2 * n * latents * dim),
            "Your latent transformer lets the latents look at the tokens. They look at each other "
            "there: 2·L²·D a block.",
        ),
        Mistake(
            "latents squared in cross-attention",
            cost(cross=lambda n, latents, dim, depth: 2 * latents**2 * dim),
            "Your cross-attention costs 2·L²·D, as if the latents looked at themselves. They look "
            "at N tokens: 2·N·L·D.",
        ),
        Mistake(
            "latents squared in cross-attention",
            cost(cross=lambda n, latents, dim, depth: 2 * n * latents**2 * dim),
            "Your cross-attention has L², but each of L latents meets each of N tokens once: "
            "2·N·L·D.",
        ),
        Mistake(
            "iterations forgotten",
            cost(whole=lambda looks, thoughts, iterations: looks + thoughts),
            "This is one iteration. Shared weights save numbers to keep, and no work: multiply by "
            "the iterations.",
        ),
        Mistake(
            "iterations for the look alone",
            cost(whole=lambda looks, thoughts, iterations: iterations * looks + thoughts),
            "You repeat the look and not the thought. Each iteration has both.",
        ),
        Mistake(
            "iterations for the thoughts alone",
            cost(whole=lambda looks, thoughts, iterations: looks + iterations * thoughts),
            "You repeat the thoughts and not the look. Each iteration has both.",
        ),
        Mistake(
            "depth forgotten",
            cost(think=lambda n, latents, dim, depth: 2 * latents**2 * dim),
            "You count one block of the latent transformer. It has `depth` of them.",
        ),
        Mistake(
            "depth for the look too",
            cost(cross=lambda n, latents, dim, depth: depth * 2 * n * latents * dim),
            "You multiply the look by the depth, too. There is one cross-attention in an "
            "iteration, and `depth` blocks behind it.",
        ),
        Mistake(
            "each attention counted as one product",
            cost(whole=lambda looks, thoughts, iterations: iterations * (looks + thoughts) // 2),
            "Half of the products are missing: attention multiplies twice, queries with keys and "
            "weights with values.",
        ),
        Mistake(
            "the look counted as one product",
            cost(cross=lambda n, latents, dim, depth: n * latents * dim),
            "Your cross-attention has one product. It has two: queries with keys, and weights with "
            "values.",
        ),
        Mistake(
            "the thought counted as one product",
            cost(think=lambda n, latents, dim, depth: depth * latents**2 * dim),
            "A block of your latent transformer has one product. It has two: queries with keys, "
            "and weights with values.",
        ),
        Mistake(
            "latents not squared in the latent transformer",
            cost(think=lambda n, latents, dim, depth: depth * 2 * latents * dim),
            "In the latent transformer each latent meets each latent: 2·L²·D a block, not 2·L·D.",
        ),
        Mistake(
            "width squared",
            cost(
                cross=lambda n, latents, dim, depth: 2 * n * latents * dim**2,
                think=lambda n, latents, dim, depth: depth * 2 * latents**2 * dim**2,
            ),
            "You have D² where D belongs. Squares of the width come from the projections, which "
            "are left out here.",
        ),
        Mistake(
            "width forgotten",
            cost(
                cross=lambda n, latents, dim, depth: 2 * n * latents,
                think=lambda n, latents, dim, depth: depth * 2 * latents**2,
            ),
            "D is missing: these are the pairs that meet, and each pair costs D multiplications "
            "in each of the two products.",
        ),
        Mistake(
            "each attention counted as four products",
            cost(whole=lambda looks, thoughts, iterations: 2 * iterations * (looks + thoughts)),
            "Twice as many as asked. Attention itself has two products, queries with keys and "
            "weights with values; additions and projections are left out.",
        ),
        Mistake(
            "thoughts forgotten",
            cost(think=lambda n, latents, dim, depth: 0),
            "This is the looking alone. The latent transformer comes behind each look: `depth` "
            "blocks of 2·L²·D.",
        ),
        Mistake(
            "the looks forgotten",
            cost(cross=lambda n, latents, dim, depth: 0),
            "This is the latent transformer alone. Each iteration begins with a look at all N "
            "tokens: 2·N·L·D.",
        ),
        Mistake(
            "projections counted too",
            cost(
                cross=lambda n, latents, dim, depth: (
                    2 * n * latents * dim + 2 * n * dim**2 + 2 * latents * dim**2
                ),
            ),
            "You count the projections of the cross-attention, too. They are left out here: count "
            "queries with keys, and weights with values.",
        ),
        Mistake(
            "projections counted too",
            cost(
                cross=lambda n, latents, dim, depth: (
                    2 * n * latents * dim + 2 * n * dim**2 + 2 * latents * dim**2
                ),
                think=lambda n, latents, dim, depth: (
                    depth * (2 * latents**2 * dim + 4 * latents * dim**2)
                ),
            ),
            "You count the projections, too. They are left out here: count queries with keys, and "
            "weights with values.",
        ),
        Mistake(
            "a float",
            cost(whole=lambda looks, thoughts, iterations: float(iterations * (looks + thoughts))),
            "The number is right, but it is a float: / makes floats even of whole numbers.",
        ),
    ),
)
