"""Turn what happened into a Report: compare with the reference, score, and name the mistake.

This file runs the reference and the listed mistakes, which are ours, and no line of a student's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from course_utils.checking import clues, sentences
from course_utils.checking.picture import draw
from course_utils.checking.report import Report
from course_utils.checking.run import Outcome, Unusable, fresh, named

if TYPE_CHECKING:
    from course_utils.checking.exercise import Case, Exercise, Mistake

# Relative to the largest expected entry: float32 sums in any order stay far below it, every listed
# mistake lies far above it.
TOLERANCE = 1e-4

# Failures that have nothing to do with the case they were seen in. The last three are a grader's.
EVERYWHERE = ("arguments", "forbidden", "time", "unsolved", "missing", "died", "not reached")

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """One case with what was expected and what came, both as the exercise observes them."""

    case: Case
    expected: Arrays
    outcome: Outcome
    seen: Arrays | None


def judge(exercise: Exercise, cases: list[Case], outcomes: list[Outcome], run_ours=None) -> Report:
    """Score the outcomes of a solution and find the sentence that helps most.

    run_ours: stands in for `ours`, where somebody keeps what our own solutions gave.
    """
    run_ours = run_ours or ours
    trials = [
        examine(exercise, case, outcome, run_ours)
        for case, outcome in zip(cases, outcomes, strict=True)
    ]
    properties = score_properties(exercise, trials)
    held = sum(properties.values())
    passed = held == len(properties)
    score = held / len(properties)
    if any(out.failure == "forbidden" for out in outcomes):
        score, passed = 0.0, False
    mistake = None if passed else recognise(exercise, trials, run_ours)
    message, picture = say(exercise, trials, mistake, passed)
    changed = next((out.changed for out in outcomes if out.changed), ())
    if changed:
        text = sentences.CHANGED.format(name=exercise.id, inputs="', '".join(changed))
        message = f"{message} {text}".strip()
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        points=exercise.points,
        score=score,
        passed=passed,
        solved=outcomes[0].failure not in ("unsolved", "missing"),
        mistake=mistake.name if mistake else None,
        message=message,
        properties=properties,
        picture=picture,
        printed=next((out.printed for out in outcomes if out.printed), ""),
    )


def examine(exercise: Exercise, case: Case, outcome: Outcome, run_ours) -> Trial:
    expected = observe(exercise, case, run_ours(exercise, exercise.reference, case))
    try:
        return Trial(case, expected, outcome, observe(exercise, case, outcome.arrays))
    except Unusable as problem:
        outcome = replace(outcome, failure=problem.failure, sentence=str(problem))
        return Trial(case, expected, outcome, None)


def ours(exercise: Exercise, solution, case: Case) -> Arrays:
    """Run a solution of our own: the reference, or a listed mistake.

    On the device the student's ran on, for the same digits, and because JAX compiles for each.
    """
    from keras import device

    inputs = {name: fresh(value, tensors=False) for name, value in case.inputs.items()}
    with np.errstate(all="ignore"), device("cpu"):
        return named(exercise, exercise.driver(solution, inputs))


def observe(exercise: Exercise, case: Case, arrays: Arrays | None) -> Arrays | None:
    if arrays is None or exercise.observe is None:
        return arrays
    with np.errstate(all="ignore"):
        return exercise.observe(case.inputs, arrays)


def score_properties(exercise: Exercise, trials: list[Trial]) -> dict[str, bool]:
    """Say for each property whether it holds in all the cases that show it."""
    properties: dict[str, bool] = {}
    for trial in trials:
        for output, expected in trial.expected.items():
            name = trial.case.shows
            if len(trial.expected) > 1:
                name = f"{output}: {name}"
            right = trial.seen is not None and agrees(expected, trial.seen.get(output))
            properties[name] = properties.get(name, True) and right
    intact = not any(trial.outcome.changed for trial in trials)
    # Leaving the inputs alone is worth something only in a solution that gets something right.
    if any(properties.values()) or not intact:
        properties[sentences.INPUTS_INTACT] = intact
    return properties


def agrees(expected: np.ndarray, got: np.ndarray | None) -> bool:
    """Whether two arrays are the same answer: shape, kind, and values up to float32 noise."""
    if got is None or got.shape != expected.shape or kind(got) != kind(expected):
        return False
    if kind(expected) != "float":
        return bool(np.array_equal(got, expected))
    expected, got = expected.astype("float64"), got.astype("float64")
    return bool(np.all(np.abs(got - expected) <= tolerance(expected)))


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether a listed mistake gives what a student's solution gave, NaN and infinity included."""
    if ours.shape != theirs.shape or kind(ours) != kind(theirs):
        return False
    ours, theirs = ours.astype("float64"), theirs.astype("float64")
    return bool(np.allclose(ours, theirs, rtol=0, atol=tolerance(ours), equal_nan=True))


def tolerance(expected: np.ndarray) -> float:
    finite = np.abs(expected[np.isfinite(expected)])
    return TOLERANCE * float(finite.max(initial=0.0)) or 1e-6


def kind(array: np.ndarray) -> str:
    return {"b": "bool", "i": "int", "u": "int", "f": "float"}[array.dtype.kind]


