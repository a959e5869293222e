"""What only the exercises of notebook 02 have. What all have is in test_catalogue.py."""

import numpy as np
import pytest
from exercises.answers.multi_head_attention.MultiHeadAttention import (
    Borrowed,
    Fewer,
    Inherited,
    Listed,
    OwnWeights,
)
from keras import layers, ops

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES
from course_utils.exercises.multi_head_attention.MultiHeadAttention import MultiHeadAttention
from course_utils.exercises.multi_head_attention.watch_layer import give, plainly, start, use


@pytest.mark.parametrize("borrowed", [Borrowed, Inherited, layers.MultiHeadAttention])
def test_a_layer_that_is_done_already_earns_nothing(borrowed):
    def make(dim, num_heads):
        if borrowed is layers.MultiHeadAttention:
            return borrowed(num_heads, dim // num_heads)
        return borrowed(dim, num_heads)

    report = check_exercise(EXERCISES["MultiHeadAttention"], make)
    assert report.score == 0 and "MultiHeadAttention, which does the whole" in report.message


class Unsolved(MultiHeadAttention):
    def call(self, query, value=None, mask=None, return_weights=False):
        raise NotImplementedError()


def test_the_stub_is_not_solved_yet():
    report = check_exercise(EXERCISES["MultiHeadAttention"], Unsolved)
    assert not report.solved and report.score == 0


def test_an_error_in_a_layer_is_told_in_its_own_words():
    class Faulty(MultiHeadAttention):
        def call(self, *args, **kwargs):
            super().call(*args, **kwargs)
            raise RuntimeError("the middle is missing")

    assert (
        "the middle is missing" in check_exercise(EXERCISES["MultiHeadAttention"], Faulty).message
    )


def test_parts_are_found_whatever_they_are_called():
    exercise = EXERCISES["MultiHeadAttention"]
    inputs = next(case.inputs for case in exercise.draw(0) if case.shows == "cross-attention")
    outputs = []
    for kind in (MultiHeadAttention, Fewer, Listed, OwnWeights):
        with plainly():
            layer = kind(dim=15, num_heads=3)
            assert start(layer, inputs)
            give(layer, inputs)
            outputs.append(ops.convert_to_numpy(use(layer, inputs)))
    for output in outputs[1:]:
        np.testing.assert_allclose(output, outputs[0], atol=1e-4)


def test_the_count_is_that_of_keras():
    exercise = EXERCISES["count_attention_parameters"]
    for case in exercise.draw(0):
        inputs = dict(case.inputs)
        dim, heads = inputs.pop("dim"), inputs.pop("num_heads")
        key_dim = inputs.pop("key_dim", None) or dim // heads
        layer = layers.MultiHeadAttention(heads, key_dim, **inputs)
        layer.build((None, 2, dim), (None, 2, dim))
        assert layer.count_params() == exercise.reference(**case.inputs)


@pytest.mark.parametrize("name", ["multi_head_attention", "MultiHeadAttention"])
def test_masks_hide_something_and_leave_every_query_something(name):
    for seed in range(20):
        masks = [c.inputs["mask"] for c in EXERCISES[name].draw(seed) if "mask" in c.inputs]
        assert all(mask.any(-1).all() and not mask.all() for mask in masks)
