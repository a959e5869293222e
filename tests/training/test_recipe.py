"""Recipes: rates, decay and averages as they say; and the trainings that have a name."""

import json
import re

import keras
import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.reference.learning import learning_rate
from course_utils.training import baselines, models, recipes
from course_utils.training.data import Dataset, Split
from course_utils.training.identity import identity
from course_utils.training.recipe import Recipe, make_optimizer
from course_utils.training.schedules import WarmupCosine, plateau

SMALL = {"vit": 653_508, "swin": 382_192, "perceiver": 102_959, "cnn": 84_564}


def array(variable):
    return keras.ops.convert_to_numpy(keras.ops.copy(variable))


def data(side=32, channels=3, classes=100):
    pixels = np.random.default_rng(0).integers(0, 256, (7, side, side, channels), dtype="uint8")
    split = Split(pixels, np.zeros(7, "int32"))
    return Dataset(split, split, split, tuple(str(number) for number in range(classes)))


def test_the_rate_is_the_reference_at_every_step():
    schedule = WarmupCosine(0.3, warmup_steps=5, total_steps=17)
    came = [float(schedule(step)) for step in range(20)]
    expected = [learning_rate(step, 0.3, 5, 17) for step in range(20)]
    np.testing.assert_allclose(came, expected, rtol=1e-6)
    assert max(came) == came[5] and came[0] == came[17] == came[19] == 0


@pytest.mark.parametrize("name", ["optimizer", "decay", "schedule", "precision"])
def test_a_choice_that_is_none(name):
    with pytest.raises(ValueError, match=f"{name} is one of"):
        Recipe(epochs=1, **{name: "nonsense"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", -4),
        ("learning_rate", -1.0),
        ("learning_rate", float("nan")),
        ("warmup", 2),
        ("weight_decay", -0.1),
        ("clip_norm", 0),
        ("label_smoothing", 1),
        ("ema", 1.0),
        ("validation", 0),
        ("seed", -1),
    ],
)
def test_a_number_outside_its_range(name, value):
    with pytest.raises(ValueError, match=f"{name} is .*, not {value}"):
        Recipe(**{"epochs": 1, name: value})


@pytest.mark.parametrize("model", SMALL)
def test_decay_is_for_kernels_alone(model):
    built = models.build(models.for_data(recipes.find(model, "course").config, data()))
    optimizer = make_optimizer(Recipe(epochs=1), built, steps=3)
    optimizer.build(built.trainable_variables)
    decayed = {
        weight.path: optimizer._use_weight_decay(weight) for weight in built.trainable_variables
    }
    others = "bias|gamma|beta|positions|tokens?|array|table|latents|norm"
    assert any(decayed.values())
    for path, decays in decayed.items():
        last = path.split("/")[-1]
        assert decays == (last == "kernel"), path
        assert decays != bool(re.search(others, last)), path


def test_gradients_are_clipped_and_decay_shrinks():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    recipe = Recipe(epochs=1, schedule="constant", learning_rate=0.1, weight_decay=0.5)
    optimizer = make_optimizer(recipe, model, steps=1)
    assert optimizer.global_clipnorm == 1.0
    kernel, bias = model.trainable_variables
    bias.assign(np.ones(2))
    before = array(kernel)
    optimizer.build([kernel, bias])
    nothing = [keras.ops.zeros(weight.shape) for weight in (kernel, bias)]
    optimizer.apply(nothing, [kernel, bias])
    after = array(kernel)
    np.testing.assert_allclose(after, before * (1 - 0.1 * 0.5), rtol=1e-6)
    np.testing.assert_array_equal(array(bias), [1, 1])


def test_a_plateau_is_what_keras_takes_for_one():
    losses = [2.0, 1.5, 1.5, 1.49995, 1.6, 1.5, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.3]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    theirs = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=3)
    theirs.set_model(model)
    theirs.on_train_begin()
    for epoch, loss in enumerate(losses):
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        ours = plateau(0.1, losses[: epoch + 1])
        assert ours == pytest.approx(float(model.optimizer.learning_rate))
    assert ours < 0.1 * 0.2**2 * 1.01


@pytest.mark.parametrize(("model", "parameters"), SMALL.items())
def test_the_course_models_are_small(model, parameters):
    built = models.build(models.for_data(recipes.find(model, "course").config, data()))
    assert built.count_params() == parameters


