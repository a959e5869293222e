"""Pools where there is no sandbox, and pools that lose their process. Attacks: test_attacks.py."""

import json

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.errors import CourseError
from course_utils.exercises import EXERCISES, NOTEBOOKS
from course_utils.grading.sandbox import bubblewrap
from course_utils.grading.submission.grader import Grader
from course_utils.grading.submission.results import Graded

TRIANGLE = "import numpy as np\ndef causal_mask(length): return np.tri(length, dtype=bool)"


@pytest.fixture
def bwrap(tmp_path, monkeypatch):
    """Put a program of ours in the place of bubblewrap."""

    def put(text):
        program = tmp_path / "bwrap"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: str(program))

    return put


def test_without_bubblewrap_grading_refuses_and_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None)
    with pytest.raises(CourseError, match="(?s)is not installed.*apt install bubblewrap"):
        Grader().__enter__()
    assert "not installed" in bubblewrap.why_not()


def test_elsewhere_than_on_linux_grading_refuses(monkeypatch):
    monkeypatch.setattr(bubblewrap.sys, "platform", "darwin")
    with pytest.raises(CourseError, match="needs Linux"):
        Grader().__enter__()


def test_where_bubblewrap_fails_its_words_are_told(bwrap):
    bwrap("echo 'bwrap: No permissions to create new namespace' >&2; exit 1")
    with pytest.raises(CourseError, match="(?s)No permissions to create.*--privileged"):
        Grader().__enter__()


def test_a_worker_that_cannot_start_is_not_taken_for_a_missing_sandbox(bwrap):
    bwrap("echo 'ModuleNotFoundError: keras' >&2; exit 1")
    with pytest.raises(CourseError, match="did not start. It said: ModuleNotFoundError: keras"):
        Grader().__enter__()


def test_secrets_and_classes_are_not_among_what_the_sandbox_shows():
    shown = bubblewrap.visible()
    assert not {"/", "/home", "/etc", "/root", "/var", "/tmp"} & set(shown)
    assert str(bubblewrap.PACKAGE) in shown or any(
        str(bubblewrap.PACKAGE).startswith(path) for path in shown
    )
    assert str(bubblewrap.PACKAGE.parent) not in shown


@pytest.fixture(scope="module")
def unsafe():
    with pytest.warns(UserWarning, match="without a sandbox"):
        pool = Grader(sandbox=False)
    with pool:
        yield pool


@pytest.fixture
def submission(tmp_path):
    path = tmp_path / "01_attention.ipynb"
    path.write_text(json.dumps(new_notebook(cells=[new_code_cell(TRIANGLE)])))
    return path


def earned(graded):
    return sum(report["earned"] for report in graded.reports.values())


def test_without_a_sandbox_grading_is_the_same_but_warns(unsafe, submission):
    graded = unsafe.grade(submission, "01_attention", 5)
    assert earned(graded) == EXERCISES["causal_mask"].points
    assert graded.reports["softmax"]["message"].startswith("There is nothing called softmax")


def test_a_pool_that_loses_its_process_starts_another(unsafe, submission):
    unsafe.templates["01_attention"].process.process.kill()
    unsafe.templates["01_attention"].process.thread.join()
    assert earned(unsafe.grade(submission, "01_attention", 5)) == EXERCISES["causal_mask"].points


def test_a_file_that_is_no_notebook_is_a_result(unsafe, tmp_path):
    (tmp_path / "n.ipynb").write_text("{")
    graded = unsafe.grade(tmp_path / "n.ipynb", "01_attention", 5)
    assert graded.failure.startswith("n.ipynb is not a Jupyter notebook any more")
    assert earned(graded) == 0 and len(graded.reports) == len(NOTEBOOKS["01_attention"].EXERCISES)
    assert {report["message"] for report in graded.reports.values()} == {graded.failure}
    assert Graded.from_json(graded.to_json()) == graded


def test_an_instructors_own_notebook_has_own_tests_only(unsafe, tmp_path):
    cells = [
        new_code_cell(source, metadata={"nbgrader": {"grade_id": name, "grade": True}})
        for name, source in (("a", "0.5"), ("b", "assert False, 'no'"), ("c", "x = 1"))
    ]
    (tmp_path / "mine.ipynb").write_text(json.dumps(new_notebook(cells=cells)))
    graded = unsafe.grade(tmp_path / "mine.ipynb", "mine", 5)
    assert graded.reports == {}
    assert graded.others == {
        "a": {"error": None, "value": "0.5"},
        "b": {"error": "AssertionError: no", "value": None},
        "c": {"error": None, "value": None},
    }
