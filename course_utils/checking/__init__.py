"""Exercises, and what judges them.

Files know those before them: driver, exercise < guard, edits, run < agreement, judge <
counterexample, neighbours < diagnose < assess < helpers < student.
"""

from course_utils.checking.assess import check_exercise
from course_utils.checking.exercise import Case, Exercise, Mistake, by_hand, edited, mistake
from course_utils.checking.report import Report
from course_utils.checking.student import check, hint, progress, yours_or_ours

__all__ = [
    "Case",
    "Exercise",
    "Mistake",
    "Report",
    "by_hand",
    "check",
    "check_exercise",
    "edited",
    "hint",
    "mistake",
    "progress",
    "yours_or_ours",
]
