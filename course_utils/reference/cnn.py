"""A small residual network: the honest opponent of the course's transformers.

Letters: B batch, H W C image.

Sources: He et al., "Deep Residual Learning for Image Recognition" (2016), section 4.2 for small
images; He et al., "Bag of Tricks for Image Classification" (2019), section 4.1, for the shortcuts
that average before they convolve where a stage begins.
"""

from dataclasses import dataclass

import keras
from keras import layers


@dataclass(frozen=True)
class CNNConfig:
    """The sizes of a residual network: for each stage its width and its number of blocks.

    image_size: H = W, or (H, W). Each stage after the first halves height and width.
    """

    image_size: int | tuple[int, int]
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    num_classes: int
    channels: int = 3

    def __post_init__(self):
        if len(self.widths) != len(self.blocks):
            raise ValueError(
                f"each stage has a width and a number of blocks, but there are {len(self.widths)} "
                f"widths and {len(self.blocks)} numbers of blocks"
            )


# Base has the layers of the paper's ResNet-18, as it is usually made for small images: no stride
# and no pooling in front of the first stage.
VARIANTS = {
    "tiny": CNNConfig(32, widths=(16, 32, 64), blocks=(1, 1, 1), num_classes=100),
    "small": CNNConfig(32, widths=(32, 64, 128), blocks=(2, 2, 2), num_classes=100),
    "base": CNNConfig(32, widths=(64, 128, 256, 512), blocks=(2, 2, 2, 2), num_classes=100),
}


def cnn(config: CNNConfig) -> keras.Model:
    """Build a residual network: images (B, H, W, C) -> logits (B, num_classes).

    First weights follow `keras.utils.set_random_seed`.
    """
    size = config.image_size
    size = (size, size) if isinstance(size, int) else tuple(size)
    images = keras.Input((*size, config.channels), name="images")
    x = _convolution(images, config.widths[0], "stem")
    x = layers.ReLU(name="stem")(x)
    for stage, (width, blocks) in enumerate(zip(config.widths, config.blocks, strict=True)):
        for block in range(blocks):
            strides = 2 if stage > 0 and block == 0 else 1
            x = residual_block(x, width, strides, f"stage_{stage}_block_{block}")
    x = layers.GlobalAveragePooling2D(data_format="channels_last", name="pool")(x)  # (B, C)
    # In float32 always: half precision is too coarse for the loss.
    x = layers.Dense(config.num_classes, dtype="float32", name="head")(x)
    return keras.Model(images, x, name="cnn")


def residual_block(x, width: int, strides: int, name: str):
    """Two convolutions, added to what came in.

    x (B, H, W, C) -> (B, H / strides, W / strides, width), odd sizes rounded up.
    """
    shortcut = x
    if strides > 1:
        # A 1 by 1 convolution with strides would overlook three pixels of four; besides, its
        # gradient destroys memory in TensorFlow 2.21 on a CPU.
        pool = layers.AveragePooling2D(
            strides, padding="same", data_format="channels_last", name=f"{name}_pool"
        )
        shortcut = pool(x)
    if x.shape[-1] != width:
        shortcut = _convolution(shortcut, width, f"{name}_shortcut", kernel_size=1)
    x = _convolution(x, width, f"{name}_1", strides=strides)
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = _convolution(x, width, f"{name}_2")
    x = layers.Add(name=f"{name}_sum")([x, shortcut])
    return layers.ReLU(name=name)(x)


def _convolution(x, width, name, kernel_size=3, strides=1):
    """A convolution whose bias is that of the norm after it."""
    convolution = layers.Conv2D(
        width,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )
    # Averages that forget soon: a short training has no time for Keras' 0.99.
    norm = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")
    return norm(convolution(x))
