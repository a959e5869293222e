"""What a student calls in a notebook: check, hint and progress."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from course_utils.checking import sentences
from course_utils.checking.assess import check_exercise
from course_utils.checking.exercise import Exercise
from course_utils.checking.report import Report
from course_utils.files import write_whole
from course_utils.palette import HINT

# `course lab` puts this file beside the notebooks. Where it is missing (Colab, a grading run),
# progress lasts as long as the kernel.
PROGRESS_FILE = Path(".progress.json")

exercises: dict[str, Exercise] = {}  # handed over by the package that has them
earned: dict[str, float] = {}
hints_given: dict[str, int] = {}


def hand_over(given: Mapping[str, Exercise]) -> None:
    """Say which exercises there are, in the order of the course."""
    exercises.clear()
    exercises.update(given)


def find(name: str) -> Exercise:
    """Return an exercise by its id. An unknown one raises a LookupError naming the nearest."""
    if not exercises:
        raise LookupError(sentences.NO_EXERCISES)
    if name in exercises:
        return exercises[name]
    near = difflib.get_close_matches(str(name), exercises, n=1)
    suggestion = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(exercises)}."
    raise LookupError(sentences.UNKNOWN_EXERCISE.format(name=name, suggestion=suggestion))


def check(name: str, solution) -> Report:
    """Judge your solution of an exercise and say what to do next.

    name: the exercise's id; solution: your function (the function itself, not a call of it).
    """
    exercise = find(name)
    if solution in (exercise.reference, exercise.answer):
        report = Report(
            exercise=exercise.id,
            title=exercise.title,
            points=exercise.points,
            score=0.0,
            passed=False,
            message=sentences.IS_REFERENCE.format(name=exercise.id),
        )
    else:
        report = check_exercise(exercise, solution)
    remember(report)
    return report


def remember(report: Report) -> None:
    """Keep the best result of each exercise, on disk too where `course lab` asked for it."""
    known = {**recorded(), **earned}
    earned[report.exercise] = max(report.earned, known.get(report.exercise, 0.0))
    if PROGRESS_FILE.is_file():
        write_whole(PROGRESS_FILE, json.dumps({**known, **earned}, indent=1) + "\n")


def recorded() -> dict[str, float]:
    """The points on disk. A damaged file counts as empty: it holds nothing a check cannot redo."""
    try:
        stored = json.loads(PROGRESS_FILE.read_text())
        return {str(name): float(points) for name, points in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


@dataclass(frozen=True)
class Note:
    """A text for a student, shown as a paragraph in a notebook and as it is elsewhere."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        style = f"border-left:5px solid {HINT};padding:4px 12px"
        return f'<div style="{style}">{escape(self.text)}</div>'


def hint(name: str) -> Note:
    """Give one more hint for an exercise each time it is called: a nudge, shapes, pseudo-code."""
    exercise = find(name)
    number = hints_given.get(name, 0) + 1
    hints_given[name] = number
    total = len(exercise.hints)
    text = sentences.HINTS_LEFT.format(
        number=min(number, total), total=total, hint=exercise.hints[min(number, total) - 1]
    )
    return Note(f"{text} {sentences.HINTS_OVER}" if number > total else text)


@dataclass(frozen=True)
class Progress:
    """How far a student is in the course."""

    rows: tuple[tuple[str, str, float | None, int], ...]  # notebook, exercise, earned, points

    def __repr__(self) -> str:
        lines = [
            f"{notebook:24} {name:28} {'-' if got is None else format(got, 'g'):>5} of {points}"
            for notebook, name, got, points in self.rows
        ]
        return "\n".join([*lines, self.total])

    @property
    def total(self) -> str:
        got = sum(row[2] or 0 for row in self.rows)
        return f"{got:g} of {sum(row[3] for row in self.rows)} points in the exercises so far."

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{escape(notebook)}</td><td>{escape(name)}</td>"
            f"<td>{'not tried yet' if got is None else f'{got:g}'}</td><td>{points}</td></tr>"
            for notebook, name, got, points in self.rows
        )
        head = "<tr><th>notebook</th><th>exercise</th><th>yours</th><th>points</th></tr>"
        return f"<table>{head}{cells}</table><p>{escape(self.total)}</p>"


def progress() -> Progress:
    """Show the course's exercises with the points you have so far."""
    known = {**recorded(), **earned}
    rows = tuple(
        (exercise.notebook, name, known.get(name), exercise.points)
        for name, exercise in exercises.items()
    )
    return Progress(rows)
