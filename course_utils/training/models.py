"""From a dataclass of sizes to the model it describes, made for the images at hand."""

from dataclasses import dataclass, fields, replace

import keras
from keras import ops

from course_utils.reference.cnn import CNNConfig, cnn
from course_utils.reference.perceiver import PerceiverConfig, perceiver
from course_utils.reference.swin_transformer import SwinConfig, swin_transformer
from course_utils.reference.vision_transformer import ViTConfig, vision_transformer
from course_utils.training import baselines
from course_utils.training.data import Dataset
from course_utils.training.images import MIDDLE


@dataclass(frozen=True)
class Framed:
    """A model that sees images in a black frame: side by side pixels, which its patches fill.

    model: the sizes of the model inside; image_size, channels and num_classes come from the data.
    """

    model: object
    side: int
    image_size: tuple[int, int] = (28, 28)
    channels: int = 1
    num_classes: int = 10


def framed(config: Framed) -> keras.Model:
    """Build it: images (B, H, W, C) from -1 to 1 -> logits (B, num_classes)."""
    images = keras.Input((*config.image_size, config.channels), name="images")
    missing = [config.side - length for length in config.image_size]
    frame = [(lack // 2, lack - lack // 2) for lack in missing]
    x = ops.pad(images, [(0, 0), *frame, (0, 0)], constant_values=-1.0)  # (B, side, side, C)
    inner = replace(
        config.model,
        image_size=config.side,
        channels=config.channels,
        num_classes=config.num_classes,
    )
    return keras.Model(images, build(inner)(x), name="framed")


BUILDERS = {
    ViTConfig: vision_transformer,
    SwinConfig: swin_transformer,
    PerceiverConfig: perceiver,
    CNNConfig: cnn,
    Framed: framed,
    baselines.TextbookViT: baselines.textbook_vit,
    baselines.D2LViT: baselines.d2l_vit,
    baselines.KerasPerceiver: baselines.keras_perceiver,
    baselines.FineTunedSwin: baselines.fine_tuned_swin,
}


def build(config) -> keras.Model:
    """Build the model that a dataclass of sizes describes."""
    return BUILDERS[type(config)](config)


def from_dict(sizes: dict):
    """The dataclass that a run's configuration.json tells of, under "model"."""
    kinds = {kind.__name__: kind for kind in BUILDERS}
    sizes = {name: as_tuple(value) for name, value in sizes.items()}  # JSON has lists alone
    return kinds[sizes.pop("config")](**sizes)


def as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def for_data(config, data: Dataset):
    """The same sizes, but for these images and classes; where asked for, with their statistics."""
    height, width, channels = data.train.images.shape[1:]
    known = {
        "image_size": (height, width),
        "channels": channels,
        "num_classes": len(data.class_names),
    }
    names = {field.name for field in fields(config)}
    if "mean" in names:
        mean, std = statistics(data.train.images)
        known |= {"mean": mean, "std": std}
    return replace(config, **{name: value for name, value in known.items() if name in names})


def statistics(images):
    """Mean and standard deviation of each channel, of images scaled from -1 to 1."""
    axes = (0, 1, 2)
    mean = images.mean(axes, dtype="float64") / MIDDLE - 1
    std = images.std(axes, dtype="float64") / MIDDLE
    return tuple(mean.round(6).tolist()), tuple(std.round(6).tolist())
