"""The verdict: compare what a solution gave with what ours give, on cases from a seed.

Nothing here runs a byte of a student's. Arrays and texts come in, Reports go out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from course_utils.checking import judge as judging
from course_utils.checking.exercise import Case, Exercise
from course_utils.checking.report import Report
from course_utils.checking.run import Outcome

# What a student's own `check` draws from. The class's seed is another one, and secret.
PUBLIC_SEED = 0

ONLY_HERE = (
    "It is right for the cases in your notebook, but not for others that are drawn in the same "
    "way. Does it return remembered values, or use something that changes from call to call?"
)
# Failures whose sentences never hold a word of a student's process.
OURS = {"unsolved", "time", "missing", "died", "not reached"}
UNFIT = "Your {name} returned arrays that nobody could compare with the right ones."


@dataclass
class Bench:
    """One exercise's cases under one seed, and what our own solutions give on them.

    Kept for a whole class: the reference and the mistakes run once, not once a student.
    """

    exercise: Exercise
    cases: list[Case]
    known: dict = field(default_factory=dict)

    def ours(self, exercise: Exercise, solution, case: Case):
        key = id(solution), id(case)
        if key not in self.known:
            try:
                self.known[key] = judging.ours(exercise, solution, case), None
            except Exception as error:
                self.known[key] = None, error
        arrays, error = self.known[key]
        if error is not None:
            raise error.with_traceback(None)
        return arrays

    def report(self, outcomes: list[Outcome]) -> Report:
        """Judge outcomes. Arrays that no honest code makes may upset what looks at them."""
        try:
            with np.errstate(all="ignore"):
                return judging.judge(self.exercise, self.cases, outcomes, self.ours)
        except Exception:
            text = UNFIT.format(name=self.exercise.id)
            useless = [Outcome(failure="type", sentence=text)] * len(self.cases)
            return judging.judge(self.exercise, self.cases, useless, self.ours)


@lru_cache(256)  # a class has one seed
def bench(exercise_id: str, seed: int) -> Bench:
    from course_utils.exercises import EXERCISES

    exercise = EXERCISES[exercise_id]
    return Bench(exercise, exercise.draw(seed))


def verdict(secret: Report, public: Report | None) -> Report:
    """The Report of a class's grading: points from the secret cases, words from the public ones.

    public: what the same solution does in a process that has never seen a secret case; None where
    the words are ours alone. So no picture, printed line or error can carry a secret case out.
    """
    if public is None or secret.passed:
        return replace(secret, picture=None, printed="")
    if public.passed:
        return replace(secret, message=ONLY_HERE, picture=None, printed=public.printed)
    message = secret.message if secret.mistake else public.message
    return replace(secret, message=message, picture=public.picture, printed=public.printed)


def speaks_for_itself(report: Report, outcomes: list[Outcome]) -> bool:
    """Whether a Report needs no second look for its words: all of them are ours."""
    return report.passed or all(outcome.failure in OURS for outcome in outcomes)
