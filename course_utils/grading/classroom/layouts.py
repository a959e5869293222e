"""How Canvas, Moodle and nbgrader name what students handed in.

Canvas (lib/content_zipper.rb of its source): NAME[_LATE]_USER_FILE_original.ipynb, all in one
folder, where NAME is "doejane" and a file handed in again is called original-1.ipynb. Moodle
(mod/assign/locallib.php): "Jane Doe_NUMBER_assignsubmission_file_/original.ipynb", or the same
without a folder. nbgrader's exchange: STUDENT+ASSIGNMENT+TIME+…/, with a timestamp.txt.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

CANVAS = re.compile(r"(?P<name>\w*?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<order>\d+)_(?P<file>.+)", re.S)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<id>[^\W_]+)_(?P<order>\d+)_(?P<file>.+)")
# The first number counts: what follows is a name that the student chose.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_(?P<file>.*)")
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
    # The outermost name is the platform's; one further in, or the file's own, the student chose.
    part = next((part for part in folders if MOODLE.fullmatch(part)), base)
    if not (found := MOODLE.fullmatch(part)):
        return None
    name = found["name"]
    # Where names are hidden, everybody is called "Participant".
    student = f"{name}-{found['id']}" if name == "Participant" else name
    file = found["file"] if part == base else base
    return Handed(folder_name(student), file, name=name, id=found["id"])


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
    """A name as a folder of nbgrader's: letters and digits of any script, and no glob character."""
    name = unicodedata.normalize("NFC", name.strip())
    kept = "".join(c if c.isalnum() or c in "-_.@" else "-" for c in name)
    return shortened(re.sub(r"-{2,}", "-", kept).strip("-.") or "student")


def shortened(name: str) -> str:
    """A name that a file system takes, with .json after it: those that are too long stay apart by a
    few letters of their own."""
    data = name.encode()
    if len(data) <= LONGEST:
        return name
    own = hashlib.sha256(data).hexdigest()[:8]
    return f"{data[: LONGEST - 9].decode(errors='ignore').rstrip('-.')}-{own}"
