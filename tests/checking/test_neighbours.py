"""A mistake that nobody listed is told by the small change of our answer that makes it."""

import numpy as np
import pytest

from course_utils.checking import Case, Exercise, check_exercise, edited
from course_utils.checking.edits import pairs
from course_utils.checking.neighbours import neighbours


def blend(x, y, mask=None):
    """What the docstring says is no code."""
    total = x.sum(axis=0, keepdims=True)
    mixed = np.transpose(x - total * y, (1, 0))
    if mask is not None and mask.any():
        mixed = np.where(mask, mixed, 7.0)
    for _ in range(2):
        mixed = np.sin(mixed) / 3 + x.mean()
    return mixed[:, 1:] ** 2


def cases(rng):
    x, y = rng.uniform(1, 2, (3, 5)), rng.uniform(1, 2, (3, 5))
    mask = np.eye(5, 3, dtype=bool)
    return [Case("a mask", {"x": x, "y": y, "mask": mask}), Case("no mask", {"x": 3 * x, "y": y})]


EXERCISE = Exercise(
    id="blend",
    title="Blend",
    points=1,
    reference=blend,
    answer=blend,
    cases=cases,
    outputs={"result": "M N"},
    mistakes=(
        edited("cosine", ("np.sin", "np.cos"))("You take the cosine."),
        edited("cubed", ("** 2", "** 3"))("You take the third power."),
        edited("same line as cubed", ("mixed[:, 1:] **", "mixed[:, :2] **"))("The first two."),
    ),
    hints=("a", "b", "c"),
)
CHANGES = {
    "total = x.sum(axis=1, keepdims=True)": "sum goes along axis 1",
    "total = x.mean(axis=0, keepdims=True)": "there is mean in place of sum",
    "mixed = np.transpose(x + total * y, (1, 0))": "it adds where ours subtracts",
    "mixed = np.transpose(total * y - x, (1, 0))": "it subtracts the other way round",
    "mixed = np.transpose(x - total, (1, 0))": "the factor 'y' is left out",
    "mixed = np.transpose(x - total * x, (1, 0))": "it takes 'x' in place of 'y'",
    "mixed = np.sin(mixed) / 4 + x.mean()": "there is 4 in place of 3",
    "mixed = mixed / 3 + x.mean()": "sin is left out",
    "mixed = np.sin(mixed) / 3": "the term 'x.mean()' is left out",
    "return mixed[:, 1:]": "the power '2' is left out",
    "return mixed[:, :1] ** 2": "the slice takes the start, and not the rest",
}


def written(line):
    """A student's own code that does what the answer does with another line."""
    lines = [
        "def blend(x, y, mask=None):",
        "    total = x.sum(axis=0, keepdims=True)",
        "    mixed = np.transpose(x - total * y, (1, 0))",
        "    if mask is not None and mask.any():",
        "        mixed = np.where(mask, mixed, 7.0)",
        "    for _ in range(2):",
        "        mixed = np.sin(mixed) / 3 + x.mean()",
        "    return mixed[:, 1:] ** 2",
    ]
    start = " ".join(line.split()[:2])
    place = [number for number, old in enumerate(lines) if old.strip().startswith(start)]
    place = place[-1] if "sin" in line or "/ 3" in line else place[0]
    lines[place] = lines[place][: -len(lines[place].lstrip())] + line
    scope = {"np": np}
    exec("\n".join(lines), scope)
    return scope["blend"]


@pytest.mark.parametrize("line", CHANGES)
def test_a_small_change_is_told(line):
    report = check_exercise(EXERCISE, written(line))
    assert not report.passed
    assert CHANGES[line] in report.message


def test_listed_mistakes_come_first_and_two_at_once_last():
    listed = written("mixed = np.cos(mixed) / 3 + x.mean()")
    assert check_exercise(EXERCISE, listed).message == "You take the cosine."

    def both(x, y, mask=None):
        mixed = np.transpose(x - x.sum(0) * y)
        if mask is not None:
            mixed = np.where(mask, mixed, 7.0)
        for _ in range(2):
            mixed = np.cos(mixed) / 3 + x.mean()
        return mixed[:, 1:] ** 3

    report = check_exercise(EXERCISE, both)
    assert report.mistake == "cosine, and cubed"
    assert report.message == (
        "Two things at once. You take the cosine. And: You take the third power."
    )


def test_two_changes_of_one_line_are_no_pair():
    assert [pair.name for pair in pairs(EXERCISE)] == [
        "cosine, and cubed",
        "cosine, and same line as cubed",
    ]


def test_nothing_is_told_of_zeros_and_of_what_comes_back_as_it_came():
    assert check_exercise(EXERCISE, lambda x, y, mask=None: np.zeros((5, 2))).mistake is None
    square = Exercise(
        id="twice",
        title="Twice",
        points=1,
        reference=lambda x: 2 * x,
        answer=twice,
        cases=lambda rng: [Case("numbers", {"x": rng.uniform(1, 2, 7)})],
        outputs={"result": "N"},
        mistakes=(),
        hints=("a", "b", "c"),
    )
    report = check_exercise(square, lambda x: x)
    assert report.mistake is None and "your input 'x', unchanged" in report.message


def twice(x):
    return 2 * x


def test_every_neighbour_is_another_function_with_a_sentence_of_its_own_words():
    found = neighbours(EXERCISE)
    assert len(found) > 60 and len({id(one.function) for one in found}) == len(found)
    assert all("what a right answer gives with one slip" in one.sentence for one in found)
    assert not any("docstring" in one.sentence for one in found)
