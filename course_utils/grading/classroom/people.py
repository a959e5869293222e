"""Who is in a class: a roster taken in, somebody who leaves, more time for one student."""

import csv
import io
import json
import re
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.grading.class_folder import own_folder, read_json, refuse_other_folders
from course_utils.grading.classroom import exporting
from course_utils.grading.classroom.layouts import folder_name

FOLDERS = ("submitted", "autograded", "feedback")
FORMS = """\
{path} should be a list of the class as CSV: Canvas' gradebook (Student, ID), Moodle's participants
or grading worksheet, or columns named id, first_name, last_name, email."""


def records_of(folder: Path):
    refuse_other_folders(folder)
    # Late: nbgrader takes a second, and what is wrong with a folder should be told at once.
    from course_utils.grading.nbgrader.gradebook import Records

    return Records(folder)


def take_roster(folder: Path, path: Path) -> int:
    """Put everybody on a list into the gradebook; return how many were not there yet."""
    try:
        rows = [row for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read: {error}") from error
    folder = Path(folder).resolve()
    records = records_of(folder)
    with records.api.gradebook as gradebook:
        there = {student.id for student in gradebook.students}
        there |= {place.name for place in folder.glob("submitted/*") if place.is_dir()}
        people = people_in(path, rows, there)
        for student, about in people.items():
            gradebook.update_or_create_student(student, **about)
    exporting.write(folder / "grades.csv", exporting.plain(records.scores()))
    return len(set(people) - there)


def people_in(path: Path, rows: list, there: set[str]) -> dict[str, dict]:
    """Student -> names and address, named as an import names them."""
    head, *rows = rows or [[]]
    people = {}
    for row in rows:
        of = dict(zip((name.strip().lower() for name in head), row, strict=False))
        about = {"first_name": "", "last_name": "", "email": ""}
        if {"student", "id"} <= set(of):  # Canvas; the rows without a number are no students
            if not of["id"].strip().isdecimal() or of["student"] == "Student, Test":
                continue
            last, _, first = (part.strip() for part in of["student"].partition(","))
            compact = "".join(c for c in of["student"].lower() if c.isalnum())
            named = f"{compact}_{of['id']}"
            student = next((s for s in there if s.endswith(f"_{of['id']}")), folder_name(named))
            about |= {"first_name": first, "last_name": last}
        elif key := next((key for key in ("id", "student_id") if key in of), None):
            student = folder_name(of[key])
            about |= {name: of.get(name, "") for name in about}
        elif "email address" in of and ("first name" in of or "last name" in of):
            first, last = of.get("first name", ""), of.get("last name", of.get("surname", ""))
            student = folder_name(f"{first} {last}")
            about |= {"first_name": first, "last_name": last, "email": of["email address"]}
        elif len(row) > 2 and re.fullmatch(r"\D+\d+", row[0]):  # a worksheet, in any language
            student = folder_name(row[1])
            first, _, last = row[1].rpartition(" ")
            email = next((cell for cell in row[2:] if "@" in cell), "")
            about |= {"first_name": first, "last_name": last, "email": email}
        else:
            raise CourseError(FORMS.format(path=path))
        if student in people:
            raise CourseError(
                f"Two people in {path} would both be called {student}: give one an id."
            )
        people[student] = about
    if not people:
        raise CourseError(FORMS.format(path=path))
    return people


def withdraw(folder: Path, student: str) -> Path:
    """Take a student out of a class; return where everything handed in is kept."""
    folder = Path(folder).resolve()
    records = records_of(folder)
    places = [folder / kind / student for kind in FOLDERS]
    with records.api.gradebook as gradebook:
        known = {one.id for one in gradebook.students}
        here = student not in ("", ".", "..") and any(place.is_dir() for place in places)
        if "/" in student or (student not in known and not here):
            raise CourseError(f"There is no '{student}' in {folder}.")
        if student in known:
            gradebook.remove_student(student)
    kept = own_folder(folder) / "withdrawn" / student
    number = 1
    while (kept / str(number)).exists():
        number += 1
    kept = kept / str(number)
    kept.mkdir(parents=True)
    for place in places:
        if place.is_dir():
            place.rename(kept / place.parent.name)
    for marker in own_folder(folder).glob("recorded/*/*.json"):
        if marker.stem == student:
            marker.unlink()
    exporting.write(folder / "grades.csv", exporting.plain(records.scores()))
    return kept


def extend(folder: Path, notebook: str, student: str, hours: float) -> None:
    """Give a student so many hours more than the deadline; the next grading goes by it."""
    refuse_other_folders(folder)
    if not (folder / "source" / notebook).is_dir():
        raise CourseError(f"This class has no notebook '{notebook}'.")
    path = own_folder(folder) / "extensions.json"
    extensions = read_json(path, {})
    extensions.setdefault(notebook, {})[student] = hours
    write_whole(path, json.dumps(extensions, indent=1), private=True)
