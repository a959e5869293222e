"""The plain function gives what the model gives, with the model's own weights."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import vision_transformer as vit
from course_utils.reference.plain_vit import vit_logits, vit_weights

CONFIG = vit.ViTConfig((6, 9), 3, dim=10, depth=3, num_heads=2, mlp_dim=14, num_classes=7)


@pytest.fixture
def model():
    keras.utils.set_random_seed(3)
    model = vit.vision_transformer(CONFIG)
    rng = np.random.default_rng(5)
    for weight in model.weights:  # none of them 0 or 1, as in a new model
        weight.assign(rng.normal(0.5, 0.5, weight.shape))
    return model


def test_the_same_weights_give_the_same_logits(model):
    images = np.random.default_rng(6).uniform(-1, 1, (4, 6, 9, 3)).astype("float32")
    ours = ops.convert_to_numpy(vit_logits(images, vit_weights(model), 3, 2))
    expected = ops.convert_to_numpy(model(images))
    assert ours.shape == (4, 7)
    assert np.abs(ours - expected).max() <= 1e-5 * np.abs(expected).max()


def test_all_weights_of_a_model_are_read(model):
    arrays = keras.tree.flatten(vit_weights(model))
    assert sum(array.size for array in arrays) == model.count_params()


@pytest.mark.parametrize("change", [{"pooling": "mean"}, {"positions": "sinusoids"}])
def test_other_models_are_refused(change):
    sizes = dict(image_size=8, patch_size=4, dim=8, depth=1, num_heads=2, mlp_dim=4, num_classes=2)
    with pytest.raises(ValueError, match="a class token and learned positions"):
        vit_weights(vit.vision_transformer(vit.ViTConfig(**sizes, **change)))
