"""Turn each notebook source into the notebook students open and the executed one they read.

Both are generated: built twice from the same source, a student notebook has the same bytes.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.authoring import rules, source
from course_utils.authoring.execute import execute
from course_utils.errors import CourseError
from course_utils.files import write_whole

LARGEST = 2_000_000  # bytes; GitHub shows no larger notebook reliably, and every clone pays for it

AGAIN = "run `uv run course build`"


def student_path(path: Path) -> Path:
    """Where the notebook that students open belongs."""
    return path.parent / "student" / f"{path.stem}.ipynb"


def solution_path(path: Path) -> Path:
    """Where the executed notebook with solutions belongs."""
    return path.parent / "solutions" / f"{path.stem}.ipynb"


def short(path: Path) -> str:
    """Name a generated notebook as seen from the repository: notebooks/student/NN_name.ipynb."""
    return "/".join(path.parts[-3:])


def load(path: Path) -> NotebookNode:
    """Read a generated notebook, or say why it cannot be."""
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    except FileNotFoundError:
        raise CourseError(f"{short(path)} is missing: {AGAIN}.") from None
    except (ValueError, nbformat.ValidationError):
        raise CourseError(f"{short(path)} is not a notebook any more: {AGAIN}.") from None


def dump(notebook: NotebookNode) -> str:
    """Write a notebook the one way: sorted keys, one space of indent, a newline at the end."""
    return nbformat.writes(notebook) + "\n"


def write(path: Path, text: str) -> list[Path]:
    """Write a text file with LF endings if that changes it, and return what changed."""
    content = text.encode("utf-8")
    if path.suffix == ".ipynb" and len(content) > LARGEST:
        raise CourseError(
            f"{short(path)} would have {len(content) / 1e6:.1f} MB, and 2 MB is the limit: "
            "lower the resolution of its figures, or show fewer of them."
        )
    if path.is_file() and path.read_bytes() == content:
        return []
    write_whole(path, content)
    return [path]


def student(path: Path, slug: str | None = None) -> str:
    """Make the text of a student notebook with nbgrader's own converter, in a folder of its own."""
    notebook = nbgrader_release(path.stem, source.read(path, slug))
    notebook.metadata = nbformat.from_dict(source.NOTEBOOK_METADATA)
    return dump(notebook)


def nbgrader_release(name: str, notebook: NotebookNode) -> NotebookNode:
    """Run GenerateAssignment on one notebook and return what it releases."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from traitlets.config import Config

    log, said = quiet_log()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "source" / name / f"{name}.ipynb", dump(notebook))
        config = Config({"CourseDirectory": {"root": folder, "assignment_id": name}})
        course = CourseDirectory(config=config, log=log)
        converter = GenerateAssignment(coursedir=course, config=config, log=log, no_database=True)
        # This one only fills a gradebook, and making one takes longer than everything else.
        converter.preprocessors = [step for step in converter.preprocessors if step != SaveCells]
        try:
            converter.start()
        except NbGraderException:
            # nbgrader logs a traceback; the sentence that helps is the last line before its own.
            lines = [line for text in said for line in text.splitlines() if "Error: " in line]
            reason = lines[-1] if lines else said[-1]
            raise CourseError(f"nbgrader cannot release {name}: {reason}") from None
        return load(Path(folder) / "release" / name / f"{name}.ipynb")


def quiet_log() -> tuple[logging.Logger, list[str]]:
    """Make a logger that keeps errors in a list and shows nothing."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record):
            said.append(record.getMessage())

    log = logging.Logger("nbgrader", level=logging.ERROR)
    log.addHandler(Keep())
    return log, said


def build(path: Path, exercises: Mapping[str, int]) -> list[Path]:
    """Write both notebooks of one source, and return the files that changed.

    exercises: the ids of its exercises with their points. A notebook that breaks a rule, fails, or
    earns less than full points is refused, and its files stay as they were.
    """
    if broken := broken_rules(path, exercises):
        raise CourseError("\n".join(broken))
    released = student(path)
    solved = source.read(path)
    execute(solved, path.name)
    return write(solution_path(path), dump(solved)) + write(student_path(path), released)


def check(root: Path, paths: list[Path], exercises: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Say what is stale, orphaned or against the rules; nothing is executed or written."""
    problems = orphans(root)
    for path in paths:
        problems += broken_rules(path, exercises.get(path.stem, {}))
        for stale in (stale_student, stale_solution):
            try:
                problems += stale(path)
            except CourseError as error:
                problems.append(str(error))
    return problems


def broken_rules(path: Path, exercises: Mapping[str, int]) -> list[str]:
    return [f"{path.name}, {fault}" for fault in rules.faults(source.authored(path), exercises)]


def orphans(root: Path) -> list[str]:
    """Find generated notebooks whose source is gone."""
    names = {path.stem for path in source.sources(root)}
    return [
        f"{short(path)} has no source notebooks/{path.stem}.py: delete it, or put the source back."
        for folder in ("student", "solutions")
        for path in sorted((root / "notebooks" / folder).glob("*.ipynb"))
        if path.stem not in names
    ]


def stale_student(path: Path) -> list[str]:
    """Compare a student notebook byte for byte with what its source gives."""
    target, fresh = student_path(path), student(path)
    found = load(target)
    if target.read_bytes() == fresh.encode("utf-8"):
        return []
    where = first_difference(found, nbformat.reads(fresh, as_version=4))
    return [f"{short(target)} is stale ({where}): {AGAIN}."]


def stale_solution(path: Path) -> list[str]:
    """Compare a solution notebook cell for cell with its source, outputs aside."""
    target, fresh = solution_path(path), source.read(path)
    where = first_difference(load(target), fresh)
    return [f"{short(target)} is stale ({where}): {AGAIN}."] if where != SAME else []


SAME = "the same cells, written in another way"


def essence(cell: NotebookNode) -> tuple:
    """What must agree between a generated cell and its source."""
    return cell.get("id"), cell.cell_type, cell.source, cell.metadata


def first_difference(found: NotebookNode, fresh: NotebookNode) -> str:
    """Name the first cell that differs, or say that none does."""
    for old, new in zip(found.cells, fresh.cells, strict=False):
        if essence(old) != essence(new):
            return f"first difference: {source.place(fresh.cells, new)}"
    if len(found.cells) != len(fresh.cells):
        return f"it has {len(found.cells)} cells, its source gives {len(fresh.cells)}"
    if found.metadata != fresh.metadata:
        return "its own metadata differ"
    return SAME
