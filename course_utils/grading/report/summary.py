"""What `course grade` prints when it is done: students, exercises, and what is left to do."""

from collections import defaultdict

from course_utils.grading.report.statistics import Lesson, hardest
from course_utils.table import table

AGAIN = "run course grade again"
ASK = f"ask for the notebook again, then {AGAIN}"
LOOK = "nothing, unless it surprises you"
JUDGE = "read it, if you like: no points were taken"
PAGE = "see the feedback page"
# Of each student: nobody's notebook may push the others' off the screen.
NOTES = 5
READ = f"formgrader, Manual Grading; then {AGAIN}"


def students(rows) -> str:
    """One line for each student: points of the checks, exercises passed, what did not.

    rows: with student, graded (None: not this time) and problem, as grade_all makes them.
    """
    lines = []
    for row in sorted(rows, key=lambda row: row.student):
        if row.graded is None:
            lines.append((row.student, "-", "-", row.problem))
            continue
        reports = row.graded.reports.values()
        points = sum(report["earned"] for report in reports)
        passed = f"{sum(report['passed'] for report in reports)} of {len(reports)}"
        lines.append((row.student, f"{points:g}", passed, remarks(row.graded)))
    return table(("student", "points", "passed", "remarks"), lines)


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
    lines = []
    for lesson in hardest(given):
        common = lesson.mistakes[0] if lesson.mistakes else None
        often = f"{common.students} × {common.name}" if common else ""
        counts = (lesson.passed, lesson.wrong, lesson.unsolved)
        lines.append((lesson.exercise, *map(str, counts), often))
    return table(("exercise", "passed", "not yet", "not solved", "most often"), lines)


def todo(rows, standings) -> str:
    """One line for each thing that somebody has to look at: whose, what, what to do."""
    whose = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.student):
        graded = row.graded
        if row.problem:
            whose[row.problem, AGAIN].append(row.student)
        if graded is None:
            continue
        if graded.failure:
            whose[graded.failure, ASK].append(row.student)
        for note in graded.notes[:NOTES]:
            whose[note, LOOK].append(row.student)
        if (more := len(graded.notes) - NOTES) > 0:
            whose[f"{more} more notes of this kind", PAGE].append(row.student)
        for flag in graded.flags:
            whose[flag, JUDGE].append(row.student)
    if waiting := [name for name, standing in standings.items() if standing.waiting]:
        whose["a written answer to read", READ] = waiting
    lines = [(some(students), what, step) for (what, step), students in whose.items()]
    return table(("student", "what", "what to do"), lines) if lines else ""


def some(students: list[str]) -> str:
    """Names, and how many there are if they are many."""
    if len(students) <= 3:
        return ", ".join(students)
    return f"{', '.join(students[:2])} and {len(students) - 2} more"
