"""Perceiver: a small array of latents reads any amount of data, then thinks among itself.

Letters: B batch, N tokens of data (a pixel each), E their width, L latents, D their width, h heads.
Attention among the data costs N²; here latents ask the data, which costs N·L, and themselves, L².

Sources: Jaegle et al., "Perceiver" (2021), section 3; Jaegle et al., "Perceiver IO" (2022),
section 3, for the decoder that asks the latents one question, and for the published weights.
"""

from dataclasses import dataclass, replace

import keras
from keras import initializers, layers, ops

from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import MultiHeadAttention
from course_utils.reference.positional_encoding import FourierPixels, LearnedPixels
from course_utils.reference.transformer import MLP, LayerNorm, TransformerBlock

NORM_EPSILON = 1e-5  # that of the published weights


def cross_attend(latents, data, params: dict):
    """Let the latents read the data: queries from the latents, keys and values from the data.

    latents (L, D), the same for every image, or (B, L, D); data (B, N, E); params: "query", "key"
    and "value" -> kernels (D, d), (E, d) and (E, D) -> (B, L, D), one head, scores divided by √d.
    Source: Jaegle et al. (2021), section 3.1.
    """
    latents, data = ops.convert_to_tensor(latents), ops.convert_to_tensor(data)
    latents = latents if len(latents.shape) == 3 else latents[None]  # (1 or B, L, D)
    query = ops.einsum("bld,de->ble", latents, params["query"])
    key = ops.einsum("bne,ed->bnd", data, params["key"])
    value = ops.einsum("bne,ed->bnd", data, params["value"])
    return attend(query, key, value)[0]


def keras_attention(query, key, value):
    """Make Keras' own attention layer compute softmax(query @ keyᵀ / √d) @ value.

    query (B, Nq, d), key (B, Nk, d), value (B, Nk, dv) -> (B, Nq, dv).
    """
    query, key, value = (ops.convert_to_tensor(array) for array in (query, key, value))
    # Keras divides by nothing, and its use_scale learns a number that starts at 1.
    query = query / query.shape[-1] ** 0.5
    # The order is Keras': with the value last, keys would be mixed and compared with values.
    return layers.Attention()([query, value, key])


def perceive(latents, data, cross, latent_transformer, iterations: int):
    """Look at the data and think about it, again and again, each time from what is known by then.

    latents (B, L, D), data (B, N, E), cross: callable (latents, data) -> latents,
    latent_transformer: callable latents -> latents -> latents (B, L, D).
    Source: Jaegle et al. (2021), section 3.1 and figure 1.
    """
    for _ in range(iterations):
        latents = latent_transformer(cross(latents, data))
    return latents


def count_perceiver_parameters(sizes: dict, iterations: int, shared: bool) -> int:
    """Count what a Perceiver learns, from the counts of its parts.

    sizes: "latents", "tokens", "cross", "latent_transformer" and "head" -> number of parameters.
    Iterations that share their weights count once.
    """
    copies = 1 if shared else iterations
    once = sizes["latents"] + sizes["tokens"] + sizes["head"]
    return once + copies * (sizes["cross"] + sizes["latent_transformer"])


def perceiver_cost(num_tokens: int, num_latents: int, dim: int, depth: int, iterations: int) -> int:
    """Count the multiply-adds in the products of all attentions: iterations · (2NLD + depth·2L²D).

    num_tokens N, num_latents L, dim D of queries, keys and values, depth: blocks in the latent
    transformer. Projections and MLPs are left out. Linear in N, and that is the point.
    Source: Jaegle et al. (2021), section 3.1.
    """
    cross = 2 * num_tokens * num_latents * dim
    latent_transformer = depth * 2 * num_latents**2 * dim
    return iterations * (cross + latent_transformer)


