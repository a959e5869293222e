"""Training: what a run leaves, and what becomes of it when it is killed, stopped or misled."""

import dataclasses
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.errors import CourseError
from course_utils.reference.vision_transformer import ViTConfig
from course_utils.training import checkpoint, devices, fit, models
from course_utils.training.augment import Augmentation
from course_utils.training.data import Split, load
from course_utils.training.recipe import Recipe

CONFIG = ViTConfig(
    32, 8, dim=16, depth=1, num_heads=2, mlp_dim=24, num_classes=2, pooling="mean", dropout=0.1
)
RECIPE = Recipe(
    epochs=3, batch_size=16, ema=0.9, augmentation=Augmentation(flip=True, crop=3), warmup=0.2
)


@pytest.fixture(scope="module")
def data():
    return load("scenes", task="count", size=70)


def ours(history):
    """All columns but the seconds, which no two runs have alike."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A training from beginning to end."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["course", "train", "vit"])
        return fit.fit(CONFIG, data, RECIPE, folder, data_options={"name": "scenes"})


# --- what a run leaves ------------------------------------------------------------------------


def test_a_run_leaves_its_files_and_no_half_ones(whole):
    assert sorted(path.name for path in whole.folder.iterdir()) == [
        "best.weights.h5",
        "configuration.json",
        "curves.png",
        "history.csv",
        "result.json",
        "state.npz",
    ]
    assert (whole.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    rows = checkpoint.read_history(whole.folder)
    assert rows == whole.history and [row["epoch"] for row in rows] == [1, 2, 3]
    columns = "epoch loss top1 val_loss val_top1 learning_rate seconds"
    assert list(rows[0]) == columns.split()
    assert all(0 <= row["val_top1"] <= 1 for row in rows)
    assert json.loads((whole.folder / "result.json").read_text()) == whole.result
    assert whole.result["parameters"] == whole.model.count_params()


def test_the_configuration_tells_all(whole, data):
    told = json.loads((whole.folder / "configuration.json").read_text())
    assert told["model"]["config"] == "ViTConfig" and told["model"]["num_classes"] == 5
    assert told["recipe"] == json.loads(json.dumps(dataclasses.asdict(RECIPE)))
    assert told["source"] == {"name": "scenes"} and told["data"]["images"] == [70, 7, 7]
    assert told["command"] == "course train vit"
    assert told["versions"]["keras"] == keras.__version__
    assert told["backend"] == keras.backend.backend() and told["precision"] == "float32"
    assert len(told["devices"]) == 1


def test_the_best_weights_are_those_of_the_best_epoch(whole, data):
    best = max(whole.history, key=lambda row: row["val_top1"])
    fresh = models.build(models.for_data(CONFIG, data))
    fresh.load_weights(whole.folder / "best.weights.h5")
    judged = fit.evaluate(fresh, data.validation, 4)  # 7 images: the last batch lacks one
    assert judged["top1"] == best["val_top1"]
    assert judged["loss"] == pytest.approx(best["val_loss"], rel=1e-5)
    assert whole.result["best_epoch"] == best["epoch"]
    on_test = fit.evaluate(fresh, data.test, 16)
    assert on_test["loss"] == pytest.approx(whole.result["test_loss"], rel=1e-5)


def test_judging_counts_first_and_first_five_guesses():
    logits = np.random.default_rng(0).normal(size=(13, 11)).astype("float32")
    labels = np.random.default_rng(1).integers(0, 11, 13).astype("int32")
    images = np.arange(13, dtype="uint8").reshape(13, 1, 1, 1)
    numbers = keras.Input((1, 1, 1))
    rows = ops.cast(ops.round((numbers[:, 0, 0, 0] + 1) * 127.5), "int32")
    model = keras.Model(numbers, ops.take(ops.convert_to_tensor(logits), rows, axis=0))
    judged = fit.evaluate(model, Split(images, labels), 5)
    order = (-logits).argsort(1)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    assert judged["loss"] == pytest.approx(float(expected), rel=1e-5)
    assert judged["top1"] == np.mean(order[:, 0] == labels)
    assert judged["top5"] == np.mean((order[:, :5] == labels[:, None]).any(1))


def test_averaged_weights_come_and_go(whole, data):
    model, _ = fit.prepare(models.for_data(CONFIG, data), data, RECIPE)
    checkpoint.restore_state(whole.folder, model)
    before = model.get_weights()
    with fit.averaged(model, RECIPE):
        inside = model.get_weights()
    for was, came in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(was, came, rtol=1e-6, atol=1e-7)
    assert any(not np.allclose(was, average) for was, average in zip(before, inside, strict=True))


@pytest.mark.parametrize(("share", "sizes"), [(0.2, (62, 15)), (None, (70, 7))])
def test_images_kept_for_validation(data, share, sizes):
    kept = fit.keep_for_validation(data, share)
    assert (len(kept.train.labels), len(kept.validation.labels)) == sizes
    both = [np.concatenate([d.train.images, d.validation.images]) for d in (data, kept)]
    assert len({image.tobytes() for image in both[1]}) == 77
    assert {image.tobytes() for image in both[0]} == {image.tobytes() for image in both[1]}
    assert kept.test is data.test


def test_on_a_plateau_the_rate_falls(data):
    recipe = Recipe(epochs=9, batch_size=35, schedule="plateau", learning_rate=0.5, optimizer="sgd")
    model, batches = fit.prepare(models.for_data(CONFIG, data), data, recipe)
    history = [{"val_loss": loss} for loss in (2.0, 1.0, 1.5, 1.5, 1.5)]
    row = fit.train_epoch(model, batches, data, recipe, history, 5)
    assert row["learning_rate"] == pytest.approx(0.1) and row["epoch"] == 6


# --- a training that is cut short -------------------------------------------------------------

KILLS = """
# A training is begun again and again in a child of this process, which has all imported, and killed
# each time. Files are killed at by the child itself, at its own replacing of a file.
import os, signal, sys, time
import numpy as np
from tests_of_fit import CONFIG, RECIPE, fit, load

