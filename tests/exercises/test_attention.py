"""What only the exercises of notebook 01 have. What all have is in test_catalogue.py."""

import numpy as np

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES
from course_utils.exercises.attention import is_permutation_equivariant as ours
from course_utils.reference import attention as reference


def test_a_shape_that_never_fits_is_not_taken_for_one_length():
    three_axes = check_exercise(
        EXERCISES["reversal_queries_keys"],
        lambda length: (np.eye(length)[None], np.eye(length)[None]),
    )
    assert three_axes.mistake is None
    assert "(5, d)" in three_axes.message and "(1, 5, 5)" in three_axes.message


def test_masks_hide_something_and_leave_something():
    for seed in range(20):
        cases = {case.shows: case.inputs.get("mask") for case in EXERCISES["attend"].draw(seed)}
        some, nothing = (
            cases["a mask for each sequence and head"],
            cases["a query that may attend to nothing"],
        )
        assert some.any(-1).all() and not some.all(-1).any()
        assert (~nothing.any(-1)).sum() == 2


def test_every_layer_is_what_its_group_says():
    right = {
        "attention without positions",
        "a layer for each token alone",
        "a layer that mixes the sequences of a batch",
        "the mean of all tokens, given to each",
        "three times each token",
        "twice each token, less 1",
    }
    for inputs in (case.inputs for case in ours.equivariance_cases(np.random.default_rng(0))):
        verdict = ours.run_test(reference.is_permutation_equivariant, inputs)
        assert verdict is (inputs["layer"] in right)
