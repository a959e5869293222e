"""A class folder with students beside it, and nbgrader's commands run in either."""

import os
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest


class Class:
    """A class folder, and the folders of its students beside it."""

    def __init__(self, folder: Path, notebook: str):
        self.notebook = notebook
        self.folder = folder / "class"
        self.homes = folder / "students"
        self.exchange = f"--Exchange.root={self.folder / 'exchange'}"

    def nbgrader(self, *command, cwd=None, expect=0):
        home = cwd or self.folder
        result = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command],
            cwd=home,
            env={**os.environ, "HOME": str(home)},
            capture_output=True,
            text=True,
        )
        assert result.returncode == expect, result.stdout + result.stderr
        return result.stdout + result.stderr

    def as_student(self, student, *command):
        # All students of this test are one user of this machine; on a shared machine or a hub
        # nbgrader takes the name from the account instead.
        place = ("--course", self.folder.name, self.exchange)
        return self.nbgrader(*command, self.notebook, *place, cwd=self.homes / student)

    def feedback(self, student):
        page = self.folder / "feedback" / student / self.notebook / f"{self.notebook}.html"
        return unescape(page.read_text())


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return Class(tmp_path_factory.mktemp("school"), "01_attention")
