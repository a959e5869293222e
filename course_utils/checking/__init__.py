"""Exercises, and what judges them. In a notebook: check, hint and progress."""

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.checking.report import Report
from course_utils.checking.student import check, hint, progress

__all__ = ["Case", "Exercise", "Mistake", "Report", "check", "hint", "progress"]
