"""Written answers that stand elsewhere than in the cell for them."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.grading.submission.restoring import grade_id, handed_out, restore

EMPTY, WHY = "YOUR ANSWER HERE", "Because a softmax sums to one."


def answer(text, name="why"):
    marks = {"grade_id": name, "grade": True, "solution": True, "locked": False, "points": 3}
    return new_markdown_cell(text, metadata={"nbgrader": {**marks, "schema_version": 3}})


def lesson(**changed):
    return [
        new_markdown_cell("# Attention"),
        new_markdown_cell("**Question** Why?"),
        answer(EMPTY),
        new_markdown_cell("What comes next."),
        new_code_cell("experiment()"),
    ]


def restored(cells):
    """The texts of the cell for the answer, and what was said."""
    given = new_notebook(cells=lesson())
    notebook = new_notebook(cells=cells)
    said = restore(notebook, handed_out(given), {cell.source for cell in given.cells})
    (text,) = [cell.source for cell in notebook.cells if grade_id(cell) == "why"]
    return text, said


def changed(place, *cells):
    """The lesson with other cells in the place of one."""
    before = lesson()
    return [*before[:place], *cells, *before[place + 1 :]]


@pytest.mark.parametrize(
    "cells",
    [
        changed(2, new_markdown_cell(WHY)),  # its metadata is lost
        changed(2, answer(EMPTY), new_markdown_cell(WHY)),
        changed(2, answer(EMPTY), new_code_cell(WHY)),
        changed(1, new_markdown_cell(f"**Question** Why? {WHY}")),
        [*changed(2, answer(WHY)), answer(EMPTY)],  # an untouched copy at the end
        [*lesson(), new_markdown_cell(WHY)],
    ],
)
def test_what_may_be_an_answer_is_there_to_be_read(cells):
    text, said = restored(cells)
    assert WHY in text and EMPTY not in text
    assert any("both texts" in sentence for sentence in said)


def test_both_texts_are_there():
    cells = changed(2, answer("Short."), new_markdown_cell(WHY))
    text, _ = restored(cells)
    assert text.startswith("Short.") and WHY in text
    text, _ = restored([*changed(2, answer(WHY)), answer("A second thought.")])
    assert text.startswith("A second thought.") and WHY in text


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (lesson(), EMPTY),
        (changed(2, answer(WHY)), WHY),
        (changed(2, answer(WHY), new_code_cell("x = 1")), WHY),
        ([*changed(2, answer(WHY)), new_markdown_cell("A note to myself.")], WHY),
        ([*lesson(), new_code_cell("more()")], EMPTY),
    ],
)
def test_nothing_else_becomes_an_answer(cells, text):
    assert restored(cells) == (text, [])
