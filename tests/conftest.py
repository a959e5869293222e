"""What all tests share: Keras comes up quietly and on one core, whatever test is the first.

As many tests as cores run side by side: more threads would only wait for one another. What XLA
compiles here runs once or twice: compiling has to be fast, not what comes of it. Notebooks' kernels
and other processes of tests inherit these settings.
"""

import os
from pathlib import Path

SETTINGS = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false",
    # In a notebook's kernel, trainings are rehearsed: see the file there.
    "IPYTHONDIR": str(Path(__file__).parent / "rehearsal"),
}
for name, value in SETTINGS.items():
    os.environ.setdefault(name, value)

import course_utils.reference  # noqa: E402, F401

# Groups of tests run side by side. Those that take minutes start first, or all would wait for them.
LONG = (
    "tests/test_backends.py",
    "notebooks/",
    "tests/exercises/test_catalogue.py",
    "tests/grading/test_round_trip.py",
    "tests/training/test_fit.py",
)


def pytest_addoption(parser):
    parser.addoption(
        "--draws",
        type=int,
        default=4,
        metavar="N",
        help="how often the cases of an exercise are drawn (before a release: 20)",
    )


def pytest_collection_modifyitems(items):
    items.sort(key=position)


def position(item):
    starts = (number for number, start in enumerate(LONG) if item.nodeid.startswith(start))
    return next(starts, len(LONG))


def group(nodeid):
    """A file is a group, since a notebook's cells follow one another. Of two long files, whose
    tests have ids, each id's first word is one: the notebook, or the folder."""
    file, _, rest = nodeid.partition("::")
    if file.endswith(("test_backends.py", "test_catalogue.py")):
        file += rest.partition("[")[2].partition(".")[0]
    return file


def pytest_xdist_auto_num_workers(config):
    """One more than cores: tests that grade, train or browse wait now and then."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group(nodeid)

    return Groups(config, log)
