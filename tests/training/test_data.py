"""Loading: four parts each time, and no damaged or half file ever taken for a data set."""

import hashlib
import os
from pathlib import Path

import keras
import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.training import data

REAL = Path(os.environ.get("COURSE_DATA", "nowhere"))
TRAIN, TEST = 40, 7
SIDES = {"fashion_mnist": (5, 3), "cifar10": (5, 3, 3), "cifar100": (5, 3, 3)}


def published(name):
    """Four small arrays, as keras.datasets would return them for this name."""
    rng = np.random.default_rng(1)
    images = rng.integers(256, size=(TRAIN + TEST, *SIDES[name]), dtype="uint8")
    labels = rng.integers(10, size=(TRAIN + TEST, 1), dtype="int64")
    if name == "fashion_mnist":
        labels = labels[:, 0].astype("uint8")
    return (images[:TRAIN], labels[:TRAIN]), (images[TRAIN:], labels[TRAIN:])


def digest(arrays):
    together = hashlib.sha256()
    for images, labels in arrays:
        together.update(images.tobytes())
        together.update(labels.astype("uint8").tobytes())
    return together.hexdigest()


@pytest.fixture
def downloads(monkeypatch, tmp_path):
    """Small data sets in place of the real ones; the list says what was downloaded."""
    done = []
    for name, side in SIDES.items():
        arrays = published(name)

        def load_data(name=name, arrays=arrays):
            done.append(name)
            return arrays

        source = data.SOURCES[name]
        known = None if source.digest is None else digest(arrays)
        small = source._replace(train=(TRAIN, *side), test=(TEST, *side), digest=known, means=None)
        monkeypatch.setitem(data.SOURCES, name, small)
        monkeypatch.setattr(getattr(keras.datasets, name), "load_data", load_data)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "kept"))
    return done


def files():
    return sorted(path.name for path in data.data_folder().glob("*")) + sorted(
        path.name for path in data.data_folder().glob(".*")
    )


def rows(split):
    return {image.tobytes() for image in split.images}


# --- scenes -----------------------------------------------------------------------------------


def test_scenes_come_in_four_parts():
    drawn = data.load("scenes", task="side", size=60, seed=3)
    assert [len(split.labels) for split in drawn[:3]] == [60, 6, 6]
    assert [split.images.shape[1:] for split in drawn[:3]] == [(32, 32, 3)] * 3
    assert drawn.class_names == ("red left of blue", "red right of blue")
    for split in drawn[:3]:
        np.testing.assert_array_equal(np.bincount(split.labels), [len(split.labels) // 2] * 2)


def test_scenes_share_no_image_and_follow_the_seed():
    first, again, other = (data.load("scenes", size=30, seed=seed) for seed in (0, 0, 1))
    splits = [rows(split) for split in (*first[:3], *other[:3])]
    assert len(set.union(*splits)) == 2 * (30 + 3 + 3)
    for one, two in zip(first[:3], again[:3], strict=True):
        np.testing.assert_array_equal(one.images, two.images)
        np.testing.assert_array_equal(one.labels, two.labels)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "colour"}, "no task 'colour'. There are: shape, side, same, count."),
        ({"size": 9}, "at least 10, and 9 came"),
        ({"difficulty": 1.1}, "from 0 to 1, and 1.1 came"),
    ],
)
def test_scenes_that_cannot_be_drawn(options, said):
    with pytest.raises(CourseError, match=said):
        data.load("scenes", **options)


# --- downloaded sets --------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIDES)
def test_a_set_is_downloaded_once(downloads, name):
    assert data.at_hand("scenes") and not data.at_hand(name)
    first, again = data.load(name), data.load(name)
    assert data.at_hand(name)
    assert downloads == [name] and files() == [f"{name}.npz"]
    for one, two in zip(first[:3], again[:3], strict=True):
        np.testing.assert_array_equal(one.images, two.images)
        np.testing.assert_array_equal(one.labels, two.labels)


