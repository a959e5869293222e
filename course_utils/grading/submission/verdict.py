"""The verdict: compare what a solution gave with what ours give, on cases from a seed.

Nothing here runs a byte of a student's. Arrays and texts come in, Reports go out.
"""

from dataclasses import replace

import numpy as np

from course_utils.checking.assess import assess
from course_utils.checking.judge import Judge
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


def report_on(judge: Judge, outcomes: list[Outcome], words: bool) -> Report:
    """Judge outcomes. Arrays that no honest code makes may upset what looks at them."""
    try:
        with np.errstate(all="ignore"):
            return assess(judge, outcomes, words=words)
    except Exception:
        text = UNFIT.format(name=judge.exercise.id)
        return assess(judge, [Outcome(failure="type", sentence=text)] * len(judge.cases))


def verdict(secret: Report, public: Report | None) -> Report:
    """The Report of a class's grading: points from the secret cases, words from the public ones.

    public: what the same solution does in a process that has never seen a secret case; None where
    the words are ours alone. So no picture, printed line or error can carry a secret case out.
    """
    if public is None or secret.passed:
        return replace(secret, error="", counterexample="", picture=None, printed="")
    said = ("message", "mistake", "error", "counterexample", "picture", "printed")
    seen = {name: getattr(public, name) for name in said}
    return replace(secret, **seen | ({"message": ONLY_HERE} if public.passed else {}))


def speaks_for_itself(report: Report, outcomes: list[Outcome]) -> bool:
    """Whether a Report needs no second look for its words: all of them are ours."""
    return report.passed or all(outcome.failure in OURS for outcome in outcomes)
