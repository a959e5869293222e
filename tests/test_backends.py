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

# What each process runs: one notebook's part of the catalogue, or folders without any of it.
NOTEBOOK_IDS = [f"[{name.split('_', 1)[1]}." for name in NOTEBOOKS]
REST = " and ".join(f"not {start}" for start in NOTEBOOK_IDS)
PARTS = {
    **{start.strip("[."): (["exercises"], start) for start in NOTEBOOK_IDS},
    # But for the largest models, built only to be counted: that is the same everywhere.
    "reference": (["reference"], f"{REST} and not published"),
    "checking": (["checking", "exercises"], REST),
}


@pytest.mark.parametrize("part", PARTS)
def test_on_the_other_backend(part):
    folders, only = PARTS[part]
    backend = OTHER[keras.backend.backend()]
    options = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "-k", only]
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
