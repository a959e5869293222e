"""From photos to the input of a published model, against another library and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from oracles import make_preprocessing
from PIL import Image

from course_utils.errors import CourseError
from course_utils.training.official.preprocessing import Preprocessing, cut_middle

FIXTURE = Path(__file__).parent.parent / "oracles" / "fixtures" / "preprocessing.npz"
# Theirs are rounded to bytes after each direction of a resize, ours once, at the end.
ROUNDED_TWICE = 2
BYTES = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2]}

PERCEIVER = BYTES | {"image_processor_type": "PerceiverImageProcessor", "do_center_crop": True}
DEIT = BYTES | {"feature_extractor_type": "DeiTFeatureExtractor", "do_center_crop": True}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("number", "kind"), [(None, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("size", [(11, 17), (61, 83)])
def test_photos_are_resized_and_scaled_as_by_another_library(rng, number, kind, size):
    photos = rng.integers(0, 256, (2, 37, 53, 3), dtype="uint8")
    settings = BYTES | ({} if number is None else {"resample": number})
    found = Preprocessing.from_settings(settings, size)(photos)
    assert found.dtype == np.float32 and found.shape == (2, *size, 3)
    mean, std = BYTES["image_mean"], BYTES["image_std"]
    for b, c in np.ndindex(2, 3):
        channel = Image.fromarray(photos[b, :, :, c].astype("float32"))
        exact = np.asarray(channel.resize(size[::-1], kind), "float64").clip(0, 255)
        bytes_found = (found[b, :, :, c] * std[c] + mean[c]) * 255
        np.testing.assert_allclose(bytes_found, np.round(bytes_found), atol=1e-3)
        np.testing.assert_allclose(bytes_found, exact, atol=0.5 + 0.01)  # rounded to bytes


def test_bytes_by_hand():
    photo = np.array([[[0, 255, 51], [255, 0, 204]]], dtype="uint8")
    found = Preprocessing.from_settings(BYTES, (1, 2))(photo)
    np.testing.assert_allclose(found, [[[[-1, 2.4, -0.5], [1, -1.6, 2.5]]]], atol=1e-6)
    plain = Preprocessing.from_settings(BYTES | {"do_normalize": False}, (1, 2))(photo)
    np.testing.assert_allclose(plain, [[[[0, 1, 0.2], [1, 0, 0.8]]]], atol=1e-6)


def test_the_published_crop_keeps_a_square_from_the_middle():
    settings = PERCEIVER | {"size": 224, "crop_size": 256, "resample": 3}
    preprocess = Preprocessing.from_settings(settings, (28, 28))
    assert preprocess.crop == 0.875
    photo = np.arange(32 * 53, dtype="uint16").reshape(1, 32, 53, 1)
    # 28 of 32 rows; of the 53 columns, 12 and 13 stay aside
    np.testing.assert_array_equal(cut_middle(photo, (28, 28)), photo[:, 2:30, 12:40])
    photo = np.zeros((32, 53, 3), "uint8")
    photo[2:30, 12:40] = 255
    assert preprocess(photo).min() > 0


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((5, 7), "uint8"),
        np.zeros((5, 7, 4), "uint8"),
        np.zeros((5, 7, 3), "float32"),
        np.zeros((1, 1, 5, 7, 3), "uint8"),
    ],
)
def test_what_is_no_photo_is_refused(photo):
    with pytest.raises(CourseError, match=f"{photo.dtype} of shape") as caught:
        Preprocessing.from_settings(BYTES, (5, 7))(photo)
    assert str(photo.shape) in str(caught.value) and "uint8" in str(caught.value)


def test_a_resampling_that_is_not_known_is_refused():
    with pytest.raises(CourseError, match="resampling 1 is not one we know"):
        Preprocessing.from_settings(BYTES | {"resample": 1}, (5, 7))


def published():
    """Each entry of the oracle: which photo, which settings, and the bytes that came of it."""
    with np.load(FIXTURE) as file:
        return [(json.loads(key), file[key]) for key in file.files]


@pytest.mark.parametrize(
    ("asked", "expected"), [pytest.param(*entry, id=str(entry[0])) for entry in published()]
)
def test_photos_are_prepared_as_by_the_published_processors(asked, expected):
    settings = asked["settings"] | {"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    settings |= {"do_rescale": False}
    photo = make_preprocessing.photo(*asked["photo"])
    found = Preprocessing.from_settings(settings, expected.shape[:2])(photo)[0]
    apart = np.abs(found - expected.astype("float32"))
    assert apart.max() <= ROUNDED_TWICE and apart.mean() < 0.5


def test_deit_resizes_first_and_cuts_then():
    preprocess = Preprocessing.from_settings(DEIT | {"size": 256, "crop_size": 224}, (224, 224))
    assert (preprocess.crop, preprocess.resized) == (None, (256, 256))
    twice = Preprocessing.from_settings(DEIT | {"size": 256, "crop_size": 224}, (448, 448))
    assert twice.resized == (512, 512)


def test_a_large_share_cuts_nothing():
    settings = BYTES | {"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.9}
    large = Preprocessing.from_settings(settings | {"size": {"shortest_edge": 384}}, (384, 384))
    assert large.resized is None
    small = Preprocessing.from_settings(settings | {"size": {"shortest_edge": 288}}, (288, 288))
    assert small.resized == 320


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (BYTES | {"size": 224, "image_processor_type": "SamImageProcessor"}, "SamImageProcessor"),
        (BYTES | {"size": 224, "do_flip_channel_order": True}, "do_flip_channel_order = True"),
        (BYTES | {"size": 224, "do_resize": False}, "do_resize = False"),
        (BYTES | {"size": {"shortest_edge": 224}}, "shortest_edge"),
        (PERCEIVER | {"size": {"shortest_edge": 224}, "crop_size": 256}, "shortest_edge"),
        (DEIT | {"size": 224, "crop_size": 256}, "more than there is"),
        (
            BYTES | {"image_processor_type": "CLIPImageProcessorFast", "size": 224},
            "shorter side 224 and cuts nothing off",
        ),
    ],
)
def test_settings_that_would_show_another_picture_are_refused(settings, said):
    with pytest.raises(CourseError, match=said):
        Preprocessing.from_settings(settings, (224, 224))
