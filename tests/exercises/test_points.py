"""What answers earn that understand nothing of what is asked for: a fifth of the points at most."""

import numpy as np
import pytest

from course_utils.checking import check_exercise
from course_utils.checking.edits import edited_answer, solution_of
from course_utils.exercises import EXERCISES

pytestmark = pytest.mark.plain
SEEDS = (0, 1)


def answer(exercise):
    """A copy of the answer: the answer itself, and the reference, may be called by no solution."""
    return edited_answer(exercise.answer, ())


def throughout(change, result):
    """Change each array of a result, in whatever tuples and dictionaries it comes."""
    if isinstance(result, dict):
        return {name: throughout(change, part) for name, part in result.items()}
    if isinstance(result, tuple | list):
        return tuple(throughout(change, part) for part in result)
    return change(np.asarray(result))


def changed(change, exercise):
    right = answer(exercise)
    return lambda *given, **named: throughout(change, right(*given, **named))


def numbers(array):
    return array.astype(float) if array.dtype.kind == "b" else array


def give_back(*given, **named):
    return [*given, *named.values()][0]


def complain(*given, **named):
    raise ValueError("this cannot be done")


CHEAP = {
    "the first mistake": lambda exercise: solution_of(exercise, exercise.mistakes[0]),
    "zeros": lambda exercise: changed(np.zeros_like, exercise),
    "ones": lambda exercise: changed(np.ones_like, exercise),
    "the first argument": lambda exercise: give_back,
    "an error": lambda exercise: complain,
}
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@pytest.mark.parametrize("kind", CHEAP)
@every_exercise
def test_what_is_cheap_earns_a_fifth_at_most(exercise, kind):
    if isinstance(exercise.answer, type) and kind in ("zeros", "ones"):
        pytest.skip("the answer is a class: what it makes is a layer, and no array to fill")
    for seed in SEEDS:
        report = check_exercise(exercise, CHEAP[kind](exercise), seed)
        assert report.score <= 0.2 + 1e-9, f"seed {seed}: {report}"


@every_exercise
def test_a_copy_of_the_answer_earns_everything(exercise):
    """So that what is cheap above is not refused for how it is made."""
    for seed in SEEDS:
        assert check_exercise(exercise, answer(exercise), seed).score == 1


def test_a_mask_of_numbers_earns_more_than_a_fifth():
    masks = [name for name, e in EXERCISES.items() if "mask" in e.outputs]
    assert len(masks) == 3
    for name in masks:
        for seed in SEEDS:
            score = check_exercise(EXERCISES[name], changed(numbers, EXERCISES[name]), seed).score
            assert 0.2 < score < 1, f"{name}, seed {seed}"
