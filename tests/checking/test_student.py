"""What a student calls in a notebook: check, hint and progress."""

import json

import numpy as np
import pytest

from course_utils.checking import check, hint, progress, student
from course_utils.exercises import EXERCISES


def right(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def partly(scores):
    return np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)


@pytest.fixture(autouse=True)
def fresh_course(monkeypatch, tmp_path):
    """A kernel that has just started, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(student, "earned", {})
    monkeypatch.setattr(student, "hints_given", {})
    return tmp_path


def points(name="softmax"):
    return {row[1]: row[2] for row in progress().rows}[name]


def test_check_reports():
    assert check("softmax", right).passed
    assert check("softmax", partly).mistake == "no maximum subtracted"


def test_checking_the_courses_own_function_says_so():
    for exercise in EXERCISES.values():
        for ours in (exercise.reference, exercise.answer):
            report = check(exercise.id, ours)
            assert report.score == 0 and not report.passed
            assert f"the course's own {exercise.id}" in report.message


def test_our_plain_answer_under_another_name_is_refused():
    answer = EXERCISES["softmax"].answer
    report = check("softmax", lambda scores: answer(scores))
    assert report.score == 0 and "softmax.softmax" in report.message


def test_an_unknown_exercise_names_the_nearest():
    with pytest.raises(LookupError, match="Did you mean 'softmax'?"):
        check("sofmax", right)
    with pytest.raises(LookupError, match="Did you mean 'causal_mask'?"):
        hint("causal-mask")
    with pytest.raises(LookupError, match="There are: softmax, attention_scores"):
        check("zzz", right)


def test_hints_come_one_by_one_and_stay_at_the_last():
    hints = EXERCISES["attend"].hints
    for number, text in enumerate(hints, start=1):
        note = hint("attend")
        assert repr(note) == f"Hint {number} of 3: {text}"
    for _ in range(2):
        assert repr(hint("attend")).startswith(f"Hint 3 of 3: {hints[2]} That was the last hint.")
    assert repr(hint("softmax")).startswith("Hint 1 of 3: ")


def test_hints_are_escaped_in_html():
    html = student.Note("a < b & <c>")._repr_html_()
    assert "a &lt; b &amp; &lt;c&gt;" in html


def test_progress_without_a_file_lasts_as_long_as_the_kernel(fresh_course):
    assert points() is None
    check("softmax", right)
    assert points() == 2
    assert list(fresh_course.iterdir()) == []


def test_progress_keeps_the_best(fresh_course):
    check("softmax", partly)
    some = points()
    assert 0 < some < 2
    check("softmax", right)
    check("softmax", partly)
    assert points() == 2


def test_progress_with_a_file_outlives_the_kernel(fresh_course, monkeypatch):
    file = fresh_course / ".progress.json"
    file.write_text("{}")
    check("softmax", right)
    assert json.loads(file.read_text()) == {"softmax": 2.0}
    monkeypatch.setattr(student, "earned", {})
    assert points() == 2
    check("softmax", partly)
    check("causal_mask", lambda length: np.tri(length, dtype=bool))
    assert json.loads(file.read_text()) == {"softmax": 2.0, "causal_mask": 1.0}


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", "3", "null", '{"softmax": "much"}', '{"softmax": null}', "\x00\xff"]
)
def test_a_damaged_file_counts_as_empty_and_is_mended(fresh_course, damaged):
    file = fresh_course / ".progress.json"
    file.write_bytes(damaged.encode("latin-1"))
    assert points() is None
    check("softmax", right)
    assert points() == 2
    assert json.loads(file.read_text()) == {"softmax": 2.0}


def test_exercises_that_the_file_knows_and_we_do_not_are_kept(fresh_course):
    file = fresh_course / ".progress.json"
    file.write_text('{"from_another_edition": 1.5}')
    check("softmax", right)
    assert json.loads(file.read_text())["from_another_edition"] == 1.5
    assert "from_another_edition" not in repr(progress())


def test_progress_as_text_and_as_a_table():
    check("softmax", right)
    text, html = repr(progress()), progress()._repr_html_()
    lines = text.splitlines()
    assert lines[0].split() == ["attention", "softmax", "2", "of", "2"]
    assert lines[1].split() == ["attention", "attention_scores", "-", "of", "2"]
    total = sum(exercise.points for exercise in EXERCISES.values())
    assert lines[-1] == f"2 of {total} points in the exercises so far."
    assert "<td>softmax</td><td>2</td><td>2</td>" in html and "not tried yet" in html
    assert lines[-1] in html
