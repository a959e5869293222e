"""Batches: the same whenever they are asked for, and changed in the ways they say."""

import numpy as np
import pytest

from course_utils.training.augment import Augmentation, Batches, plain_batches
from course_utils.training.data import Split

CLASSES = 5


@pytest.fixture
def split():
    """Images of random even bytes, none of them black: what a change makes is mostly neither."""
    pixels = np.random.default_rng(0).integers(20, 128, (23, 11, 13, 3), dtype="uint8") * 2
    return Split(pixels, np.arange(23, dtype="int32") % CLASSES)


def batches(split, seed=7, **changes):
    return Batches(split, CLASSES, batch_size=5, augmentation=Augmentation(**changes), seed=seed)


def arrays(dataset):
    images, targets = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.stack(images), np.stack(targets)


def as_bytes(images):
    return np.rint((images + 1) * 127.5).astype(int)


def sources(split, images):
    """For each image of all batches, which image of the split it is."""
    known = {image.tobytes(): number for number, image in enumerate(split.images)}
    flat = as_bytes(images).astype("uint8").reshape(-1, *split.images.shape[1:])
    return [known[image.tobytes()] for image in flat]


def test_an_epoch_shows_images_once_and_scaled(split):
    images, targets = arrays(batches(split).epoch(0))
    assert images.shape == (4, 5, 11, 13, 3) and targets.shape == (4, 5, CLASSES)
    numbers = sources(split, images)
    assert len(set(numbers)) == 20
    labels = targets.reshape(-1, CLASSES).argmax(-1)
    np.testing.assert_array_equal(labels, split.labels[numbers])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"flip": True, "crop": 2, "zoom": 0.2},
        {"erasing": 0.5, "mixup": 0.5, "cutmix": 1.0},
        {"rand_augment": 0.3},
    ],
    ids=str,
)
def test_an_epoch_is_the_same_again_and_no_other(split, changes):
    first = batches(split, **changes)
    images, targets = arrays(first.epoch(3))
    other, _ = arrays(first.epoch(4))  # asked for in between, by the same batches
    again, targets_again = arrays(batches(split, **changes).epoch(3))
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(targets, targets_again)
    assert not np.array_equal(images, other)
    unchanged = np.isin(as_bytes(images), split.images).all() and targets.max() == 1
    assert unchanged == (not changes)
    assert abs(images).max() < 1 + 1e-6  # MixUp rounds


def test_another_seed_is_another_order_and_other_changes(split):
    orders = [sources(split, arrays(batches(split, seed=seed).epoch(3))[0]) for seed in (7, 8)]
    assert orders[0] != orders[1]
    flips = []
    for seed in (7, 8):
        images, _ = arrays(batches(split, seed=seed, flip=True).epoch(3))
        flips.append(dict(zip(orders[seed - 7], images.reshape(20, -1).tolist(), strict=True)))
    assert any(flips[0][number] != flips[1][number] for number in flips[0].keys() & flips[1].keys())


def changed_alone(changes, copies=40):
    """What becomes of copies of one image: in one batch, and in the same batch of next epoch."""
    pixels = np.random.default_rng(1).integers(40, 256, (1, 11, 13, 3), dtype="uint8")
    split = Split(np.repeat(pixels, copies, axis=0), np.zeros(copies, "int32"))
    made = Batches(split, CLASSES, batch_size=copies, augmentation=Augmentation(**changes), seed=7)
    return pixels[0].astype(int), *(as_bytes(arrays(made.epoch(e))[0][0]) for e in (0, 1))


def test_flip(split):
    image, first, second = changed_alone({"flip": True})
    mirrored = (first == image[:, ::-1]).all((1, 2, 3))
    assert ((first == image).all((1, 2, 3)) ^ mirrored).all()
    assert 8 < mirrored.sum() < 32
    assert (mirrored != (second == image[:, ::-1]).all((1, 2, 3))).any()


def test_crop_moves_each_image_by_whole_pixels(split):
    image, first, _ = changed_alone({"crop": 2}, copies=500)
    padded = np.pad(image, [(2, 2), (2, 2), (0, 0)])
    places = {
        padded[row : row + 11, column : column + 13].tobytes(): (row, column)
        for row in range(5)
        for column in range(5)
    }
    seen = np.array([places[moved.tobytes()] for moved in first])
    for axis in (0, 1):
        assert np.bincount(seen[:, axis], minlength=5).min() > 60  # each as often as the others


def test_erasing_takes_a_rectangle_from_a_share(split):
    image, first, _ = changed_alone({"erasing": 0.5})
    changed = (first != image).any(-1)  # (40, 11, 13)
    touched = changed.any((1, 2))
    assert 8 < touched.sum() < 32
    for where in changed[touched]:
        rows, columns = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
        box = where[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert box.mean() > 0.9 and where.mean() < 0.5


def test_mixup_mixes_images_as_it_mixes_targets(split):
    flat = Split(
        np.broadcast_to(np.arange(23, dtype="uint8")[:, None, None, None] * 10, (23, 11, 13, 3)),
        np.arange(23, dtype="int32") % CLASSES,
    )
    images, targets = arrays(batches(flat, mixup=0.5).epoch(0))
    np.testing.assert_allclose(targets.sum(-1), 1, rtol=1e-5)
    assert ((targets > 0.01).sum(-1) == 2).any()
    assert np.ptp(images, axis=(2, 3, 4)).max() < 1e-5  # no place has another share than another
    assert (np.rint((images + 1) * 127.5) % 10 != 0).any()


def test_cutmix_takes_a_rectangle_and_its_share_of_the_target():
    pixels = np.broadcast_to(np.array([50, 200], "uint8")[:, None, None, None], (2, 32, 32, 3))
    flat = Split(np.repeat(pixels, 20, axis=0), np.repeat([0, 1], 20).astype("int32"))
    made = Batches(flat, 2, batch_size=40, augmentation=Augmentation(cutmix=1.0), seed=7)
    images, targets = arrays(made.epoch(0))
    second = (as_bytes(images) == 200)[..., 0].mean((2, 3))
    assert set(np.unique(as_bytes(images))) == {50, 200}
    np.testing.assert_allclose(second, targets[..., 1], atol=0.07)  # edges fall between pixels
    assert ((second > 0.1) & (second < 0.9)).sum() > 5


def test_a_batch_is_mixed_in_one_of_two_ways():
    pixels = np.broadcast_to(np.array([50, 200], "uint8")[:, None, None, None], (2, 32, 32, 3))
    flat = Split(np.repeat(pixels, 40, axis=0), np.repeat([0, 1], 40).astype("int32"))
    made = Batches(flat, 2, batch_size=8, augmentation=Augmentation(mixup=1.0, cutmix=1.0), seed=7)
    images, _ = arrays(made.epoch(0))
    cut = np.array([set(np.unique(batch)) <= {50, 200} for batch in as_bytes(images)])
    assert cut.any() and not cut.all()


def test_plain_batches_keep_the_order_and_fill_the_last(split):
    images = np.concatenate(list(plain_batches(split.images, 5).as_numpy_iterator()))
    assert images.shape == (25, 11, 13, 3)
    np.testing.assert_array_equal(as_bytes(images)[:23], split.images)
    np.testing.assert_array_equal(as_bytes(images)[23:], split.images[[0, 0]])


def test_no_epoch_waits_for_tensorflows_tuner(split):
    """A thread of it sleeps, each time twice as long, and the end of an epoch waits for it."""
    for dataset in (batches(split).epoch(0), plain_batches(split.images, 5)):
        assert dataset.options().autotune.enabled is False
