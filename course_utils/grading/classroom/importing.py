"""Bring what students handed in to a learning platform into a class folder.

Nothing is ever overwritten, and every file that is left out is told with the reason.
"""

import json
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.grading.class_folder import own_folder, read_json, refuse_other_folders
from course_utils.grading.classroom import layouts
from course_utils.grading.classroom.archive import Entry, entries
from course_utils.grading.classroom.layouts import Handed
from course_utils.table import table

TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class ImportRow:
    """What became of one student's file, a line of the table. taken: it is in the class now."""

    student: str
    file: str
    what: str
    next: str = ""
    taken: bool = False


def import_submissions(
    folder: Path, source: Path, notebook: str, layout: str | None = None
) -> list[ImportRow]:
    """Put each student's notebook into submitted/STUDENT/NOTEBOOK/, and say what became of each.

    layout: "canvas", "moodle", "nbgrader", or None to recognise it from the names.
    """
    known = known_cells(folder)
    if notebook not in known:
        raise CourseError(
            f"This class has no notebook '{notebook}'. It has: {', '.join(sorted(known))}."
        )
    found = list(entries(source))
    layout = layout or recognised(found, source, notebook)
    rows, handed = sort_out(found, layout, notebook)
    records = {}
    for student, files in sorted(handed.items()):
        row, choice = take(folder, notebook, known, student, files)
        rows.append(row)
        if choice and row.taken:
            records[student] = {
                "from": layout,
                "name": choice.name,
                "id": choice.id,
                "late": choice.late,
                "file": choice.file,
            }
    return rows + remember(folder, notebook, records)


def as_table(rows: list[ImportRow]) -> str:
    """The rows as text, those that need somebody first."""
    rows = sorted(rows, key=lambda row: (row.taken, row.student))
    lines = [(row.student, row.file, row.what, row.next) for row in rows]
    taken = sum(row.taken for row in rows)
    head = ("student", "file", "what", "what to do")
    return f"{table(head, lines)}\n{taken} in the class, {len(rows) - taken} left out."


def recognised(found: list[Entry], source: Path, notebook: str) -> str:
    names = [entry.name for entry in found if entry.name.endswith(".ipynb")]
    if layout := layouts.recognise(names, notebook):
        return layout
    seen = ", ".join(entry.name for entry in found[:3]) or "nothing"
    raise CourseError(
        f"{source} should hold submissions as Canvas, Moodle or nbgrader's exchange name them, "
        f"but holds {seen}. If you know where they are from, say so: --from canvas, for example. "
        f"Or put them into submitted/STUDENT/{notebook}/{notebook}.ipynb yourself."
    )


def sort_out(found: list[Entry], layout: str, notebook: str):
    """Whose file is which: (rows for what is nobody's, {student: [(Handed, Entry)]})."""
    rows, handed, names = [], defaultdict(list), defaultdict(set)
    for entry in found:
        parsed = layouts.LAYOUTS[layout](entry.name, notebook)
        if parsed is None:
            rows.append(ImportRow("?", entry.name, f"not named as {layout} names submissions"))
        elif parsed.time and entry.owner not in ("", getuser(), parsed.name):
            what = f"left out: it is from {entry.owner}"
            rows.append(
                ImportRow(parsed.student, entry.name, what, "nbgrader collect refuses it too")
            )
        elif entry.problem:
            ask = f"ask {parsed.student} for a plain notebook"
            rows.append(ImportRow(parsed.student, entry.name, f"left out: {entry.problem}", ask))
        else:
            handed[parsed.student].append((parsed, entry))
            names[parsed.student].add((parsed.name, parsed.id))
    for student, people in names.items():
        if len(people) > 1:
            told = " and ".join(f"{name} ({number})".strip() for name, number in sorted(people))
            what = f"several people would share this name: {told}"
            todo = f"put each into submitted/ by hand, as {student}-1 and {student}-2, say"
            rows.append(ImportRow(student, "", what, todo))
            del handed[student]
    return rows, handed


