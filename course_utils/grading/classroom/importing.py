"""Bring what students handed in to a learning platform into a class folder.

Nothing is ever lost, and every file that is left out is told with the reason.
"""

import json
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from getpass import getuser
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.grading.class_folder import own_folder, read_json, refuse_other_folders
from course_utils.grading.classroom import layouts
from course_utils.grading.classroom.archive import Entry, entries, inside
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
    folder: Path, source: Path, notebook: str, layout: str | None = None, update: bool = False
) -> list[ImportRow]:
    """Put each student's notebook into submitted/STUDENT/NOTEBOOK/, and say what became of each.

    layout: "canvas", "moodle", "nbgrader", or None to recognise it from the names. update: another
    submission takes the place of the one that is there, which is kept in .course/replaced/.
    """
    known = known_cells(folder)
    if notebook not in known:
        raise CourseError(
            f"This class has no notebook '{notebook}'. It has: {', '.join(sorted(known))}."
        )
    found = list(entries(source))
    layout = layout or recognised(found, source, notebook)
    rows, handed = sort_out(found, layout, notebook, imported_before(folder, notebook))
    records = {}
    for student, files in sorted(handed.items()):
        row, choice = take(folder, notebook, known, student, files, update)
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
    names = [e.name for e in found if as_notebook(e.name) or e.name.lower().endswith(".zip")]
    if layout := layouts.recognise(names, notebook):
        return layout
    seen = ", ".join(entry.name for entry in found[:3]) or "nothing"
    raise CourseError(
        f"{source} should hold submissions as Canvas, Moodle or nbgrader's exchange name them, "
        f"but holds {seen}. If you know where they are from, say so: --from canvas, for example. "
        f"Or put them into submitted/STUDENT/{notebook}/{notebook}.ipynb yourself."
    )


def sort_out(found: list[Entry], layout: str, notebook: str, before: dict[str, str]):
    """Whose file is which: (rows for what is nobody's, {student: [(Handed, Entry)]}).

    before: student -> the number of who was imported under this name.
    """
    rows, handed, people = [], [], defaultdict(set)
    for entry in found:
        parsed = layouts.LAYOUTS[layout](entry.name, notebook)
        if parsed is None:
            rows.append(ImportRow("?", entry.name, f"not named as {layout} names submissions"))
            continue
        if parsed.time and entry.owner not in ("", getuser(), parsed.name):
            what = f"left out: it is from {entry.owner}"
            refused = "nbgrader collect refuses it too"
            rows.append(ImportRow(parsed.student, entry.name, what, refused))
            continue
        people[parsed.student].add((parsed.name, parsed.id))
        handed += [(parsed, entry)] if entry.problem else unpacked(parsed, entry)
    files = defaultdict(list)
    for parsed, entry in handed:
        others = {number for _, number in people[parsed.student]}
        shared = len(people[parsed.student]) > 1 and len(others) > 1
        taken = before.get(parsed.student, "")
        if parsed.id and taken != parsed.id and (shared or taken):
            parsed = replace(parsed, student=f"{parsed.student}-{parsed.id}")
        elif shared and taken != parsed.id:
            names = " and ".join(f"{n} ({i})" for n, i in sorted(people[parsed.student]))
            what = f"several people would share this name: {names}"
            todo = "put each into submitted/ by hand, under names that differ"
            rows.append(ImportRow(parsed.student, entry.name, what, todo))
            continue
        if entry.problem:
            ask = f"ask {parsed.student} for a plain notebook"
            rows.append(ImportRow(parsed.student, entry.name, f"left out: {entry.problem}", ask))
        else:
            files[parsed.student].append((parsed, entry))
    return rows, files


def unpacked(handed: Handed, entry: Entry) -> list[tuple[Handed, Entry]]:
    """A file, or what is in it if it is a zip file."""
    if not handed.file.lower().endswith(".zip"):
        return [(handed, entry)]
    return [(replace(handed, file=one.name.rpartition("/")[2]), one) for one in inside(entry)]


@dataclass(frozen=True)
class Candidate:
    """A notebook that may be the one. answers: how many of its cells are not as released."""

    handed: Handed
    entry: Entry
    content: bytes
    answers: int
    named: bool
    told: str


