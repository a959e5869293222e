"""What only the exercises of notebook 03 have. What all have is in test_catalogue.py."""

import numpy as np
from exercises.answers.positional_encoding.offset_rotation import fitted
from exercises.answers.positional_encoding.sinusoidal_encoding import always_raises, keras_sinusoid
from keras import ops

from course_utils.checking import check_exercise, sentences
from course_utils.exercises import EXERCISES
from course_utils.reference import positional_encoding as reference


def test_a_fit_to_a_short_table_is_told_that_it_fails_far_away():
    report = check_exercise(EXERCISES["offset_rotation"], fitted(100, "float32"))
    assert "0 to 49" in report.message and "position 999" in report.message
    assert report.mistake is None


def test_an_odd_dim_is_a_property_of_its_own():
    properties = check_exercise(EXERCISES["sinusoidal_encoding"], keras_sinusoid).properties
    missing = [name for name, held in properties.items() if not held]
    assert missing == ["an odd dim is refused", sentences.BY_HAND]  # one of these has an odd dim
    assert not check_exercise(EXERCISES["sinusoidal_encoding"], always_raises).score


def test_the_helper_that_resizes_grids_is_forbidden():
    def solution(positions, old_grid, new_grid):
        grid = reference.resize_grid(positions[1:], old_grid, new_grid)
        return ops.concatenate([positions[:1], grid])

    report = check_exercise(EXERCISES["resize_positions"], solution)
    assert report.score == 0 and "resize_grid" in report.message


def test_batches_are_seldom_as_large_as_sequences():
    shapes = [
        case.inputs["tokens"].shape
        for case in EXERCISES["add_positions"].cases(np.random.default_rng(0))
    ]
    assert sum(batch == length for batch, length, _ in shapes) == 1


def test_no_grid_is_square_but_the_one_that_says_so():
    for case in EXERCISES["sinusoidal_encoding_2d"].cases(np.random.default_rng(0)):
        assert case.inputs["height"] != case.inputs["width"]
    for case in EXERCISES["resize_positions"].cases(np.random.default_rng(0)):
        square = case.inputs["old_grid"][0] == case.inputs["old_grid"][1]
        assert square == (case.shows == "a square grid")
