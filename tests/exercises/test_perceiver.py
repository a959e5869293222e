"""What only the exercises of notebook 06 have. What all have is in test_catalogue.py."""

import copy

import numpy as np
import pytest
from exercises.answers.perceiver.cross_attend import changes_params
from exercises.answers.perceiver.perceive import layers_of_its_own, loop
from keras import layers

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES
from course_utils.exercises.perceiver.parts import Cross


def test_the_published_bug_is_told_with_both_its_halves():
    def published(query, key, value):
        return layers.Attention(use_scale=True, dropout=0.1)([query, key, value])

    message = check_exercise(EXERCISES["keras_attention"], published).message
    assert "[query, value, key]" in message and "√d" in message and "use_scale" in message


def test_a_solution_that_changes_params_is_told_so():
    assert (
        "changes the dictionary params"
        in check_exercise(EXERCISES["cross_attend"], changes_params).message
    )


def test_a_solution_with_layers_of_its_own_is_told_to_use_what_it_was_given():
    message = check_exercise(EXERCISES["perceive"], layers_of_its_own).message
    assert "do not call what you were given" in message


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copied_part_has_weights_of_its_own(copied):
    part = Cross(0, [(5, 5), (5, 3), (7, 3), (7, 5)])
    other = copied(part)
    for mine, theirs in zip(part.kernels, other.kernels, strict=True):
        assert mine.shape == theirs.shape and not np.allclose(mine, theirs)


def test_one_look_does_not_tell_what_comes_in_later_rounds():
    def one_round(latents, data, cross, latent_transformer, iterations):
        return loop(latents, data, cross, latent_transformer, 1)

    properties = check_exercise(EXERCISES["perceive"], one_round).properties
    assert properties["one look"] and not properties["two looks"]


def test_no_two_widths_agree_but_where_a_case_says_so():
    for case in EXERCISES["cross_attend"].cases(np.random.default_rng(0)):
        (_, dim), (_, tokens, data_dim) = case.inputs["latents"].shape, case.inputs["data"].shape
        width = case.inputs["query"].shape[1]
        one_width = case.shows == "data, latents and queries of one width"
        assert (len({dim, data_dim, width}) == 1) == one_width
        assert tokens not in (dim, data_dim, width)


@pytest.mark.parametrize(
    ("rounds", "iterations", "names"),
    [
        (lambda x, d, c, t, n: c(x, d), 1, "latent_transformer"),
        (lambda x, d, c, t, n: t(x), 1, "cross"),
        (lambda x, d, c, t, n: loop(x, d, c, t, n - 1), 1, "cross and latent_transformer"),
    ],
)
def test_what_is_never_called_is_named(rounds, iterations, names):
    message = check_exercise(EXERCISES["perceive"], rounds).message
    assert f"With iterations = {iterations}, your perceive never calls {names}." in message
