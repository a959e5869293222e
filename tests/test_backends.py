"""The mathematics, the exercises and the checks hold on the other Keras backend too."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

TESTS = Path(__file__).parent
FOLDERS = ("reference", "exercises", "checking")
OTHER = {"tensorflow": "jax", "jax": "tensorflow"}


def test_on_the_other_backend():
    backend = OTHER[keras.backend.backend()]
    folders = [str(TESTS / folder) for folder in FOLDERS]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *folders],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=TESTS.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        pytest.fail(f"with KERAS_BACKEND={backend}:\n{run.stdout[-8000:]}", pytrace=False)
