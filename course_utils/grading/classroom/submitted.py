"""What lies in submitted/: each student's notebook, and all that is there but could not be graded.

Every folder of a student gets a row. Notebooks under another name are told, or taken: the only one
of a folder, if its cells are this lesson's.
"""

from dataclasses import dataclass
from pathlib import Path

from course_utils.grading.classroom.importing import (
    another_notebook,
    as_notebook,
    grade_ids,
    known_cells,
)

# What is larger is not looked into here, but where it is graded, which has limits of its own.
LOOKED_AT = 8 * 2**20


@dataclass(frozen=True)
class Submission:
    """problem: why there is nothing to grade, or an empty text; beside: notebooks that lie beside
    it and are not looked at."""

    student: str
    path: Path
    problem: str = ""
    beside: tuple[str, ...] = ()


def submissions_of(folder: Path, notebook: str) -> list[Submission]:
    """All that was handed in of a notebook, by student."""
    places = sorted(folder.glob(f"submitted/*/{notebook}"))
    known = known_cells(folder) if places else {}
    return [one_of(place, notebook, known) for place in places if place.is_dir()]


def one_of(place: Path, notebook: str, known: dict[str, set[str]]) -> Submission:
    student, path = place.parent.name, place / f"{notebook}.ipynb"
    others = sorted(
        file
        for file in place.rglob("*")
        if file != path and as_notebook(file.name) and ".ipynb_checkpoints" not in file.parts
    )
    names = tuple(file.relative_to(place).as_posix() for file in others)
    if path.exists() or path.is_symlink():
        problem = ""
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= LOOKED_AT:
            problem = of_another_lesson(path, notebook, known)
        return Submission(student, path, problem, names)
    if not names:
        return Submission(student, path, f"no notebook in {notebook}/: ask for it")
    if len(others) == 1 and is_ours(others[0], notebook, known):
        # Beside it, not in its place: what a student handed in stays as it was.
        path.write_bytes(others[0].read_bytes())
        return Submission(student, path, "", names)
    told = ", ".join(names)
    if len(others) == 1:
        problem = of_another_lesson(others[0], notebook, known)
        return Submission(student, path, problem or f"{told}: rename it to {notebook}.ipynb")
    return Submission(student, path, f"rename the one that counts to {notebook}.ipynb: {told}")


def is_ours(file: Path, notebook: str, known: dict[str, set[str]]) -> bool:
    if file.is_symlink() or not file.is_file() or file.stat().st_size > LOOKED_AT:
        return False
    return bool(grade_ids(file.read_bytes()) & known.get(notebook, set()))


def of_another_lesson(file: Path, notebook: str, known: dict[str, set[str]]) -> str:
    if file.is_symlink() or not file.is_file() or file.stat().st_size > LOOKED_AT:
        return ""
    other = another_notebook(file.read_bytes(), notebook, known)
    return (
        f"this is the notebook {other}: move it to {other}/ and ask for this one" if other else ""
    )
