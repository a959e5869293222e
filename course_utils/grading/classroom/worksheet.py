"""Fill in the grading worksheet that Moodle gave: its own words, rows and dates stay.

mod/assign/feedback/offline/importgradeslib.php of Moodle's source looks for the headers in the
teacher's language, so they must come from there. importgradesform.php passes over a grade whose
"last modified" is older than Moodle's own by more than a minute, so that cell stays as downloaded.
In the rows (mod/assign/gradingtable.php) the identifier is first, "Participant" in that language
and a number, and the maximum stands right after the grade.
"""

import csv
import io
import re
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.classroom.layouts import folder_name


def filled(path: Path, scores: list, known: dict) -> tuple[list, list[str]]:
    """The rows of a worksheet with the grades, and the students who are not in it.

    scores: of one notebook, those to be given back; known: student -> what an import noted.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} cannot be read: {error}") from error
    head, *rows = list(csv.reader(io.StringIO(text))) or [[]]
    rows = [row for row in rows if row]
    if not rows or any(len(row) != len(head) for row in rows):
        raise CourseError(
            f"{path} is no grading worksheet of Moodle's. Download it there: the assignment, "
            "Submissions, Download grading worksheet."
        )
    column = grade_column(path, rows, scores[0].max_score)
    whose, missing = people(scores, known), {score.student_id for score in scores}
    for row in rows:
        number = re.search(r"(\d+)\s*$", row[0])
        names = [f"#{number[1]}" if number else "", *row[1:column]]
        score = next((whose[name] for name in names if whose.get(name)), None)
        if score is None:
            score = next((whose[n] for n in map(folder_name, row[1:2]) if whose.get(n)), None)
        if score is not None:
            row[column] = f"{score.score:g}"
            missing.discard(score.student_id)
    return [head, *rows], sorted(missing)


def people(scores: list, known: dict) -> dict:
    """Number, address and folder -> a score; None for what more than one have."""
    whose = {}
    for score in scores:
        came = known.get(score.student_id, {})
        # Marked, as somebody else's own number may be the same.
        number = f"#{came['id']}" if came.get("from") == "moodle" and came["id"] else ""
        for name in {number, score.email, score.student_id} - {""}:
            whose[name] = None if name in whose else score
    return whose


def grade_column(path: Path, rows: list, most: float) -> int:
    """Where the grade stands: before the column in which every row has the maximum."""
    columns = [[as_number(row[n]) for row in rows] for n in range(len(rows[0]))]
    places = [
        n
        for n in range(2, len(columns))
        if len(set(columns[n])) == 1
        and columns[n][0] is not None
        and all(not row[n - 1].strip("- ") or as_number(row[n - 1]) is not None for row in rows)
    ]
    right = [n for n in places if columns[n][0] == most]
    if len(right) == 1:
        return right[0] - 1
    told = ", ".join(f"{columns[n][0]:g}" for n in places) or "no number"
    raise CourseError(
        f"{path} should have a column with the maximum of {most:g} points in every row, after the "
        f"grade, but has {told}. Set the assignment's maximum grade in Moodle to {most:g}, and "
        "download the worksheet again."
    )


def as_number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
