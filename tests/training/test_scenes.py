"""Scenes: the answer is in the picture, and nowhere that a lesson says it is not."""

import numpy as np
import pytest

from course_utils.training import scenes

NUMBER = 60
FEW = 7


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def labels_for(task, number=NUMBER):
    return np.arange(number, dtype="int32") % len(scenes.TASKS[task].class_names)


def arranged(task, seed=0, labels=None):
    labels = labels_for(task) if labels is None else labels
    return scenes.TASKS[task].arrange(np.random.default_rng(seed), labels)


def covered(shapes, slot):
    return scenes.coverage(shapes.place[:, slot], shapes.radius[:, slot], shapes.kind[:, slot])


def patches(images, side):
    """Every image's patches as rows, sorted: what is left of an image without positions."""
    across = scenes.SIZE // side
    cut = images.reshape(-1, across, side, across, side, 3).swapaxes(2, 3)
    flat = cut.reshape(len(images), across**2, -1)
    return np.stack([rows[np.lexsort(rows.T)] for rows in flat])


def red_minus_blue(images):
    """How many columns the middle of what is red lies right of the middle of what is blue."""
    images = images.astype(int)
    middle = []
    for channel in (0, 2):
        others = np.delete(images, channel, axis=-1).max(-1)
        painted = images[..., channel] > others + 60  # (B, H, W)
        column = np.broadcast_to(np.arange(images.shape[2]), painted.shape)
        middle.append(np.average(column, axis=(1, 2), weights=painted))
    return middle[0] - middle[1]


@pytest.mark.parametrize("task", scenes.TASKS)
def test_pictures_and_balanced_labels(task):
    classes = len(scenes.TASKS[task].class_names)
    images, labels = scenes.draw(task, FEW * classes, 0)
    assert images.shape == (FEW * classes, 32, 32, 3) and images.dtype == np.uint8
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(np.bincount(labels), [FEW] * classes)
    assert (np.diff(labels) < 0).sum() > classes  # shuffled, not in order


