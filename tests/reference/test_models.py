"""What every model must do: save and load, train in every precision, compiled, repeatably.

Where a backend is named it is the active one; test_backends.py runs all of this on the other.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference.cnn import CNNConfig, cnn
from course_utils.reference.perceiver import PerceiverConfig, perceiver
from course_utils.reference.swin_transformer import SwinConfig, swin_transformer
from course_utils.reference.transformer import internals
from course_utils.reference.vision_transformer import ViTConfig, vision_transformer

SIZE, CLASSES, B = (8, 12), 5, 7  # height and width that every model's patches divide

VIT = ViTConfig(
    SIZE, 4, dim=12, depth=2, num_heads=3, mlp_dim=10, num_classes=CLASSES, drop_path=0.2
)
HYBRID = replace(VIT, stem="convolution", positions="sinusoids", pooling="mean", norm_first=False)
HEAVY_HEAD = replace(
    VIT, depth=1, pooling="flatten", head_dims=(11,), head_dropout=0.1, dropout=0.1
)
CNN = CNNConfig(SIZE, widths=(4, 6), blocks=(1, 1), num_classes=CLASSES)
SWIN = SwinConfig(
    SIZE, 2, window=3, dim=6, depths=(2, 1), num_heads=(3, 2), num_classes=CLASSES, drop_path=0.2
)
PERCEIVER = PerceiverConfig(
    SIZE,
    num_latents=5,
    dim=12,
    iterations=2,
    depth=1,
    num_heads=3,
    mlp_dim=10,
    cross_mlp_dim=10,
    num_classes=CLASSES,
    num_bands=3,
    max_resolution=8,
    dropout=0.1,
)
PERCEIVER_IO = replace(
    PERCEIVER, positions="learned", position_dim=6, pooling="decoder", shared=False, repeats=2
)

# Every model there is, as small as it goes: its name -> what builds it. ADD NEW MODELS HERE.
MODELS = {
    "vit": lambda: vision_transformer(VIT),
    "vit_hybrid": lambda: vision_transformer(HYBRID),
    "vit_flattened": lambda: vision_transformer(HEAVY_HEAD),
    "cnn": lambda: cnn(CNN),
    "swin": lambda: swin_transformer(SWIN),
    "perceiver": lambda: perceiver(PERCEIVER),
    "perceiver_io": lambda: perceiver(PERCEIVER_IO),
}

every_model = pytest.mark.parametrize("name", MODELS)
# Of the layers of another model here: its training is repeated on no other backend.
RELATIVES = {"vit_hybrid", "vit_flattened", "perceiver_io"}
every_training = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.relative) if n in RELATIVES else n for n in MODELS]
)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def built():
    """The models, each built once for the tests that change nothing in it."""
    return {name: build() for name, build in MODELS.items()}


@pytest.fixture
def precision():
    """Sets a precision for new layers until the test ends."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def images():
    return np.random.default_rng(0).standard_normal((B, *SIZE, 3)).astype("float32")


LABELS = np.arange(B) % CLASSES


def numpy(value):
    return ops.convert_to_numpy(value)


def values(variables):
    return {variable.path: np.asarray(variable.value) for variable in variables}


def train_step(model, **options):
    """One step of plain gradient descent; returns the loss."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, **options)
    return float(model.train_on_batch(images(), LABELS))


def assert_all_moved(before, model):
    """Every trainable variable is finite and has changed, so none has lost its gradient."""
    for path, value in values(model.trainable_variables).items():
        assert np.isfinite(value).all(), path
        # The same number on all scores of a query changes no weight: the key's bias has no
        # gradient but noise.
        if not path.endswith("key/bias"):
            assert (value != before[path]).any(), path


@every_training
def test_weights_save_and_load_exactly(name, tmp_path):
    model, other = MODELS[name](), MODELS[name]()
    # Norms and biases start the same in all models: draw everything.
    rng = np.random.default_rng(1)
    for variable in model.weights:
        if variable.dtype == "float32":
            variable.assign(rng.random(variable.shape) + 0.5)
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    expected = numpy(model(images()))
    assert np.abs(numpy(other(images())) - expected).max() > 1e-3
    other.load_weights(path)
    np.testing.assert_array_equal(numpy(other(images())), expected)
    for found, wanted in zip(other.weights, model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(found.value), np.asarray(wanted.value))


@every_training
def test_trains_with_a_scaled_loss(name, precision):
    precision("mixed_float16")
    model = MODELS[name]()
    before = values(model.trainable_variables)
    assert_half_precision(model, train_step(model))
    # Keras scales the loss in float16, and leaves out a step whose gradients overflow.
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert_all_moved(before, model)


def assert_half_precision(model, loss):
    assert loss == pytest.approx(np.log(CLASSES), rel=0.5)
    assert model.output.dtype == "float32"  # half precision is too coarse for a loss


@every_training
def test_trains_compiled_and_twice_the_same(name, precision):
    """XLA takes the model, randomness included, and one seed gives one result.

    In bfloat16: it takes what float32 takes, and a third precision would be a third compilation.
    """
    precision("mixed_bfloat16")
    keras.utils.set_random_seed(3)
    model = MODELS[name]()
    keras.utils.set_random_seed(3)
    for mine, again in zip(model.variables, MODELS[name]().variables, strict=True):
        np.testing.assert_array_equal(np.asarray(mine.value), np.asarray(again.value))
    start = [np.asarray(variable.value).copy() for variable in model.variables]
    before = values(model.trainable_variables)
    loss = train_step(model, jit_compile=True)
    assert_half_precision(model, loss)
    assert_all_moved(before, model)
    after = [np.asarray(variable.value).copy() for variable in model.variables]
    # Back to the start, the states of the random generators included.
    for variable, value in zip(model.variables, start, strict=True):
        variable.assign(value)
    model.reset_metrics()
    assert float(model.train_on_batch(images(), LABELS)) == loss
    for variable, value in zip(model.variables, after, strict=True):
        np.testing.assert_array_equal(np.asarray(variable.value), value)


@every_model
def test_a_new_model_gives_every_class_about_the_same_chance(name, built):
    logits = numpy(built[name](images()))
    assert logits.shape == (B, CLASSES)
    losses = np.log(np.exp(logits).sum(-1)) - logits[np.arange(B), LABELS]
    assert losses.mean() == pytest.approx(np.log(CLASSES), rel=0.5)


@every_model
def test_every_layer_round_trips(name, built):
    for layer in built[name].layers:
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        assert again.name == layer.name


@every_model
def test_internals_end_in_the_logits(name, built):
    steps = internals(built[name])(images())
    np.testing.assert_allclose(numpy(steps["head"]), numpy(built[name](images())), atol=1e-6)


@every_model
def test_images_do_not_see_each_other(name, built):
    """Another order and other company change no image's logits."""
    batch = images()
    whole = numpy(built[name](batch))
    batch[0] = 0
    again = numpy(built[name](batch[::-1].copy()))[::-1]
    np.testing.assert_allclose(again[1:], whole[1:], atol=1e-5)
    assert np.abs(again[0] - whole[0]).max() > 1e-4
