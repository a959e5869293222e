"""Results are kept by everything that decides them, and by nothing else."""

import ast

import pytest
from grading import fake_pool

from course_utils.grading import results
from course_utils.grading.results import DECIDES, PACKAGE, Results, key_of

# How a process is shut in decides nothing that it answers.
SHUTS_IN = {"sandbox"}


def imported(name):
    """The modules of `grading` that one of them imports."""
    for node in ast.walk(ast.parse((PACKAGE / "grading" / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("course_utils.grading"):
            path = node.module.split(".")[2:]
            yield from path[:1] or (alias.name for alias in node.names)


def test_every_file_that_grades_counts():
    reached, pending = set(), ["grade", "worker"]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += imported(name)
    named = {part.removeprefix("grading/").removesuffix(".py") for part in DECIDES}
    assert reached - SHUTS_IN <= named
    assert {"checking", "exercises", "reference"} < named


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
    graded = fake_pool.graded(b"{}")
    Results(tmp_path).keep(*given, graded)
    assert Results(tmp_path).find(*given) == graded


@pytest.mark.parametrize("text", ["", "{", "[]", '{"reports": 3', '{"notes": []}'])
def test_a_damaged_result_counts_as_none(tmp_path, text):
    key = key_of(b"", "01_attention", 5, None)
    Results(tmp_path).save(key, fake_pool.graded(b"{}"))
    Results(tmp_path).path(key).write_text(text)
    assert Results(tmp_path).load(key) is None
