"""A class from release to feedback, with nbgrader's own commands and the real notebook 01.

One class, graded once: a perfect student, one with three mistakes, and all the notebooks that stop
nbgrader or get wrong points from it as it comes. The perfect student hands in the whole notebook,
the others delete what they need for no exercise, which is allowed and makes grading quick.
"""

import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from html import escape, unescape

import nbformat
import numpy as np
import pytest
from keras import ops

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES
from course_utils.grading.class_folder import secret_seed
from course_utils.grading.classroom.new import new_class
from course_utils.grading.submission.restoring import SUFFIX

NAME = "01_attention"
ANSWER = "weighted_average_answer"
IDS = [name for name, exercise in EXERCISES.items() if exercise.notebook == "attention"]


# Three mistakes, as students write them. Their text goes into the notebook.


def softmax(scores):
    exponentials = np.exp(scores)
    return exponentials / np.sum(exponentials, axis=-1, keepdims=True)


def attention_scores(query, key):
    return ops.matmul(query, ops.swapaxes(key, -1, -2))


def attend(query, key, value, mask=None):
    scores = ops.matmul(query, ops.swapaxes(key, -1, -2)) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    return ops.matmul(weights, value), weights


MISTAKEN = {
    softmax: "no maximum subtracted",
    attention_scores: "not scaled",
    attend: "-1e9 rows becoming uniform",
}

NOISE = """
import logging, sys, warnings

_quiet_softmax = softmax

def softmax(scores):
    print("working", file=sys.stderr)
    warnings.warn("working")
    logging.warning("working")
    return _quiet_softmax(scores)

print("noise", file=sys.stderr)
"""


# What each student hands in.


def cell_of(notebook, name):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def solve(notebook, solved):
    for name in [*IDS, ANSWER]:
        cell_of(notebook, name).source = cell_of(solved, name).source


def perfect(notebook, solved):
    solve(notebook, solved)


def mistaken(notebook, solved):
    solve(notebook, solved)
    for function in MISTAKEN:
        cell_of(notebook, function.__name__).source = inspect.getsource(function)


def untouched(notebook, solved):
    pass


def muddled(notebook, solved):
    """Copies a check, deletes another with its exercise, and spoils what nbgrader wrote down."""
    solve(notebook, solved)
    cell_of(notebook, "attend").metadata["nbgrader"]["schema_version"] = 99
    cell_of(notebook, "attend_check").metadata["nbgrader"] = {"grade_id": "attend_check"}
    copy = deepcopy(cell_of(notebook, "softmax" + SUFFIX))
    notebook.cells.append(copy)
    notebook.cells.remove(cell_of(notebook, "causal_mask"))
    notebook.cells.remove(cell_of(notebook, "causal_mask" + SUFFIX))


def skipping(notebook, solved):
    """Solves nothing, and has every check left out when it is graded."""
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]


def noisy(notebook, solved):
    solve(notebook, solved)
    cell_of(notebook, "softmax").source += NOISE


STUDENTS = [perfect, mistaken, untouched, muddled, skipping, noisy]
SUBMITTING = ["perfect", "mistaken", "untouched"]


@pytest.fixture(scope="module")
def graded(room):
    """Take a class through its life once; the tests look at what it left."""
    new_class(room.folder)
    room.nbgrader("generate_assignment", NAME)
    room.nbgrader("release_assignment", NAME)
    (room.homes / "perfect").mkdir(parents=True)
    room.as_student("perfect", "fetch_assignment")
    hand_in(room)
    room.nbgrader("collect", NAME, "--ExchangeCollect.check_owner=False")
    room.log = room.nbgrader("autograde", NAME)
    room.nbgrader("generate_feedback", NAME)
    # One who submitted through the exchange: nbgrader stops at a notebook that came without it.
    room.nbgrader("release_feedback", NAME, "--student=perfect")
    room.as_student("perfect", "fetch_feedback", "--student=perfect")
    return room


