"""What the numbers of a wrong array tell about it."""

import numpy as np
import pytest

from course_utils.checking.clues import find

ROWS = np.array([[0.5, 0.25, 0.25], [0.125, 0.25, 0.625], [0.75, 0.125, 0.125]])
FREE = np.array([[3.0, -1, 2], [0, 5, -4]])


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (ROWS, ROWS.T, "last two axes swapped"),
        (FREE, -FREE, "sign turned round"),
        (FREE, 2.5 * FREE, "2.5 times"),
        (FREE, FREE / 3, "0.3333 times"),
        (FREE, FREE - 1.5, "plus -1.5"),
        (ROWS, ROWS**2, "one of yours sums to 0.375"),
        (ROWS, ROWS * [[1], [2.2], [1]], "one of yours sums to 2.2"),
        (ROWS > 0.2, ROWS <= 0.2, "True and False exchanged"),
        (FREE, np.zeros_like(FREE), "Every entry is 0"),
        (FREE, FREE[:, ::-1], "axis 1 turned round"),
        (FREE, FREE[:, [1, 0, 2]], "in another order"),
        (FREE, FREE.reshape(3, 2), "in another shape"),
        (FREE[None], FREE.T[None], "axes in the order (0, 2, 1)"),
        (ROWS, np.round(ROWS, 1), "rounded to 1 digits"),
        (FREE + 0.5 * np.sign(FREE), FREE, "without its fraction"),
        (FREE / 3, (FREE / 3).astype("float16"), "float16"),
    ],
)
def test_a_simple_relation_is_found(expected, got, words):
    assert words in find(expected, got, 1e-4, {})


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (FREE, FREE**2),
        (np.zeros((2, 3)), FREE),
        (FREE, np.full_like(FREE, np.nan)),
        (FREE, np.where(FREE > 0, np.inf, FREE)),
        (ROWS > 0.2, ROWS > 0.3),
        (ROWS, ROWS[:, [1, 0, 2]] + [[0.25, -0.25, 0]]),
    ],
)
def test_without_a_relation_there_is_no_clue(expected, got):
    assert find(expected, got, 1e-4, {}) == ""


def test_the_inputs_are_recognised():
    given = {"x": FREE**2, "steps": 3}
    assert "your input 'x', unchanged" in find(FREE, FREE**2, 1e-4, given)
    assert "with your input 'x' added" in find(FREE, FREE + FREE**2, 1e-4, given)
