"""The images of the course: one call for each data set, and the same four parts each time.

`scenes` are drawn here and need no network. The others are downloaded once, through keras.datasets,
and kept as one file NAME.npz with the arrays x_train, y_train, x_test and y_test (uint8): in the
folder that the environment variable COURSE_DATA names, or else in Keras' own, ~/.keras/datasets.

Sources: Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017); Krizhevsky, "Learning Multiple Layers of
Features from Tiny Images" (2009) for CIFAR-10 and CIFAR-100.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from course_utils.errors import CourseError
from course_utils.files import keras_home, what_is_wrong, whole
from course_utils.training import scenes

VALIDATION = 10  # one training image in ten is kept for validation
ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class Split(NamedTuple):
    """Images (N, H, W, C) uint8 from 0 to 255, and labels (N,) int32."""

    images: np.ndarray
    labels: np.ndarray


class Dataset(NamedTuple):
    """Three splits that share no image, and what label 0, 1, … is called."""

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]


class Source(NamedTuple):
    """What is known of a data set before it is downloaded: the shapes of its images, and more.

    digest: SHA-256 of the four arrays' bytes, in the order of `ARRAYS`. Where it is None, Keras
    itself checks the download, the checksums inside the .npz show later damage, and the means of
    red, green and blue in the training images, as they are known, tell other pictures.
    """

    train: tuple[int, ...]
    test: tuple[int, ...]
    digest: str | None
    class_names: tuple[str, ...]
    means: tuple[float, ...] | None = None


CLOTHES = "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot"
CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""


def class_names(text):
    """The names in a list of words, "_" for a space."""
    return tuple(word.replace("_", " ") for word in text.split())


SOURCES = {
    "fashion_mnist": Source(
        (60000, 28, 28),
        (10000, 28, 28),
        "ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
        class_names(CLOTHES),
    ),
    "cifar10": Source(
        (50000, 32, 32, 3),
        (10000, 32, 32, 3),
        None,
        class_names(CIFAR10),
        means=(125.307, 122.950, 113.865),
    ),
    "cifar100": Source(
        (50000, 32, 32, 3),
        (10000, 32, 32, 3),
        "84b86054909012b11f3c2443ad844f6353586312facc59cd4b8385c15ada0166",
        class_names(CIFAR100),
    ),
}


def load(name: str, **options) -> Dataset:
    """Load a data set by its name: scenes, fashion_mnist, cifar10 or cifar100.

    options: those of `load_scenes`, for scenes only. The validation images of a downloaded set are
    the same tenth of its training images every time; its test images stay as they were published.
    Raises CourseError for an unknown name, a damaged file, and a download that fails.
    """
    if name == "scenes":
        return load_scenes(**options)
    if name not in SOURCES:
        known = ", ".join(["scenes", *SOURCES])
        raise CourseError(f"There is no data set '{name}'. There are: {known}.")
    if options:
        raise CourseError(f"Only scenes take options; {name} came with: {', '.join(options)}.")
    arrays = cached(name)
    order = np.random.default_rng(0).permutation(len(arrays["y_train"]))
    kept = len(order) // VALIDATION
    train, test = (split(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
    train, validation = (
        Split(train.images[chosen], train.labels[chosen]) for chosen in (order[kept:], order[:kept])
    )
    return Dataset(train, validation, test, SOURCES[name].class_names)


def load_scenes(
    task: str = "shape", size: int = 10_000, seed: int = 0, difficulty: float = 0.0
) -> Dataset:
    """Draw `size` training scenes, and a tenth as many for validation and for the test.

    task: what is asked of a scene: shape, side, same or count; difficulty: from 0 to 1, how hard
    that is to see (see `scenes`). The same seed draws the same scenes.
    Raises CourseError for an unknown task, too small a size, and a difficulty beyond its ends.
    """
    if task not in scenes.TASKS:
        known = ", ".join(scenes.TASKS)
        raise CourseError(f"Scenes have no task '{task}'. There are: {known}.")
    if size < VALIDATION:
        raise CourseError(f"Scenes need a size of at least {VALIDATION}, and {size} came.")
    if not 0 <= difficulty <= 1:
        raise CourseError(f"The difficulty of scenes is from 0 to 1, and {difficulty} came.")
    sizes = (size, size // VALIDATION, size // VALIDATION)
    drawn = (Split(*scenes.draw(task, n, (seed, i), difficulty)) for i, n in enumerate(sizes))
    return Dataset(*drawn, scenes.TASKS[task].class_names)


def split(images, labels):
    """Give grey images their channel axis, and labels the type that losses take."""
    return Split(images if images.ndim == 4 else images[..., None], labels.astype("int32"))


# --- downloads --------------------------------------------------------------------------------


def keras_folder() -> Path:
    """Where keras.datasets keeps what it downloads."""
    return keras_home() / "datasets"


def data_folder() -> Path:
    """Where our own files are kept."""
    given = os.environ.get("COURSE_DATA")
    return Path(os.path.expanduser(given)) if given else keras_folder()


def at_hand(name: str) -> bool:
    """Whether `load` finds a data set without a network."""
    return name == "scenes" or (data_folder() / f"{name}.npz").is_file()


def cached(name):
    """The four arrays of a data set, checked: from its file, which a download makes first."""
    path = data_folder() / f"{name}.npz"
    if not path.exists():
        save(path, download(name, path))
    try:
        stream = open(path, "rb")
    except OSError as error:
        raise CourseError(
            f"{path} may not be read ({error.strerror}). Ask whoever owns it for the right to, or "
            "set COURSE_DATA to a folder of your own."
        ) from None
    try:
        # NumPy compares the checksums inside the zip. Given a path, it leaves a broken file open.
        with stream, np.load(stream, allow_pickle=False) as file:
            arrays = {array: file[array] for array in ARRAYS}
        wrong = difference(name, arrays)
    except Exception as error:  # there is no list of all that a damaged file can raise
        wrong = what_is_wrong(path, error)
    if wrong:
        raise CourseError(
            f"{path} cannot be used: {wrong}.\n"
            "Delete it and run this again: it will be downloaded anew."
        )
    return arrays


def download(name, path):
    """Let keras.datasets download, with its progress bar, and check what came."""
    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
        # Keras' labels are (N, 1) for CIFAR, and of several types.
        y_train, y_test = (labels.reshape(-1).astype("uint8") for labels in (y_train, y_test))
        arrays = dict(zip(ARRAYS, (x_train, y_train, x_test, y_test), strict=True))
        wrong = difference(name, arrays)
    except Exception as error:  # what a network does wrong, Keras raises as a bare Exception
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        raise CourseError(
            f"{name} could not be downloaded: {wrong}.\n"
            f'Without a network, load("scenes") needs none; or copy {path.name} from a computer '
            f"where this worked into {path.parent}.\n"
            f"If an earlier download was cut short, delete what {keras_folder()} holds of it."
        ) from None
    return arrays


def difference(name, arrays):
    """Say how the arrays differ from the data set as published; "" where they do not."""
    source = SOURCES[name]
    shapes = (source.train, source.train[:1], source.test, source.test[:1])
    digest = hashlib.sha256()
    for array, shape in zip(ARRAYS, shapes, strict=True):
        came = arrays[array]
        if (came.shape, came.dtype) != (shape, np.uint8):
            return f"{array} is {came.shape} {came.dtype}, and {shape} uint8 was expected"
        digest.update(np.ascontiguousarray(came))
    if source.digest not in (None, digest.hexdigest()):
        return "the checksum of its arrays is not the known one"
    if source.means is not None:
        means = arrays["x_train"].mean((0, 1, 2))
        if np.abs(means - source.means).max() > 0.01:
            shown = ", ".join(f"{mean:.2f}" for mean in means)
            return f"its pictures are others (red, green and blue are {shown} on average)"
        for labels in (arrays["y_train"], arrays["y_test"]):
            if len(set(np.bincount(labels, minlength=len(source.class_names)))) > 1:
                return "its classes have not as many images each as they should"
    return ""


def save(path, arrays):
    try:
        with whole(path) as half, open(half, "wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise CourseError(
            f"{path} could not be written ({error}). Set COURSE_DATA to a folder with room for it."
        ) from None
