"""Bytes to what a model takes, and smaller pictures."""

import numpy as np
import tensorflow as tf

from course_utils.training.images import average_pool, scale, shift_and_mirror


def test_black_is_minus_one_and_white_is_one():
    found = scale(np.array([0, 51, 255], "uint8"))
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, [-1, -0.6, 1], atol=1e-7)


def test_tensors_stay_tensors():
    found = scale(tf.constant([0.0, 255.0]))
    assert isinstance(found, tf.Tensor) and found.dtype == "float32"
    np.testing.assert_array_equal(found.numpy(), [-1, 1])


def test_a_pixel_is_the_mean_of_its_square():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 6, 9, 5), dtype="uint8")
    found = average_pool(pictures, 3)
    assert found.shape == (2, 2, 3, 5)
    np.testing.assert_allclose(found[1, 1, 2], pictures[1, 3:6, 6:9].mean((0, 1)))
    np.testing.assert_array_equal(average_pool(pictures[1], 3), found[1])  # one picture alone


def test_shifted_and_mirrored_images_are_others_with_the_same_pixels():
    pictures = np.arange(20 * 5 * 7 * 3).reshape(20, 5, 7, 3)
    changed = shift_and_mirror(pictures, np.random.default_rng(0), most=2)
    assert changed.shape == pictures.shape
    np.testing.assert_array_equal(np.sort(changed.reshape(20, -1)), pictures.reshape(20, -1))
    steps = np.unique(np.diff(changed[..., 0], axis=2))
    assert {3, -3} <= set(steps.tolist())  # some run to the right, some to the left
    again = shift_and_mirror(pictures, np.random.default_rng(0), most=2)
    np.testing.assert_array_equal(again, changed)