@pytest.mark.parametrize("name", SIDES)
def test_parts_of_a_set(downloads, name):
    loaded = data.load(name)
    (x_train, y_train), (x_test, y_test) = published(name)
    for split in loaded[:3]:
        assert split.images.ndim == 4 and split.images.dtype == np.uint8
        assert split.labels.ndim == 1 and split.labels.dtype == np.int32
    np.testing.assert_array_equal(loaded.test.images.reshape(x_test.shape), x_test)
    np.testing.assert_array_equal(loaded.test.labels, y_test.reshape(-1))
    assert len(loaded.validation.labels) == TRAIN // 10
    assert rows(loaded.train) | rows(loaded.validation) == rows(data.Split(x_train, y_train))
    assert not rows(loaded.train) & rows(loaded.validation)
    of = {image.tobytes(): label for image, label in zip(x_train, y_train.flat, strict=True)}
    for split in (loaded.train, loaded.validation):
        assert [of[image.tobytes()] for image in split.images] == list(split.labels)


@pytest.mark.parametrize(("name", "number"), [("fashion_mnist", 10), ("cifar10", 10)])
def test_class_names(downloads, name, number):
    class_names = data.load(name).class_names
    assert len(set(class_names)) == number and "_" not in "".join(class_names)


def test_cifar100_has_a_hundred_class_names_in_their_order():
    class_names = data.SOURCES["cifar100"].class_names
    assert len(class_names) == 100 and list(class_names) == sorted(class_names)
    assert class_names[47] == "maple tree"


def test_unknown_names_and_options(downloads):
    with pytest.raises(CourseError, match="'mnist'.*scenes, fashion_mnist, cifar10, cifar100"):
        data.load("mnist")
    with pytest.raises(CourseError, match="Only scenes take options; cifar10 came with: task"):
        data.load("cifar10", task="side")
    assert downloads == []


def test_without_course_data_the_keras_folder_is_used(downloads, monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    data.load("cifar10")
    assert (tmp_path / "home" / "datasets" / "cifar10.npz").exists()


# --- what goes wrong --------------------------------------------------------------------------


def refused(name, *said):
    with pytest.raises(CourseError) as caught:
        data.load(name)
    for words in said:
        assert words in str(caught.value)


def test_no_network_says_what_to_do(downloads, monkeypatch):
    def load_data():
        raise Exception("URL fetch failure on https://…: None -- Name or service not known")

    monkeypatch.setattr(keras.datasets.cifar100, "load_data", load_data)
    folder = str(data.data_folder())
    refused("cifar100", "URL fetch failure", 'load("scenes")', "cifar100.npz", folder)
    assert files() == []


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar100"])
def test_a_download_with_a_wrong_checksum_is_not_kept(downloads, monkeypatch, name):
    (x_train, y_train), test = published(name)
    x_train[3, 2, 1] ^= 1
    monkeypatch.setattr(
        getattr(keras.datasets, name), "load_data", lambda: ((x_train, y_train), test)
    )
    refused(name, "checksum", str(data.keras_folder()))
    assert files() == []


@pytest.mark.parametrize("name", SIDES)
def test_a_download_that_is_too_short_is_not_kept(downloads, monkeypatch, name):
    train, (x_test, y_test) = published(name)
    short = train, (x_test[:-1], y_test[:-1])
    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", lambda: short)
    refused(name, f"x_test is {x_test[:-1].shape} uint8", f"{x_test.shape} uint8 was expected")
    assert files() == []


@pytest.mark.parametrize("how", [KeyboardInterrupt, OSError("No space left on device")])
def test_a_half_written_file_is_never_taken_for_a_whole_one(downloads, monkeypatch, how):
    def half(file, **arrays):
        file.write(b"PK half")
        raise how

    with monkeypatch.context() as broken:
        broken.setattr(np, "savez", half)
        expected = CourseError if isinstance(how, OSError) else how
        with pytest.raises(expected, match="No space left" if isinstance(how, OSError) else None):
            data.load("cifar10")
    assert files() == []
    data.load("cifar10")
    assert downloads == ["cifar10"] * 2


def test_a_folder_that_cannot_be_written_is_named(downloads, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    refused("cifar10", str(tmp_path / "file" / "cifar10.npz"), "Set COURSE_DATA to a folder")


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_shortened_file_is_named(downloads, name, length):
    data.load(name)
    path = data.data_folder() / f"{name}.npz"
    path.write_bytes(path.read_bytes()[:length])
    refused(name, str(path), "Delete it")
    assert downloads == [name]


@pytest.mark.parametrize("name", SIDES)
def test_a_changed_byte_is_noticed(downloads, name):
    data.load(name)
    path = data.data_folder() / f"{name}.npz"
    stored, pixels = path.read_bytes(), published(name)[0][0].tobytes()
    changed = bytearray(pixels)
    changed[100] ^= 1
    assert stored.count(pixels) == 1
    path.write_bytes(stored.replace(pixels, bytes(changed)))
    refused(name, str(path), "Delete it")


def test_other_arrays_under_the_right_name_are_noticed(downloads):
    data.load("cifar10")
    path = data.data_folder() / "cifar10.npz"
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "x_train": arrays["x_train"] / np.float32(255)})
    refused("cifar10", "x_train is (40, 5, 3, 3) float32")
    np.savez(path, **{array: arrays[array] for array in data.ARRAYS[:3]})
    refused("cifar10", "y_test", "Delete it")


