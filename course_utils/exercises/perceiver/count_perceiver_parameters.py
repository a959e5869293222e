"""Exercise `count_perceiver_parameters`: what shared weights save."""

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import perceiver as reference

PARTS = ("latents", "tokens", "cross", "latent_transformer", "head")


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


def call_with_sizes(solution, inputs):
    sizes = {part: inputs[part] for part in PARTS}
    given = {"sizes": sizes, "iterations": inputs["iterations"], "shared": inputs["shared"]}
    return call(solution, given)


def counted(times):
    """Each part a number of times: times (part, iterations, shared)."""

    def solution(sizes, iterations, shared):
        return sum(times(part, iterations, shared) * size for part, size in sizes.items())

    return solution


REPEATED = ("cross", "latent_transformer")


def right(part, iterations, shared):
    return iterations if part in REPEATED and not shared else 1


def without(forgotten):
    return counted(lambda part, n, shared: right(part, n, shared) * (part != forgotten))


def repeats(*parts):
    """Only these parts are counted again for iterations of their own."""
    return counted(lambda part, n, shared: n if part in parts and not shared else 1)


def as_float(sizes, iterations, shared):
    return float(counted(right)(sizes, iterations, shared))


def first_look_apart(sizes, iterations, shared):
    extra = sizes["cross"] if shared and iterations > 1 else 0
    return counted(right)(sizes, iterations, shared) + extra


FORGOTTEN = {
    "latents": (
        "forgets the latent array",
        "The latents themselves are missing: they are an array that is learned, once for all.",
    ),
    "tokens": (
        "forgets the tokens",
        "What makes the tokens is missing: sizes['tokens'], once, whatever the iterations.",
    ),
    "head": ("forgets the head", "The head is missing: sizes['head'], once."),
    "cross": ("forgets the cross-attention", "The cross-attention is missing: sizes['cross']."),
    "latent_transformer": (
        "forgets the latent transformer",
        "The latent transformer is missing: sizes['latent_transformer'].",
    ),
}

COUNT_PERCEIVER_PARAMETERS = Exercise(
    id="count_perceiver_parameters",
    title="What shared weights save",
    points=2,
    reference=reference.count_perceiver_parameters,
    cases=count_cases,
    outputs={"count": ""},
    driver=call_with_sizes,
    hints=(
        "Which parts are there once, however often the model looks? And which are there once a "
        "round, unless the rounds share them?",
        "Once: latents, tokens, head. Once a round: cross and latent_transformer. Rounds that "
        "share their weights count as one.",
        "copies = 1 if shared else iterations;  return latents + tokens + head "
        "+ copies * (cross + latent_transformer)",
    ),
    mistakes=(
        Mistake(
            "multiplies shared weights",
            counted(lambda part, n, shared: n if part in REPEATED else 1),
            "Right for iterations with weights of their own. Shared weights are the same numbers, "
            "used again: they count once, however often they are used.",
        ),
        Mistake(
            "never multiplies",
            counted(lambda part, n, shared: 1),
            "Right for shared weights. With shared=False each iteration has a cross-attention and "
            "a latent transformer of its own.",
        ),
        Mistake(
            "shared turned round",
            counted(lambda part, n, shared: right(part, n, not shared)),
            "You multiply where the weights are shared, and do not where they are not. It is the "
            "other way round.",
        ),
        *(Mistake(name, without(part), text) for part, (name, text) in FORGOTTEN.items()),
        Mistake(
            "multiplies everything",
            repeats(*PARTS),
            "With shared=False you multiply everything. Latents, tokens and head are there once: "
            "only cross and latent_transformer come again in each iteration.",
        ),
        Mistake(
            "multiplies everything, shared or not",
            counted(lambda part, n, shared: n),
            "You multiply everything by the iterations. Only cross and latent_transformer come "
            "again in each, and only where they are not shared.",
        ),
        Mistake(
            "multiplies the latents too",
            repeats(*REPEATED, "latents"),
            "With shared=False you count the latents once an iteration. There is one array of "
            "them; the rounds hand it on.",
        ),
        Mistake(
            "multiplies the tokens too",
            repeats(*REPEATED, "tokens"),
            "With shared=False you count the tokens once an iteration. They are made once, and "
            "looked at again and again.",
        ),
        Mistake(
            "multiplies the head too",
            repeats(*REPEATED, "head"),
            "With shared=False you count the head once an iteration. It comes once, at the end.",
        ),
        Mistake(
            "multiplies the cross-attention only",
            repeats("cross"),
            "With shared=False the latent transformer is another one in each iteration, too.",
        ),
        Mistake(
            "multiplies the latent transformer only",
            repeats("latent_transformer"),
            "With shared=False the cross-attention is another one in each iteration, too.",
        ),
        Mistake(
            "an iteration too few",
            counted(lambda part, n, shared: right(part, n - 1 if n > 1 else n, shared)),
            "With shared=False you count one iteration too few.",
        ),
        Mistake(
            "an iteration too many",
            counted(lambda part, n, shared: right(part, n + 1, shared)),
            "With shared=False you count one iteration too many: the first look is one of them.",
        ),
        Mistake(
            "the first look counted apart",
            first_look_apart,
            "Right for weights of their own. With shared=True you count a first cross-attention "
            "of its own, as the paper's best model had it. Here all of them are one.",
        ),
        Mistake(
            "a float",
            as_float,
            "The number is right, but it is a float. A count is a whole number.",
        ),
    ),
)
