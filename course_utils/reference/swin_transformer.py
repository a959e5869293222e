"""Swin Transformer: attention in windows that shift, on maps that shrink from stage to stage.

Letters: B batch, H W rows and columns of a map, D features, h heads, M side of a window, nW windows
in a map. Tokens stay on their map, (B, H, W, D), from the first layer to the last.

Source: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows"
(2021), sections 3.1 to 3.3. Layout and arithmetic are those of the published weights.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import initializers, layers, ops

from course_utils.reference.multi_head_attention import MultiHeadAttention
from course_utils.reference.transformer import MLP, LayerNorm, StochasticDepth
from course_utils.reference.windows import (
    cyclic_shift,
    fit_window,
    merge_patches,
    pad_to_multiple,
    relative_position_bias,
    window_mask,
    window_partition,
    window_reverse,
)


class WindowAttention(layers.Layer):
    """Multi-head attention in each window of a map by itself, the windows shifted or not.

    dim D, num_heads h, window M, shift: tokens by which the windows lie lower and further right,
    mask_padding: hide the padding of maps that are no multiple of the window. Call: x (B, H, W, D)
    of any height and width -> x (B, H, W, D), and with return_weights also weights
    (B·nW, h, M², M²). A map with a side of M or less has windows of that side, and no shift.
    Raises ValueError when num_heads does not divide dim, or shift is not in [0, M).
    Source: Liu et al. (2021), section 3.2.
    """

    def __init__(self, dim, num_heads, window, *, shift=0, mask_padding=False, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= shift < window:
            raise ValueError(
                f"windows of {window} tokens are shifted by 0 to {window - 1}, not by {shift}"
            )
        self.window = window
        self.shift = shift
        self.mask_padding = mask_padding
        self.attention = MultiHeadAttention(dim, num_heads, name="attention")

    def build(self, shape):
        self.attention.build((None, self.window**2, shape[-1]))
        self.bias_table = self.add_weight(
            name="bias_table",
            shape=((2 * self.window - 1) ** 2, self.attention.num_heads),
            initializer=initializers.TruncatedNormal(stddev=0.02),
        )

    def call(self, x, return_weights=False):
        batch, height, width, _ = ops.shape(x)
        window, shift = fit_window(height, width, self.window, self.shift)
        mask = window_mask(height, width, window, shift, self.mask_padding)
        if mask is not None:
            mask = ops.tile(mask, (batch, 1, 1))  # (B·nW, M² or 1, M²)
        bias = relative_position_bias(self.bias_table, self.window, window)  # (h, M², M²)
        x = pad_to_multiple(x, window)  # (B, H', W', D)
        padded = x.shape[1:3]
        windows = window_partition(cyclic_shift(x, shift), window)  # (B·nW, M², D)
        windows, weights = self.attention(windows, mask=mask, bias=bias, return_weights=True)
        x = cyclic_shift(window_reverse(windows, window, *padded), -shift)  # (B, H', W', D)
        if padded != (height, width):
            x = x[:, :height, :width]  # (B, H, W, D)
        return (x, weights) if return_weights else x


class SwinBlock(layers.Layer):
    """A pre-norm block whose tokens attend within their window.

    dim D, num_heads h, window M, mlp_dim: width inside the MLP, drop_path: share of images for
    which a sublayer is left out in training; the others as in `WindowAttention`. Call: x
    (B, H, W, D) -> x (B, H, W, D), and with return_weights also weights (B·nW, h, M², M²).
    Source: Liu et al. (2021), equation 3.
    """

    def __init__(
        self,
        dim,
        num_heads,
        window,
        mlp_dim,
        *,
        shift=0,
        mask_padding=False,
        drop_path=0.0,
        norm_epsilon=1e-5,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.norm1 = LayerNorm(epsilon=norm_epsilon, name="norm1")
        self.attention = WindowAttention(
            dim, num_heads, window, shift=shift, mask_padding=mask_padding, name="attention"
        )
        self.norm2 = LayerNorm(epsilon=norm_epsilon, name="norm2")
        self.mlp = MLP(mlp_dim, dim, name="mlp")
        self.drop_path = StochasticDepth(drop_path, seed=seed)

    def build(self, shape):
        for layer in (self.norm1, self.attention, self.norm2, self.mlp):
            layer.build(shape)

    def call(self, x, return_weights=False):
        attended, weights = self.attention(self.norm1(x), return_weights=True)
        x = x + self.drop_path(attended)
        x = x + self.drop_path(self.mlp(self.norm2(x)))
        return (x, weights) if return_weights else x


class PatchEmbedding(layers.Layer):
    """Turn each patch of an image into a token.

    images (B, H, W, C) -> (B, H/P, W/P, D), images padded to whole patches.
    Source: Liu et al. (2021), section 3.1.
    """

    def __init__(self, patch_size, dim, *, norm_epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size
        self.project = layers.Conv2D(
            dim, patch_size, strides=patch_size, data_format="channels_last", name="project"
        )
        self.norm = LayerNorm(epsilon=norm_epsilon, name="norm")

    def build(self, shape):
        # One patch, not the image: that may be smaller, and is padded before the convolution.
        self.project.build((None, self.patch_size, self.patch_size, shape[-1]))
        self.norm.build((*shape[:-1], self.project.filters))

    def call(self, images):
        return self.norm(self.project(pad_to_multiple(images, self.patch_size)))


class PatchMerging(layers.Layer):
    """Make one token of each two by two, with twice the features.

    x (B, H, W, D) -> (B, H/2, W/2, 2D), odd sides padded first.
    Source: Liu et al. (2021), section 3.1.
    """

    def __init__(self, dim, *, norm_epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.norm = LayerNorm(epsilon=norm_epsilon, name="norm")
        self.reduce = layers.Dense(2 * dim, use_bias=False, name="reduce")

    def build(self, shape):
        merged = (*shape[:-1], 4 * shape[-1])
        self.norm.build(merged)
        self.reduce.build(merged)

    def call(self, x):
        return self.reduce(self.norm(merge_patches(pad_to_multiple(x, 2))))


@dataclass(frozen=True)
class SwinConfig:
    """The sizes of a Swin Transformer; one entry of depths and of num_heads for each stage.

    dim: features in the first stage, twice as many in each next. drop_path: share of images for
    which the last block is left out in training, less for those before. mask_padding: False is
    what the published models do, whose padding is attended to; it matters for no map that the
    window divides.
    """

    image_size: int | tuple[int, int] = 224
    patch_size: int = 4
    window: int = 7
    dim: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    num_heads: tuple[int, ...] = (3, 6, 12, 24)
    mlp_ratio: float = 4.0
    num_classes: int = 1000
    channels: int = 3
    drop_path: float = 0.0
    norm_epsilon: float = 1e-5
    mask_padding: bool = False

    def __post_init__(self):
        if len(self.depths) != len(self.num_heads):
            raise ValueError(
                f"each stage has a depth and a number of heads, but {len(self.depths)} depths and "
                f"{len(self.num_heads)} numbers of heads came"
            )


# Liu et al. (2021), section 3.3; drop_path from appendix A2.1.
VARIANTS = {
    "tiny": SwinConfig(drop_path=0.2),
    "small": SwinConfig(depths=(2, 2, 18, 2), drop_path=0.3),
    "base": SwinConfig(dim=128, depths=(2, 2, 18, 2), num_heads=(4, 8, 16, 32), drop_path=0.5),
}


def swin_transformer(config: SwinConfig) -> keras.Model:
    """Build a Swin Transformer: images (B, H, W, C) -> logits (B, num_classes).

    Blocks are named "block_0", "block_1" and so on through all stages, and the merging behind
    stage s "merge_s"; `internals` of the transformer module shows every step. No weight depends on
    the image size. First weights and stochastic depth follow `keras.utils.set_random_seed`.
    """
    size, epsilon = config.image_size, config.norm_epsilon
    height, width = (size, size) if isinstance(size, int) else size
    images = keras.Input((height, width, config.channels), name="images")
    embed = PatchEmbedding(
        config.patch_size, config.dim, norm_epsilon=epsilon, name="patch_embedding"
    )
    x = embed(images)  # (B, H/P, W/P, D)
    blocks = _blocks(config)
    for stage, depth in enumerate(config.depths):
        if stage > 0:
            merge = PatchMerging(x.shape[-1], norm_epsilon=epsilon, name=f"merge_{stage - 1}")
            x = merge(x)  # half the height and width, twice the features
        for _ in range(depth):
            x, _ = next(blocks)(x, return_weights=True)  # the weights are for `internals`
    x = LayerNorm(epsilon=epsilon, name="norm")(x)
    x = layers.GlobalAveragePooling2D(data_format="channels_last", name="pool")(x)  # (B, D)
    # Small, so that a new model gives every class the same chance; in float32 always.
    small = initializers.TruncatedNormal(stddev=0.02)
    head = layers.Dense(config.num_classes, kernel_initializer=small, dtype="float32", name="head")
    return keras.Model(images, head(x), name="swin_transformer")


def _blocks(config):
    """The blocks of all stages, one after another."""
    stages = [stage for stage, depth in enumerate(config.depths) for _ in range(depth)]
    places = [place for depth in config.depths for place in range(depth)]
    rates = np.linspace(0, config.drop_path, len(stages)).tolist()
    for i, (stage, place, rate) in enumerate(zip(stages, places, rates, strict=True)):
        dim = config.dim * 2**stage
        yield SwinBlock(
            dim,
            config.num_heads[stage],
            config.window,
            int(config.mlp_ratio * dim),
            shift=config.window // 2 * (place % 2),  # every other block of a stage
            mask_padding=config.mask_padding,
            drop_path=rate,
            norm_epsilon=config.norm_epsilon,
            name=f"block_{i}",
        )
