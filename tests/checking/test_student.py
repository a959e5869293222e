"""What a student calls in a notebook: check, hint and progress."""

import json

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_utils.checking import check, hint, progress, student, yours_or_ours
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
    monkeypatch.setattr(student, "at_work", [])
    return tmp_path


def points(name="softmax"):
    return {row[0]: row[1] for row in progress().rows}[name]


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


def test_hints_come_one_by_one_below_those_before():
    hints = EXERCISES["attend"].hints
    lines = [f"Hint {number} of 3: {text}" for number, text in enumerate(hints, start=1)]
    for number in (1, 2, 3):
        assert repr(hint("attend")).splitlines() == lines[:number]
    for _ in range(2):
        *shown, last = repr(hint("attend")).splitlines()
        assert shown == lines and last.startswith("That was the last hint.")
    assert repr(hint("softmax")).startswith("Hint 1 of 3: ")


def test_a_hint_shows_itself_in_a_notebook(capsys):
    shell = InteractiveShell.instance()
    shell.run_cell("from course_utils.exercises import hint")
    shell.run_cell("hint('attend')\n3")
    InteractiveShell.clear_instance()
    assert "Hint 1 of 3: " in capsys.readouterr().out


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


def test_progress_shows_this_notebook_and_the_others_in_a_line_each():
    check("softmax", right)
    text, html = repr(progress()), progress()._repr_html_()
    lines = text.splitlines()
    assert lines[0].split() == ["softmax", "2", "of", "2"]
    assert lines[1].split() == ["attention_scores", "-", "of", "2"]
    here = sum(exercise.notebook == "attention" for exercise in EXERCISES.values())
    assert lines[here].startswith("multi_head_attention: 0 of ")
    assert len(lines) == here + 5 + 1
    total = sum(exercise.points for exercise in EXERCISES.values())
    assert lines[-1] == f"2 of {total} points in the exercises so far."
    assert "<td>softmax</td><td>2</td><td>2</td>" in html and "not tried yet" in html
    assert lines[-1] in html
    hint("patchify")
    assert repr(progress()).startswith("patchify")
    assert "attention: 2 of 15 points, 1 of 7 exercises tried" in repr(progress())


def test_a_wrong_helper_is_named_before_what_uses_it():
    notebook = {"np": np}
    cells = """
def split_heads(x, num_heads):
    batch, length, dim = x.shape
    return x.reshape(batch, num_heads, length, dim // num_heads)

def multi_head_attention(query, value, params, num_heads, mask=None):
    return split_heads(query, num_heads), query
"""
    exec(cells, notebook)
    report = check("multi_head_attention", notebook["multi_head_attention"])
    assert report.message.startswith("Your multi_head_attention uses your split_heads, and that")
    assert report.mistake is None and not report.passed
    notebook["split_heads"] = EXERCISES["split_heads"].reference
    report = check("multi_head_attention", notebook["multi_head_attention"])
    assert "uses your split_heads" not in report.message


def test_a_solution_that_passes_goes_on_working_and_another_does_not(capsys):
    softmax = EXERCISES["softmax"]
    assert yours_or_ours("softmax", right) is right
    assert "your own softmax does the work" in capsys.readouterr().out
    for other in (partly, None, softmax.reference, softmax.answer):
        assert yours_or_ours("softmax", other) is softmax.reference
        assert "the course's own softmax does the work" in capsys.readouterr().out