def recognise(exercise: Exercise, trials: list[Trial], run_ours) -> Mistake | None:
    """Find the listed mistake that behaves as the solution does in every case."""
    if any(trial.outcome.failure not in (None, "error", "unfit") for trial in trials):
        return None
    for mistake in exercise.mistakes:
        if behaves_like(exercise, mistake, trials, run_ours):
            return mistake
    return None


def behaves_like(exercise: Exercise, mistake: Mistake, trials: list[Trial], run_ours) -> bool:
    """Whether a mistake gives what the solution gave, case by case.

    Raising in the same cases proves nothing, unless the mistake says that it does: at least one
    wrong answer must be the same.
    """
    wrong_alike = False
    for trial in trials:
        mine, failure = try_mistake(exercise, mistake, trial.case, run_ours)
        if failure != trial.outcome.failure:
            return False
        if failure:
            wrong_alike |= failure == "unfit" or mistake.telling
            continue
        if not all(same(mine[name], trial.seen[name]) for name in trial.expected):
            return False
        wrong_alike |= not all(agrees(trial.expected[n], trial.seen[n]) for n in trial.expected)
    return wrong_alike


def try_mistake(exercise: Exercise, mistake: Mistake, case: Case, run_ours):
    """What a mistake gives in a case, and how it fails if it does: (arrays, failure)."""
    try:
        return observe(exercise, case, run_ours(exercise, mistake.solution, case)), None
    except Unusable as problem:
        return None, problem.failure
    except Exception:
        return None, "error"


def say(exercise, trials: list[Trial], mistake: Mistake | None, passed: bool):
    """Choose the message and the picture: (text, Picture or None)."""
    if passed:
        return sentences.PASSED, None
    if mistake:
        wrong = (picture_of(exercise, trial) for trial in trials)
        return mistake.sentence, next(filter(None, wrong), None)
    for trial in sorted(trials, key=lambda trial: trial.outcome.failure != "forbidden"):
        outcome = trial.outcome
        if outcome.failure:
            return when(outcome.sentence, trial), None
        for output, expected in trial.expected.items():
            if not agrees(expected, trial.seen.get(output)):
                text = when(difference(exercise, output, trial), trial)
                if never_changes(trials):
                    text = f"{text} {sentences.CONSTANT}"
                return text, picture_of(exercise, trial)
    return "", None


def when(text: str, trial: Trial) -> str:
    """Add which case a sentence is about, with the shapes of its inputs after an error."""
    if trial.outcome.failure in EVERYWHERE:
        return text
    case = trial.case
    text = f"{text} {sentences.WHEN.format(case=case.label or case.shows)}"
    shapes = [
        f"{name} {value.shape}" for name, value in case.inputs.items() if hasattr(value, "shape")
    ]
    if trial.outcome.failure == "error" and shapes:
        text = f"{text} {sentences.SHAPES.format(shapes=', '.join(shapes))}"
    return text


def never_changes(trials: list[Trial]) -> bool:
    """Whether a solution gives one and the same array although the expected shape changes."""
    if len({tuple(a.shape for a in trial.expected.values()) for trial in trials}) == 1:
        return False
    if len({tuple(trial.expected) for trial in trials}) > 1:
        return False  # the cases ask for different things
    if any(trial.seen is None for trial in trials):
        return False
    first = trials[0].seen
    return all(same(first[name], trial.seen[name]) for trial in trials for name in first)


def difference(exercise: Exercise, output: str, trial: Trial) -> str:
    """Say how a wrong array differs from the expected one, and what it looks like instead."""
    expected, got = trial.expected[output], trial.seen[output]
    if got.shape != expected.shape:
        axes = exercise.outputs.get(output)
        return sentences.SHAPE.format(
            output=output,
            got=got.shape,
            expected=expected.shape,
            axes=sentences.AXES.format(axes=axes) if axes else "",
        )
    if kind(got) != kind(expected):
        return sentences.DTYPE.format(output=output, got=got.dtype, expected=kind(expected))
    if expected.ndim == 0:
        return sentences.SCALAR.format(output=output, got=got, expected=expected)
    if kind(expected) != "float":
        share = f"{np.mean(got != expected):.0%}"
        text = sentences.VALUES_EXACT.format(output=output, share=share)
        place = tuple(int(i) for i in np.argwhere(got != expected)[0])
        text += " " + sentences.ENTRY.format(
            place=list(place), got=got[place], expected=expected[place]
        )
    elif not np.isfinite(got).all() and np.isfinite(expected).all():
        what = "NaN" if np.isnan(got).any() else "infinity"
        return sentences.NOT_FINITE.format(output=output, what=what)
    else:
        gap = np.abs(got.astype("float64") - expected)
        share = f"{np.mean(gap > tolerance(expected)):.0%}"
        text = sentences.VALUES.format(output=output, share=share, worst=f"{gap.max():.3g}")
    clue = clues.find(expected, got, tolerance(expected))
    return f"{text} {clue}" if clue else text


def picture_of(exercise: Exercise, trial: Trial):
    """Expected beside yours, for the first output that is wrong."""
    for output, expected in trial.expected.items():
        if trial.seen is None or expected.ndim == 0:
            continue
        if not agrees(expected, trial.seen.get(output)):
            close = tolerance(expected) if kind(expected) == "float" else 0
            axes = exercise.outputs.get(output, "")
            return draw(output, axes, expected, trial.seen[output], close)
    return None
