"""Exercise `count_perceiver_parameters`: what shared weights save."""

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import perceiver as reference

PARTS = ("latents", "tokens", "cross", "latent_transformer", "head")


def count_perceiver_parameters(sizes, iterations, shared):
    copies = 1 if shared else iterations
    once = sizes["latents"] + sizes["tokens"] + sizes["head"]
    cross, think = sizes["cross"], sizes["latent_transformer"]
    return once + copies * (cross + think)


def count_cases(rng):
    def case(shows, iterations, shared, **given):
        sizes = {part: int(rng.integers(100, 10_000)) for part in PARTS} | given
        inputs = {**sizes, "iterations": iterations, "shared": shared}
        return Case(shows, inputs, label=f"iterations={iterations}, shared={shared}")

    many = int(rng.integers(4, 9))
    return [
        case("one iteration", 1, True),
        case("one iteration", 1, False),
        case("shared weights", 3, True),
        case("shared weights", many, True),
        case("weights of their own", 2, False),
        case("weights of their own", many, False),
        case("tokens that learn nothing", 3, True, tokens=0),
        case("tokens that learn nothing", 3, False, tokens=0),
    ]


TENS = {part: 10**power for power, part in enumerate(PARTS)}
LADDER = (
    by_hand(**TENS, iterations=2, shared=True),
    by_hand(**TENS, iterations=2, shared=False),
    by_hand(**TENS, iterations=3, shared=True),
    by_hand(**TENS, iterations=5, shared=True),
)


def call_with_sizes(solution, inputs):
    sizes = {part: inputs[part] for part in PARTS}
    given = {"sizes": sizes, "iterations": inputs["iterations"], "shared": inputs["shared"]}
    return call(solution, given)


COUNT_PERCEIVER_PARAMETERS = Exercise(
    id="count_perceiver_parameters",
    title="What shared weights save",
    points=2,
    reference=reference.count_perceiver_parameters,
    answer=count_perceiver_parameters,
    cases=count_cases,
    ladder=LADDER,
    outputs={"count": ""},
    driver=call_with_sizes,
    hints=(
        "Which parts are there once, however often the model looks? And which are there once a "
        "round, unless the rounds share them?",
        "Once: latents, tokens, head. Once a round: cross and latent_transformer. Rounds that "
        "share their weights count as one.",
        "Add up what is there once. Then count the copies of a round's parts, for shared=True and "
        "for shared=False, and multiply those parts alone.",
    ),
    mistakes=(
        edited("multiplies shared weights", ("1 if shared else iterations", "iterations"))(
            "Right for iterations with weights of their own. Shared weights are the same numbers, "
            "used again: they count once, however often they are used."
        ),
        edited("never multiplies", ("1 if shared else iterations", "1"))(
            "Right for shared weights. With shared=False each iteration has a cross-attention and "
            "a latent transformer of its own."
        ),
        edited("shared turned round", ("if shared", "if not shared"))(
            "You multiply where the weights are shared, and do not where they are not. It is the "
            "other way round."
        ),
        edited("forgets the latent array", ('sizes["latents"] + ', ""))(
            "The latents themselves are missing: they are an array that is learned, once for all."
        ),
        edited("forgets the tokens", ('sizes["tokens"] + ', ""))(
            "What makes the tokens is missing: sizes['tokens'], once, whatever the iterations."
        ),
        edited("forgets the head", (' + sizes["head"]', ""))(
            "The head is missing: sizes['head'], once."
        ),
        edited("forgets the cross-attention", ("(cross + think)", "think"))(
            "The cross-attention is missing: sizes['cross']."
        ),
        edited("forgets the latent transformer", ("(cross + think)", "cross"))(
            "The latent transformer is missing: sizes['latent_transformer']."
        ),
        edited(
            "multiplies everything",
            ("once + copies * (cross + think)", "copies * (once + cross + think)"),
        )(
            "With shared=False you multiply everything. Latents, tokens and head are there once: "
            "only cross and latent_transformer come again in each iteration."
        ),
        edited(
            "multiplies everything, shared or not",
            ("1 if shared else iterations", "iterations"),
            ("once + copies * (cross + think)", "copies * (once + cross + think)"),
        )(
            "You multiply everything by the iterations. Only cross and latent_transformer come "
            "again in each, and only where they are not shared."
        ),
        edited("multiplies the latents too", ('sizes["latents"]', 'copies * sizes["latents"]'))(
            "With shared=False you count the latents once an iteration. There is one array of "
            "them; the rounds hand it on."
        ),
        edited("multiplies the tokens too", ('sizes["tokens"]', 'copies * sizes["tokens"]'))(
            "With shared=False you count the tokens once an iteration. They are made once, and "
            "looked at again and again."
        ),
        edited("multiplies the head too", ('sizes["head"]', 'copies * sizes["head"]'))(
            "With shared=False you count the head once an iteration. It comes once, at the end."
        ),
        edited("multiplies the cross-attention only", ("(cross + think)", "cross + think"))(
            "With shared=False the latent transformer is another one in each iteration, too."
        ),
        edited(
            "multiplies the latent transformer only",
            ("copies * (cross + think)", "cross + copies * think"),
        )("With shared=False the cross-attention is another one in each iteration, too."),
        edited("an iteration too few", ("else iterations", "else max(iterations - 1, 1)"))(
            "With shared=False you count one iteration too few."
        ),
        edited("an iteration too many", ("else iterations", "else iterations + 1"))(
            "With shared=False you count one iteration too many: the first look is one of them."
        ),
        edited(
            "the first look counted apart",
            ("return once", "return once + cross * (shared and iterations > 1)"),
        )(
            "Right for weights of their own. With shared=True you count a first cross-attention "
            "of its own, as the paper's best model had it. Here all of them are one."
        ),
        edited("a float", ("return once", "return 1.0 * once"))(
            "The number is right, but it is a float. A count is a whole number."
        ),
    ),
)
