"""Exercise `perceive`: look, think, and look again."""

import contextlib
import copy

import numpy as np
from keras import ops

from course_utils.checking.driver import Unusable, call
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.exercises.perceiver.parts import Cross, LatentTransformer
from course_utils.reference import perceiver as reference


def perceive_cases(rng):
    def case(shows, iterations, *, batch=2, latents=5, dim=7, tokens=11, data_dim=13):
        return Case(
            shows,
            {
                "latents": normal(rng, batch, latents, dim),
                "data": normal(rng, batch, tokens, data_dim),
                "iterations": iterations,
                "seed": int(rng.integers(1000)),
            },
            label=f"{iterations} iteration" + "s" * (iterations > 1),
        )

    return [
        case("one look", 1),
        case("two looks", 2, batch=3, latents=3, dim=5, tokens=7, data_dim=2),
        case("several looks", 3),
        case("several looks", 5, data_dim=7),
    ]


SAME = "call the same cross and the same latent_transformer in every round, as they were given."
NEW_WEIGHTS = (
    "Your rounds do not share their weights: a copy of a layer has weights of its own as soon as "
    f"it learns. Instead, {SAME}"
)
UNUSED = (
    "You do not call what you were given. New layers, and copies, have weights of their own: "
    f"{SAME}"
)
IDLE = (
    "With iterations = {iterations}, your perceive never calls {names}. Every round calls both: "
    "cross first, and then latent_transformer."
)


def look_and_think(solution, inputs):
    """Call a solution with two callables of the case's sizes, and see that it uses them."""
    dim, data_dim, seed = inputs["latents"].shape[-1], inputs["data"].shape[-1], inputs["seed"]
    cross = Cross(seed, [(dim, dim), (dim, 3), (data_dim, 3), (data_dim, dim)])
    latent_transformer = LatentTransformer(seed + 1, [(dim, dim), (dim, dim)])
    given = {
        "latents": inputs["latents"],
        "data": inputs["data"],
        "cross": cross,
        "latent_transformer": latent_transformer,
        "iterations": inputs["iterations"],
    }
    result = call(solution, given)
    if result is not None:
        see_that_both_are_called(cross, latent_transformer, inputs, result)
    return result


def see_that_both_are_called(cross, latent_transformer, inputs, result):
    calls = {"cross": cross.calls, "latent_transformer": latent_transformer.calls}
    idle = [name for name, count in calls.items() if not count]
    if len(idle) == 2 and not as_it_came(result, inputs["latents"]):
        raise Unusable("unfit", UNUSED)
    if idle:
        text = IDLE.format(iterations=inputs["iterations"], names=" and ".join(idle))
        raise Unusable("idle", text)


def as_it_came(result, latents):
    with contextlib.suppress(Exception):  # a student's result may be anything
        return np.array_equal(ops.convert_to_numpy(result), latents)
    return False


def rounds(step, finish=lambda latents, first: latents):
    """A loop with another body: step (latents, first latents, data, cross, transformer, round)."""

    def solution(latents, data, cross, latent_transformer, iterations):
        first = latents
        for number in range(iterations):
            latents = step(latents, first, data, cross, latent_transformer, number)
        return finish(latents, first)

    return solution


def in_sequence(plan):
    """Another order of calls: plan (iterations) -> letters, c for cross, t for transformer."""

    def solution(latents, data, cross, latent_transformer, iterations):
        for letter in plan(iterations):
            latents = cross(latents, data) if letter == "c" else latent_transformer(latents)
        return latents

    return solution


def copies(latents, data, cross, latent_transformer, iterations):
    for number in range(iterations):
        if number:
            cross, latent_transformer = copy.deepcopy(cross), copy.deepcopy(latent_transformer)
        latents = latent_transformer(cross(latents, data))
    return latents


def weights_of_its_own(latents, data, cross, latent_transformer, iterations):
    """New layers in each round: what is given is never called."""
    for _ in range(iterations):
        latents = copy.copy(latent_transformer)(copy.copy(cross)(latents, data))
    return latents


