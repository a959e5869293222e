"""Compare what a solution gave with what ours gives, case by case.

This file runs the reference and the listed mistakes, which are ours, and no line of a student's.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from course_utils.checking import sentences
from course_utils.checking.agreement import agrees, worth
from course_utils.checking.driver import Unusable
from course_utils.checking.edits import solution_of
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.checking.run import Outcome, fresh, named

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """One case with what was expected and what came, both as the exercise observes them."""

    case: Case
    expected: Arrays
    outcome: Outcome
    seen: Arrays | None

    @property
    def right(self) -> bool:
        return self.seen is not None and all(
            agrees(expected, self.seen.get(output)) for output, expected in self.expected.items()
        )


class Judge:
    """An exercise with its cases, and what our own solutions give on them.

    Each of ours runs once on a case, however many solutions are judged by it.
    """

    def __init__(self, exercise: Exercise, cases: list[Case]):
        self.exercise = exercise
        self.cases = cases
        self.known: dict[tuple[int, int], tuple[Arrays | None, str | None]] = {}

    def trials(self, outcomes: list[Outcome]) -> list[Trial]:
        return [
            self.trial(case, outcome) for case, outcome in zip(self.cases, outcomes, strict=True)
        ]

    def trial(self, case: Case, outcome: Outcome) -> Trial:
        expected, failure = self.ours(self.exercise.reference, case)
        if failure is not None:
            raise RuntimeError(f"the reference of {self.exercise.id} fails in '{case.shows}'")
        try:
            return Trial(case, expected, outcome, self.observe(case, outcome.arrays))
        except Unusable as problem:
            outcome = replace(outcome, failure=problem.failure, sentence=str(problem))
            return Trial(case, expected, outcome, None)

    def wrong(self, mistake: Mistake, case: Case) -> tuple[Arrays | None, str | None]:
        """What a listed mistake gives in a case, and how it fails if it does."""
        return self.ours(solution_of(self.exercise, mistake), case)

    def ours(self, solution: Callable, case: Case) -> tuple[Arrays | None, str | None]:
        """What a solution of our own gives in a case, observed: (arrays, kind of failure)."""
        key = id(solution), id(case)
        if key not in self.known:
            try:
                self.known[key] = self.observe(case, self.run_ours(solution, case)), None
            except Unusable as problem:
                self.known[key] = None, problem.failure
            except Exception:
                self.known[key] = None, "error"
        return self.known[key]

    def run_ours(self, solution: Callable, case: Case) -> Arrays:
        """On the device the student's ran on, for the same digits; JAX compiles for each device."""
        from keras import device

        inputs = {name: fresh(value, tensors=False) for name, value in case.inputs.items()}
        with warnings.catch_warnings(), np.errstate(all="ignore"), device("cpu"):
            warnings.simplefilter("ignore")  # a word on stderr would cost a graded check its points
            return named(self.exercise, self.exercise.driver(solution, inputs))

    def observe(self, case: Case, arrays: Arrays | None) -> Arrays | None:
        if arrays is None or self.exercise.observe is None:
            return arrays
        with np.errstate(all="ignore"):
            return self.exercise.observe(case.inputs, arrays)


def properties_of(trials: list[Trial]) -> dict[str, float]:
    """Say for each property what it is worth: the least of what the cases that show it brought."""
    properties: dict[str, float] = {}
    for trial in trials:
        for output, brought in worth_of(trial).items():
            name = trial.case.shows
            if len(trial.expected) > 1:
                name = f"{output}: {name}"
            properties[name] = min(properties.get(name, 1.0), brought)
    intact = not any(trial.outcome.changed for trial in trials)
    # Leaving the inputs alone is worth something only in a solution that gets something right.
    if any(properties.values()) or not intact:
        properties[sentences.INPUTS_INTACT] = float(intact)
    return properties


def worth_of(trial: Trial) -> dict[str, float]:
    """What each output of a case is worth: 1 where it is right, half where only its type is not."""
    seen = trial.seen or {}
    return {name: worth(expected, seen.get(name)) for name, expected in trial.expected.items()}


def score_of(trials: list[Trial], properties: Mapping[str, float]) -> float:
    """The share of the points: what the properties are worth, and the small cases with them.

    Who gets no small case right has not understood what is asked for, whatever else holds: that is
    a fifth at most. And who gets nothing else right knows these cases only, which are no secret.
    """
    if not any(any(worth_of(trial).values()) for trial in trials if not trial.case.by_hand):
        return 0.0
    small = [np.mean(list(worth_of(trial).values())) for trial in trials if trial.case.by_hand]
    understood = float(np.mean(small)) if small else 1.0
    return float(np.mean(list(properties.values()))) * (1 + 4 * understood) / 5
