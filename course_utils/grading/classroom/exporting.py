"""A class's points in the CSV forms that Canvas and Moodle read.

Canvas (lib/gradebook_importer.rb of its source) finds a student by ID, then by SIS Login ID, then
by name; a row that begins with "Points Possible" has the maximum. Moodle's grading worksheet
(mod/assign/feedback/offline) needs the columns Identifier, Grade and Last modified (grade); its
gradebook's own import (Grades, Import, CSV file) takes any column that tells who somebody is.
"""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.grading.class_folder import own_folder, read_json
from course_utils.grading.classroom.worksheet import filled

# As `nbgrader export` names them, and one of ours.
COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "status",
)
# What somebody who handed in nothing has none of: a 0 would look like all others.
GIVEN = ("raw_score", "late_submission_penalty", "score")


def export(
    folder: Path, notebook: str | None, form: str, worksheet: Path | None = None
) -> list[Path]:
    """Write the points of one notebook, or of all, in a form; return the files written.

    worksheet: the one that Moodle gave for the notebook, to fill in.

    What is exported is what the gradebook says now, late penalties taken off.
    """
    # Late: nbgrader takes a second, and what is wrong with a folder should be told at once.
    from course_utils.grading.nbgrader.gradebook import Records

    folder = Path(folder).resolve()
    if not (folder / "gradebook.db").is_file():
        raise CourseError(
            f"There is no gradebook in {folder} yet. Name the folder of a class, and grade it "
            "first: course grade CLASS"
        )
    records = Records(folder)
    scores = defaultdict(list)
    for score in records.scores():
        if notebook in (None, score.assignment):
            scores[score.assignment].append(score)
    if not scores:
        raise CourseError(f"The gradebook has no points for {notebook or 'anybody'} yet.")
    waiting = sorted({s.student_id for of in scores.values() for s in of if s.to_read})
    if waiting and form != "csv":
        print(f"Left out, as answers wait to be graded by hand: {', '.join(waiting)}")
    known = {
        name: read_json(own_folder(folder) / "imported" / f"{name}.json", {}) for name in scores
    }
    if form == "canvas":
        return [write(folder / "grades-canvas.csv", canvas(scores, known))]
    if worksheet is not None:
        if form != "moodle" or notebook is None:
            raise CourseError("A worksheet is Moodle's, of one notebook: name it, and --to moodle.")
        given = [score for score in scores[notebook] if is_in(score)]
        if not given:
            raise CourseError(f"There are no final points for {notebook} yet.")
        rows, missing = filled(worksheet, given, known[notebook])
        if missing:
            print(f"Not in {worksheet.name}, enter by hand: {', '.join(missing)}")
        return [write(folder / f"grades-moodle-{notebook}.csv", rows)]
    if form == "moodle":
        return [
            write(folder / f"grades-moodle-{name}.csv", moodle(rows, known[name]))
            for name, rows in scores.items()
        ]
    return [write(folder / "grades.csv", plain(score for of in scores.values() for score in of))]


def plain(scores) -> list:
    """Everything, a line for each student and notebook."""
    return [COLUMNS, *([cell_of(score, name) for name in COLUMNS] for score in scores)]


def cell_of(score, name: str):
    return "" if name in GIVEN and not score.handed_in else getattr(score, name)


def canvas(scores: dict[str, list], known: dict[str, dict]) -> list:
    """One column for each notebook. Who did not come from Canvas is told by the login."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *scores]
    maximum = [
        "    Points Possible",
        "",
        "",
        "",
        "",
        *(f"{of[0].max_score:g}" for of in scores.values()),
    ]
    rows = defaultdict(dict)
    for name, of in scores.items():
        for score in of:
            rows[score.student_id][name] = score
    lines = []
    for name, of in scores.items():
        refuse_twins(of, known[name], "canvas")
    for student, given in sorted(rows.items()):
        came = next((known[n][student] for n in scores if student in known[n]), {})
        score = next(iter(given.values()))
        number = came.get("id", "") if came.get("from") == "canvas" else ""
        login = "" if number else student
        points = [f"{given[name].score:g}" if is_in(given.get(name)) else "" for name in scores]
        lines.append([full_name(score, came), number, "", login, "", *points])
    return [head, maximum, *lines]


def moodle(scores: list, known: dict) -> list:
    """Moodle's grading worksheet of one assignment, with the address for its gradebook's import."""
    head = [
        "Identifier",
        "Full name",
        "Email address",
        "Grade",
        "Maximum Grade",
        "Last modified (grade)",
    ]
    # Moodle passes over a grade that is older than its own, and reads any date that PHP can.
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = []
    refuse_twins(scores, known, "moodle")
    for score in scores:
        came = known.get(score.student_id, {})
        number = f"Participant {came['id']}" if came.get("from") == "moodle" else ""
        points = f"{score.score:g}" if is_in(score) else ""
        name = full_name(score, came)
        lines.append([number, name, score.email, points, f"{score.max_score:g}", now])
    return [head, *lines]


def refuse_twins(scores: list, known: dict, platform: str) -> None:
    """Raise a CourseError if a platform would take two rows for one person."""
    whose = defaultdict(list)
    for score in scores:
        came = known.get(score.student_id, {})
        if came.get("from") == platform and came["id"]:
            whose[came["id"]].append(score.student_id)
    for number, students in whose.items():
        if len(students) > 1:
            raise CourseError(
                f"{' and '.join(students)} would both have the number {number} of {platform}, and "
                "one would get the other's points. Import the right one again, or see to it in "
                ".course/imported/."
            )


def is_in(score) -> bool:
    """Whether there are points to give back. Those of an answer that nobody has read yet would look
    final in a learning platform."""
    return score is not None and not score.status


def full_name(score, came: dict) -> str:
    """The best name there is: of the gradebook, of the platform, or the folder's."""
    named = f"{score.last_name}, {score.first_name}".strip(", ")
    return named or came.get("name") or score.student_id


# What a spreadsheet takes a cell for a formula by, wherever it finds it first.
FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"


def no_formula(cell):
    """A cell that no spreadsheet runs. Platforms find students by their names: so what a formula
    begins with is left out, and nothing put before it."""
    if not isinstance(cell, str) or cell == "-":  # a single "-" is Moodle's own, for no date
        return cell
    inner = cell.lstrip(FORMULA + " \t\r\n\v\f\0\u00a0\u200b\ufeff'\"|%")
    begins = cell.strip(" \t\r\n\v\f\0\u00a0\u200b\ufeff'\"|%")[:1]
    return inner if begins and begins in FORMULA else cell


def write(path: Path, rows: list) -> Path:
    """Write rows as CSV, with quotes where names need them."""
    file = io.StringIO()
    safe = [[no_formula(cell) for cell in row] for row in rows]
    csv.writer(file, lineterminator="\n").writerows(safe)
    write_whole(path, file.getvalue(), private=True)
    return path