def hand_in(room):
    released = nbformat.read(room.homes / "perfect" / NAME / f"{NAME}.ipynb", as_version=4)
    solved = nbformat.read(room.folder / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    needed = [c for c in released.cells if "nbgrader" in c.metadata or "import check" in c.source]
    for student in STUDENTS:
        notebook = deepcopy(released)
        if student is not perfect:
            notebook.cells = deepcopy(needed)
        student(notebook, solved)
        # json, unlike nbformat, repairs nothing.
        write(room, student.__name__, json.dumps(notebook))
    write(room, "broken", '{"cells": [{"cell_type": "co')
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda s: room.as_student(s, "submit", f"--student={s}"), SUBMITTING))


def write(room, student, text):
    """Put a notebook where its student submits it from; the others' notebooks came by mail."""
    home = room.homes if student in SUBMITTING else room.folder / "submitted"
    path = home / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def scores(graded):
    """The gradebook: for each student the points of each graded cell, None where a person reads."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.folder / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score for grade in submission.notebooks[0].grades
            }
            for submission in gradebook.assignment_submissions(NAME)
        }


FULL = {f"{name}{SUFFIX}": EXERCISES[name].points for name in IDS}


def test_a_perfect_student_gets_full_points(scores):
    assert scores["perfect"] == {**FULL, ANSWER: None}


def test_mistakes_get_the_points_that_their_reports_say(graded, scores):
    expected = dict(FULL)
    for function, mistake in MISTAKEN.items():
        report = check_exercise(EXERCISES[function.__name__], function, secret_seed(graded.folder))
        assert report.mistake == mistake
        assert report.earned < report.points
        expected[function.__name__ + SUFFIX] = report.earned
    assert 0 < expected["softmax_check"] < 2 and 0 < expected["attend_check"] < 4
    assert scores["mistaken"] == {**expected, ANSWER: None}


def test_the_feedback_page_names_the_mistakes(graded):
    page = graded.feedback("mistaken")
    for function, name in MISTAKEN.items():
        mistakes = EXERCISES[function.__name__].mistakes
        sentence = next(m.sentence for m in mistakes if m.name == name)
        assert unescape(escape(sentence)) in page
        assert sentence not in graded.feedback("perfect")


def test_an_untouched_notebook_gets_nothing(graded, scores):
    assert scores["untouched"] == {**dict.fromkeys(FULL, 0), ANSWER: 0}
    assert "Not solved yet" in graded.feedback("untouched")


def test_a_copied_check_counts_once_and_a_deleted_one_is_put_back(graded, scores):
    assert scores["muddled"] == {**FULL, "causal_mask_check": 0, ANSWER: None}
    assert "There is nothing called causal_mask" in graded.feedback("muddled")
    assert "'softmax_check' is there more than once" in graded.log


def test_a_tag_that_skips_the_checks_earns_nothing(scores):
    assert scores["skipping"] == {**dict.fromkeys(FULL, 0), ANSWER: 0}


def test_text_on_stderr_costs_nothing(scores):
    assert scores["noisy"] == {**FULL, ANSWER: None}


def test_a_broken_file_stops_nobody_else_and_says_what_is_wrong(graded, scores):
    assert set(scores) == {"broken", *(student.__name__ for student in STUDENTS)}
    assert scores["broken"] == {**dict.fromkeys(FULL, 0), ANSWER: 0}
    assert f"{NAME}.ipynb is not a Jupyter notebook any more" in graded.feedback("broken")


def test_feedback_reaches_the_student_through_the_exchange(graded):
    pages = list((graded.homes / "perfect" / NAME / "feedback").rglob("*.html"))
    assert len(pages) == 1
    assert "All properties hold" in pages[0].read_text()


def test_grading_again_changes_nothing(graded):
    place = graded.folder / "autograded/mistaken" / NAME / f"{NAME}.ipynb"
    before = place.read_bytes()
    graded.nbgrader("autograde", NAME, "--student=mistaken", "--force")
    assert place.read_bytes() == before
