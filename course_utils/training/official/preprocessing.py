"""From a photo to what a published model was trained on: crop, resize, scale, normalise."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from course_utils.errors import CourseError

RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}  # by the numbers in published settings


@dataclass(frozen=True)
class Preprocessing:
    """How photos become a model's input.

    size (H, W) of the result; crop: the share of a photo's shorter side that a square from its
    middle keeps, None to keep the whole photo; mean and std of each channel, of bytes / 255.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    crop: float | None = None
    scale: float = 1 / 255

    @classmethod
    def from_settings(cls, settings: dict, size: tuple[int, int]) -> "Preprocessing":
        """Read `preprocessor_config.json`, for images of a size that may be another than there.

        Raises KeyError with the name of a setting that is not there.
        """
        crop = None
        if settings.get("do_center_crop"):
            crop = sides(settings["size"])[0] / sides(settings["crop_size"])[0]
        number = settings.get("resample", 2)
        if number not in RESAMPLING:
            known = ", ".join(f"{key} {value}" for key, value in RESAMPLING.items())
            raise CourseError(f"resampling {number} is not one we know. We know {known}.")
        normalize = settings.get("do_normalize", True)
        return cls(
            size=size,
            mean=tuple(settings["image_mean"]) if normalize else (0.0, 0.0, 0.0),
            std=tuple(settings["image_std"]) if normalize else (1.0, 1.0, 1.0),
            interpolation=RESAMPLING[number],
            crop=crop,
            scale=settings.get("rescale_factor", 1 / 255),
        )

    def __call__(self, images) -> np.ndarray:
        """uint8 photos (H, W, 3) or (B, H, W, 3) -> float32 (B, *size, 3), B = 1 for one photo.

        Raises CourseError for anything but bytes in three channels.
        """
        images = as_photos(images)
        if self.crop is not None:
            images = crop_middle(images, self.crop)
        images = ops.image.resize(
            images.astype("float32"),
            self.size,
            interpolation=self.interpolation,
            antialias=True,
            data_format="channels_last",
        )
        # What is published resizes bytes to bytes: a bicubic curve must not leave their range.
        images = np.clip(np.round(ops.convert_to_numpy(images)), 0, 255)
        images = images * self.scale - np.asarray(self.mean)
        return (images / np.asarray(self.std)).astype("float32")


def as_photos(images):
    """Make a batch of photos of one photo, and refuse what is none."""
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.shape[-1] != 3:
        raise CourseError(
            "A photo is an array of bytes (uint8), of shape (H, W, 3) or, for several, "
            f"(B, H, W, 3). This is {images.dtype} of shape {images.shape}. For grey, repeat it "
            "three times along a last axis; leave transparency out; turn shares of 1 into bytes "
            'by (255 * image).round().astype("uint8").'
        )
    return images if images.ndim == 4 else images[None]


def crop_middle(images, share):
    """Cut a square from the middle: that share of the shorter side."""
    height, width = images.shape[1:3]
    side = int(share * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, top : top + side, left : left + side]


def sides(size) -> tuple[int, int]:
    """Height and width, from any of the forms that published settings have.

    One number, a pair, or a dictionary.
    """
    if isinstance(size, dict):
        return size["height"], size["width"]
    return (size, size) if isinstance(size, int) else tuple(size)
