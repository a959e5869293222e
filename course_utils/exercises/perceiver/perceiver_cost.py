"""Exercise `perceiver_cost`: what a look costs, and what a thought."""

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import perceiver as reference


def perceiver_cost(num_tokens, num_latents, dim, depth, iterations):
    look = 2 * num_tokens * num_latents * dim
    thoughts = depth * 2 * num_latents**2 * dim
    return iterations * (look + thoughts)


def cost_cases(rng):
    names = ("num_tokens", "num_latents", "dim", "depth", "iterations")

    def case(shows, *values):
        inputs = dict(zip(names, (int(value) for value in values), strict=True))
        return Case(shows, inputs, label=", ".join(f"{k}={v}" for k, v in inputs.items()))

    # So many sizes that no table holds the answers.
    tokens, latents, dims = (rng.integers(*span, 5) for span in ((300, 3000), (20, 200), (11, 97)))
    return [
        case("many tokens, few latents", tokens[0], latents[0], dims[0], 3, 5),
        case("more latents than tokens", latents[1], tokens[1], dims[1], 2, 3),
        case("one look, one block", tokens[2], latents[2], dims[2], 1, 1),
        case("as in this notebook", 1024, 16, 32, 2, 2),
        case("other sizes", tokens[3], latents[3], dims[3], 5, 2),
        case("other sizes", tokens[4], latents[4], dims[4], 2, 7),
    ]


LADDER = (
    by_hand(num_tokens=10, num_latents=3, dim=1, depth=1, iterations=1),
    by_hand(num_tokens=10, num_latents=2, dim=3, depth=4, iterations=5),
)


ONE_PRODUCT_A_LOOK = ("2 * num_tokens", "num_tokens")
ONE_PRODUCT_A_THOUGHT = ("2 * num_latents", "num_latents")
PROJECTIONS_OF_THE_LOOK = ("look = ", "look = 2 * (num_tokens + num_latents) * dim**2 + ")

PERCEIVER_COST = Exercise(
    id="perceiver_cost",
    title="What a look costs, and what a thought",
    points=1,
    reference=reference.perceiver_cost,
    answer=perceiver_cost,
    cases=cost_cases,
    ladder=LADDER,
    outputs={"cost": ""},
    hints=(
        "A product of an array (a, b) with one of (b, c) has a·b·c multiplications. Attention has "
        "two products: for the scores, and for the mixing.",
        "Cross-attention: (L, D) times (D, N), then (L, N) times (N, D). A block of the latent "
        "transformer: the same with L in place of N.",
        "Two products for a look, two for a block. How many looks are there, and how many blocks? "
        "Try it with iterations=1 and depth=1 first.",
    ),
    mistakes=(
        edited("N² term", ("num_tokens * num_latents", "num_tokens**2"))(
            "Your cost grows with N², as if the tokens looked at each other. Only L latents look "
            "at N tokens: 2·N·L·D."
        ),
        edited(
            "N² term", ("num_tokens * num_latents", "(num_tokens**2 + num_tokens * num_latents)")
        )(
            "There is an N² in your cost, as if the tokens looked at each other. Only L latents "
            "look at N tokens: 2·N·L·D."
        ),
        edited("N² in the latent transformer", ("num_latents**2", "num_tokens**2"))(
            "Your latent transformer works on the N tokens. It sees the L latents alone: 2·L²·D a "
            "block."
        ),
        edited("N in the latent transformer", ("num_latents**2", "num_tokens * num_latents"))(
            "Your latent transformer lets the latents look at the tokens. They look at each other "
            "there: 2·L²·D a block."
        ),
        edited(
            "latents squared in cross-attention", ("num_tokens * num_latents", "num_latents**2")
        )(
            "Your cross-attention costs 2·L²·D, as if the latents looked at themselves. They look "
            "at N tokens: 2·N·L·D."
        ),
        edited("latents squared in cross-attention", ("num_latents * dim", "num_latents**2 * dim"))(
            "Your cross-attention has L², but each of L latents meets each of N tokens once: "
            "2·N·L·D."
        ),
        edited("iterations forgotten", ("iterations * (look + thoughts)", "look + thoughts"))(
            "This is one iteration. Shared weights save numbers to keep, and no work: multiply by "
            "the iterations."
        ),
        edited("iterations for the look alone", ("(look + thoughts)", "look + thoughts"))(
            "You repeat the look and not the thought. Each iteration has both."
        ),
        edited(
            "iterations for the thoughts alone",
            ("iterations * (look + thoughts)", "look + iterations * thoughts"),
        )("You repeat the thoughts and not the look. Each iteration has both."),
        edited("depth forgotten", ("depth * ", ""))(
            "You count one block of the latent transformer. It has `depth` of them."
        ),
        edited("depth for the look too", ("look = ", "look = depth * "))(
            "You multiply the look by the depth, too. There is one cross-attention in an "
            "iteration, and `depth` blocks behind it."
        ),
        edited("each attention counted as one product", ONE_PRODUCT_A_LOOK, ONE_PRODUCT_A_THOUGHT)(
            "Half of the products are missing: attention multiplies twice, queries with keys and "
            "weights with values."
        ),
        edited("the look counted as one product", ONE_PRODUCT_A_LOOK)(
            "Your cross-attention has one product. It has two: queries with keys, and weights with "
            "values."
        ),
        edited("the thought counted as one product", ONE_PRODUCT_A_THOUGHT)(
            "A block of your latent transformer has one product. It has two: queries with keys, "
            "and weights with values."
        ),
        edited("latents not squared in the latent transformer", ("num_latents**2", "num_latents"))(
            "In the latent transformer each latent meets each latent: 2·L²·D a block, not 2·L·D."
        ),
        edited(
            "width squared",
            ("num_latents * dim", "num_latents * dim**2"),
            ("num_latents**2 * dim", "num_latents**2 * dim**2"),
        )(
            "You have D² where D belongs. Squares of the width come from the projections, which "
            "are left out here."
        ),
        edited(
            "width forgotten",
            ("num_latents * dim", "num_latents"),
            ("num_latents**2 * dim", "num_latents**2"),
        )(
            "D is missing: these are the pairs that meet, and each pair costs D multiplications "
            "in each of the two products."
        ),
        edited(
            "each attention counted as four products",
            ("return iterations", "return 2 * iterations"),
        )(
            "Twice as many as asked. Attention itself has two products, queries with keys and "
            "weights with values; additions and projections are left out."
        ),
        edited("thoughts forgotten", ("(look + thoughts)", "look"))(
            "This is the looking alone. The latent transformer comes behind each look: `depth` "
            "blocks of 2·L²·D."
        ),
        edited("the looks forgotten", ("(look + thoughts)", "thoughts"))(
            "This is the latent transformer alone. Each iteration begins with a look at all N "
            "tokens: 2·N·L·D."
        ),
        edited("projections counted too", PROJECTIONS_OF_THE_LOOK)(
            "You count the projections of the cross-attention, too. They are left out here: count "
            "queries with keys, and weights with values."
        ),
        edited(
            "projections counted too",
            PROJECTIONS_OF_THE_LOOK,
            ("2 * num_latents**2 * dim", "(2 * num_latents**2 + 4 * num_latents * dim) * dim"),
        )(
            "You count the projections, too. They are left out here: count queries with keys, and "
            "weights with values."
        ),
        edited("a float", ("return iterations", "return float(iterations)"))(
            "The number is right, but it is a float: / makes floats even of whole numbers."
        ),
    ),
)
