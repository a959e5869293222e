"""Make the folder of a class: nbgrader's settings, the notebooks with solutions, a README."""

import re
import sys
from pathlib import Path

import nbformat

from course_utils.authoring import source
from course_utils.errors import CourseError
from course_utils.grading.class_folder import SETTINGS, secret_seed

TEMPLATE = Path(__file__).parent / "template"
REPOSITORY = Path(__file__).parents[3]

IGNORE = """\
# A class has a secret seed, solutions and grades: none of it belongs into a public repository.
*
"""
NEXT = """\
The class is in {folder}, with the notebooks {names}.
Next:

    cd "{folder}"
    {activate}
    nbgrader generate_assignment {first}
    nbgrader release_assignment {first}

README.md there has all the commands, nbgrader_config.py the settings."""


def new_class(folder: Path) -> None:
    """Make a class folder, and print what to do next. Never writes into a folder with files."""
    folder = Path(folder).resolve()
    refuse_files(folder)
    inside = checkout(folder)
    paths = source.sources(REPOSITORY)
    if not paths:
        raise CourseError(
            f"There are no notebook sources in {REPOSITORY / 'notebooks'}. "
            "Make classes with a clone of the course's repository."
        )
    files = {name: (TEMPLATE / name).read_text() for name in (SETTINGS, "README.md")}
    files[SETTINGS] = files[SETTINGS].replace('"CLASS"', f'"{course_id(folder)}"')
    for path in paths:
        text = nbformat.writes(source.read(path)) + "\n"
        files[f"source/{path.stem}/{path.stem}.ipynb"] = text
    # Everything has been read and made: only now write.
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if inside:
        (folder / ".gitignore").write_text(IGNORE)
        print(f"{inside} is a git checkout: .gitignore keeps the class out of it.")
    secret_seed(folder)
    notebooks = [path.stem for path in paths]
    activate = f'source "{Path(sys.prefix) / "bin" / "activate"}"'
    names = ", ".join(notebooks)
    print(NEXT.format(folder=folder, names=names, first=notebooks[0], activate=activate))


def checkout(folder: Path) -> Path | None:
    """The git checkout that a folder lies in, which would commit a class with its secrets."""
    return next(
        (parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None
    )


def refuse_files(folder: Path) -> None:
    """Raise a CourseError if a class folder would overwrite something."""
    if folder.exists() and not folder.is_dir():
        raise CourseError(f"{folder} is a file. Name a folder for the class.")
    if folder.is_dir() and any(folder.iterdir()):
        raise CourseError(
            f"{folder} already holds files, and nothing in it was changed. "
            "Name a new folder for the class."
        )


def course_id(folder: Path) -> str:
    """A folder's name without what nbgrader's exchange could stumble over."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", folder.name).strip("-") or "class"
