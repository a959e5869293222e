"""Imports point one way, and importing the package or its command line loads nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "course_utils"

# What each part may know of the others. The root's own small modules are everybody's.
MAY_IMPORT = {
    "reference": set(),
    "checking": set(),
    "exercises": {"checking", "reference"},
    "training": {"reference"},
    "plots": {"reference"},
    "authoring": set(),
    "grading": {"authoring", "checking", "exercises"},
    "cli": {"authoring", "exercises", "grading", "training"},
    "console": set(),
    "errors": set(),
    "palette": set(),
    "learning_curves": set(),
}
COMMON = {"console", "errors", "palette", "learning_curves"}

# A check looks an exercise up by its name. Exercises are made of what `checking` defines, so this
# one import waits until it is needed.
EXCEPTIONS = {("checking/student.py", "exercises")}

KERAS = {"keras", "tensorflow", "jax", "torch"}
HEAVY = {*KERAS, "matplotlib", "nbgrader", "numpy", "jupytext", "nbclient", "nbformat"}


def files():
    return sorted(PACKAGE.rglob("*.py"))


def part(path):
    """The part of the package a file belongs to; "" for the package itself."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0].replace("__init__", "")


def imported(path):
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name; say the whole one"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_parts(path):
    """The parts of this package that a file imports."""
    names = (name.split(".") for name in imported(path) if name.startswith("course_utils."))
    return {name[1] for name in names}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    known = part(path)
    if known == "":
        assert own_parts(path) == set()
        return
    name = path.relative_to(PACKAGE).as_posix()
    excepted = {target for source, target in EXCEPTIONS if source == name}
    assert own_parts(path) - {known} - COMMON - MAY_IMPORT[known] <= excepted


def test_the_exception_is_still_needed():
    assert all(target in own_parts(PACKAGE / source) for source, target in EXCEPTIONS)


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "authoring").glob("*.py")), ids=lambda path: path.name
)
def test_authoring_knows_no_keras(path):
    assert not {name.split(".")[0] for name in imported(path)} & KERAS


@pytest.mark.parametrize("module", ["course_utils", "course_utils.cli"])
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in done.stdout.split()} & HEAVY
