"""What a student calls in a notebook: check, hint and progress."""

import difflib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from course_utils.checking import sentences
from course_utils.checking.assess import check_exercise
from course_utils.checking.exercise import Exercise
from course_utils.checking.helpers import failing_helper, helper_first
from course_utils.checking.report import Report
from course_utils.files import write_whole
from course_utils.palette import HINT

# `course lab` puts this file beside the notebooks. Where it is missing (Colab, a grading run),
# progress lasts as long as the kernel.
PROGRESS_FILE = Path(".progress.json")

exercises: dict[str, Exercise] = {}  # handed over by the package that has them
earned: dict[str, float] = {}
hints_given: dict[str, int] = {}
at_work: list[str] = []  # the notebooks of the exercises that were checked or hinted at, in order


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
        if not report.passed and (helper := failing_helper(solution, exercises, name)):
            report = helper_first(report, helper)
    at_work.append(exercise.notebook)
    remember(report)
    return report


def yours_or_ours(name: str, solution):
    """Your solution of an exercise if it passes its check, else the course's, and say which.

    So what comes after an exercise works in every notebook, and on your own code where it can.
    """
    exercise = find(name)
    own = solution not in (exercise.reference, exercise.answer)
    passed = own and check_exercise(exercise, solution).passed
    text = sentences.YOURS_IS_USED if passed else sentences.OURS_IS_USED
    print(text.format(name=name))
    return solution if passed else exercise.reference


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
    """A text for a student, shown as paragraphs in a notebook and as it is elsewhere."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        style = f"border-left:5px solid {HINT};padding:4px 12px"
        lines = "".join(f"<div>{escape(line)}</div>" for line in self.text.splitlines())
        return f'<div style="{style}">{lines}</div>'


def hint(name: str) -> Note | None:
    """Give one more hint for an exercise each time it is called: a nudge, shapes, a plan.

    Those before it are shown again. In a notebook it shows itself, wherever in a cell it stands.
    """
    exercise = find(name)
    total = len(exercise.hints)
    number = hints_given.get(name, 0) + 1
    hints_given[name] = number
    at_work.append(exercise.notebook)
    lines = [
        sentences.HINT.format(number=i, total=total, hint=text)
        for i, text in enumerate(exercise.hints[:number], start=1)
    ]
    if number > total:
        lines.append(sentences.HINTS_OVER)
    return shown(Note("\n".join(lines)))


def shown(note: Note) -> Note | None:
    """Show a note at once where there is a notebook, so that it may stand above a check."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return note
    ipython.display.display(note)
    return None


@dataclass(frozen=True)
class Progress:
    """How far a student is: the exercises of this notebook, and one line for each other one."""

    rows: tuple[tuple[str, float | None, int], ...]  # exercise, earned, points
    others: tuple[str, ...]
    total: str

    def __repr__(self) -> str:
        lines = [
            f"{name:28} {'-' if got is None else format(got, 'g'):>5} of {points}"
            for name, got, points in self.rows
        ]
        return "\n".join([*lines, *self.others, self.total])

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{escape(name)}</td>"
            f"<td>{'not tried yet' if got is None else f'{got:g}'}</td><td>{points}</td></tr>"
            for name, got, points in self.rows
        )
        head = "<tr><th>exercise</th><th>yours</th><th>points</th></tr>"
        lines = "".join(f"<div>{escape(line)}</div>" for line in (*self.others, self.total))
        return f"<table>{head}{cells}</table>{lines}"


def progress() -> Progress:
    """Show this notebook's exercises with the points you have so far, and the others in short."""
    known = {**recorded(), **earned}
    by_notebook: dict[str, list[Exercise]] = {}
    for exercise in exercises.values():
        by_notebook.setdefault(exercise.notebook, []).append(exercise)
    here = at_work[-1] if at_work else next(iter(by_notebook))
    rows = tuple((e.id, known.get(e.id), e.points) for e in by_notebook[here])
    others = tuple(
        sentences.DONE_IN.format(
            notebook=notebook,
            got=sum(known.get(e.id, 0) for e in theirs),
            points=sum(e.points for e in theirs),
            tried=sum(e.id in known for e in theirs),
            exercises=len(theirs),
        )
        for notebook, theirs in by_notebook.items()
        if notebook != here
    )
    got = sum(known.get(name, 0) for name in exercises)
    points = sum(exercise.points for exercise in exercises.values())
    return Progress(rows, others, sentences.TOTAL.format(got=got, points=points))
