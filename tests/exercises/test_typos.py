"""A slip of the pen is told as what it is: a name that does not exist, wherever it stands."""

import ast
import copy
import linecache
import sys

import pytest

from course_utils.checking import check_exercise
from course_utils.checking.edits import source
from course_utils.exercises import EXERCISES

SLIP = "misspelt_name"


def first_name(statement):
    """The first name that a statement itself reads, and not those of the statements inside it."""
    pending = [statement]
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            return node
        pending[:0] = [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.stmt)]
    return None


def with_slip(answer, number):
    """An answer in which one statement reads a name that does not exist."""
    tree = copy.deepcopy(ast.parse(source(answer)))
    [first_name(s) for s in statements(tree)][number].id = SLIP
    text = ast.unparse(tree)
    place = f"<{answer.__name__} with a slip in {number}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    scope = dict(vars(sys.modules[answer.__module__]))
    exec(compile(text, place, "exec"), scope)
    return scope[answer.__name__]


def statements(tree):
    body = (s for s in ast.walk(tree) if isinstance(s, ast.stmt) and s not in tree.body)
    return [s for s in body if not isinstance(s, ast.FunctionDef) and first_name(s)]


SLIPS = [
    (exercise, number)
    for exercise in EXERCISES.values()
    for number in range(len(statements(ast.parse(source(exercise.answer)))))
]


@pytest.mark.plain
@pytest.mark.parametrize(
    ("exercise", "number"), SLIPS, ids=[f"{exercise.id}-{number}" for exercise, number in SLIPS]
)
def test_a_slip_is_told_as_a_slip(exercise, number):
    report = check_exercise(exercise, with_slip(exercise.answer, number))
    assert not report.passed
    assert f"'{SLIP}', which is not defined" in f"{report.message} {report.error}"
    assert report.mistake is None, report
