"""Cases are drawn from so many that no table holds their answers."""

import numpy as np
import pytest

from course_utils.exercises import EXERCISES

DRAWS = 1000
# What is asked for here has a size or two for its input, and an answer that grows with it: to draw
# from a million would be to ask for arrays that nobody can make. A table does earn their points,
# and docs/grading.md says it.
FEW = {
    "causal_mask",
    "linear_positions",
    "reversal_queries_keys",
    "sinusoidal_encoding",
    "sinusoidal_encoding_2d",
    "offset_rotation",
    "shifted_window_mask",
    "relative_position_index",
    "padding_mask",
    "is_permutation_equivariant",
}


def as_text(value):
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()


def draws(exercise):
    """How many different inputs each of an exercise's cases has, in so many seeds."""
    seen = {}
    for seed in range(DRAWS):
        for number, case in enumerate(exercise.cases(np.random.default_rng(seed))):
            seen.setdefault(number, set()).add(tuple(map(as_text, case.inputs.values())))
    return [len(inputs) for inputs in seen.values()]


@pytest.mark.parametrize("name", sorted(EXERCISES.keys() - FEW))
def test_no_table_holds_the_answers(name):
    """From a million, a thousand draws have one pair in common every second time."""
    assert max(draws(EXERCISES[name])) >= DRAWS - 5


@pytest.mark.parametrize("name", sorted(FEW))
def test_those_with_few_are_known(name):
    assert max(draws(EXERCISES[name])) >= 2
