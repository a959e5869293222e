"""What `course grade` prints when it is done: students, exercises, and what is left to do."""

from collections import defaultdict

from course_utils.grading.report.statistics import Lesson, hardest
from course_utils.table import table

AGAIN = "run course grade again"
ASK = f"ask for the notebook again, then {AGAIN}"
MOST = 5  # notes that are told
LOOK = "nothing, unless it surprises you"
JUDGE = "read it, if you like: no points were taken"
READ = f"formgrader, Manual Grading; then {AGAIN}"


def students(rows, scores) -> str:
    """One line for each student: points, exercises passed, what did not.

    rows: with student, graded (None: not this time) and problem, as grade_all makes them; scores:
    student -> what the gradebook says, so that no two places say different points.
    """
    lines = []
    for row in sorted(rows, key=lambda row: row.student):
        score = scores.get(row.student)
        written = score is not None and score.handed_in
        points = f"{round(score.score, 4):g}" if written else "-"
        if row.graded is None:
            lines.append((row.student, points, "-", "-", "-", "-", row.problem or "not handed in"))
            continue
        reports = row.graded.reports.values()
        passed = f"{sum(report['passed'] for report in reports)} of {len(reports)}"
        most, hand, late = (
            (f"{score.max_score:g}", by_hand(score), f"{-score.late_submission_penalty:g}")
            if written
            else ("-", "-", "-")
        )
        late = "" if late in ("0", "-0") else late
        lines.append((row.student, points, passed, most, hand, late, remarks(row.graded)))
    head = ("student", "points", "passed", "at most", "by hand", "late", "remarks")
    return table(head, lines)


def by_hand(score) -> str:
    if score.to_read:
        return "to read"
    return f"{score.by_hand:g}" if score.by_hand else ""


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
    """One line for each thing that somebody has to do, the most important first: whose, what, what
    to do. Then, in one line, what is good to know.
    """
    whose, known = defaultdict(list), defaultdict(list)
    for row in sorted(rows, key=lambda row: row.student):
        graded = row.graded
        if row.problem:
            whose[row.problem, AGAIN].append(row.student)
        if row.beside:
            beside = f"{', '.join(row.beside)} lies beside it, not looked at"
            whose[beside, f"rename the one that counts, then {AGAIN}"].append(row.student)
        if graded is None:
            continue
        if graded.failure:
            whose[graded.failure, ASK].append(row.student)
        for flag in graded.flags:
            whose[flag, JUDGE].append(row.student)
    # The first note of each, then the second: nobody's notebook pushes the others' off the screen.
    for place in range(MOST):
        for row in sorted(rows, key=lambda row: row.student):
            if row.graded and place < len(row.graded.notes):
                known[row.graded.notes[place]].append(row.student)
    if waiting := [name for name, standing in standings.items() if standing.waiting]:
        whose["a written answer to read", READ] = waiting
    lines = [(some(students), what, step) for (what, step), students in whose.items()]
    # Many of these are the same but for a cell's name.
    if known:
        everybody = sorted({student for students in known.values() for student in students})
        notes = "; ".join(f"{note} ({some(whom)})" for note, whom in list(known.items())[:MOST])
        rest = sum(len(row.graded.notes) for row in rows if row.graded)
        rest -= sum(len(whom) for whom in list(known.values())[:MOST])
        notes += f"; and {rest} more, in the feedback pages" if rest > 0 else ""
        lines.append((some(everybody), notes, LOOK))
    return table(("student", "what", "what to do"), lines) if lines else ""


def some(students: list[str]) -> str:
    """Names, and how many there are if they are many."""
    if len(students) <= 3:
        return ", ".join(students)
    return f"{', '.join(students[:2])} and {len(students) - 2} more"
