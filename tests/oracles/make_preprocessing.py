"""Make the oracle of photos: what the published image processors do to odd photos.

Each entry of `fixtures/preprocessing.npz` is named by a photo's height and width and a processor's
settings, as JSON, and holds the bytes that the settings make of `photo(height, width)`.

To run again (the fixture was made with Python 3.11, transformers 4.57.6, Pillow 13.0.0):

    pip install 'transformers<5' pillow numpy
    python tests/oracles/make_preprocessing.py
"""

import json
from pathlib import Path

import numpy as np

FIXTURE = Path(__file__).parent / "fixtures" / "preprocessing.npz"
PHOTOS = [(37, 53), (61, 29), (41, 41), (19, 83)]
SETTINGS = [
    {"image_processor_type": "ViTImageProcessor", "size": 23},
    {"feature_extractor_type": "ViTFeatureExtractor", "size": 23, "resample": 3},
    {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": 17, "width": 31},
        "resample": 0,
    },
    # As DeiT is published, at a tenth: resized to a square, and a smaller one cut from it.
    {"image_processor_type": "DeiTImageProcessor", "size": 26, "crop_size": 23},
    {
        "image_processor_type": "DeiTImageProcessor",
        "size": {"height": 29, "width": 31},
        "crop_size": {"height": 23, "width": 22},
        "do_center_crop": True,
        "resample": 2,
    },
    {"image_processor_type": "PerceiverImageProcessor", "size": 22, "crop_size": 26},
    {
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 26},
        "crop_size": {"height": 23, "width": 23},
    },
    {"image_processor_type": "CLIPImageProcessor", "size": 23, "crop_size": 23},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 23}},
    {
        "image_processor_type": "ConvNextImageProcessor",
        "size": {"shortest_edge": 22},
        "crop_pct": 0.75,
        "resample": 3,
    },
]


def photo(height, width):
    """Waves of three colours, and a bright corner: nothing in it is symmetric."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 5 + y / 11), np.cos(x / 3 - y / 7), np.sin(x * y / 90)]
    made = np.stack(waves, axis=-1) * 100 + 120
    made[: height // 3, : width // 4] = (250, 240, 10)
    return made.astype("uint8")


def main():
    import transformers

    found = {}
    for settings in SETTINGS:
        named = settings.get("image_processor_type") or settings["feature_extractor_type"]
        kind = getattr(transformers, named.replace("FeatureExtractor", "ImageProcessor"))
        options = {key: value for key, value in settings.items() if not key.endswith("_type")}
        plain = kind(**options, do_normalize=False, do_rescale=False)
        for height, width in PHOTOS:
            made = plain(photo(height, width), input_data_format="channels_last")["pixel_values"][0]
            key = json.dumps({"photo": [height, width], "settings": settings})
            found[key] = np.moveaxis(np.asarray(made), 0, -1).astype("uint8")
    np.savez_compressed(FIXTURE, **found)


if __name__ == "__main__":
    main()
