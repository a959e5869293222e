"""The mathematics, the exercises and the checks hold on the other Keras backend too."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

TESTS = Path(__file__).parent
OTHER = {"tensorflow": "jax", "jax": "tensorflow"}


@pytest.mark.parametrize("folder", ["reference", "exercises", "checking"])
def test_on_the_other_backend(folder):
    """In a process of its own. Counts, plain NumPy, and trainings of layers that another model has
    too say nothing about a backend; cases are drawn once."""
    backend = OTHER[keras.backend.backend()]
    options = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "--draws=1"]
    options += ["-m", "not counts and not plain and not relative", str(TESTS / folder)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=TESTS.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        pytest.fail(f"with KERAS_BACKEND={backend}:\n{run.stdout[-8000:]}", pytrace=False)