folder, seed, longest = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
rng = np.random.default_rng(seed)

def child(kill_at_file=None):
    pid = os.fork()
    if pid:
        return pid
    replace, left = os.replace, [kill_at_file]
    def counted(*paths):
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        replace(*paths)
    os.replace = counted
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        fit.fit(CONFIG, load("scenes", task="count", size=70), RECIPE, folder,
                data_options={"name": "scenes"})
    os._exit(0)

for kill in range(5):
    pid = child()
    time.sleep(rng.uniform(0, longest))
    os.kill(pid, signal.SIGKILL)
    print("time", os.waitpid(pid, 0)[1], flush=True)
for file in rng.permutation(5)[:3].tolist():
    print("file", os.waitpid(child(file), 0)[1], flush=True)
print("end", os.waitpid(child(), 0)[1], flush=True)
"""


def python(code, *arguments, **environment):
    """Run code in a process of its own, in which this file is the module `tests_of_fit`."""
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('tests_of_fit', {__file__!r})\n"
        "module = sys.modules['tests_of_fit'] = importlib.util.module_from_spec(spec)\n"
        f"spec.loader.exec_module(module)\n{code}"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_training_that_was_killed_ends_as_if_it_had_not_been(whole, tmp_path):
    """On one machine's CPU exactly: no tolerance."""
    longest = 2 * sum(row["seconds"] for row in whole.history)
    told = python(KILLS, tmp_path / "run", 0, longest)
    ends = [line.split() for line in told.splitlines()]
    assert [kind for kind, _ in ends] == ["time"] * 5 + ["file"] * 3 + ["end"]
    assert ends[-1][1] == "0"
    killed = checkpoint.read_history(tmp_path / "run")
    assert ours(killed) == ours(whole.history)
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert {**result, "seconds": 0} == {**whole.result, "seconds": 0}


def test_a_second_call_finds_it_done(whole, data, capsys):
    again = fit.fit(CONFIG, data, RECIPE, whole.folder)
    assert "3 of 3 epochs" in capsys.readouterr().out
    assert again.history == whole.history and again.result == whole.result


