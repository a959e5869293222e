"""What only the exercises of notebook 05 have. What all have is in test_catalogue.py."""

import numpy as np
import pytest
from exercises.answers.swin_transformer.merge_patches import refuses_everything
from exercises.answers.swin_transformer.relative_position_index import swapped_meshgrid

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES


def test_the_example_in_the_exercise():
    index = np.array(EXERCISES["relative_position_index"].reference(2, 2))
    assert index.tolist() == [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]


def test_the_bug_that_the_notebook_shows():
    """A published formula: right in square windows up to an order, beyond the table in others."""
    index = swapped_meshgrid(2, 3)
    assert (index.min(), index.max()) == (-4, 18)
    assert sorted(set(swapped_meshgrid(3, 3).flat)) == list(range(25))


def test_maps_are_seldom_square():
    for name in ("window_partition", "cyclic_shift", "merge_patches"):
        shapes = {
            case.inputs["x"].shape[1:3] for case in EXERCISES[name].cases(np.random.default_rng(0))
        }
        assert sum(height != width for height, width in shapes) >= 2


@pytest.mark.parametrize("seed", range(20))
def test_masks_hide_something_where_there_is_a_shift(seed):
    exercise = EXERCISES["shifted_window_mask"]
    for case in exercise.draw(seed):
        mask = np.array(exercise.reference(**case.inputs))
        assert mask.all() == (case.inputs["shift"] == 0)


def test_refusing_everything_earns_nothing():
    assert not check_exercise(EXERCISES["merge_patches"], refuses_everything).score


def test_the_library_s_own_window_mask_is_forbidden():
    from course_utils.reference import windows

    def solution(height, width, window, shift):
        return windows.window_mask(height, width, window, shift, False)

    report = check_exercise(EXERCISES["shifted_window_mask"], solution)
    assert report.score == 0 and "window_mask" in report.message
