"""The folder of a class: how one is known, its secret, and .course/ in it, where we remember."""

import json
import os
import secrets
from pathlib import Path

from course_utils.errors import CourseError

SETTINGS = "nbgrader_config.py"
SEED = "secret_seed"


def refuse_other_folders(folder: Path) -> None:
    """Raise a CourseError for what is no class folder."""
    if not (folder / SETTINGS).is_file():
        raise CourseError(
            f"{folder} is no class folder: there is no {SETTINGS} in it. "
            "Name the folder that `course class new` made."
        )


def secret_seed(folder: Path) -> int:
    """What a class's cases are drawn from. Made once, for its instructor's eyes only."""
    path = Path(folder) / SEED
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with open(file, "w") as opened:
            opened.write(f"{secrets.randbits(128)}\n")
    text = path.read_text()
    if not text.strip().isdecimal():
        raise CourseError(f"{path} should hold one number. Delete it, and grade the class again.")
    return int(text)


def own_folder(folder: Path) -> Path:
    """The folder of what grading remembers."""
    return Path(folder) / ".course"


def read_json(path: Path, otherwise):
    """The data of a file, or something else where there is none or it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return otherwise
