"""Bytes to what a model takes, and smaller pictures."""

import numpy as np
import tensorflow as tf

from course_utils.training.images import average_pool, scale


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
