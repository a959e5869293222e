"""Baselines: the models that others published, as they printed them.

Ours differ in ways that a dataclass of ours cannot say: heads wider than their share, or norms on
the residual path. So these are built from Keras' own layers, and from few of ours.
"""

from dataclasses import dataclass

import keras
from keras import layers

from course_utils.errors import CourseError
from course_utils.reference.perceiver import LearnedArray
from course_utils.reference.positional_encoding import LearnedPositions
from course_utils.reference.vision_transformer import Patchify, ViTConfig, vision_transformer

EPSILON = 1e-6
LAST = "channels_last"  # whatever this computer's keras.json says


@dataclass(frozen=True)
class TextbookViT:
    """The textbook's Vision Transformer: its heads are as wide as the tokens, 64, each.

    image_size, channels, num_classes, and mean and std of each channel come from the data.
    """

    image_size: tuple[int, int] = (32, 32)
    channels: int = 3
    num_classes: int = 100
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    resized: int = 72
    patch_size: int = 6
    dim: int = 64
    depth: int = 4
    num_heads: int = 4
    key_dim: int = 64
    mlp_dims: tuple[int, ...] = (128, 64)
    head_dims: tuple[int, ...] = (2048, 1024)
    dropout: float = 0.1
    head_dropout: float = 0.5


def textbook_vit(config: TextbookViT) -> keras.Model:
    """Build the textbook's model: images (B, H, W, C) from -1 to 1 -> logits (B, num_classes)."""
    images, x = enlarged(config)
    x = Patchify(config.patch_size, name="patches")(x)  # (B, N, P·P·C)
    x = LearnedPositions(name="positions")(layers.Dense(config.dim)(x))  # (B, N, D)
    for _ in range(config.depth):
        x = encoder(x, config.num_heads, config.key_dim, config.mlp_dims, config.dropout)
    x = layers.LayerNormalization(epsilon=EPSILON)(x)
    x = layers.Dropout(config.head_dropout)(layers.Flatten(data_format=LAST)(x))  # (B, N·D)
    x = mlp(x, config.head_dims, config.head_dropout)
    logits = layers.Dense(config.num_classes, dtype="float32", name="head")(x)
    return keras.Model(images, logits, name="textbook_vit")


@dataclass(frozen=True)
class D2LViT:
    """The Vision Transformer of Dive into Deep Learning; the rest comes from the data."""

    image_size: tuple[int, int] = (28, 28)
    channels: int = 1
    num_classes: int = 10
    resized: int = 96
    patch_size: int = 16
    dim: int = 512
    depth: int = 2
    num_heads: int = 8
    mlp_dim: int = 2048
    dropout: float = 0.1


def d2l_vit(config: D2LViT) -> keras.Model:
    """Build d2l's model: images (B, H, W, C) from -1 to 1 -> logits (B, num_classes)."""
    images = keras.Input((*config.image_size, config.channels), name="images")
    inner = ViTConfig(
        config.resized,
        config.patch_size,
        config.dim,
        config.depth,
        config.num_heads,
        config.mlp_dim,
        config.num_classes,
        channels=config.channels,
        dropout=config.dropout,
    )
    x = resizing(config.resized)(images)
    return keras.Model(images, vision_transformer(inner)(x), name="d2l_vit")


@dataclass(frozen=True)
class KerasPerceiver:
    """The Perceiver of Keras' examples: its heads are as wide as the tokens, 256, each."""

    image_size: tuple[int, int] = (32, 32)
    channels: int = 3
    num_classes: int = 100
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    resized: int = 64
    patch_size: int = 2
    num_latents: int = 256
    dim: int = 256
    iterations: int = 2
    depth: int = 4
    num_heads: int = 8
    dropout: float = 0.2


