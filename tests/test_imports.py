"""Imports point one way, and importing the package or its command line loads nothing heavy."""

import ast
import graphlib
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
    "cell_names": set(),
    "console": set(),
    "errors": set(),
    "files": set(),
    "learning_curves": set(),
    "palette": set(),
    "table": set(),
}
COMMON = {"cell_names", "console", "errors", "files", "learning_curves", "palette", "table"}

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
    assert own_parts(path) - {known} - COMMON <= MAY_IMPORT[known]


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_import_goes_round_in_a_circle():
    """Imports inside functions count, and so do those for type hints alone."""
    modules = {module_name(path): path for path in files()}
    graph = {}
    for name, path in modules.items():
        found = [known for known in imported(path) if known in modules]
        # `from package import module` needs the module; the package only brings it.
        graph[name] = {m for m in found if not any(f.rpartition(".")[0] == m for f in found)}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_no_import_is_hidden_from_this_test():
    for path in files():
        assert "TYPE_CHECKING" not in path.read_text(encoding="utf-8"), path


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
