"""From a photo to what a published model was trained on: crop, resize, scale, normalise.

The same words mean different things in the settings of different families; `RULES` has what each
means. Source: the image processors of Hugging Face's transformers, by their published behaviour.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from course_utils.errors import CourseError

RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}  # by the numbers in published settings

# What happens to a photo, by the name of its processor:
# "fill"             it is resized to `size`, whatever its shape;
# "resize, crop"     it is resized to `size`, and `crop_size` is cut from its middle;
# "crop, resize"     a square is cut from its middle, `size` / `crop_size` of the shorter side;
# "share"            its shorter side becomes `size` / `crop_pct`, and `size` is cut out of it.
# Beside it: the resampling where the settings name none.
RULES = {
    "ViT": ("fill", 2),
    "DeiT": ("resize, crop", 3),
    "Bit": ("resize, crop", 3),
    "CLIP": ("resize, crop", 3),
    "Perceiver": ("crop, resize", 3),
    "ConvNext": ("share", 2),
}
# The processor of a model whose settings name none.
USUAL = {"vit": "ViT", "swin": "ViT", "perceiver": "Perceiver"}

READ = """size crop_size crop_pct resample image_mean image_std rescale_factor do_resize do_rescale
do_normalize do_center_crop image_processor_type feature_extractor_type""".split()
# What says nothing about the pixels.
BESIDE = (
    "processor_class _valid_processor_keys do_convert_rgb data_format input_data_format".split()
)
LARGE = 384  # from this side on, "share" resizes to a square and cuts nothing


@dataclass(frozen=True)
class Preprocessing:
    """How photos become a model's input, in this order.

    crop: the share of a photo's shorter side that a square from its middle keeps, None to keep the
    whole photo; resized: (H, W) to resize to, or one number for the shorter side; size (H, W) of
    the result, cut from the middle; scale: what bytes are multiplied by; mean and std of each
    channel, after that. resized None is `size`.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    crop: float | None = None
    resized: tuple[int, int] | int | None = None
    scale: float = 1 / 255

    @classmethod
    def from_settings(
        cls, settings: dict, size: tuple[int, int], model_type: str = "vit"
    ) -> "Preprocessing":
        """Read `preprocessor_config.json`, for images of a size that may be another than there.

        Raises KeyError with the name of a setting that is not there, and CourseError for one that
        is not known.
        """
        rule, resample = RULES[processor(settings, model_type)]
        refuse_unknown(settings)
        number = settings.get("resample", resample)
        if number not in RESAMPLING:
            known = ", ".join(f"{key} {value}" for key, value in RESAMPLING.items())
            raise CourseError(f"resampling {number} is not one we know. We know {known}.")
        normalize = settings.get("do_normalize", True)
        crop, resized = geometry(rule, settings, size)
        return cls(
            size=size,
            mean=tuple(settings["image_mean"]) if normalize else (0.0, 0.0, 0.0),
            std=tuple(settings["image_std"]) if normalize else (1.0, 1.0, 1.0),
            interpolation=RESAMPLING[number],
            crop=crop,
            resized=resized,
            scale=settings.get("rescale_factor", 1 / 255)
            if settings.get("do_rescale", True)
            else 1.0,
        )

    def __call__(self, images) -> np.ndarray:
        """uint8 photos (H, W, 3) or (B, H, W, 3) -> float32 (B, *size, 3), B = 1 for one photo.

        Raises CourseError for anything but bytes in three channels.
        """
        images = as_photos(images)
        if self.crop is not None:
            side = int(self.crop * min(images.shape[1:3]))
            images = cut_middle(images, (side, side))
        images = ops.image.resize(
            images.astype("float32"),
            full_size(images.shape[1:3], self.resized or self.size),
            interpolation=self.interpolation,
            antialias=True,
            data_format="channels_last",
        )
        images = cut_middle(ops.convert_to_numpy(images), self.size)
        # What is published resizes bytes to bytes: a bicubic curve must not leave their range.
        images = np.clip(np.round(images), 0, 255)
        images = images * self.scale - np.asarray(self.mean)
        return (images / np.asarray(self.std)).astype("float32")


# --- what the settings mean -------------------------------------------------------------------


