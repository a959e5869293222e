"""The texts that the demonstration's students hand in are what they are meant to be."""

import linecache

import keras
import numpy as np
import pytest

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES, NOTEBOOKS
from course_utils.grading.demo import answers
from course_utils.grading.demo.students import wrong_answers

FIRST = NOTEBOOKS["01_attention"].EXERCISES


def handed_in(name, text):
    """What the text of a cell defines, in a notebook's namespace."""
    namespace = {"np": np, "ops": keras.ops, "keras": keras}
    place = f"<cell {name} {hash(text)}>"  # as in a notebook, an error can show its line
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    exec(compile(text, place, "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize("exercise", FIRST, ids=lambda exercise: exercise.id)
def test_every_kind_of_mistake_survives_as_text(exercise):
    texts = wrong_answers(exercise)
    assert set(texts) == {mistake.name for mistake in exercise.mistakes}
    for name, text in texts.items():
        assert check_exercise(exercise, handed_in(exercise.id, text), seed=1).mistake == name


@pytest.mark.parametrize("style", [answers.LOOPS, answers.EINSUM])
def test_both_styles_are_right(style):
    assert set(style) <= {exercise.id for exercise in FIRST}
    for name, text in style.items():
        report = check_exercise(EXERCISES[name], handed_in(name, text), seed=1)
        assert report.passed, report
