"""What all tests share: Keras comes up quietly, whatever test file imports it first."""

import course_utils.reference  # noqa: F401

# Groups of tests run side by side. Those that take minutes start first, or all would wait for them.
LONG = (
    "tests/test_backends.py",
    "notebooks/",
    "tests/exercises/test_catalogue.py",
    "tests/grading/test_round_trip.py",
    "tests/training/test_fit.py",
)


def pytest_collection_modifyitems(items):
    items.sort(key=position)


def position(item):
    starts = (number for number, start in enumerate(LONG) if item.nodeid.startswith(start))
    return next(starts, len(LONG))


def group(nodeid):
    """A file is a group, since a notebook's cells follow one another. Of two long files, whose
    tests have ids, each id's first word is one: the notebook."""
    file, _, rest = nodeid.partition("::")
    if file.endswith(("test_backends.py", "test_catalogue.py")):
        file += rest.partition("[")[2].partition(".")[0]
    return file


def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group(nodeid)

    return Groups(config, log)
