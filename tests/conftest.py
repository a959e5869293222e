"""What all tests share: Keras comes up quietly, whatever test file imports it first."""

import course_utils.reference  # noqa: F401

# Files run side by side. Those that take minutes start first, or the others would wait for them.
LONG = ("test_backends.py", "test_notebooks.py", "test_round_trip.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONG and item.path.suffix != ".ipynb")
