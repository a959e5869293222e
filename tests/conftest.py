"""What all tests share: Keras comes up quietly, whatever test file imports it first."""

from pathlib import Path

import pytest

import course_utils.reference  # noqa: F401

TESTS = Path(__file__).parent

# Groups of tests run side by side. Those that take minutes start first, or all would wait for them.
LONG = ("backends", "notebooks", "exercises", "grading/round_trip", "training/fit")


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(name=group(item.path)))
    items.sort(key=position)


def group(path):
    """A file is a group: tests/plots/test_figures.py is "plots/figures". A solved notebook too: its
    cells follow one another."""
    if path.suffix == ".ipynb":
        return f"notebooks/{path.stem}"
    return path.relative_to(TESTS).with_suffix("").as_posix().replace("test_", "")


def position(item):
    name = item.get_closest_marker("xdist_group").kwargs["name"]
    return next((n for n, long in enumerate(LONG) if name.startswith(long)), len(LONG))
