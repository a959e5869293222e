"""The Vision Transformer: an image cut into patches, each patch a token, then a plain transformer.

Letters: B batch, H W C image, P side of a patch, N tokens, D features, h heads.

Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), section 3.1.
"""

from dataclasses import dataclass

import keras
from keras import initializers, layers, ops

from course_utils.reference.multi_head_attention import count_attention_parameters
from course_utils.reference.positional_encoding import (
    LearnedPositions,
    add_positions,
    sinusoidal_encoding_2d,
)
from course_utils.reference.transformer import LayerNorm, TransformerBlock


def patchify(images, patch_size: int):
    """Cut images into patches and write each patch as one row of numbers.

    images (B, H, W, C) -> (B, N, P·P·C) with N = H/P · W/P: patches row by row, and in a patch its
    rows, columns and channels in this order. Raises ValueError when P does not divide H and W.
    """
    images = ops.convert_to_tensor(images)
    batch, height, width, channels = ops.shape(images)
    rows, columns = grid_of_patches((height, width), patch_size)
    grid = (batch, rows, patch_size, columns, patch_size, channels)
    patches = ops.reshape(images, grid)  # (B, H/P, P, W/P, P, C)
    patches = ops.transpose(patches, (0, 1, 3, 2, 4, 5))  # (B, H/P, W/P, P, P, C)
    pixels = patch_size * patch_size * channels
    return ops.reshape(patches, (batch, rows * columns, pixels))  # (B, N, P·P·C)


