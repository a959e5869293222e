"""Read a submission's file. Whatever is wrong with it becomes a sentence, never an exception of
another kind."""

import copy
import errno
import json
import os
import re
import stat
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from course_utils.authoring.source import NOTEBOOK_METADATA
from course_utils.grading.submission import limited

FILE_BYTES = 128 * 2**20
PIECES = 4_000_000  # of them, some seconds' work
# What is left when the outputs, which are never read, are taken out.
TEXT_BYTES = 32 * 2**20
CELLS = 2000
KINDS = ("code", "markdown", "raw")
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")

NOT_THERE = "There is no file {name}."
NO_FILE = "{name} is not an ordinary file."
NOT_READ = "{name} cannot be opened: {reason}."
# A string, or where a list or an object begins or ends. Possessive: no character is tried twice.
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
TOO_LARGE = "{name} has {size} MB. A notebook with its outputs should stay below {most} MB."
NO_NOTEBOOK = "{name} is not a Jupyter notebook any more: {reason}."
TOO_MUCH = (
    "{name} takes too much memory or time to read. Clear its outputs (Edit, Clear Outputs of All "
    "Cells), and hand it in again."
)


class Unreadable(Exception):
    """A file that cannot be graded, with the sentence that says why."""


def read(path: Path) -> NotebookNode:
    """Read a notebook of any version and in any state, or raise Unreadable."""
    path = Path(path)
    data = contents(path)
    try:
        plain = limited.run(f"{__name__}:cells_of", data)
    except ValueError as problem:
        raise Unreadable(NO_NOTEBOOK.format(name=path.name, reason=problem)) from None
    except limited.TooMuch:
        raise Unreadable(TOO_MUCH.format(name=path.name)) from None
    return from_cells(plain)


def contents(path: Path, folder: int | None = None) -> bytes:
    """The bytes of an ordinary file of a sensible size. Links are not followed: a submission must
    not make us read something else. folder: the open folder that a relative path starts from."""
    try:
        # Not blocking: to open a pipe would wait until somebody writes into it.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        raise Unreadable(NOT_THERE.format(name=path.name)) from None
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ELOOP:
            raise Unreadable(NO_FILE.format(name=path.name)) from None
        reason = getattr(error, "strerror", None) or error
        raise Unreadable(NOT_READ.format(name=path.name, reason=reason)) from None
    about = os.fstat(number)
    if not stat.S_ISREG(about.st_mode):
        os.close(number)
        raise Unreadable(NO_FILE.format(name=path.name))
    with open(number, "rb") as file:
        if about.st_size > FILE_BYTES:
            most, size = FILE_BYTES // 2**20, about.st_size // 2**20
            raise Unreadable(TOO_LARGE.format(name=path.name, size=size, most=most))
        return file.read(FILE_BYTES)


def notebook(data: bytes) -> NotebookNode:
    """Make a notebook of format 4 out of a file's bytes. ValueError: it is none.

    Only the kind and the text of cells are taken over, pictures pasted into text, and what nbgrader
    wrote. Outputs are not: nobody here believes them.
    """
    return from_cells(cells_of(data))


def from_cells(cells: list[dict]) -> NotebookNode:
    made = [nbformat.from_dict(cell) for cell in cells]
    for number, cell in enumerate(made, start=1):
        cell.id = f"cell-{number}"
    return new_notebook(cells=made, metadata=nbformat.from_dict(copy.deepcopy(NOTEBOOK_METADATA)))


def cells_of(data: bytes) -> list[dict]:
    """The cells of a file, as plain data."""
    if not data.strip():
        raise ValueError("it is empty")
    if len(data) > TEXT_BYTES:
        data = without_outputs(data)
    if len(data) > TEXT_BYTES:
        size = len(data) // 2**20
        raise ValueError(f"it has {size} MB even without its outputs")
    try:
        plain = json.loads(decoded(data))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} in line {error.lineno}") from None
    if not isinstance(plain, dict):
        raise ValueError("it holds no cells")
    cells = plain.get("cells")
    if cells is None and isinstance(plain.get("worksheets"), list):  # the format before 2015
        sheets = [sheet for sheet in plain["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in sheet.get("cells") or []]
    if not isinstance(cells, list):
        raise ValueError("it holds no cells")
    if len(cells) > CELLS:
        raise ValueError(f"it has {len(cells)} cells")
    return [taken_over(cell) for cell in cells if isinstance(cell, dict)]


def without_outputs(data: bytes) -> bytes:
    """The text of a notebook with its lists of outputs left empty, without having parsed them."""
    kept, start, depth, key = [], 0, 0, False
    for number, token in enumerate(TOKEN.finditer(data)):
        if number > PIECES:
            raise ValueError("its outputs are too many: a loop that prints?")
        mark = token[0] if len(token[0]) <= 9 else b""
        if depth:
            depth += (mark in (b"[", b"{")) - (mark in (b"]", b"}"))
            start = token.end() - 1 if depth == 0 else start
        elif mark == b"[" and key:
            kept.append(data[start : token.end()])
            depth = 1
        key = mark == b'"outputs"'
    return b"".join(kept) if depth else b"".join([*kept, data[start:]])


def decoded(data: bytes) -> str:
    """The text in any of the encodings that editors write."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def new_cell(kind: str, source: str, metadata: dict) -> NotebookNode:
    """A cell as nbformat makes it, but for the id, and validated with its notebook, not alone."""
    cell = {"cell_type": kind, "source": source, "metadata": metadata}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return nbformat.from_dict(cell)


def taken_over(cell: dict) -> NotebookNode:
    """A fresh cell with what we take from a student's."""
    kind = cell.get("cell_type")
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        source = ""
    # Halves of characters can stand in JSON, but in no file that Python writes.
    source = source.encode("utf-8", errors="replace").decode()
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    kept = {"nbgrader": marks} if isinstance(marks, dict) else {}
    made = new_cell(kind if kind in KINDS else "markdown", source, kept)
    if kind == "markdown" and (kept := pictures(cell.get("attachments"))):
        made.attachments = nbformat.from_dict(kept)
    return made


def pictures(attachments) -> dict:
    """The pictures among what is attached to a cell: name -> {type: base64}. Nothing else is one,
    whatever it says: an SVG holds scripts."""
    if not isinstance(attachments, dict):
        return {}
    found = {}
    for name, bundle in attachments.items():
        kinds = bundle.items() if isinstance(bundle, dict) else ()
        if good := {kind: data for kind, data in kinds if is_picture(kind, data)}:
            found[name] = good
    return found


def is_picture(kind: str, data) -> bool:
    return kind in PICTURES and isinstance(data, str) and bool(BASE64.fullmatch(data))