class CrossAttentionBlock(layers.Layer):
    """A pre-norm transformer block whose keys and values come from elsewhere.

    dim D: width of the latents, inner_dim: width of all heads together (D when None).
    Call: latents (B, L, D), data (B, N, E) -> latents (B, L, D), and with return_weights also
    weights (B, h, L, N). Raises ValueError when num_heads does not divide the heads' width.
    """

    def __init__(
        self, dim, num_heads, mlp_dim, *, inner_dim=None, dropout=0.0, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.norm1 = LayerNorm(epsilon=NORM_EPSILON, name="norm1")
        self.data_norm = LayerNorm(epsilon=NORM_EPSILON, name="data_norm")
        self.attention = MultiHeadAttention(dim, num_heads, inner_dim=inner_dim, name="attention")
        self.norm2 = LayerNorm(epsilon=NORM_EPSILON, name="norm2")
        self.mlp = MLP(mlp_dim, dim, dropout=dropout, seed=seed, name="mlp")
        self.dropout = layers.Dropout(dropout, seed=seed)

    def build(self, latents_shape, data_shape):
        self.data_norm.build(data_shape)
        self.attention.build(latents_shape, data_shape)
        for layer in (self.norm1, self.norm2, self.mlp):
            layer.build(latents_shape)

    def call(self, latents, data, return_weights=False):
        asking, asked = self.norm1(latents), self.data_norm(data)
        attended, weights = self.attention(asking, asked, return_weights=True)
        latents = latents + self.dropout(attended)
        latents = latents + self.mlp(self.norm2(latents))
        return (latents, weights) if return_weights else latents


class LearnedArray(layers.Layer):
    """A trained array of vectors, the same for every image: the latents, or the decoder's query.

    Anything (B, ...) -> (B, length, dim). First drawn as in Jaegle et al. (2021).
    """

    def __init__(self, length, dim, **kwargs):
        super().__init__(**kwargs)
        self.shape = (length, dim)

    def build(self, shape):
        small = initializers.TruncatedNormal(stddev=0.02)
        self.array = self.add_weight(name="array", shape=self.shape, initializer=small)

    def call(self, x):
        return ops.broadcast_to(self.array[None], (ops.shape(x)[0], *self.shape))  # (B, length, D)


CHOICES = {"positions": ("fourier", "learned"), "pooling": ("mean", "decoder")}


@dataclass(frozen=True)
class PerceiverConfig:
    """The sizes of a Perceiver for images, and its two choices (see CHOICES).

    image_size: H = W, or (H, W); num_latents L and dim D of the latents; iterations: looks at the
    data, each with a latent transformer behind it; shared: one set of weights for all iterations;
    depth: blocks of the latent transformer; repeats: times that these same blocks run over after
    each look; num_bands and max_resolution of Fourier positions; position_dim: width of learned
    positions, and of the colours beside them; a decoder is one trained query to the latents.
    """

    image_size: int | tuple[int, int]
    num_latents: int
    dim: int
    iterations: int
    depth: int
    num_heads: int
    mlp_dim: int
    cross_mlp_dim: int
    num_classes: int
    channels: int = 3
    shared: bool = True
    repeats: int = 1
    cross_heads: int = 1
    positions: str = "fourier"
    num_bands: int = 16
    max_resolution: int = 32
    position_dim: int = 64
    pooling: str = "mean"
    dropout: float = 0.0

    def __post_init__(self):
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {choices}, not {getattr(self, name)!r}")


# Tiny and small are ours. Fourier and learned are published with Jaegle et al. (2022): one look at
# 50,176 pixels, then the same six blocks eight times.
_OURS = PerceiverConfig(
    32, 32, 64, iterations=2, depth=2, num_heads=4, mlp_dim=128, cross_mlp_dim=64, num_classes=100
)
_PUBLISHED = PerceiverConfig(
    224,
    512,
    1024,
    iterations=1,
    depth=6,
    repeats=8,
    num_heads=8,
    mlp_dim=1024,
    cross_mlp_dim=1024,
    num_classes=1000,
    pooling="decoder",
)
VARIANTS = {
    "tiny": _OURS,
    "small": replace(_OURS, num_latents=64, dim=128, iterations=4, depth=4, mlp_dim=256),
    "fourier": replace(_PUBLISHED, num_bands=64, max_resolution=224),
    "learned": replace(_PUBLISHED, positions="learned", position_dim=256),
}


def perceiver(config: PerceiverConfig) -> keras.Model:
    """Build a Perceiver: images (B, H, W, C) -> logits (B, num_classes).

    `internals` of the transformer module shows every step of it, named in the order in which they
    run, whether or not they share weights: "cross_0", "block_0", ..., each (latents, weights). What
    is learned belongs to the layers "tokens", "latents", "cross_attention_0", ...,
    "latent_block_0", ..., "norm" or "query" and "decoder", and "head". First weights and dropout
    follow `keras.utils.set_random_seed`.
    """
    size = config.image_size
    size = (size, size) if isinstance(size, int) else tuple(size)
    images = keras.Input((*size, config.channels), name="images")
    if config.positions == "fourier":
        tokens = FourierPixels(config.num_bands, config.max_resolution, name="tokens")
    else:
        tokens = LearnedPixels(config.position_dim, name="tokens")
    data = tokens(images)
    latents = LearnedArray(config.num_latents, config.dim, name="latents")(data)
    copies = 1 if config.shared else config.iterations
    parts = [_iteration(config, copy, data.shape[-1]) for copy in range(copies)]
    for look in range(config.iterations):
        cross_attention, blocks = parts[look % copies]
        # A layer used twice has no output of its own. Every step has one, by these names.
        step = layers.Identity(name=f"cross_{look}")
        latents, _ = step(cross_attention(latents, data, return_weights=True))
        first = look * config.repeats * config.depth
        for number, block in enumerate(config.repeats * blocks, start=first):
            step = layers.Identity(name=f"block_{number}")
            latents, _ = step(block(latents, return_weights=True))
    return keras.Model(images, _logits(config, latents), name="perceiver")


def _iteration(config, copy, data_dim):
    """The layers of one iteration: the cross-attention, and the blocks that think behind it."""
    cross_attention = CrossAttentionBlock(
        config.dim,
        config.cross_heads,
        config.cross_mlp_dim,
        inner_dim=data_dim,  # latents and data meet in the width of the data, as published
        dropout=config.dropout,
        name=f"cross_attention_{copy}",
    )
    blocks = [
        TransformerBlock(
            config.dim,
            config.num_heads,
            config.mlp_dim,
            dropout=config.dropout,
            norm_epsilon=NORM_EPSILON,
            name=f"latent_block_{copy * config.depth + i}",
        )
        for i in range(config.depth)
    ]

    return cross_attention, blocks


def _logits(config, latents):
    """From the latents to the logits, by way of one vector an image."""
    if config.pooling == "mean":
        latents = LayerNorm(epsilon=NORM_EPSILON, name="norm")(latents)
        x = layers.GlobalAveragePooling1D(data_format="channels_last", name="pool")(
            latents
        )  # (B, D)
    else:
        query = LearnedArray(1, config.dim, name="query")(latents)
        decoder = CrossAttentionBlock(config.dim, 1, config.dim, name="decoder")
        x, _ = decoder(query, latents, return_weights=True)  # (B, 1, D)
        x = layers.Flatten(data_format="channels_last", name="pool")(x)  # (B, D)
    # Small, so that a new model gives every class the same chance; in float32 always.
    small = initializers.TruncatedNormal(stddev=0.02)
    head = layers.Dense(config.num_classes, kernel_initializer=small, dtype="float32", name="head")
    return head(x)