def take(folder: Path, notebook: str, known: dict, student: str, files: list):
    """Choose a student's notebook and put it into the class: (row, what was chosen or None)."""
    notebooks = [pair for pair in files if pair[0].file.endswith(".ipynb")]
    if not notebooks:
        names = ", ".join(handed.file for handed, _ in files)
        return ImportRow(student, names, "no notebook", f"ask for {notebook}.ipynb"), None
    named = [pair for pair in notebooks if is_called(pair[0].file, notebook)]
    if not named and len(notebooks) > 1:
        names = ", ".join(handed.file for handed, _ in notebooks)
        what = f"several notebooks, none called {notebook}.ipynb"
        return ImportRow(student, names, what, "import the right one by hand"), None
    handed, entry = max(named or notebooks, key=lambda pair: (pair[0].order, version(pair[0].file)))
    try:
        content = entry.read()
    except (CourseError, OSError) as error:
        return ImportRow(student, handed.file, f"left out: {error}", "ask for it again"), None
    if other := another_notebook(content, notebook, known):
        todo = f"ask for {notebook}.ipynb, or import this one with --notebook {other}"
        return ImportRow(student, handed.file, f"this is the notebook {other}", todo), None
    told = ["late"] if handed.late else []
    told += [] if named else [f"was called {handed.file}"]
    what = ", ".join(told)
    return put(folder, notebook, handed, content, what), handed


def put(folder, notebook, handed: Handed, content: bytes, what: str) -> ImportRow:
    """Write a submission, unless one is there already."""
    place = folder / "submitted" / handed.student / notebook
    old = place / f"{notebook}.ipynb"
    if old.exists() and old.read_bytes() == content:
        return ImportRow(handed.student, handed.file, "already there", taken=True)
    if place.exists():
        return ImportRow(
            handed.student,
            handed.file,
            "another submission is there already: kept",
            f"to take this one, move {place.relative_to(folder)} away and import again",
        )
    # The folder appears with everything in it, or not at all.
    hidden = place.with_name(f".{notebook}")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    (hidden / f"{notebook}.ipynb").write_bytes(content)
    if handed.time:
        (hidden / TIMESTAMP).write_text(handed.time)
    hidden.rename(place)
    return ImportRow(handed.student, handed.file, what or "new", taken=True)


def is_called(file: str, notebook: str) -> bool:
    """Whether a file has the notebook's name, or the one that a second upload or download gets."""
    return re.fullmatch(rf"{re.escape(notebook)}([- ]?\(?\d+\)?)?\.ipynb", file) is not None


def version(file: str) -> int:
    """The number at the end of "01_attention-2.ipynb", which grows with each upload."""
    found = re.search(r"[- (](\d+)\)?\.ipynb$", file)
    return int(found[1]) if found else 0


def known_cells(folder: Path) -> dict[str, set[str]]:
    """The grade ids of each notebook of a class, from its sources."""
    refuse_other_folders(folder)
    sources = folder.glob("source/*/*.ipynb")
    return {path.stem: grade_ids(path.read_bytes()) for path in sources}


def grade_ids(content: bytes) -> set[str]:
    """The grade ids in a notebook's text; none in what is no notebook."""
    try:
        cells = json.loads(content)["cells"]
        return {str(cell["metadata"]["nbgrader"]["grade_id"]) for cell in cells if marked(cell)}
    except (ValueError, LookupError, TypeError, RecursionError):
        return set()


def marked(cell) -> bool:
    try:
        return "grade_id" in cell["metadata"]["nbgrader"]
    except (LookupError, TypeError):
        return False


def another_notebook(content: bytes, notebook: str, known: dict[str, set[str]]) -> str | None:
    """The notebook of the class that this is, if it is clearly not the one expected."""
    ids = grade_ids(content)
    shared = {name: len(ids & cells) for name, cells in known.items()}
    best = max(shared, key=shared.get)
    return best if shared[best] and not shared[notebook] else None


def remember(folder: Path, notebook: str, records: dict) -> list[ImportRow]:
    """Keep under which name and number a platform knows a student: its grades go back by it.

    Who has a number keeps it: a later file under the same name is not a reason to give the points
    to another. Returns a row for each that says otherwise.
    """
    path = own_folder(folder) / "imported" / f"{notebook}.json"
    known, rows = read_json(path, {}), []
    for student, record in records.items():
        old = known.get(student, record)
        if (old["from"], old["id"]) != (record["from"], record["id"]):
            what = f"the number {record['id']} in {record['from']} is not the one known: kept"
            todo = f"if it is right, remove {student} from .course/imported/{notebook}.json"
            rows.append(ImportRow(student, record["file"], what, todo))
        else:
            known[student] = record
    write_whole(path, json.dumps(known, indent=1), private=True)
    return rows
