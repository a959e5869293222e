"""The rooms of `grading` import one way, and no file imports one that imports it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import course_utils.grading

GRADING = Path(course_utils.grading.__file__).parent
PATHS = [path for path in GRADING.rglob("*.py") if "template" not in path.parts]
FILES = {path.relative_to(GRADING).as_posix(): path for path in PATHS}
# From the lowest, as the package's own words have it.
ROOMS = ["class_folder", "report", "sandbox", "submission", "nbgrader", "classroom", "demo"]
DOORS = {"nbgrader_plugin.py", "feedback_page.py"}


def imported(path):
    """The files of `grading` that one of them imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("course_utils.grading"):
            parts = node.module.split(".")[2:]
            for place in (parts, *([*parts, alias.name] for alias in node.names)):
                if (name := "/".join(place) + ".py") in FILES:
                    yield name


def level(name):
    return ROOMS.index(name.removesuffix(".py").split("/")[0])


@pytest.mark.parametrize("name", sorted(FILES))
def test_rooms_import_what_is_below_them(name):
    if name in DOORS or name == "__init__.py":
        return
    assert [other for other in imported(FILES[name]) if level(other) > level(name)] == []


def test_no_imports_go_in_a_circle():
    graph = {name: set(imported(path)) for name, path in FILES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)  # else: CycleError


def test_nobody_waits_for_types():
    assert not [name for name, path in FILES.items() if "TYPE_CHECKING" in path.read_text()]


def test_the_order_is_told():
    told = course_utils.grading.__doc__
    places = [told.index(f"\n{room} ") for room in ROOMS[1:]]
    assert places == sorted(places)
