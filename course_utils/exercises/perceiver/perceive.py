"""Exercise `perceive`: look, think, and look again."""

import contextlib
import copy  # noqa: F401  two mistakes make copies

import numpy as np
from keras import ops

from course_utils.checking.driver import Unusable, call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.exercises.perceiver.parts import Cross, LatentTransformer
from course_utils.reference import perceiver as reference


def perceive(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        latents = cross(latents, data)
        latents = latent_transformer(latents)
    return latents


def perceive_cases(rng):
    def case(shows, iterations, *, batch=2, latents=5, dim=7, tokens=11, data_dim=13):
        inputs = {
            "latents": normal(rng, batch, latents, dim),
            "data": normal(rng, batch, tokens, data_dim),
            "iterations": iterations,
            "seed": int(rng.integers(1000)),
        }
        return Case(
            shows,
            inputs,
            label=f"{iterations} iteration" + "s" * (iterations != 1),
            corner=not iterations,
        )

    return [
        case("one look", 1),
        case("two looks", 2, batch=3, latents=3, dim=5, tokens=7, data_dim=2),
        case("several looks", 3),
        case("several looks", 5, data_dim=7),
        case("no look at all", 0),
    ]


LADDER = (
    by_hand(
        "one latent and two tokens, one iteration",
        **{"latents": numbered(1, 1, 2), "data": numbered(1, 2, 2) / 4, "iterations": 1, "seed": 1},
    ),
    by_hand(
        "one latent and two tokens, two iterations",
        **{"latents": numbered(1, 1, 2), "data": numbered(1, 2, 2) / 4, "iterations": 2, "seed": 1},
    ),
)


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
    arrays = {name: inputs[name] for name in ("latents", "data")}
    parts = {"cross": cross, "latent_transformer": latent_transformer}
    result = call(solution, {**arrays, **parts, "iterations": inputs["iterations"]})
    if result is not None and inputs["iterations"]:
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


LOOP = "    for _ in range(iterations):\n"
LOOK = "        latents = cross(latents, data)\n"
THINK = "        latents = latent_transformer(latents)\n"
NEW_LAYERS = "        cross, latent_transformer = copy.deepcopy([cross, latent_transformer])\n"
KEEP_FIRST = ("    for", "    first = latents\n    for")

PERCEIVE = Exercise(
    id="perceive",
    title="Look, think, and look again",
    points=2,
    reference=reference.perceive,
    answer=perceive,
    cases=perceive_cases,
    ladder=LADDER,
    outputs={"latents": "B L D"},
    driver=look_and_think,
    seconds=20.0,
    hints=(
        "One round is: look at the data, then think. What does the next round start from?",
        "Both callables give latents (B, L, D) again, so they can take the name latents. The data "
        "never change.",
        "A for loop of two lines. Both lines give latents their new value, and the second starts "
        "from what the first one made.",
    ),
    mistakes=(
        edited(
            "data forgotten after the first round",
            (LOOK, ""),
            (LOOP, "    latents = cross(latents, data)\n" + LOOP),
        )(
            "You look at the data once, and then only think. Each round looks again, with "
            "latents that know better what to look for: cross belongs into the loop."
        ),
        edited(
            "look and thought added",
            (LOOK, ""),
            ("latents = latent_tr", "latents = cross(latents, data) + latent_tr"),
        )(
            "Look and thought start from the same latents, and you add what they bring. The "
            "thought works on what the look has made: latents = cross(…), then latents = "
            "latent_transformer(latents)."
        ),
        edited("at least one round", ("range(iterations)", "range(max(iterations, 1))"))(
            "Right for one round and more. With iterations = 0 there is nothing to do, and the "
            "latents come back as they were; yours does a round all the same."
        ),
        edited("starts again from the first latents", KEEP_FIRST, ("cross(latents", "cross(first"))(
            "However many rounds there are, yours give what one round gives. Either nothing is "
            "repeated, or every round starts from the first latents again: give each round the "
            "latents of the one before."
        ),
        edited(
            "looks with the first latents",
            KEEP_FIRST,
            ("for _", "for number"),
            ("cross(latents, data)", "cross(first, data) + (latents if number else 0)"),
        )(
            "Every look of yours is taken with the first latents. Give cross the latents of the "
            "round before: they know better by then what to look for."
        ),
        edited("new weights each round", (THINK, THINK + NEW_LAYERS))(NEW_WEIGHTS),
        edited(
            "new weights each round",
            ("cross(latents", "copy.copy(cross)(latents"),
            ("latent_transformer(latents", "copy.copy(latent_transformer)(latents"),
        )(UNUSED),
        edited("order reversed", (LOOK + THINK, THINK + LOOK))(
            "You think before you look. Each round is cross first, then latent_transformer."
        ),
        edited("all looks first", (LOOK, LOOK + LOOP))(
            "You do all the looking first, and all the thinking behind it. Take turns: cross, "
            "latent_transformer, cross, latent_transformer."
        ),
        edited("thinks only at the end", (THINK, "    latents = latent_transformer(latents)\n"))(
            "You think once, when all the looking is over. latent_transformer belongs into the "
            "loop too."
        ),
        edited("what is thought is thrown away", (THINK, "        latent_transformer(latents)\n"))(
            "You call latent_transformer, and its result goes nowhere. Put it into latents = "
            "latent_transformer(latents)."
        ),
        edited(
            "neither is handed on",
            ("latents = cross(latents, data)", "cross(latents, data)"),
            ("latents = latent_transformer(latents)", "thought = latent_transformer(latents)"),
            ("return latents", "return thought if iterations else latents"),
        )(
            "What cross finds goes nowhere, and every round thinks about the first latents. Hand "
            "both on: latents = cross(…), and then latents = latent_transformer(latents)."
        ),
        edited("a round too many", ("range(iterations)", "range(iterations + 1)"))(
            "You do a round too many: iterations + 1. range(iterations) counts right."
        ),
        edited("a round too few", ("range(iterations)", "range(max(iterations - 1, 1))"))(
            "You do a round too few: range(1, iterations) has one number less than "
            "range(iterations)."
        ),
        edited(
            "the last round ends with a look",
            ("for _", "for number"),
            (
                "latent_transformer(latents)",
                "latents if 0 < number == iterations - 1 else latent_transformer(latents)",
            ),
        )(
            "Nearly there: the last round looks and does not think. Both steps belong into every "
            "round."
        ),
        edited("one more look at the end", ("return latents", "return cross(latents, data)"))(
            "Nearly there: you look once more at the end. Every round ends with latent_transformer."
        ),
        edited(
            "a residual path around a round",
            ("latents = cross", "seen = cross"),
            ("latent_transformer(latents)", "latents + latent_transformer(seen)"),
        )(
            "You add the latents to what a round makes of them. cross and latent_transformer have "
            "their residual paths inside: just hand the latents on."
        ),
        edited(
            "residual paths around both steps",
            ("= cross", "= latents + cross"),
            ("= latent_transformer", "= latents + latent_transformer"),
        )(
            "You add the latents to what each step makes of them. cross and latent_transformer "
            "have their residual paths inside: just hand the latents on."
        ),
        edited("what cross returns is thrown away", ("latents = cross", "cross"))(
            "You call cross, and its result goes nowhere, so nothing of the data comes in. "
            "Put it into latents = cross(latents, data)."
        ),
        *(
            edited("always the same number of rounds", ("range(iterations)", f"range({always})"))(
                f"Yours does {always} rounds, whatever it is asked for: range(iterations) counts "
                "right."
            )
            for always in (2, 3)
        ),
        edited(
            "the first latents added at the end",
            KEEP_FIRST,
            ("return latents", "return latents + first"),
        )("You add the first latents at the end. Return what the last round gave."),
        edited("cross(data, latents)", ("(latents, data)", "(data, latents)"))(
            "You call cross(data, latents): the data ask, and the latents answer. It takes the "
            "latents first."
        ),
        edited("latents look at themselves", ("(latents, data)", "(latents, latents)"))(
            "You call cross(latents, latents), so nothing of the data comes in."
        ),
        edited("data replaced by latents", ("latents = latent", "latents = data = latent"))(
            "After the first round your data are gone: the name data stands for latents by then. "
            "Every round looks at the data as they came."
        ),
        edited(
            "the latents of every round",
            ("    for", "    kept = []\n    for"),
            (THINK, THINK + "        kept.append(latents)\n"),
            ("return latents", "return np.stack(kept)"),
        )("You return the latents of all rounds. Return those of the last one, (B, L, D)."),
    ),
)
