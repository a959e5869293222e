"""What only the exercises of notebook 04 have. What all have is in test_catalogue.py."""

import keras
import numpy as np
import pytest
from exercises.answers.vision_transformer.encoder_block import block
from exercises.answers.vision_transformer.learning_rate import rate_schedule
from exercises.answers.vision_transformer.patchify import only_names_patch_size, unchecked

from course_utils.checking import check_exercise
from course_utils.exercises import EXERCISES
from course_utils.reference import vision_transformer as reference


def traced(x, *callables):
    """The block as a model is compiled: on tensors that have a shape and no numbers yet."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(lambda x: block(x, *callables))(x)
    import tensorflow as tf

    return tf.function(lambda x: block(x, *callables))(tf.constant(x))


def test_a_compiled_block_is_as_good_as_any():
    assert check_exercise(EXERCISES["encoder_block"], traced).passed


def test_the_refusal_of_uneven_patches_is_worth_points_of_its_own():
    silent, vague = (
        check_exercise(EXERCISES["patchify"], f) for f in (unchecked, only_names_patch_size)
    )
    lost = [[name for name, held in r.properties.items() if not held] for r in (silent, vague)]
    assert [name.partition(":")[0] for name in lost[1]] == ["its message names both numbers"]
    assert set(lost[1]) < set(lost[0])


@pytest.mark.parametrize("first", [0, 1])
def test_an_error_that_names_one_side_of_the_image_is_enough(first):
    def solution(images, patch_size):
        sides = images.shape[1:3]
        for side in (sides[first], sides[1 - first]):
            if side % patch_size:
                raise ValueError(f"{side} is not a multiple of {patch_size}")
        return unchecked(images, patch_size)

    assert check_exercise(EXERCISES["patchify"], solution).passed


def test_a_rate_may_be_a_whole_number_and_no_other_kind_of_thing():
    exercise = EXERCISES["learning_rate"]
    assert check_exercise(exercise, lambda *given: 0).properties["steps after the end"]
    assert (
        "Yours is an array of shape (1,)"
        in check_exercise(exercise, lambda *given: np.ones(1)).message
    )


def test_a_schedule_of_keras_is_as_good_as_any():
    assert check_exercise(EXERCISES["learning_rate"], rate_schedule).passed


@pytest.mark.parametrize("name", ["Patchify", "ClassToken"])
def test_the_layers_of_the_reference_are_forbidden(name):
    exercise = {"Patchify": "patchify", "ClassToken": "add_class_token"}[name]

    def solution(array, other):
        return getattr(reference, name)(2)(array)

    report = check_exercise(EXERCISES[exercise], solution)
    assert report.score == 0 and name in report.message


def test_no_image_is_square_but_the_one_that_says_so():
    for case in EXERCISES["patchify"].cases(np.random.default_rng(0)):
        _, height, width, _ = case.inputs["images"].shape
        assert (height == width) == (case.shows == "one patch, as large as the image")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (lambda dim, classes: dim, "it is dim too large"),
        (lambda dim, classes: -2 * dim * classes, "it is 2 · dim · num_classes too small"),
    ],
)
def test_a_count_says_by_which_size_it_is_wrong(more, said):
    def counted(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3):
        tokens = 1 + (image_size // patch_size) ** 2
        embedding = patch_size**2 * channels * dim + dim
        block = 4 * dim + 4 * (dim * dim + dim) + 2 * dim * mlp_dim + mlp_dim + dim
        head = 2 * dim + dim * num_classes + num_classes
        return embedding + dim + tokens * dim + depth * block + head + more(dim, num_classes)

    assert said in check_exercise(EXERCISES["count_vit_parameters"], counted).message