def looks_without_effect(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        cross(latents, data)
        latents = latent_transformer(latents)
    return latents


def residual_paths(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        latents = latents + cross(latents, data)
        latents = latents + latent_transformer(latents)
    return latents


def every_round(latents, data, cross, latent_transformer, iterations):
    kept = []
    for _ in range(iterations):
        latents = latent_transformer(cross(latents, data))
        kept.append(latents)
    return ops.stack(kept)


def data_replaced(latents, data, cross, latent_transformer, iterations):
    """The name of the data is used for what was read."""
    for _ in range(iterations):
        latents = data = latent_transformer(cross(latents, data))
    return latents


PERCEIVE = Exercise(
    id="perceive",
    title="Look, think, and look again",
    points=2,
    reference=reference.perceive,
    cases=perceive_cases,
    outputs={"latents": "B L D"},
    driver=look_and_think,
    seconds=20.0,
    hints=(
        "One round is: look at the data, then think. What does the next round start from?",
        "Both callables give latents (B, L, D) again, so they can take the name latents. The data "
        "never change.",
        "for _ in range(iterations): latents = cross(latents, data); "
        "latents = latent_transformer(latents);  return latents",
    ),
    mistakes=(
        Mistake(
            "data forgotten after the first round",
            in_sequence(lambda n: "c" + "t" * n),
            "You look at the data once, and then only think. Each round looks again, with "
            "latents that know better what to look for: cross belongs into the loop.",
        ),
        Mistake(
            "starts again from the first latents",
            rounds(lambda x, first, data, cross, transformer, i: transformer(cross(first, data))),
            "However many rounds there are, yours give what one round gives. Either nothing is "
            "repeated, or every round starts from the first latents again: give each round the "
            "latents of the one before.",
        ),
        Mistake(
            "looks with the first latents",
            rounds(
                lambda x, first, data, cross, transformer, i: transformer(
                    cross(first, data) + x if i else cross(x, data)
                )
            ),
            "Every look of yours is taken with the first latents. Give cross the latents of the "
            "round before: they know better by then what to look for.",
        ),
        Mistake("new weights each round", copies, NEW_WEIGHTS),
        Mistake("new weights each round", weights_of_its_own, UNUSED),
        Mistake(
            "order reversed",
            in_sequence(lambda n: "tc" * n),
            "You think before you look. Each round is cross first, then latent_transformer.",
        ),
        Mistake(
            "all looks first",
            in_sequence(lambda n: "c" * n + "t" * n),
            "You do all the looking first, and all the thinking behind it. Take turns: cross, "
            "latent_transformer, cross, latent_transformer.",
        ),
        Mistake(
            "thinks only at the end",
            in_sequence(lambda n: "c" * n + "t"),
            "You think once, when all the looking is over. latent_transformer belongs into the "
            "loop too.",
        ),
        Mistake(
            "a round too many",
            in_sequence(lambda n: "ct" * (n + 1)),
            "You do a round too many: iterations + 1. range(iterations) counts right.",
        ),
        Mistake(
            "a round too few",
            in_sequence(lambda n: "ct" * max(n - 1, 1)),
            "You do a round too few: range(1, iterations) has one number less than "
            "range(iterations).",
        ),
        Mistake(
            "the last round ends with a look",
            in_sequence(lambda n: ("ct" * n)[:-1] if n > 1 else "ct"),
            "Nearly there: the last round looks and does not think. Both steps belong into every "
            "round.",
        ),
        Mistake(
            "one more look at the end",
            in_sequence(lambda n: "ct" * n + "c"),
            "Nearly there: you look once more at the end. Every round ends with "
            "latent_transformer.",
        ),
        Mistake(
            "a residual path around a round",
            rounds(lambda x, first, data, cross, transformer, i: x + transformer(cross(x, data))),
            "You add the latents to what a round makes of them. cross and latent_transformer have "
            "their residual paths inside: just hand the latents on.",
        ),
        Mistake(
            "residual paths around both steps",
            residual_paths,
            "You add the latents to what each step makes of them. cross and latent_transformer "
            "have their residual paths inside: just hand the latents on.",
        ),
        Mistake(
            "what cross returns is thrown away",
            looks_without_effect,
            "You call cross, and its result goes nowhere, so nothing of the data comes in. "
            "Put it into latents = cross(latents, data).",
        ),
        *(
            Mistake(
                "always the same number of rounds",
                in_sequence(lambda n, always=always: "ct" * always),
                f"Yours does {always} rounds, whatever it is asked for: range(iterations) counts "
                "right.",
            )
            for always in (2, 3)
        ),
        Mistake(
            "the first latents added at the end",
            rounds(
                lambda x, first, data, cross, transformer, i: transformer(cross(x, data)),
                lambda x, first: x + first,
            ),
            "You add the first latents at the end. Return what the last round gave.",
        ),
        Mistake(
            "cross(data, latents)",
            rounds(lambda x, first, data, cross, transformer, i: transformer(cross(data, x))),
            "You call cross(data, latents): the data ask, and the latents answer. It takes the "
            "latents first.",
        ),
        Mistake(
            "latents look at themselves",
            rounds(lambda x, first, data, cross, transformer, i: transformer(cross(x, x))),
            "You call cross(latents, latents), so nothing of the data comes in.",
        ),
        Mistake(
            "data replaced by latents",
            data_replaced,
            "After the first round your data are gone: the name data stands for latents by then. "
            "Every round looks at the data as they came.",
        ),
        Mistake(
            "the latents of every round",
            every_round,
            "You return the latents of all rounds. Return those of the last one, (B, L, D).",
        ),
    ),
)
