"""From photos to the input of a published model, against another library and by hand."""

import numpy as np
import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.training.official.preprocessing import Preprocessing, crop_middle

BYTES = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2]}


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
    settings = BYTES | {"do_center_crop": True, "size": 224, "crop_size": 256, "resample": 3}
    preprocess = Preprocessing.from_settings(settings, (28, 28))
    assert preprocess.crop == 0.875
    photo = np.arange(32 * 53, dtype="uint16").reshape(1, 32, 53, 1)
    # 28 of 32 rows; of the 53 columns, 12 and 13 stay aside
    np.testing.assert_array_equal(crop_middle(photo, 0.875), photo[:, 2:30, 12:40])
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
