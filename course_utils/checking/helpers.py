"""Answers that use other answers: a solution may be wrong only because its helper is."""

import dataclasses
import types

from course_utils.checking import sentences
from course_utils.checking.assess import check_exercise
from course_utils.checking.exercise import Exercise
from course_utils.checking.guard import global_names, is_students
from course_utils.checking.report import Report


def helper_first(report: Report, helper: str) -> Report:
    """Say of a solution that did not pass which of its helpers has to be mended before it.

    No mistake is named: what is seen may be the helper's.
    """
    text = sentences.HELPER_FIRST.format(name=report.exercise, helper=helper)
    return dataclasses.replace(report, mistake=None, message=text)


def failing_helper(solution, exercises: dict[str, Exercise], name: str) -> str | None:
    """The first exercise whose answer a solution uses, and whose own check it does not pass."""
    for helper, function in used_by(solution).items():
        exercise = exercises.get(helper)
        if exercise is None or helper == name or not callable(function):
            continue
        code = getattr(function, "__code__", None)
        if code and is_students(code.co_filename) and not check_exercise(exercise, function).passed:
            return helper
    return None


def used_by(solution) -> dict[str, object]:
    """What a function, or a class's methods, find among the notebook's names."""
    parts = vars(solution).values() if isinstance(solution, type) else [solution]
    found = {}
    for part in parts:
        if isinstance(part, types.FunctionType):
            names = sorted(global_names(part.__code__) & part.__globals__.keys())
            found |= {name: part.__globals__[name] for name in names}
    return found
