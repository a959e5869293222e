"""The Perceiver once more, from images to logits, as a plain function of its weights.

The same numbers as `perceiver.perceiver` with Fourier features, shared weights and the mean over
the latents. Letters: B batch, H W C image, N pixels, E width of their tokens, L latents, D their
width, d width of a query, K classes.

Source: Jaegle et al., "Perceiver" (2021), section 3 and figure 1.
"""

import keras
import numpy as np
from keras import ops

from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.reference.perceiver import NORM_EPSILON, cross_attend, perceive
from course_utils.reference.plain_vit import dense
from course_utils.reference.positional_encoding import fourier_features, grid_positions
from course_utils.reference.transformer import gelu, layer_norm


def perceiver_logits(
    images, weights: dict, num_bands: int, max_resolution: float, iterations: int, num_heads: int
):
    """Classify images with the weights of a trained Perceiver.

    images (B, H, W, C) from -1 to 1 -> logits (B, K). weights, by name: "latents" (L, D); "cross":
    {"norm1", "norm2": (gamma, beta) for the latents, "data_norm": (gamma, beta) for the data,
    "attention": as in `cross_attend`, for vectors `with_one`, "mlp": two pairs (kernel, bias)};
    "blocks": the latent transformer, a list of blocks as in `vit_logits`; "norm": (gamma, beta);
    "head": (kernel, bias).
    """
    images = ops.convert_to_tensor(images)
    batch, height, width, channels = images.shape
    places = fourier_features(grid_positions((height, width)), num_bands, max_resolution)
    pixels = ops.reshape(images, (batch, height * width, channels))  # (B, N, C)
    data = ops.concatenate([pixels, ops.repeat(places[None], batch, axis=0)], axis=-1)  # (B, N, E)
    latents = ops.repeat(ops.convert_to_tensor(weights["latents"])[None], batch, axis=0)

    def cross(latents, data):
        return cross_block(latents, data, weights["cross"])

    def latent_transformer(latents):
        for block in weights["blocks"]:
            latents = latent_block(latents, block, num_heads)
        return latents

    latents = perceive(latents, data, cross, latent_transformer, iterations)  # (B, L, D)
    return dense(ops.mean(norm(latents, *weights["norm"]), axis=1), *weights["head"])


def cross_block(latents, data, block: dict):
    """latents (B, L, D) read data (B, N, E), with norms, a residual path and an MLP -> latents."""
    asking = with_one(norm(latents, *block["norm1"]))
    asked = with_one(norm(data, *block["data_norm"]))
    latents = latents + cross_attend(asking, asked, block["attention"])
    return latents + mlp(norm(latents, *block["norm2"]), *block["mlp"])


def latent_block(latents, block: dict, num_heads: int):
    """A pre-norm block in which the latents (B, L, D) read each other."""
    asking = norm(latents, *block["norm1"])
    latents = latents + multi_head_attention(asking, asking, block["attention"], num_heads)[0]
    return latents + mlp(norm(latents, *block["norm2"]), *block["mlp"])


def norm(x, gamma, beta):
    """The layer norm of a Perceiver: `layer_norm` with the epsilon of the published weights."""
    return layer_norm(x, gamma, beta, NORM_EPSILON)


def mlp(x, wide: tuple, narrow: tuple):
    """Two dense layers, each (kernel, bias), with a GELU between them."""
    return dense(gelu(dense(x, *wide)), *narrow)


def with_one(x):
    """Put a 1 behind each vector's features: the last row of a kernel is a bias then.

    x (..., D) -> (..., D + 1).
    """
    x = ops.convert_to_tensor(x)
    return ops.concatenate([x, ops.ones_like(x[..., :1])], axis=-1)


def perceiver_weights(model: keras.Model) -> dict:
    """Read a Perceiver's weights into what `perceiver_logits` takes, as NumPy arrays.

    Raises ValueError for a model that has more than that: learned positions, a decoder, iterations
    with weights of their own, several heads in the cross-attention.
    """
    arrays = {w.path: a for w, a in zip(model.weights, model.get_weights(), strict=True)}
    names = [layer.name for layer in model.layers]
    single = model.get_layer("cross_attention_0").attention.num_heads == 1
    if not single or not {"latents/array", "norm/gamma"} <= set(arrays):
        raise ValueError("perceiver_logits wants a single head in the look, and no decoder.")
    if "tokens/table" in arrays or "cross_attention_1" in names:
        raise ValueError("perceiver_logits wants Fourier features and weights that are shared.")

    def pair(path, *kinds):
        return tuple(arrays[f"{path}/{kind}"] for kind in kinds or ("kernel", "bias"))

    def scaled(path):
        return pair(path, "gamma", "beta")

    def parts(name):
        return {
            "norm1": scaled(f"{name}/norm1"),
            "norm2": scaled(f"{name}/norm2"),
            "mlp": (pair(f"{name}/mlp/widen"), pair(f"{name}/mlp/narrow")),
        }

    def block(name):
        roles = ("query", "key", "value", "output")
        attention = {role: pair(f"{name}/attention/{role}") for role in roles}
        return {**parts(name), "attention": attention}

    def with_bias(name):
        """Kernel and bias in one: the bias is the row that belongs to the feature 1."""
        kernel, bias = pair(f"cross_attention_0/attention/{name}")
        return np.concatenate([kernel, bias[None]])

    # One head alone: what projects the values and what projects the output are one product. The
    # weights of a query sum to 1, so that the output's bias may come with every value.
    kernel, bias = pair("cross_attention_0/attention/output")
    value = with_bias("value") @ kernel
    value[-1] += bias
    depth = sum(name.startswith("latent_block_") for name in names)
    looks = sum(name.startswith("cross_") and name[6:].isdecimal() for name in names)
    steps = sum(name.startswith("block_") for name in names) // looks  # in one iteration
    return {
        "latents": arrays["latents/array"],
        "cross": {
            **parts("cross_attention_0"),
            "data_norm": scaled("cross_attention_0/data_norm"),
            "attention": {"query": with_bias("query"), "key": with_bias("key"), "value": value},
        },
        "blocks": [block(f"latent_block_{i % depth}") for i in range(steps)],
        "norm": scaled("norm"),
        "head": pair("head"),
    }
