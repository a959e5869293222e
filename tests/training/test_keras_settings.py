"""What `keras.json` can change on a computer changes nothing here."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np
import pytest

from course_utils.training import baselines, models, recipes
from course_utils.training.augment import Augmentation, Batches
from course_utils.training.data import Split

CONFIGS = {
    "vit": recipes.SMALL_VIT,
    "vit, flattened": replace(recipes.SHORT_VIT, pooling="flatten"),
    "framed": recipes.FASHION_VIT,
    "swin": recipes.SMALL_SWIN,
    "perceiver": recipes.SMALL_PERCEIVER,
    "perceiver, decoded": replace(recipes.SMALL_PERCEIVER, pooling="decoder"),
    "cnn": recipes.SMALL_CNN,
    "textbook": baselines.TextbookViT(depth=1, head_dims=(7,)),
    "d2l": baselines.D2LViT(dim=8, mlp_dim=16),
    "keras perceiver": baselines.KerasPerceiver(depth=1, dim=16, num_latents=5),
}


@contextmanager
def image_format(name):
    keras.config.set_image_data_format(name)
    try:
        yield
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize("name", CONFIGS)
def test_models_are_the_same_with_channels_first(name):
    usual = models.build(CONFIGS[name])
    images = np.random.default_rng(0).uniform(-1, 1, (2, *usual.input_shape[1:])).astype("float32")
    with image_format("channels_first"):
        other = models.build(CONFIGS[name])
    assert [weight.shape for weight in other.weights] == [weight.shape for weight in usual.weights]
    other.set_weights(usual.get_weights())
    came, expected = (model.predict(images, verbose=0) for model in (other, usual))
    np.testing.assert_allclose(came, expected, atol=1e-5)


@pytest.mark.parametrize(
    "change",
    ["flip", "crop", "zoom", "rand_augment", "mixup", "cutmix", "erasing"],
)
def test_images_are_changed_the_same_with_channels_first(change):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 13, 17, 3), dtype="uint8")
    split = Split(pixels, np.arange(6, dtype="int32"))
    value = {"flip": True, "crop": 2}.get(change, 0.5)
    made = []
    for data_format in ("channels_last", "channels_first"):
        with image_format(data_format):
            batches = Batches(
                split, 6, batch_size=6, augmentation=Augmentation(**{change: value}), seed=0
            )
            made.append([next(iter(batches.epoch(epoch)))[0].numpy() for epoch in range(3)])
    np.testing.assert_array_equal(*made)


def test_the_course_has_keras_own_settings_whatever_the_file_says(tmp_path):
    asked = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.1}
    (tmp_path / "keras.json").write_text(json.dumps(asked))
    code = (
        "import keras; before = keras.config.floatx(); import course_utils.reference\n"
        "print(before, keras.config.image_data_format(), keras.config.floatx(),"
        " keras.config.epsilon(), keras.config.dtype_policy().name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_HOME": str(tmp_path)},
    )
    assert done.stdout.split() == ["float16", "channels_last", "float32", "1e-07", "float32"]
