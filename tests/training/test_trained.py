"""Models that come with the course: small, whole, and made from a training by `ship`."""

import shutil

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.reference.cnn import CNNConfig
from course_utils.training import checkpoint, fit
from course_utils.training.data import load
from course_utils.training.evaluation import evaluate
from course_utils.training.recipe import Recipe
from course_utils.training.trained import HERE, WEIGHTS, load_trained, read
from course_utils.training.trained.ship import ship

SHIPPED = sorted(path.parent.name for path in HERE.glob(f"*/{WEIGHTS}"))

# The first three logits for two images of noise, written down when the weights were rounded.
LOGITS = {
    "perceiver-scenes": [[-1.6950, -6.7014, -3.3169], [-1.4892, -6.4013, -3.3163]],
    "swin-scenes": [[-9.6279, 9.4603], [-1.9049, 1.9047]],
    "vit-cifar100": [[0.5228, 1.3260, -1.4573], [0.3705, 1.4199, -1.7965]],
    "vit-plain-cifar100": [
        [-1.0993000268936157, 1.863700032234192, 1.0338000059127808],
        [-1.3086999654769897, 1.2529000043869019, 1.1378999948501587],
    ],
}


def noise(shape):
    return np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")


def test_every_model_has_its_logits():
    assert SHIPPED == sorted(LOGITS)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model(name):
    model, class_names = load_trained(name)
    logits = np.asarray(model.predict_on_batch(noise(model.input.shape[1:])))
    assert logits.shape == (2, len(class_names))
    np.testing.assert_allclose(logits[:, :3], LOGITS[name], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_folder_is_small_and_tells_how_it_was_made(name):
    folder = HERE / name
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2e6
    configuration = checkpoint.read_json(folder / checkpoint.CONFIGURATION)
    assert configuration["command"].startswith("course train ")
    assert len(checkpoint.read_history(folder)) == configuration["recipe"]["epochs"]
    result = checkpoint.read_json(folder / checkpoint.RESULT)
    assert abs(result["test_top1"] - result["before_rounding"]["test_top1"]) < 0.002


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(CourseError, match="No model 'vit-cifar1000'.*: " + ", ".join(SHIPPED)):
        load_trained("vit-cifar1000")


# --- shipping ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data():
    return load("scenes", task="count", size=40)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    config = CNNConfig(32, widths=(4, 6), blocks=(1, 1), num_classes=5)
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = {"name": "scenes", "task": "count", "size": 40}
    return fit.fit(config, data, Recipe(epochs=1, batch_size=10), folder, data_options=options)


def test_ship_rounds_the_best_weights_and_judges_those(run, data, tmp_path):
    result = ship(run.folder, tmp_path / "model")
    model, class_names = read(tmp_path / "model")
    assert class_names == data.class_names
    for weight, exact in zip(model.weights, run.model.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), exact.numpy().astype("float16"))
    judged = evaluate(model, data.test, 10)
    assert result["test_loss"] == pytest.approx(judged["loss"], rel=1e-6)
    told = checkpoint.read_json(tmp_path / "model" / checkpoint.RESULT)
    assert told["before_rounding"]["test_loss"] == run.result["test_loss"] != told["test_loss"]
    ship(run.folder, tmp_path / "model")  # again, over itself


def test_ship_refuses_other_test_images(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    configuration = checkpoint.read_json(folder / checkpoint.CONFIGURATION)
    configuration["source"]["seed"] = 1
    checkpoint.write_json(folder / checkpoint.CONFIGURATION, configuration)
    with pytest.raises(CourseError, match="other test images"):
        ship(folder, tmp_path / "model")
    assert not (tmp_path / "model").exists()
