"""Exercise `learning_rate`: up a line, down half a cosine."""

import math

import numpy as np

from course_utils.checking.driver import Unusable, call, describe
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import learning as reference


def learning_rate(step, peak, warmup_steps, total_steps):
    if step >= total_steps:
        return 0.0
    if step < warmup_steps:
        return peak * step / warmup_steps
    way = (step - warmup_steps) / (total_steps - warmup_steps)
    return peak * (1 + math.cos(math.pi * way)) / 2


def rate_cases(rng):
    warmup, rest = int(rng.choice([5, 7, 11])), int(rng.choice([17, 19, 23]))
    total = warmup + rest
    spans = {
        "the way up": (0, 1, warmup // 2, warmup - 1, warmup),
        "the way down": (warmup, warmup + 1, warmup + rest // 3, total - 5, total - 1),
        "steps after the end": (total, total + 1, total + rest // 2, 3 * total),
    }
    inputs = {"peak": float(rng.uniform(1e-3, 1e-2)), "warmup_steps": warmup}
    cases = [
        Case(shows, {"step": steps, **inputs, "total_steps": total})
        for shows, steps in spans.items()
    ]
    at_once = {"step": (0, 1, rest // 2, rest), "peak": inputs["peak"], "warmup_steps": 0}
    long = {"step": (0, 400, 1000, 1300, 5500, 9000, 20000), "peak": 1.0}
    return [
        *cases,
        Case("a training without warm-up", {**at_once, "total_steps": rest}, corner=True),
        Case("a long training", {**long, "warmup_steps": 1000, "total_steps": 10000}),
    ]


LADDER = (
    by_hand(step=(0, 1, 2, 3, 4, 5, 6), peak=1.0, warmup_steps=2, total_steps=6),
    by_hand(step=(2, 4, 6, 8, 10), peak=8.0, warmup_steps=4, total_steps=8),
)


def at_each_step(solution, inputs):
    """Ask for one step after another: -> what came, an array with one number a step."""
    rates = [call(solution, {**inputs, "step": step}) for step in inputs["step"]]
    if any(rate is None for rate in rates):
        return None
    return np.array([as_number(rate) for rate in rates])


def as_number(rate) -> float:
    """A whole number will do as well: 0 is what a rate may well be."""
    if isinstance(rate, int | float | np.number) and not isinstance(rate, bool):
        return float(rate)
    if hasattr(rate, "__array__") and getattr(rate, "shape", None) == ():
        return float(rate)
    raise Unusable("type", f"A learning rate is one number. Yours is {describe(rate)}.")


COSINE = "(1 + math.cos(math.pi * way)) / 2"
NO_WAY_UP = ("    if step < warmup_steps:\n        return peak * step / warmup_steps\n", "")
NO_END = ("    if step >= total_steps:\n        return 0.0\n", "")
FROM_STEP_0 = ("(step - warmup_steps) / (total_steps - warmup_steps)", "step / total_steps")
AS_LONG_AS_ALL = ("(total_steps - warmup_steps)", "total_steps")
FULL_PERIOD = ("math.pi *", "2 * math.pi *")
WHOLE_UP, WHOLE_DOWN = ("step / warmup", "step // warmup"), (") / (total", ") // (total")
STEP_WHOLE = ("peak * step / warmup_steps", "step // warmup_steps * peak")
RESTARTED = "cosine restarted from step 0 at the end of warmup"

TOO_LONG = (
    "The way down starts at the peak, but it is as long as the whole training, so the rate has not "
    "come down when that ends. The warm-up is part of total_steps: divide by "
    "total_steps - warmup_steps."
)

MISTAKES = (
    edited("no warmup", NO_WAY_UP, FROM_STEP_0)(
        "There is no warm-up: yours starts at the peak. The first warmup_steps lead up to it, in "
        "a line from 0."
    ),
    edited("no warmup", ("peak * step / warmup_steps", "peak"))(
        "Before the cosine yours stays at the peak. It should rise there, in a line from 0: peak "
        "* step / warmup_steps."
    ),
    edited("no warmup", NO_WAY_UP)(
        "There is no warm-up: for step < warmup_steps yours is on the cosine's other side. Rise "
        "in a line from 0 there: peak * step / warmup_steps."
    ),
    edited(RESTARTED, FROM_STEP_0)(
        "The way down counts from step 0, so the rate jumps at the end of the warm-up. It starts "
        "where the warm-up ends: (step - warmup_steps) / (total_steps - warmup_steps) goes from 0 "
        "to 1."
    ),
    edited(RESTARTED, AS_LONG_AS_ALL)(TOO_LONG),
    edited(RESTARTED, AS_LONG_AS_ALL, (">= total", ">= warmup_steps + total"))(TOO_LONG),
    edited("full period", FULL_PERIOD)(
        "Your cosine runs a full period: down to 0 halfway, then up to the peak again. Half a "
        "period leads from 1 to -1: cos(π · way), without the 2."
    ),
    edited("full period", FULL_PERIOD, NO_END)(
        "Your cosine runs a full period, and goes on after the end. Half a period leads from 1 to "
        "-1: cos(π · way); from total_steps on the rate is 0."
    ),
    edited("not clipped after the end", NO_END)(
        "Right until the end. After it your cosine rises again, towards a second peak. From "
        "total_steps on the rate is 0."
    ),
    *(
        edited("integer division", up)(
            "The warm-up is 0 all the way. // rounds down, and between 0 and 1 that leaves 0. "
            "Divide with /."
        )
        for up in (WHOLE_UP, STEP_WHOLE)
    ),
    edited("integer division", WHOLE_DOWN)(
        "The way down never leaves the peak. // rounds down, and between 0 and 1 that leaves 0. "
        "Divide with /."
    ),
    *(
        edited("integer division", up, WHOLE_DOWN)(
            "Yours knows only 0 and the peak. // rounds down, and between 0 and 1 that leaves 0. "
            "Divide with /."
        )
        for up in (WHOLE_UP, STEP_WHOLE)
    ),
    edited("warmup one step early", ("* step /", "* (step + 1) /"))(
        "Your warm-up is one step ahead: at step 0 the rate should be 0."
    ),
    edited("one step early", ("    if step >=", "    step = step + 1\n    if step >="))(
        "All of yours is one step ahead: at step 0 the rate should be 0, at warmup_steps the "
        "peak. Use step, not step + 1."
    ),
    edited("a line down", (COSINE, "(1 - way)"))(
        "Yours goes down in a line. The way down is half a cosine: slow at both ends."
    ),
    edited("half forgotten", (" / 2", ""))(
        "1 + cos goes from 2 to 0, so after the warm-up yours jumps to twice the peak. Divide by 2."
    ),
    edited("1 forgotten", (COSINE, "math.cos(math.pi * way)"))(
        "Your rate becomes negative: a cosine goes down to -1. Lift it and halve it, (1 + cos(π · "
        "way)) / 2."
    ),
    edited("a quarter of a cosine", (COSINE, "math.cos(math.pi / 2 * way)"))(
        "You use a quarter of a cosine, which falls into the end at full slope. Half a period, "
        "lifted and halved, lands softly: (1 + cos(π · way)) / 2."
    ),
    edited("degrees", ("math.pi", "180"))("cos takes radians: half a period is π, not 180."),
    edited("π forgotten", ("math.pi * ", ""))(
        "π is missing: half a period is cos(π · way), with way from 0 to 1."
    ),
    edited("cosine upside down", ("1 + math", "1 - math"))(
        "Your cosine rises from 0 to the peak, it should fall: plus, not minus."
    ),
    edited("peak forgotten", ("peak * step", "step"), ("peak * (1", "(1"))(
        "Yours rises to 1. Multiply by peak, on the way up as well as on the way down."
    ),
    edited("constant after the warmup", (f" * {COSINE}", ""), NO_END)(
        "The warm-up is right; after it yours stays at the peak. There half a cosine leads down "
        "to 0."
    ),
    edited(
        "a warm-up of no steps divided by",
        ("    if step < warmup_steps", "    step / warmup_steps\n    if step < warmup_steps"),
        telling=r"division by zero",
    )(
        "Right with a warm-up. Without one, warmup_steps is 0, and nothing can be divided by 0: "
        "look whether step < warmup_steps before you divide."
    ),
)

LEARNING_RATE = Exercise(
    id="learning_rate",
    title="Up a line, down half a cosine",
    points=2,
    reference=reference.learning_rate,
    answer=learning_rate,
    cases=rate_cases,
    ladder=LADDER,
    outputs={"rates": "step"},
    driver=at_each_step,
    seconds=30.0,  # JAX compiles Keras' own schedule anew for each step
    hints=(
        "Three stretches of time, three formulas. Which steps belong to which?",
        "Before warmup_steps: the share step / warmup_steps of the peak. From total_steps on: 0. "
        "Between them let way go from 0 to 1: then cos(π · way) goes from 1 to -1. Lift it by 1, "
        "and it goes from 2 to 0.",
        "if step < …: return peak * …;  if step >= …: return 0.0;  way = the share of the way down "
        "that is done, 0 at warmup_steps and 1 at total_steps;  return peak * (1 + cos(…)) / 2",
    ),
    mistakes=MISTAKES,
)