def grid_of_patches(image_size, patch_size: int) -> tuple[int, int]:
    """Say how many rows and columns of patches an image has.

    image_size: (H, W), or one number for both. Raises ValueError when P does not divide H and W.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if height % patch_size or width % patch_size:
        raise ValueError(
            f"patches of {patch_size} by {patch_size} pixels do not fill an image of {height} by "
            f"{width}: choose a patch size that divides both, or resize the image."
        )
    return height // patch_size, width // patch_size


def conv_kernel_from_dense(kernel, patch_size: int, channels: int):
    """Turn the kernel that embeds flat patches into that of a convolution with stride P.

    kernel (P·P·C, D) -> (P, P, C, D): both embed the same patches with the same numbers.
    """
    kernel = ops.convert_to_tensor(kernel)
    shape = (patch_size, patch_size, channels, kernel.shape[-1])
    return ops.reshape(kernel, shape)  # (P, P, C, D)


def add_class_token(tokens, class_token):
    """Put the class token in front of the tokens of each image.

    tokens (B, N, D), class_token (1, 1, D) -> (B, N + 1, D).
    """
    tokens = ops.convert_to_tensor(tokens)
    batch, _, dim = ops.shape(tokens)
    class_token = ops.cast(ops.convert_to_tensor(class_token), tokens.dtype)
    in_front = ops.broadcast_to(class_token, (batch, 1, dim))  # (B, 1, D)
    return ops.concatenate([in_front, tokens], axis=1)  # (B, N + 1, D)


def count_vit_parameters(
    image_size, patch_size: int, dim: int, depth: int, mlp_dim: int, num_classes: int, channels=3
) -> int:
    """Count the numbers that a Vision Transformer with class token and learned positions learns.

    The number of heads does not matter. ViT-B/16 with 1000 classes: 86,567,656.
    """
    rows, columns = grid_of_patches(image_size, patch_size)
    patch_embedding = patch_size * patch_size * channels * dim + dim
    class_token = dim
    positions = (1 + rows * columns) * dim
    norm = 2 * dim
    mlp = dim * mlp_dim + mlp_dim + mlp_dim * dim + dim
    block = norm + count_attention_parameters(dim, 1) + norm + mlp
    head = dim * num_classes + num_classes
    return patch_embedding + class_token + positions + depth * block + norm + head


def attention_rollout(weights: list):
    """Follow attention through all layers: how much of each input token is in each output token.

    weights: the first layer's first, each (B, h, N, N) -> (B, N, N), whose rows sum to 1. Heads
    are averaged, and the residual path counts as a token's attention to itself.
    Source: Abnar and Zuidema, "Quantifying Attention Flow in Transformers" (2020).
    """
    rollout = None
    for layer_weights in weights:
        attended = ops.mean(ops.convert_to_tensor(layer_weights), axis=1)  # (B, N, N)
        flow = attended + ops.eye(attended.shape[-1], dtype=attended.dtype)
        flow = flow / ops.sum(flow, axis=-1, keepdims=True)
        rollout = flow if rollout is None else ops.einsum("bqm,bmk->bqk", flow, rollout)
    return rollout


class Patchify(layers.Layer):
    """`patchify` as a layer: images (B, H, W, C) -> patches (B, N, P·P·C)."""

    def __init__(self, patch_size, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size

    def call(self, images):
        return patchify(images, self.patch_size)


class ClassToken(layers.Layer):
    """A trained token in front of all others: tokens (B, N, D) -> (B, N + 1, D)."""

    def build(self, shape):
        # Not zeros: a norm divides by the spread, and half precision overflows in its gradient.
        small = initializers.RandomNormal(stddev=0.02)
        self.token = self.add_weight(name="token", shape=(1, 1, shape[-1]), initializer=small)

    def call(self, tokens):
        return add_class_token(tokens, self.token)


class GridSinusoids(layers.Layer):
    """Add to each patch the fixed code of its row and column; a class token in front gets none.

    grid: rows, columns. tokens (B, N, D) -> (B, N, D), D a multiple of 4.
    """

    def __init__(self, grid, **kwargs):
        super().__init__(**kwargs)
        self.grid = tuple(grid)

    def call(self, tokens):
        rows, columns = self.grid
        code = sinusoidal_encoding_2d(rows, columns, tokens.shape[-1])
        in_front = tokens.shape[1] - rows * columns
        return add_positions(tokens, ops.pad(code, ((in_front, 0), (0, 0))))


class FirstToken(layers.Layer):
    """Keep the first token alone: tokens (B, N, D) -> (B, D)."""

    def call(self, tokens):
        return tokens[:, 0]


CHOICES = {
    "stem": ("linear", "convolution"),
    "positions": ("learned", "sinusoids"),
    "pooling": ("token", "mean", "flatten"),
}


@dataclass(frozen=True)
class ViTConfig:
    """The sizes of a Vision Transformer, and its three choices (see CHOICES).

    image_size: H = W, or (H, W); head_dims: widths of hidden layers before the logits;
    drop_path: the last block's rate, the others' grow linearly from 0 up to it.
    """

    image_size: int | tuple[int, int]
    patch_size: int
    dim: int
    depth: int
    num_heads: int
    mlp_dim: int
    num_classes: int
    channels: int = 3
    stem: str = "linear"
    positions: str = "learned"
    pooling: str = "token"
    head_dims: tuple[int, ...] = ()
    head_dropout: float = 0.0
    dropout: float = 0.0
    drop_path: float = 0.0
    norm_first: bool = True
    norm_epsilon: float = 1e-6

    def __post_init__(self):
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {choices}, not {getattr(self, name)!r}")
        if self.stem == "convolution" and self.patch_size.bit_count() != 1:
            raise ValueError(
                f"{self.patch_size} is no power of 2, and each convolution of the stem halves the "
                "image: choose a patch size of 2, 4, 8 or 16."
            )

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return grid_of_patches(self.image_size, self.patch_size)


# Base is from Dosovitskiy et al. (2021), table 1; tiny and small are from Touvron et al., "Training
# data-efficient image transformers" (2021), table 1.
VARIANTS = {
    "tiny": ViTConfig(224, 16, dim=192, depth=12, num_heads=3, mlp_dim=768, num_classes=1000),
    "small": ViTConfig(224, 16, dim=384, depth=12, num_heads=6, mlp_dim=1536, num_classes=1000),
    "base": ViTConfig(224, 16, dim=768, depth=12, num_heads=12, mlp_dim=3072, num_classes=1000),
}


def vision_transformer(config: ViTConfig) -> keras.Model:
    """Build a Vision Transformer: images (B, H, W, C) -> logits (B, num_classes).

    `internals` of the transformer module shows every step of it. First weights and dropout follow
    `keras.utils.set_random_seed`.
    """
    rows, columns = config.grid
    size = (rows * config.patch_size, columns * config.patch_size)
    images = keras.Input((*size, config.channels), name="images")
    x = layers.Dense(config.dim, name="patch_embedding")(_patches(images, config))  # (B, N, D)
    if config.pooling == "token":
        x = ClassToken(name="class_token")(x)  # (B, N + 1, D)
    x = _positions(config)(x)
    x = layers.Dropout(config.dropout, name="dropout")(x)
    for i in range(config.depth):
        block = TransformerBlock(
            config.dim,
            config.num_heads,
            config.mlp_dim,
            dropout=config.dropout,
            drop_path=config.drop_path * i / max(config.depth - 1, 1),
            norm_first=config.norm_first,
            norm_epsilon=config.norm_epsilon,
            name=f"block_{i}",
        )
        x, _ = block(x, return_weights=True)  # the weights are for `internals`
    x = LayerNorm(epsilon=config.norm_epsilon, name="norm")(x)
    return keras.Model(images, _logits(x, config), name="vision_transformer")


def _patches(images, config):
    """What the patch embedding reads: pixels, or the features that a few convolutions made."""
    if config.stem == "linear":
        return Patchify(config.patch_size, name="patches")(images)  # (B, N, P·P·C)
    # The hybrid of Dosovitskiy et al. (2021), section 3.1, with the small stem of Xiao et al.,
    # "Early Convolutions Help Transformers See Better" (2021).
    halvings = config.patch_size.bit_length() - 1
    x = images
    for i in range(halvings):
        width = max(config.dim >> (halvings - 1 - i), 1)
        name = f"stem_{i}_convolution"
        settings = {"padding": "same", "use_bias": False, "data_format": "channels_last"}
        x = layers.Conv2D(width, 3, strides=2, name=name, **settings)(x)
        # Averages that forget soon: a short training has no time for Keras' 0.99.
        x = layers.BatchNormalization(momentum=0.9, name=f"stem_{i}_norm")(x)
        x = layers.ReLU(name=f"stem_{i}")(x)  # half the height and width
    rows, columns = config.grid
    return layers.Reshape((rows * columns, x.shape[-1]), name="patches")(x)  # (B, N, D)


def _positions(config):
    if config.positions == "learned":
        return LearnedPositions(name="positions")
    return GridSinusoids(config.grid, name="positions")


def _logits(x, config):
    """From the tokens to the logits, by way of one vector an image."""
    pools = {
        "token": FirstToken,
        "mean": layers.GlobalAveragePooling1D,
        "flatten": layers.Flatten,
    }
    format_of = {} if config.pooling == "token" else {"data_format": "channels_last"}
    x = pools[config.pooling](name="pool", **format_of)(x)  # (B, D), flattened (B, N·D)
    for i, width in enumerate(config.head_dims):
        x = layers.Dropout(config.head_dropout, name=f"head_{i}_dropout")(x)
        x = layers.Dense(width, activation="gelu", name=f"head_{i}")(x)
    # Small, so that a new model gives every class the same chance; in float32 always.
    small = initializers.TruncatedNormal(stddev=0.02)
    x = layers.Dropout(config.head_dropout, name="head_dropout")(x)
    head = layers.Dense(config.num_classes, kernel_initializer=small, dtype="float32", name="head")
    return head(x)
