"""How Canvas, Moodle and nbgrader name what students handed in.

Canvas (lib/content_zipper.rb of its source): NAME[_LATE]_USER_FILE_original.ipynb, all in one
folder, where NAME is "doejane" and a file handed in again is called original-1.ipynb. Moodle:
"Jane Doe_NUMBER_assignsubmission_file/original.ipynb" (mod/assign/classes/downloader.php, from
4.1), with another _ at the folder's end (mod/assign/locallib.php before that), or all in one
folder. A name never holds a _ there. Where a team hands in, it is "Team_NUMBER" now and
"Team-Jane Doe_NUMBER" before, without a number for who is in no team; where names are hidden,
everybody has the word for "Participant" in Moodle's language.
nbgrader's exchange: STUDENT+ASSIGNMENT+TIME+…/, with a timestamp.txt.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

CANVAS = re.compile(
    r"(?P<name>[^/+]*?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<order>\d+)_(?P<file>.+)", re.S
)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<id>[^\W_]+)_(?P<order>\d+)_(?P<file>.+)")
MOODLE = re.compile(
    r"(?P<name>[^_]+)(_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)(_(?P<file>.*))?", re.S
)
EXCHANGE = re.compile(r"(?P<name>[^+/]+)\+(?P<notebook>[^+/]+)\+(?P<order>[^+/]+)(\+.*)?")


# Bytes of a folder's name. File systems take 255.
LONGEST = 120


@dataclass(frozen=True)
class Handed:
    """What the name of a file says. student: the folder it goes to; order: the later the larger."""

    student: str
    file: str
    name: str = ""
    id: str = ""
    late: bool = False
    order: tuple = ()
    time: str = ""  # as nbgrader's exchange notes it


def canvas(path: str, notebook: str) -> Handed | None:
    base = PurePosixPath(path).name
    if found := CANVAS_ANONYMOUS.fullmatch(base):
        name = f"anon_{found['id']}"
    elif found := CANVAS.fullmatch(base):
        name = f"{found['name'] or 'user'}_{found['id']}"
    else:
        return None
    return Handed(
        student=folder_name(name),
        file=found["file"],
        name=found.groupdict().get("name", ""),
        id="" if base.find("anon_") in (0, 5) else found["id"],
        late=bool(found["late"]),
        order=(int(found["order"]),),
    )


def moodle(path: str, notebook: str) -> Handed | None:
    *folders, base = PurePosixPath(path).parts
    for part in [*folders, base]:
        if not (found := MOODLE.fullmatch(part)):
            continue
        name = found["name"]
        # Where names are hidden, everybody is called "Participant".
        student = f"{name}-{found['id']}" if name == "Participant" else name
        file = found["file"] or "" if part == base else base
        return Handed(folder_name(student), file, name=name, id=found["id"] or "")
    return None


def nbgrader(path: str, notebook: str) -> Handed | None:
    *folders, base = PurePosixPath(path).parts
    for part in folders:
        if (found := EXCHANGE.fullmatch(part)) and found["notebook"] == notebook:
            name = found["name"]
            when = found["order"]
            return Handed(folder_name(name), base, name=name, order=(when,), time=time_of(when))
    if len(folders) >= 2 and folders[-1] == notebook:
        return Handed(folder_name(folders[-2]), base, name=folders[-2])
    return None


def time_of(text: str) -> str:
    """A time as the exchange writes it, or an empty text."""
    return text if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?( \w+)?", text) else ""


LAYOUTS: dict[str, Callable[[str, str], Handed | None]] = {
    "moodle": moodle,
    "nbgrader": nbgrader,
    "canvas": canvas,
}


def recognise(names: list[str], notebook: str) -> str | None:
    """The layout that most of the notebooks' names fit, or None."""
    counts = {
        layout: sum(parse(name, notebook) is not None for name in names)
        for layout, parse in LAYOUTS.items()
    }
    best = max(counts, key=counts.get)
    return best if counts[best] else None


def folder_name(name: str) -> str:
    """A name as a folder of nbgrader's: letters, their marks and digits of any script, written one
    way, and no glob character."""
    name = unicodedata.normalize("NFC", name.strip())
    kept = "".join(c if belongs(c) else "-" for c in name)
    return shortened(re.sub(r"-{2,}", "-", kept).strip("-.") or "student")


def shortened(name: str) -> str:
    """A name that a file system takes, with .json after it: those that are too long stay apart by a
    few letters of their own."""
    data = name.encode()
    if len(data) <= LONGEST:
        return name
    own = hashlib.sha256(data).hexdigest()[:8]
    return f"{data[: LONGEST - 9].decode(errors='ignore').rstrip('-.')}-{own}"


def belongs(letter: str) -> bool:
    # Many scripts write vowels as marks, which are no letters of their own.
    return letter.isalnum() or letter in "-_.@" or unicodedata.category(letter).startswith("M")
