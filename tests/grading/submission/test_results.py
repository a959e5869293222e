"""Results are kept by everything that decides them, and by nothing else."""

import ast

import pytest
from grading import fake_grader

from course_utils.grading.submission import results
from course_utils.grading.submission.results import DECIDES, PACKAGE, Results, key_of

# What grading one notebook begins with, and what of ours decides nothing: where files are kept.
ROOTS = {"grading/submission/grade_one.py", "grading/sandbox/worker.py"}
DECIDES_NOTHING = {"files.py", "grading/class_folder.py"}


def imported(file):
    """The files of `grading`, and those at the top of the package, that one of them imports."""
    for node in ast.walk(ast.parse((PACKAGE / file).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("course_utils."):
            parts = node.module.split(".")[1:]
            for path in (parts, *([*parts, alias.name] for alias in node.names)):
                file = "/".join(path) + ".py"
                if (PACKAGE / file).is_file() and (len(path) == 1 or path[0] == "grading"):
                    yield file


def test_every_file_that_grades_counts():
    reached, pending = set(), [*ROOTS]
    while pending:
        file = pending.pop()
        if file not in reached:
            reached.add(file)
            pending += imported(file)
    assert len(reached) > 10
    missed = {file for file in reached if not any(file.startswith(part) for part in DECIDES)}
    assert missed == DECIDES_NOTHING
    assert {"checking", "exercises", "reference"} < set(DECIDES)
    assert all((PACKAGE / part).exists() for part in DECIDES)


def test_the_key_changes_with_all_that_decides(monkeypatch):
    given = (b"submission", "01_attention", 5, b"released")
    others = [
        (b"another", *given[1:]),
        (given[0], "02_multi_head_attention", *given[2:]),
        (*given[:2], 6, given[3]),
        (*given[:3], None),
        (b"submissionreleased", *given[1:3], b""),
    ]
    keys = {key_of(*one) for one in [given, *others]}
    assert len(keys) == 6 and key_of(*given) in keys
    monkeypatch.setattr(results, "code_hash", lambda: "another version")
    assert key_of(*given) not in keys


def test_what_was_kept_is_found(tmp_path):
    given = (b"submission", "01_attention", 5, None)
    assert Results(tmp_path).find(*given) is None
    graded = fake_grader.graded(b"{}")
    Results(tmp_path).keep(*given, graded)
    assert Results(tmp_path).find(*given) == graded


@pytest.mark.parametrize("text", ["", "{", "[]", '{"reports": 3', '{"notes": []}'])
def test_a_damaged_result_counts_as_none(tmp_path, text):
    key = key_of(b"", "01_attention", 5, None)
    Results(tmp_path).save(key, fake_grader.graded(b"{}"))
    Results(tmp_path).path(key).write_text(text)
    assert Results(tmp_path).load(key) is None
