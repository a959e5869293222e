"""Say what is wrong with a solution: the listed mistake that it makes, or how it differs."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np

from course_utils.checking import clues, sentences
from course_utils.checking.agreement import kind, same, tolerance, worth
from course_utils.checking.counterexample import Counterexample, counterexamples, smallest
from course_utils.checking.edits import pairs
from course_utils.checking.exercise import Exercise, Mistake
from course_utils.checking.judge import Judge, Trial
from course_utils.checking.neighbours import neighbours
from course_utils.checking.picture import Picture, draw

# Failures that have nothing to do with the case they were seen in. The last three are a grader's.
EVERYWHERE = ("arguments", "forbidden", "time", "unsolved", "missing", "died", "not reached")


def recognise(judge: Judge, trials: list[Trial]) -> Mistake | None:
    """Find what behaves as the solution does in every case: a listed mistake, our answer with one
    small change, or two listed mistakes at once.

    Nothing is found where two listed mistakes with different names behave so.
    """
    if any(not (trial.right or trial.case.corner) for trial in trials):
        trials = [trial for trial in trials if not trial.case.corner]
    if any(trial.outcome.failure not in (None, "error", "unfit") for trial in trials):
        return None
    # What differs comes first: most candidates are done with after one case.
    trials = sorted(trials, key=lambda trial: trial.right or trial.seen is None)
    if any(trial.outcome.remark for trial in trials):
        return None
    exercise = judge.exercise
    alike = [mistake for mistake in exercise.mistakes if behaves_like(judge, mistake, trials)]
    if alike:
        return alike[0] if len({mistake.name for mistake in alike}) == 1 else None
    example = smallest(trials)
    if example is None or not telling(trials):
        return None
    relation = clue_for(example, trials)
    if relation.startswith(sentences.CLUE_INPUT.partition("{")[0]):
        return None  # handed back as it came: no change of ours, and no two, say that as plainly
    near = []
    if not any(trial.outcome.failure == "error" for trial in trials):
        # An error itself, with the student's line, says more than a guess at a slip.
        near = [it for it in neighbours(exercise) if behaves_like(judge, it, trials)]
    if near:
        return any_of(near, counts=not any(exercise.outputs.values()))
    if relation:
        return None
    return next((it for it in pairs(exercise) if behaves_like(judge, it, trials)), None)


def any_of(near: list[Mistake], counts: bool) -> Mistake | None:
    """A neighbour, or where several places do the same, three of them to choose from. In a count
    none: there the same number may come from any part, and is told as a difference."""
    places = {mistake.name.partition(", ")[0]: mistake.name for mistake in reversed(near)}
    if len(places) == 1:
        return near[0]
    if counts:
        return None
    changes = "; or ".join(list(places.values())[:-4:-1])
    return replace(near[0], sentence=sentences.NEIGHBOURS.format(changes=changes))


def telling(trials: list[Trial]) -> bool:
    """Whether what is wrong is so much that hardly two changes of our answer explain it.

    Nothing but zeros, one truth value, or a two and a one come out of many: there it is better to
    show what was seen.
    """
    numbers, truths = set(), 0
    for example in counterexamples(trials):
        if kind(example.got) == "bool":
            constant = example.got.size < 2 or example.got.all() or not example.got.any()
            truths += 0 if constant else example.got.size
        else:
            numbers.update(np.round(example.got.ravel()[:1000].astype("float64"), 4).tolist())
    return len(numbers) > 3 or truths > 8


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


def explain(exercise: Exercise, trials: list[Trial], mistake: Mistake | None) -> str:
    """Choose the message for a solution that did not pass."""
    if mistake:
        return mistake.sentence
    for trial in sorted(trials, key=lambda trial: trial.outcome.failure != "forbidden"):
        if trial.outcome.failure:
            return when(trial.outcome.sentence, trial)
        if not trial.right:
            break
    else:
        return ""
    text = f"{difference(exercise, trials)} {too_many(trials)}".strip()
    if trials[0].outcome.remark:
        return f"{trials[0].outcome.remark} {text}"
    return f"{text} {sentences.CONSTANT}" if never_changes(trials) else text


def error_beside(trials: list[Trial]) -> str:
    """What a solution raised, to be shown beside the mistake that is recognised."""
    raised = (trial for trial in trials if trial.outcome.failure == "error")
    return next((when(trial.outcome.sentence, trial) for trial in raised), "")


def when(text: str, trial: Trial) -> str:
    """Add which case a sentence is about, with the shapes of its inputs after an error."""
    if trial.outcome.failure in EVERYWHERE:
        return text
    case = trial.case
    which = sentences.SHOWN_BELOW if case.by_hand else case.label or case.shows
    text = f"{text} {sentences.WHEN.format(case=which)}"
    arrays = {name: value for name, value in case.inputs.items() if hasattr(value, "shape")}
    shapes = case.shapes or ", ".join(f"{name} {value.shape}" for name, value in arrays.items())
    if trial.outcome.failure == "error" and shapes:
        text = f"{text} {sentences.SHAPES.format(shapes=shapes)}"
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


def difference(exercise: Exercise, trials: list[Trial]) -> str:
    """Say how a wrong array differs from the expected one, and what it looks like instead."""
    example = smallest(trials)
    expected, got, output, trial = example.expected, example.got, example.output, example.trial
    relation = clue_for(example, trials)
    if got.shape != expected.shape:
        axes = exercise.outputs.get(output)
        axes = sentences.AXES.format(axes=axes) if axes else ""
        text = sentences.SHAPE.format(
            output=output, got=got.shape, expected=expected.shape, axes=axes
        )
    elif kind(got) != kind(expected):
        text = sentences.DTYPE.format(output=output, got=got.dtype, expected=kind(expected))
        text += "" if worth(expected, got) else f" {entry(example)}"
    elif not np.isfinite(got).all() and np.isfinite(expected).all():
        what = "NaN" if np.isnan(got).any() else "infinity"
        text = sentences.NOT_FINITE.format(output=output, what=what)
    else:
        text = f"{entry(example)} {relation}".strip()
        return text if trial.case.by_hand else when(text, trial)
    return when(f"{text} {relation}".strip(), trial)


def too_many(trials: list[Trial]) -> str:
    """By which of its inputs, or product of two, a count is wrong in every case where it is."""
    wrong = [
        it for it in counterexamples(trials) if it.got.ndim == 0 and kind(it.expected) == "int"
    ]
    if len({int(it.expected) for it in wrong}) < 3:
        return ""
    gaps = [float(it.got) - int(it.expected) for it in wrong]
    sizes = [{n: v for n, v in it.trial.case.inputs.items() if type(v) is int} for it in wrong]
    names = [name for name in sizes[0] if all(name in given for given in sizes)]
    terms = [*((name,) for name in names), *itertools.combinations_with_replacement(names, 2)]
    for term in terms:
        parts = [math.prod(given[name] for name in term) for given in sizes]
        for times, sign in itertools.product((1, 2), (1, -1)):
            if all(gap == sign * times * part for gap, part in zip(gaps, parts, strict=True)):
                what = " · ".join([*(["2"] if times == 2 else []), *term])
                return (sentences.TOO_MANY if sign > 0 else sentences.TOO_FEW).format(term=what)
    return ""


def clue_for(example: Counterexample, trials: list[Trial]) -> str:
    """How yours is related to what is expected, if it is so wherever it is wrong."""
    found = clue(example)
    others = [it for it in counterexamples(trials) if it.output == example.output]
    kinds = {re.sub(r"[-+.e\d]+", "", clue(it)) for it in others if it.expected.size > 1}
    return found if kinds == {re.sub(r"[-+.e\d]+", "", found)} else ""


def clue(example: Counterexample) -> str:
    close = tolerance(example.expected)
    return clues.find(example.expected, example.got, close, example.trial.case.inputs)


def entry(example: Counterexample) -> str:
    """Say which entry of the case that is shown below differs first."""
    wanted, got = example.entries()
    small = example.trial.case.by_hand
    if not example.place:
        text = sentences.ONE_NUMBER_SMALL if small else sentences.ONE_NUMBER
        return text.format(output=example.output, got=got, expected=wanted)
    text = sentences.SMALL_CASE if small else sentences.OTHER_CASE
    place = sentences.PLACE.format(place=list(example.place))
    return text.format(output=example.output, place=place, got=got, expected=wanted)


def picture_of(exercise: Exercise, example: Counterexample) -> Picture | None:
    """Expected beside yours."""
    expected = example.expected
    if expected.ndim == 0:
        return None
    close = tolerance(expected) if kind(expected) == "float" else 0
    axes = exercise.outputs.get(example.output, "")
    return draw(example.output, axes, expected, example.got, close)