def processor(settings, model_type):
    """The name of the processor that these settings are for, such as "DeiT"."""
    named = settings.get("image_processor_type") or settings.get("feature_extractor_type")
    if named is None:
        return USUAL[model_type]
    name = named.removesuffix("Fast").removesuffix("ImageProcessor")
    name = name.removesuffix("FeatureExtractor")
    if name not in RULES:
        raise CourseError(
            f"Its photos are prepared by a {named}, whose rules we do not know. We know those of "
            f"{', '.join(RULES)}."
        )
    return name


def refuse_unknown(settings):
    """Raise for anything that may change pixels in a way that is not ours."""
    for name, value in settings.items():
        if name not in READ + BESIDE and value not in (None, False):
            raise CourseError(
                f"preprocessor_config.json says {name} = {value!r}, which we do not know: photos "
                "might look different to the model. If it changes no pixel, delete that line."
            )
    if not settings.get("do_resize", True):
        raise CourseError(
            "preprocessor_config.json says do_resize = False: photos would come in sizes of their "
            "own. The models of the course need one size."
        )


def geometry(rule, settings, size):
    """What is cut from a photo before it is resized, and to what it is resized."""
    cuts = settings.get("do_center_crop", "crop_size" in settings)
    if rule == "fill":
        sides(settings.get("size", size))  # refuses what is not a height and a width
        return None, None
    if rule == "crop, resize":
        if not cuts:
            return None, None
        return sides(settings["size"])[0] / sides(settings["crop_size"])[0], None
    if rule == "share":
        return None, shorter_side_for_share(settings, size)
    shorter = shorter_side(settings)
    before = (shorter, shorter) if shorter else sides(settings["size"])
    if not cuts and shorter is None:
        return None, None
    if not cuts:
        raise CourseError(
            f"preprocessor_config.json makes the shorter side {shorter} and cuts nothing off: "
            "photos would come in sizes of their own. The models of the course need one size."
        )
    cut = sides(settings["crop_size"])
    if before[0] < cut[0] or before[1] < cut[1]:
        raise CourseError(
            f"preprocessor_config.json resizes to {before} and then cuts {cut} from the middle, "
            "which is more than there is."
        )
    # For another size than the published one, as much more or less of everything.
    height, width = (
        round(full * ours / theirs) for full, ours, theirs in zip(before, size, cut, strict=True)
    )
    return None, max(height, width) if shorter else (height, width)


def shorter_side(settings):
    """The `size` that the shorter side gets; None where both are given one.

    A single number is that of both for DeiT, and of the shorter one for the others.
    """
    size = settings["size"]
    if isinstance(size, dict):
        return size.get("shortest_edge")
    return size if isinstance(size, int) and processor(settings, "vit") != "DeiT" else None


def shorter_side_for_share(settings, size):
    """Where a share `crop_pct` of the photo is kept: how long its shorter side becomes."""
    side = settings["size"]
    side = side["shortest_edge"] if isinstance(side, dict) else side
    if side >= LARGE:
        return None
    share = settings.get("crop_pct") or 224 / 256
    return round(int(side / share) * max(size) / side)


def sides(size) -> tuple[int, int]:
    """Height and width, from any of the forms that published settings have.

    One number, a pair, or a dictionary. Raises CourseError for one that names other sides.
    """
    if isinstance(size, dict):
        if not {"height", "width"} <= set(size):
            raise CourseError(
                f"A size here is a height and a width, and this one has {', '.join(size)}: what "
                "becomes of the other side is not said."
            )
        return size["height"], size["width"]
    return (size, size) if isinstance(size, int) else tuple(size)


# --- photos -----------------------------------------------------------------------------------


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


def full_size(photo, resized):
    """The height and width a photo is resized to: as said, or with this as its shorter side."""
    if not isinstance(resized, int):
        return tuple(resized)
    height, width = photo
    longer = int(resized * max(photo) / min(photo))
    return (resized, longer) if height <= width else (longer, resized)


def cut_middle(images, size):
    """Cut (H, W) from the middle of images (B, …, …, C)."""
    top, left = ((full - kept) // 2 for full, kept in zip(images.shape[1:3], size, strict=True))
    return images[:, top : top + size[0], left : left + size[1]]