@pytest.mark.parametrize("model", SMALL)
def test_a_config_comes_back_from_its_file(model):
    config = models.for_data(recipes.find(model, "course").config, data())
    written = json.dumps(identity(config, data(), recipes.COURSE)["model"])
    assert models.from_dict(json.loads(written)) == config


def test_the_published_models_have_the_published_sizes():
    """21.4 and 9.7 million, of which Keras' statistics of the data are 7 numbers each."""
    textbook = models.for_data(recipes.find("vit", "published").config, data())
    assert models.build(textbook).count_params() == 21_426_212
    perceiver = models.for_data(recipes.find("perceiver", "published").config, data())
    assert models.build(perceiver).count_params() == 9_697_637


def test_published_models_see_normalised_images():
    made = data()
    config = models.for_data(baselines.TextbookViT(dim=8, mlp_dims=(8, 8), head_dims=(8,)), made)
    model = models.build(config)
    images = made.train.images / 127.5 - 1
    seen = keras.Model(model.input, model.get_layer("normalized").output).predict(images, verbose=0)
    np.testing.assert_allclose(seen.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(seen.std((0, 1, 2)), 1, atol=1e-4)
    assert model.get_layer("resized").output.shape == (None, 72, 72, 3)


@pytest.mark.parametrize(
    ("model", "recipe"),
    [(model, recipe) for model, table in recipes.TRAININGS.items() for recipe in table],
)
def test_every_named_training_fits_its_data(model, recipe):
    if (model, recipe) == ("swin", "published"):
        pytest.skip("its weights come from the network")
    grey = recipe in ("fashion", "fashion-long", "published-d2l")
    made = data(28, 1, 10) if grey else data()
    built = models.build(models.for_data(recipes.find(model, recipe).config, made))
    assert built.input_shape[1:] == made.train.images.shape[1:]
    assert built.output_shape == (None, len(made.class_names))


def test_a_frame_is_black_and_around():
    config = models.Framed(recipes.SMALL_CNN, side=17, image_size=(12, 11), num_classes=3)
    model = models.build(config)
    frame = next(layer for layer in model.operations if layer.output.shape[1:3] == (17, 17))
    framed = keras.Model(model.input, frame.output).predict(np.ones((1, 12, 11, 1)), verbose=0)[0]
    assert framed.shape == (17, 17, 1)
    assert (framed[2:14, 3:14] == 1).all() and framed.sum() == 12 * 11 - (17 * 17 - 12 * 11)


@pytest.mark.parametrize(("model", "recipe"), [("vitt", "course"), ("vit", "curse")])
def test_an_unknown_name_lists_the_known(model, recipe):
    with pytest.raises(CourseError, match="There are: .*(perceiver|published)"):
        recipes.find(model, recipe)


def test_fine_tuning_wants_colour():
    with pytest.raises(CourseError, match="colour images"):
        models.build(models.for_data(baselines.FineTunedSwin(), data(28, 1, 10)))


def test_what_is_published_decays_all_that_is_trained():
    config = models.for_data(baselines.TextbookViT(depth=1, head_dims=(7,)), data())
    built = models.build(config)
    for model in ("vit", "swin"):
        optimizer = make_optimizer(recipes.find(model, "published").recipe, built, steps=3)
        optimizer.build(built.trainable_variables)
        assert all(optimizer._use_weight_decay(weight) for weight in built.trainable_variables)


def test_averages_begin_at_the_weights():
    """Weights that walk from 0 to 235: an average of the last ones is near them."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    recipe = Recipe(
        epochs=1, optimizer="sgd", schedule="constant", learning_rate=1.0, clip_norm=None, ema=0.999
    )
    optimizer = make_optimizer(recipe, model, steps=235)
    optimizer.build(model.trainable_variables)
    (weight,) = model.trainable_variables
    weight.assign([[0.0]])
    expected = 0.0
    for step in range(235):
        optimizer.apply([-keras.ops.ones((1, 1))], [weight])
        kept = min(0.999, step / (step + 9))
        expected = kept * expected + (1 - kept) * (step + 1)
    average = float(array(optimizer._model_variables_moving_average[0]).item())
    assert float(array(weight).item()) == 235
    np.testing.assert_allclose(average, expected, rtol=1e-5)
    assert average > 0.85 * 235