def test_pictures_of_nothing_are_not_cifar10():
    shapes = ((50000, 32, 32, 3), (50000,), (10000, 32, 32, 3), (10000,))
    arrays = {
        name: np.zeros(shape, "uint8") for name, shape in zip(data.ARRAYS, shapes, strict=True)
    }
    assert "its pictures are others" in data.difference("cifar10", arrays)
    arrays["x_train"][:] = np.round(data.SOURCES["cifar10"].means)  # of whole bytes
    assert "its pictures are others" in data.difference("cifar10", arrays)
    arrays["x_train"][::1000, ..., 1] = 73  # near enough: a thousandth of them, 50 less
    arrays["x_train"][: round(50000 * 0.307), ..., 0] = 126
    arrays["x_train"][: round(50000 * 0.135), ..., 2] = 113
    assert "not as many images each" in data.difference("cifar10", arrays)
    for name in ("y_train", "y_test"):
        arrays[name][:] = np.arange(len(arrays[name])) % 10
    assert data.difference("cifar10", arrays) == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"garbage that is no archive at all", "no arrays of numbers"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
    ],
)
def test_what_lies_in_the_place_of_a_file_is_named(downloads, content, said):
    data.load("cifar10")
    path = data.data_folder() / "cifar10.npz"
    path.write_bytes(content)
    with pytest.raises(CourseError) as caught:
        data.load("cifar10")
    assert said in str(caught.value) and "Delete it" in str(caught.value)
    assert "allow_pickle" not in str(caught.value)


def test_a_file_that_may_not_be_read_is_not_to_be_deleted(downloads, monkeypatch):
    data.load("cifar10")
    path = data.data_folder() / "cifar10.npz"
    path.unlink()
    path.mkdir()  # as unreadable as a file without the right to, for root as well
    with pytest.raises(CourseError) as caught:
        data.load("cifar10")
    assert f"{path} may not be read" in str(caught.value)
    assert "elete" not in str(caught.value)


def test_without_a_home_data_goes_where_keras_puts_it(monkeypatch):
    home = "/nowhere/at/all"
    for name in ("COURSE_DATA", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    assert data.data_folder() == Path("/tmp/.keras/datasets")
    monkeypatch.setattr(Path, "home", lambda: 1 / 0)
    monkeypatch.setenv("KERAS_HOME", "~/keras")
    assert data.keras_folder() == Path(home, "keras", "datasets")


# --- the real files, where COURSE_DATA holds them ---------------------------------------------


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar100"])
def test_the_real_set(name):
    path = REAL / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"COURSE_DATA holds no {name}.npz")
    loaded = data.load(name)
    assert loaded.train.images.shape[0] == 9 * loaded.validation.images.shape[0]
    np.testing.assert_array_equal(np.unique(loaded.train.labels), range(len(loaded.class_names)))
    with np.load(path) as file:
        names = tuple(str(word).replace("_", " ") for word in file["class_names"])
    assert names == loaded.class_names