@pytest.mark.parametrize("task", scenes.TASKS)
def test_a_seed_draws_the_same_scenes_again(task):
    first, again, other = (scenes.draw(task, FEW, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=(1, 2, 3)).all()


def test_scenes_drawn_in_many_batches_all_differ(monkeypatch):
    monkeypatch.setattr(scenes, "BATCH", 3)
    images, labels = scenes.draw("side", NUMBER, 0)
    assert len(np.unique(images.reshape(NUMBER, -1), axis=0)) == NUMBER
    np.testing.assert_array_equal(red_minus_blue(images) > 0, labels == 1)


# --- what a label may touch -------------------------------------------------------------------

ASKED = {"shape": "kind", "side": "colour", "same": "colour", "count": "radius"}


@pytest.mark.parametrize("task", scenes.TASKS)
def test_a_label_changes_only_what_is_asked_about(task):
    labels = labels_for(task)
    others = (labels + 1) % len(scenes.TASKS[task].class_names)
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    before, after = (
        scenes.TASKS[task].arrange(rng, chosen) for rng, chosen in ((one, labels), (other, others))
    )
    for field in scenes.Shapes._fields:
        same = np.array_equal(getattr(before, field), getattr(after, field))
        assert same == (field != ASKED[task]), field
    for left, right in zip(
        scenes.draw_backgrounds(one, FEW), scenes.draw_backgrounds(other, FEW), strict=True
    ):
        np.testing.assert_array_equal(left, right)


def test_backgrounds_have_the_same_patches_in_all_columns(rng):
    nothing = scenes.Shapes(*(field[:, :0] for field in arranged("side")))
    images = scenes.paint(nothing, scenes.draw_backgrounds(rng, NUMBER))
    np.testing.assert_array_equal(images, np.roll(images, 8, axis=2))
    assert (images != np.roll(images, 8, axis=1)).any(axis=(1, 2, 3)).all()


# --- shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("task", scenes.TASKS)
def test_no_shape_is_cut_and_none_overlap(task):
    shapes = arranged(task)
    total = np.zeros((NUMBER, 32, 32))
    for slot in range(shapes.kind.shape[1]):
        here = covered(shapes, slot)
        # The same shape, moved by whole pixels to where there is room for all of it.
        place = shapes.place[:, slot]
        middle = place + np.round(15.5 - place)
        whole = scenes.coverage(middle, shapes.radius[:, slot], shapes.kind[:, slot])
        np.testing.assert_allclose(here.sum((1, 2)), whole.sum((1, 2)), rtol=1e-4)
        total += here
    assert total.max() <= 1


def test_kinds_look_different():
    kind = np.arange(len(scenes.KINDS))
    place = np.full((len(kind), 2), 15.5, "float32")
    shown = scenes.coverage(place, np.full(len(kind), 5.0, "float32"), kind)
    apart = abs(shown[:, None] - shown[None]).sum((2, 3)) + 100 * np.eye(len(kind))
    assert apart.min() > 12  # pixels, of about 80 in a disc
    assert shown[scenes.KINDS.index("ring"), 15, 15] == 0
    assert shown[scenes.KINDS.index("disc"), 15, 15] == 1


@pytest.mark.parametrize("colour", range(len(scenes.COLOURS)))
def test_plain_paint_has_its_colour(rng, colour):
    """A plain disc in the middle: its own colour there, the background's in the corner."""
    place = np.full((1, 1, 2), 15.5, "float32")
    disc = scenes.Shapes(place, np.full((1, 1), 5.0, "float32"), *np.zeros((3, 1, 1), int))
    background = scenes.draw_backgrounds(rng, 1)._replace(texture=np.array([0]))
    image = scenes.paint(disc._replace(colour=np.full((1, 1), colour)), background)[0]
    np.testing.assert_array_equal(image[15, 15], scenes.COLOURS[colour])
    np.testing.assert_array_equal(image[0, 0], background.top[0])
    np.testing.assert_array_equal(image[-1, -1], background.bottom[0])


# --- difficulty -------------------------------------------------------------------------------


def test_difficulty_keeps_scenes_and_answers():
    (plain, labels), (same, _), (hard, hard_labels) = (
        scenes.draw("side", FEW, 0, *difficulty) for difficulty in ((), (0.0,), (1.0,))
    )
    np.testing.assert_array_equal(plain, same)
    np.testing.assert_array_equal(labels, hard_labels)
    apart = abs(plain.astype(float) - hard).mean((1, 2, 3))
    assert (apart > 10).all()


def test_difficulty_fades_shapes_into_the_background(rng):
    shapes, background = arranged("same"), scenes.draw_backgrounds(rng, NUMBER)
    nothing = scenes.paint(scenes.Shapes(*(field[:, :0] for field in shapes)), background)
    whole, faded = (scenes.paint(shapes, background, strength) for strength in (1, 0.25))
    np.testing.assert_allclose(faded - nothing, 0.25 * (whole - nothing), atol=1e-3)


@pytest.mark.parametrize(("difficulty", "expected"), [(0.0, 6.0), (0.5, 15.0), (1.0, 24.0)])
def test_difficulty_adds_noise(monkeypatch, difficulty, expected):
    grey = np.full((FEW, 32, 32, 3), 127.0, "float32")
    monkeypatch.setattr(scenes, "paint", lambda shapes, backgrounds, strength: grey.copy())
    images, _ = scenes.draw("side", FEW, 0, difficulty)
    assert images.std() == pytest.approx(expected, rel=0.03)


# --- the answers ------------------------------------------------------------------------------


def test_shape_has_the_kind_of_its_label():
    np.testing.assert_array_equal(arranged("shape").kind[:, 0], labels_for("shape"))


def test_side_is_seen_in_the_picture_and_mirrored_in_a_mirror():
    images, labels = scenes.draw("side", NUMBER, 0)
    np.testing.assert_array_equal(red_minus_blue(images) > 0, labels == 1)
    np.testing.assert_array_equal(red_minus_blue(images[:, :, ::-1]) > 0, labels == 0)


@pytest.mark.parametrize("side", [2, 4, 8])
def test_side_is_not_in_any_collection_of_patches(rng, side):
    """Exchange the columns: the same patches in another order, and the other answer."""
    labels = labels_for("side", 500)
    shapes, background = arranged("side", labels=labels), scenes.draw_backgrounds(rng, len(labels))
    place = shapes.place.copy()
    place[:, :, 1] = place[:, ::-1, 1]
    images = scenes.paint(shapes, background)
    twins = scenes.paint(shapes._replace(place=place), background)
    np.testing.assert_array_equal(patches(images, side), patches(twins, side))
    np.testing.assert_array_equal(red_minus_blue(images) > 0, red_minus_blue(twins) < 0)


def test_side_uses_every_column_and_needs_both_shapes():
    """Each colour is found in the middle column too, with either answer."""
    labels = labels_for("side", 500)
    shapes = arranged("side", labels=labels)
    reds = np.where(shapes.colour == scenes.RED, shapes.place[:, :, 1], 0).max(1)
    in_the_middle = (reds > 13) & (reds < 18)
    assert set(labels[in_the_middle]) == {0, 1}


def test_same_compares_two_quarters():
    shapes, labels = arranged("same"), labels_for("same")
    np.testing.assert_array_equal(shapes.colour[:, 0] == shapes.colour[:, 1], labels == 0)
    quarters = []
    for slot in range(2):
        sums = covered(shapes, slot).reshape(-1, 2, 16, 2, 16).sum((2, 4)).reshape(-1, 4)
        np.testing.assert_array_equal((sums > 0).sum(1), 1)
        quarters.append(sums.argmax(1))
    assert (quarters[0] != quarters[1]).all()


def test_same_shows_each_colour_as_often_with_either_answer():
    labels = labels_for("same", 4000)
    colour = arranged("same", labels=labels).colour
    for answer in (0, 1):
        for slot in (0, 1):
            share = np.bincount(colour[labels == answer, slot]) / (labels == answer).sum()
            np.testing.assert_allclose(share, 1 / len(scenes.COLOURS), atol=0.04)


def test_count_draws_as_many_as_it_says():
    shapes, labels = arranged("count"), labels_for("count")
    seen = sum(covered(shapes, slot).any(axis=(1, 2)).astype(int) for slot in range(5))
    np.testing.assert_array_equal(seen, labels + 1)
