"""The plain function gives what the model gives, with the model's own weights."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference.perceiver import PerceiverConfig, perceiver
from course_utils.reference.plain_perceiver import perceiver_logits, perceiver_weights

CONFIG = PerceiverConfig(
    (5, 7),
    num_latents=3,
    dim=8,
    iterations=2,
    depth=2,
    num_heads=2,
    mlp_dim=11,
    cross_mlp_dim=13,
    num_classes=6,
    num_bands=4,  # 21 numbers a token
    max_resolution=7,
)


def drawn(config):
    """A model in which no weight is 0 or 1, as they are in a new one."""
    keras.utils.set_random_seed(3)
    model = perceiver(config)
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(rng.normal(0.3, 0.4, weight.shape))
    return model


@pytest.mark.parametrize("change", [{}, {"iterations": 3, "repeats": 2}, {"depth": 1}])
def test_the_same_weights_give_the_same_logits(change):
    config = replace(CONFIG, **change)
    model, sizes = drawn(config), (config.num_bands, config.max_resolution, config.iterations)
    images = np.random.default_rng(6).uniform(-1, 1, (4, 5, 7, 3)).astype("float32")
    ours = perceiver_logits(images, perceiver_weights(model), *sizes, config.num_heads)
    expected = ops.convert_to_numpy(model(images))
    assert ours.shape == (4, 6)
    assert np.abs(ops.convert_to_numpy(ours) - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    "change",
    [{"positions": "learned"}, {"pooling": "decoder"}, {"shared": False}, {"cross_heads": 3}],
)
def test_other_models_are_refused(change):
    with pytest.raises(ValueError, match="perceiver_logits wants"):
        perceiver_weights(perceiver(replace(CONFIG, **change)))
