"""The Vision Transformer once more, from images to logits, as a plain function of its weights.

The same numbers as `vision_transformer.vision_transformer` with its defaults: linear patches, a
class token, learned positions, pre-norm blocks. Letters: B batch, H W C image, P side of a patch, N
patches, D features, K classes.

Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), equations 1 to 4.
"""

import keras
from keras import ops

from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.reference.positional_encoding import add_positions
from course_utils.reference.transformer import encoder_block, gelu, layer_norm
from course_utils.reference.vision_transformer import add_class_token, patchify


def vit_logits(images, weights: dict, patch_size: int, num_heads: int):
    """Classify images with the weights of a trained Vision Transformer.

    images (B, H, W, C) from -1 to 1 -> logits (B, K). weights, by name:
    "patch_embedding" and "head": (kernel, bias); "class_token" (1, 1, D); "positions" (1 + N, D);
    "norm": (gamma, beta); "blocks": a list of {"norm1", "norm2": (gamma, beta), "attention": as in
    `multi_head_attention`, "mlp": two pairs (kernel, bias)}.
    """
    x = dense(patchify(images, patch_size), *weights["patch_embedding"])  # (B, N, D)
    x = add_class_token(x, weights["class_token"])  # (B, 1 + N, D)
    x = add_positions(x, weights["positions"])
    for block in weights["blocks"]:
        x = encoder_block(x, *sublayers(block, num_heads))
    x = layer_norm(x, *weights["norm"])
    return dense(x[:, 0], *weights["head"])  # (B, K)


def sublayers(block: dict, num_heads: int):
    """A block's two norms, its attention and its MLP, as `encoder_block` wants them."""

    def attention(x):
        return multi_head_attention(x, x, block["attention"], num_heads)[0]

    def mlp(x):
        wide, narrow = block["mlp"]
        return dense(gelu(dense(x, *wide)), *narrow)

    def norm1(x):
        return layer_norm(x, *block["norm1"])

    def norm2(x):
        return layer_norm(x, *block["norm2"])

    return norm1, attention, norm2, mlp


def dense(x, kernel, bias):
    """x (..., D), kernel (D, E), bias (E,) -> (..., E)."""
    return ops.matmul(x, ops.convert_to_tensor(kernel)) + bias


def vit_weights(model: keras.Model) -> dict:
    """Read a Vision Transformer's weights into what `vit_logits` takes, as NumPy arrays.

    Raises ValueError for a model without class token, learned positions or linear patches.
    """
    arrays = {w.path: a for w, a in zip(model.weights, model.get_weights(), strict=True)}
    needed = {"class_token/token", "positions/table", "patch_embedding/kernel"}
    if not needed <= set(arrays) or any(path.startswith("stem_") for path in arrays):
        raise ValueError("vit_logits wants linear patches, a class token and learned positions.")

    def pair(path, *kinds):
        return tuple(arrays[f"{path}/{kind}"] for kind in kinds or ("kernel", "bias"))

    def block(name):
        roles = ("query", "key", "value", "output")
        return {
            "norm1": pair(f"{name}/norm1", "gamma", "beta"),
            "attention": {role: pair(f"{name}/attention/{role}") for role in roles},
            "norm2": pair(f"{name}/norm2", "gamma", "beta"),
            "mlp": (pair(f"{name}/mlp/widen"), pair(f"{name}/mlp/narrow")),
        }

    depth = sum(layer.name.startswith("block_") for layer in model.layers)
    return {
        "patch_embedding": pair("patch_embedding"),
        "class_token": arrays["class_token/token"],
        "positions": arrays["positions/table"],
        "blocks": [block(f"block_{i}") for i in range(depth)],
        "norm": pair("norm", "gamma", "beta"),
        "head": pair("head"),
    }