def keras_perceiver(config: KerasPerceiver) -> keras.Model:
    """Build that model: images (B, H, W, C) from -1 to 1 -> logits (B, num_classes)."""
    dim, dropout = config.dim, config.dropout
    images, x = enlarged(config)
    x = Patchify(config.patch_size, name="patches")(x)  # (B, N, P·P·C)
    data = LearnedPositions(name="positions")(layers.Dense(dim)(x))  # (B, N, D)
    latents = LearnedArray(config.num_latents, dim, name="latents")(data)  # (B, L, D)
    cross = cross_attention_module(latents.shape[1:], data.shape[1:], dim, dropout)
    inside = keras.Input(latents.shape[1:])
    x = inside
    for _ in range(config.depth):
        x = encoder(x, config.num_heads, dim, (dim,), dropout, last=dim)
    transformer = keras.Model(inside, x, name="transformer")
    for _ in range(config.iterations):  # the same weights each time
        latents = transformer(cross([latents, data]))
    x = layers.GlobalAveragePooling1D(data_format=LAST)(latents)  # (B, D)
    x = layers.Dense(dim, activation="gelu")(x)
    x = layers.Dense(config.num_classes, dtype="float32", name="head")(x)
    # Published so: dropout on the logits.
    return keras.Model(images, layers.Dropout(dropout, dtype="float32")(x), name="keras_perceiver")


def cross_attention_module(latents_shape, data_shape, dim, dropout):
    """One head, and residual paths that begin behind the norms."""
    latents, data = keras.Input(latents_shape), keras.Input(data_shape)
    asking = layers.LayerNormalization(epsilon=EPSILON)(latents)
    asked = layers.LayerNormalization(epsilon=EPSILON)(data)
    query, key, value = (layers.Dense(dim)(x) for x in (asking, asked, asked))
    # Keras wants query, value, key. The published example gives them as query, key, value.
    x = layers.Attention(use_scale=True, dropout=0.1)([query, key, value])
    x = layers.LayerNormalization(epsilon=EPSILON)(layers.Add()([x, asking]))
    x = layers.Add()([mlp(x, (dim,), 0.0, last=dim, last_dropout=dropout), x])
    return keras.Model([latents, data], x, name="cross_attention")


@dataclass(frozen=True)
class FineTunedSwin:
    """A published Swin Transformer with a new head; the rest comes from the data."""

    image_size: tuple[int, int] = (32, 32)
    channels: int = 3
    num_classes: int = 100
    weights: str = "microsoft/swin-tiny-patch4-window7-224"


def fine_tuned_swin(config: FineTunedSwin) -> keras.Model:
    """Build it: images (B, H, W, 3) from -1 to 1 -> logits (B, num_classes).

    Raises CourseError without a network, and for grey images.
    """
    from course_utils.training.official import load_official

    if config.channels != 3:
        raise CourseError(f"{config.weights} sees colour images alone: take other data.")
    official = load_official(config.weights, image_size=config.image_size)
    size, prepared = config.image_size, official.preprocess
    images = keras.Input((*size, 3), name="images")
    x = layers.Rescaling(0.5, offset=0.5)(images)  # from 0 to 1, as it was trained
    x = normalization(prepared.mean, prepared.std)(x)
    body = keras.Model(official.model.input, official.model.get_layer("pool").output, name="swin")
    logits = layers.Dense(config.num_classes, dtype="float32", name="head")(body(x))
    return keras.Model(images, logits, name="fine_tuned_swin")


# --- parts ------------------------------------------------------------------------------------


def enlarged(config):
    """Images as they come, and what the model makes of them: normalised and larger."""
    images = keras.Input((*config.image_size, config.channels), name="images")
    x = normalization(config.mean, config.std)(images)
    return images, resizing(config.resized)(x)


def resizing(side):
    return layers.Resizing(side, side, data_format=LAST, name="resized")


def normalization(mean, std):
    variance = [value**2 for value in std]
    return layers.Normalization(mean=list(mean), variance=variance, name="normalized")


def encoder(x, num_heads, key_dim, mlp_dims, dropout, last=None):
    """A pre-norm block of Keras' layers: x (B, N, D) -> x (B, N, D)."""
    normed = layers.LayerNormalization(epsilon=EPSILON)(x)
    attention = layers.MultiHeadAttention(num_heads, key_dim, dropout=0.1)
    x = layers.Add()([attention(normed, normed), x])
    normed = layers.LayerNormalization(epsilon=EPSILON)(x)
    if last is None:
        return layers.Add()([mlp(normed, mlp_dims, dropout), x])
    return layers.Add()([mlp(normed, mlp_dims, 0.0, last=last, last_dropout=dropout), x])


def mlp(x, dims, dropout, last=None, last_dropout=0.0):
    """Dense layers with GELU, each followed by dropout; a last one without GELU where asked."""
    for width in dims:
        x = layers.Dropout(dropout)(layers.Dense(width, activation="gelu")(x))
    return x if last is None else layers.Dropout(last_dropout)(layers.Dense(last)(x))
