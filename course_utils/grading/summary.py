"""What `course grade` prints when it is done: students, exercises, and what is left to do."""

from collections import defaultdict

from course_utils.grading.statistics import Lesson, hardest
from course_utils.grading.table import table

AGAIN = "run course grade again"
ASK = f"ask for the notebook again, then {AGAIN}"
LOOK = "nothing, unless it surprises you"
READ = f"formgrader, Manual Grading; then {AGAIN}"


def students(outcomes) -> str:
    """One line for each student: points of the checks, exercises passed, what did not."""
    rows = []
    for outcome in sorted(outcomes, key=lambda outcome: outcome.student):
        if outcome.graded is None:
            rows.append((outcome.student, "-", "-", outcome.problem))
            continue
        reports = outcome.graded.reports.values()
        points = sum(report["earned"] for report in reports)
        passed = f"{sum(report['passed'] for report in reports)} of {len(reports)}"
        rows.append((outcome.student, f"{points:g}", passed, remarks(outcome.graded)))
    return table(("student", "points", "passed", "remarks"), rows)


def remarks(graded) -> str:
    if graded.failure:
        return graded.failure
    reports = graded.reports.values()
    named = [f"{r['exercise']}: {r['mistake']}" for r in reports if r["mistake"]]
    unsolved = sum(not report["solved"] for report in reports)
    others = sum(not r["passed"] and r["solved"] and not r["mistake"] for r in reports)
    named += [f"{others} wrong in another way"] if others else []
    named += [f"{unsolved} not solved"] if unsolved else []
    return "; ".join(named)


def exercises(given: list[Lesson]) -> str:
    rows = []
    for lesson in hardest(given):
        common = lesson.mistakes[0] if lesson.mistakes else None
        often = f"{common.students} × {common.name}" if common else ""
        counts = (lesson.passed, lesson.wrong, lesson.unsolved)
        rows.append((lesson.exercise, *map(str, counts), often))
    return table(("exercise", "passed", "not yet", "not solved", "most often"), rows)


def todo(outcomes, standings) -> str:
    """One line for each thing that somebody has to look at: whose, what, what to do."""
    told = defaultdict(list)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.student):
        graded = outcome.graded
        if outcome.problem:
            told[outcome.problem, AGAIN].append(outcome.student)
        if graded is None:
            continue
        if graded.failure:
            told[graded.failure, ASK].append(outcome.student)
        for note in graded.notes:
            told[note, LOOK].append(outcome.student)
    if waiting := [name for name, standing in standings.items() if standing.waiting]:
        told["a written answer to read", READ] = waiting
    rows = [(some(students), what, step) for (what, step), students in told.items()]
    return table(("student", "what", "what to do"), rows) if rows else ""


def some(students: list[str]) -> str:
    """Names, and how many there are if they are many."""
    if len(students) <= 3:
        return ", ".join(students)
    return f"{', '.join(students[:2])} and {len(students) - 2} more"