def test_ctrl_c_says_how_to_go_on_and_it_does(whole, data, tmp_path, monkeypatch, capsys):
    def interrupt(self, batch, logs=None):
        if self.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fit.OneEpoch, "on_train_batch_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit.fit(CONFIG, data, RECIPE, tmp_path / "run")
    told = capsys.readouterr().out
    assert "keeps 1 whole epochs" in told and "goes on from there" in told
    assert len(checkpoint.read_history(tmp_path / "run")) == 1
    run = fit.fit(CONFIG, data, RECIPE, tmp_path / "run")
    assert ours(run.history) == ours(whole.history)


class ResourceExhaustedError(Exception):
    """Called as TensorFlow calls it."""


@pytest.mark.parametrize(
    "error",
    [
        ResourceExhaustedError("OOM when allocating tensor"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_full_memory_says_what_to_do(error, tmp_path):
    with pytest.raises(CourseError, match="Halve the batch_size"):
        with fit.explained(tmp_path, []):
            raise error


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(RuntimeError, match="^else$"):
        with fit.explained(tmp_path, []):
            raise RuntimeError("else")


def test_a_loss_that_is_no_number_stops_before_anything_is_written(data, tmp_path):
    recipe = dataclasses.replace(
        RECIPE, learning_rate=1e30, warmup=0.0, clip_norm=None, ema=None, optimizer="sgd"
    )
    with pytest.raises(CourseError, match="no number any more.*learning_rate .it is 1e.30"):
        fit.fit(CONFIG, data, recipe, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["configuration.json"]


# --- folders that are not ours ----------------------------------------------------------------


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_of_another_training_is_refused_and_kept(whole, data):
    before = contents(whole.folder)
    recipe = dataclasses.replace(RECIPE, epochs=4, augmentation=Augmentation(flip=True))
    with pytest.raises(CourseError) as raised:
        fit.fit(CONFIG, data, recipe, whole.folder, data_options={"name": "scenes"})
    told = str(raised.value)
    assert "recipe.epochs is 3 there, and 4 now" in told
    assert "recipe.augmentation.crop is 3 there, and 0 now" in told
    assert contents(whole.folder) == before


def test_other_images_are_another_training(whole, data):
    pixels = data.train.images.copy()
    pixels[0, 0, 0, 0] ^= 1
    other = data._replace(train=Split(pixels, data.train.labels))
    with pytest.raises(CourseError, match="data.checksums is"):
        fit.fit(CONFIG, other, RECIPE, whole.folder)


def test_a_folder_with_something_else_is_refused(data, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CourseError, match="something else .thesis.tex"):
        fit.fit(CONFIG, data, RECIPE, tmp_path)
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize(
    ("changes", "config", "told"),
    [
        ({"batch_size": 71}, {}, "A batch of 71 needs as many training images, and there are 70"),
        ({}, {"patch_size": 7}, "cannot see these images: patches of 7 by 7"),
    ],
)
def test_what_cannot_be_trained_makes_no_folder(changes, config, told, data, tmp_path):
    recipe, sizes = dataclasses.replace(RECIPE, **changes), dataclasses.replace(CONFIG, **config)
    with pytest.raises(CourseError, match=told):
        fit.fit(sizes, data, recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_state_is_named(whole, data, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name, content in contents(whole.folder).items():
        (folder / name).write_bytes(content)
    state = bytearray((folder / "state.npz").read_bytes())
    state[len(state) // 2] ^= 1
    (folder / "state.npz").write_bytes(state)
    with pytest.raises(CourseError, match="state.npz is damaged"):
        fit.fit(CONFIG, data, RECIPE, folder)


# --- several devices --------------------------------------------------------------------------

TWO = """
from tests_of_fit import PLAIN, PLAIN_RECIPE, fit, load

if fit.keras.backend.backend() == "tensorflow":  # JAX has been told by its flags
    from tensorflow import config
    processor, half = config.list_physical_devices("CPU")[0], config.LogicalDeviceConfiguration()
    config.set_logical_device_configuration(processor, [half, half])
fit.fit(PLAIN, load("scenes", task="count", size=70), PLAIN_RECIPE, sys.argv[1])
"""
# Each device draws for itself what dropout and augmentation leave to chance: here there is none.
PLAIN = dataclasses.replace(CONFIG, dropout=0.0)
PLAIN_RECIPE = dataclasses.replace(RECIPE, augmentation=Augmentation())


def test_two_devices_learn_what_one_learns(data, tmp_path):
    """Up to the order of sums: losses agree to one part in 100,000."""
    one = fit.fit(PLAIN, data, PLAIN_RECIPE, tmp_path / "one")
    flags = "--xla_force_host_platform_device_count=2"
    told = python(TWO, tmp_path / "two", XLA_FLAGS=flags)
    both = checkpoint.read_history(tmp_path / "two")
    devices = json.loads((tmp_path / "two" / "configuration.json").read_text())["devices"]
    assert len(devices) == 2 and all(device in told for device in devices)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(
            [row[name] for row in both], [row[name] for row in one.history], rtol=1e-5
        )
    for name in ("top1", "val_top1"):
        assert [row[name] for row in both] == [row[name] for row in one.history]


HOST = """
from course_utils.training import devices
from tests_of_fit import PLAIN, PLAIN_RECIPE, fit, load

devices.join_hosts()
fit.fit(PLAIN, load("scenes", task="count", size=70), PLAIN_RECIPE, sys.argv[1])
"""


def test_two_hosts_learn_what_one_learns(tmp_path):
    """Two processes that talk over a port, as two machines would."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    shared = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{port}"}
    shared["KERAS_DISTRIBUTION_NUM_PROCESSES"] = "2"

    def run(folder, **environment):
        return python(HOST, tmp_path / folder, KERAS_BACKEND="jax", **environment)

    with ThreadPoolExecutor() as pool:
        alone = pool.submit(run, "one")
        pair = [
            pool.submit(run, "two", **shared, KERAS_DISTRIBUTION_PROCESS_ID=str(number))
            for number in range(2)
        ]
        for done in [alone, *pair]:
            done.result()
    one, two = (checkpoint.read_history(tmp_path / name) for name in ("one", "two"))
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(
            [row[name] for row in two], [row[name] for row in one], rtol=1e-5
        )
    for name in ("top1", "val_top1"):
        assert [row[name] for row in two] == [row[name] for row in one]
    made = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("one", "two")]
    assert made[0] == made[1]
    devices = json.loads((tmp_path / "two" / "configuration.json").read_text())["devices"]
    assert len(devices) == 2

    # Both find it done, and go no further.
    pair = [dict(shared, KERAS_DISTRIBUTION_PROCESS_ID=str(number)) for number in range(2)]
    with ThreadPoolExecutor() as pool:
        told = list(pool.map(lambda environment: run("two", **environment), pair))
    assert all("3 of 3 epochs" in words for words in told)


def test_several_hosts_need_jax(monkeypatch):
    monkeypatch.setenv(devices.ADDRESS, "127.0.0.1:1")
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(CourseError, match="KERAS_BACKEND=jax"):
        devices.join_hosts()


def test_devices_share_a_batch_evenly(data):
    with pytest.raises(CourseError, match="3 devices cannot share a batch of 16"):
        fit.check_sizes(RECIPE, data, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("wanted", "names", "computed_in"),
    [
        ("auto", ["CPU:0", "CPU:1"], "float32"),
        ("auto", ["gpu:0"], "mixed_float16"),
        ("mixed_bfloat16", ["CPU:0"], "mixed_bfloat16"),
    ],
)
def test_precision(wanted, names, computed_in):
    with devices.precision(wanted, names) as chosen:
        assert chosen == keras.config.dtype_policy().name == computed_in
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_goes_on_as_well(precision, data, tmp_path):
    """Float16 has an optimizer around the optimizer, whose state must come back too."""
    recipe = dataclasses.replace(RECIPE, precision=precision)
    with devices.precision(precision, []):
        model, batches = fit.prepare(models.for_data(CONFIG, data), data, recipe)
        row = fit.train_epoch(model, batches, data, recipe, [], 0)
        fit.keep(tmp_path, model, [], row, recipe)
        fresh, _ = fit.prepare(models.for_data(CONFIG, data), data, recipe)
        assert checkpoint.restore_state(tmp_path, fresh) == [row]
    assert np.isfinite(row["loss"])
    for was, came in zip(checkpoint.variables(model), checkpoint.variables(fresh), strict=True):
        np.testing.assert_array_equal(ops.copy(was), ops.copy(came))
