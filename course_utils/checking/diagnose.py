"""Say what is wrong with a solution: the listed mistake that it makes, or how it differs."""

import re

import numpy as np

from course_utils.checking import clues, sentences
from course_utils.checking.agreement import agrees, kind, same, tolerance
from course_utils.checking.exercise import Exercise, Mistake
from course_utils.checking.judge import Judge, Trial
from course_utils.checking.picture import Picture, draw

# Failures that have nothing to do with the case they were seen in. The last three are a grader's.
EVERYWHERE = ("arguments", "forbidden", "time", "unsolved", "missing", "died", "not reached")


def recognise(judge: Judge, trials: list[Trial]) -> Mistake | None:
    """Find the listed mistake that behaves as the solution does in every case."""
    if any(trial.outcome.failure not in (None, "error", "unfit") for trial in trials):
        return None
    if any(not (trial.right or trial.case.corner) for trial in trials):
        trials = [trial for trial in trials if not trial.case.corner]
    for mistake in judge.exercise.mistakes:
        if behaves_like(judge, mistake, trials):
            return mistake
    return None


def behaves_like(judge: Judge, mistake: Mistake, trials: list[Trial]) -> bool:
    """Whether a mistake gives what the solution gave, case by case.

    Raising in the same cases proves nothing, unless the mistake tells what is raised, and where: at
    least one wrong answer must be the same.
    """
    wrong_alike = False
    for trial in trials:
        mine, failure = judge.wrong(mistake, trial.case)
        if failure != trial.outcome.failure:
            return False
        if failure:
            said = failure == "error" and re.search(mistake.telling, trial.outcome.sentence)
            if mistake.telling and failure == "error" and not said:
                return False
            wrong_alike |= failure == "unfit" or bool(mistake.telling)
            continue
        if not all(same(mine[name], trial.seen[name]) for name in trial.expected):
            return False
        wrong_alike |= not trial.right
    return wrong_alike


def explain(
    exercise: Exercise, trials: list[Trial], mistake: Mistake | None
) -> tuple[str, Picture | None]:
    """Choose the message and the picture for a solution that did not pass."""
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


def error_beside(trials: list[Trial]) -> str:
    """What a solution raised, to be shown beside the mistake that is recognised."""
    raised = (trial for trial in trials if trial.outcome.failure == "error")
    return next((when(trial.outcome.sentence, trial) for trial in raised), "")


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


def picture_of(exercise: Exercise, trial: Trial) -> Picture | None:
    """Expected beside yours, for the first output that is wrong."""
    for output, expected in trial.expected.items():
        if trial.seen is None or expected.ndim == 0:
            continue
        if not agrees(expected, trial.seen.get(output)):
            close = tolerance(expected) if kind(expected) == "float" else 0
            axes = exercise.outputs.get(output, "")
            return draw(output, axes, expected, trial.seen[output], close)
    return None
