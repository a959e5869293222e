"""The mathematics, the exercises and the checks hold on the other Keras backend too."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from course_utils.exercises import NOTEBOOKS

TESTS = Path(__file__).parent
OTHER = {"tensorflow": "jax", "jax": "tensorflow"}

# What each process runs: the exercises of one notebook, or a folder without any of them.
NAMES = [f"exercises/{name.split('_', 1)[1]}" for name in NOTEBOOKS]
ONE = {name: f"xdist_group(name='{name}')" for name in NAMES}
NONE = " and ".join(f"not {one}" for one in ONE.values())
PARTS = {
    **{name: (["exercises"], one) for name, one in ONE.items()},
    "reference": (["reference"], NONE),
    "checking": (["checking", "exercises"], NONE),
}


def part(name):
    return pytest.param(
        *PARTS[name], id=name, marks=pytest.mark.xdist_group(name=f"backends/{name}")
    )


@pytest.mark.parametrize(("folders", "only"), [part(name) for name in PARTS])
def test_on_the_other_backend(folders, only):
    backend = OTHER[keras.backend.backend()]
    options = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "-m", only]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(TESTS / folder) for folder in folders)],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=TESTS.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        pytest.fail(f"with KERAS_BACKEND={backend}:\n{run.stdout[-8000:]}", pytrace=False)