def take(folder: Path, notebook: str, known: dict, student: str, files: list, update: bool):
    """Choose a student's notebook and put it into the class: (row, what was chosen or None)."""
    notebooks = [pair for pair in files if as_notebook(pair[0].file)]
    if not notebooks:
        names = ", ".join(handed.file for handed, _ in files)
        return ImportRow(student, names, "no notebook", f"ask for {notebook}.ipynb"), None
    # A later attempt replaces an earlier one whatever is in it; only the exchange has several.
    if any(h.order and isinstance(h.order[0], str) for h, _ in notebooks):
        newest = max(handed.order for handed, _ in notebooks)
        notebooks = [pair for pair in notebooks if pair[0].order == newest]
    given, found, refused = released(folder, notebook), [], []
    for handed, entry in notebooks:
        try:
            content = entry.read()
        except (CourseError, OSError) as error:
            refused.append((handed.file, f"left out: {error}", "ask for it again"))
            continue
        if other := another_notebook(content, notebook, known):
            todo = f"ask for {notebook}.ipynb, or import this one with --notebook {other}"
            refused.append((handed.file, f"this is the notebook {other}", todo))
            continue
        several = sum(h.file == handed.file for h, _ in notebooks) > 1
        called = entry.name if several else handed.file
        named = is_called(as_notebook(handed.file), notebook)
        count = answers(content, given)
        found.append(Candidate(handed, entry, content, count, named, called))
    if not found:
        return ImportRow(student, *refused[0]), None
    found.sort(key=preference, reverse=True)
    best, *others = found
    others = [one for one in others if one.content != best.content or not one.named]
    if others and not best.named and best.answers == others[0].answers:
        names = ", ".join(one.told for one in found)
        what = f"several notebooks, none called {notebook}.ipynb"
        return ImportRow(student, names, what, "import the right one by hand"), None
    told = ["late"] if best.handed.late else []
    told += (
        []
        if best.handed.file == f"{notebook}.ipynb"
        or (best.named and best.handed.file.endswith(".ipynb"))
        else [f"was called {best.handed.file}"]
    )
    step = ""
    if others:
        rest = ", ".join(f"{one.told} ({one.answers})" for one in others)
        told.append(f"{best.told} ({best.answers} cells answered) was taken, and not {rest}")
        step = "look at the others, if this surprises you"
    told += [f"{file}: {what}" for file, what, _ in refused]
    handed = replace(best.handed, student=student)
    row = put(folder, notebook, handed, best.content, ", ".join(told), update)
    return (replace(row, next=row.next or step) if row.taken else row), best.handed


def preference(one: Candidate) -> tuple:
    """The larger, the better: answers first, so that no untouched copy hides them."""
    return one.answers, one.named, one.handed.order, version(one.handed.file)


def released(folder: Path, notebook: str) -> dict[str, str]:
    """The cells that students were given to answer, by grade id."""
    try:
        return solutions((folder / "release" / notebook / f"{notebook}.ipynb").read_bytes())
    except OSError:
        return {}


def answers(content: bytes, given: dict[str, str]) -> int:
    """How many cells of a notebook are not as they were given."""
    mine = solutions(content)
    return sum(given[name].strip() != text.strip() for name, text in mine.items() if name in given)


def solutions(content: bytes) -> dict[str, str]:
    """The text of the cells that are to be answered, by grade id."""
    try:
        cells = [cell for cell in json.loads(content)["cells"] if marked(cell)]
        return {
            str(cell["metadata"]["nbgrader"]["grade_id"]): "".join(cell["source"])
            for cell in cells
            if not cell["metadata"]["nbgrader"].get("locked")
        }
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def as_notebook(file: str) -> str:
    """The file's name as a notebook's, for what browsers and mail make of it; empty for others."""
    found = re.fullmatch(r"(.*)\.ipynb(\.json|\.txt)?", file, re.IGNORECASE | re.DOTALL)
    return f"{found[1]}.ipynb" if found else ""


def put(folder, notebook, handed: Handed, content: bytes, what: str, update: bool) -> ImportRow:
    """Write a submission; if one is there already, only as an update."""
    place = folder / "submitted" / handed.student / notebook
    old = place / f"{notebook}.ipynb"
    if old.exists() and old.read_bytes() == content:
        return ImportRow(handed.student, handed.file, "already there", taken=True)
    if place.exists():
        if not update:
            return ImportRow(
                handed.student,
                handed.file,
                "another submission is there already: kept",
                f"to take this one, import with --update, or move {place.relative_to(folder)} away",
            )
        if handed.time and (place / TIMESTAMP).is_file():
            if handed.time <= (place / TIMESTAMP).read_text():
                kept = "the submission that is there is newer: kept"
                return ImportRow(handed.student, handed.file, kept, taken=True)
        what = ", ".join(
            ["took the place of another, which is in .course/replaced", *filter(None, [what])]
        )
    # The folder appears with everything in it, or not at all.
    hidden = place.with_name(f".{notebook}")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    (hidden / f"{notebook}.ipynb").write_bytes(content)
    if handed.time:
        (hidden / TIMESTAMP).write_text(handed.time)
    if place.exists():
        kept = own_folder(folder) / "replaced" / handed.student / notebook
        kept.mkdir(parents=True, exist_ok=True)
        place.rename(kept / str(len(list(kept.iterdir())) + 1))
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


def imported_before(folder: Path, notebook: str) -> dict[str, str]:
    """Student -> the number that the platform gave, of those imported already."""
    records = read_json(own_folder(folder) / "imported" / f"{notebook}.json", {})
    return {student: record.get("id", "") for student, record in records.items()}


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
