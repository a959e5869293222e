"""Answers to `vit_logits`: right, mistaken in another style, and wrong."""

import keras
import numpy as np
from keras import ops

from course_utils.reference import transformer
from course_utils.reference import vision_transformer as vit
from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.reference.transformer import encoder_block, gelu, layer_norm

SLOW = True


def dense(x, pair):
    return ops.matmul(x, pair[0]) + pair[1]


def model_lines(images, weights, patch_size, num_heads):
    kernel, bias = weights["patch_embedding"]
    x = ops.matmul(vit.patchify(images, patch_size), kernel) + bias
    x = vit.add_class_token(x, weights["class_token"]) + weights["positions"]
    for block in weights["blocks"]:
        y = layer_norm(x, *block["norm1"])
        x = x + multi_head_attention(y, y, block["attention"], num_heads)[0]
        y = layer_norm(x, *block["norm2"])
        x = x + dense(gelu(dense(y, block["mlp"][0])), block["mlp"][1])
    return dense(layer_norm(x, *weights["norm"])[:, 0], weights["head"])


def model_by_block(images, weights, patch_size, num_heads):
    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    x = vit.add_class_token(x, weights["class_token"])
    x = x + weights["positions"]
    for block in weights["blocks"]:
        x = encoder_block(
            x,
            lambda x, b=block: layer_norm(x, *b["norm1"]),
            lambda x, b=block: multi_head_attention(x, x, b["attention"], num_heads)[0],
            lambda x, b=block: layer_norm(x, *b["norm2"]),
            lambda x, b=block: dense(gelu(dense(x, b["mlp"][0])), b["mlp"][1]),
        )
    return dense(layer_norm(x[:, 0], *weights["norm"]), weights["head"])  # the norm is each token's


def model_as_convolution(images, weights, patch_size, num_heads):
    kernel, bias = weights["patch_embedding"]
    kernel = ops.reshape(kernel, (patch_size, patch_size, images.shape[-1], -1))
    x = ops.conv(ops.convert_to_tensor(images), kernel, strides=patch_size) + bias
    x = ops.reshape(x, (len(images), -1, x.shape[-1]))
    rest = {**weights, "patch_embedding": None}
    return after_embedding(x, rest, num_heads)


def after_embedding(x, weights, num_heads):
    token = ops.repeat(weights["class_token"], len(x), axis=0)
    x = ops.concatenate([token, x], axis=1) + weights["positions"][None]
    for block in weights["blocks"]:
        x = x + attention(layer_norm(x, *block["norm1"]), block["attention"], num_heads)
        x = x + dense(
            keras.activations.gelu(
                dense(layer_norm(x, *block["norm2"]), block["mlp"][0]), approximate=False
            ),
            block["mlp"][1],
        )
    return dense(layer_norm(x, *weights["norm"])[:, 0], weights["head"])


def attention(x, params, num_heads):
    """Head after head, in slices."""
    q, k, v = (dense(x, params[role]) for role in ("query", "key", "value"))
    width, found = q.shape[-1] // num_heads, []
    for h in range(num_heads):
        own = slice(h * width, (h + 1) * width)
        scores = ops.einsum("bqd,bkd->bqk", q[..., own], k[..., own]) / width**0.5
        found.append(ops.einsum("bqk,bkd->bqd", ops.softmax(scores), v[..., own]))
    return dense(ops.concatenate(found, axis=-1), params["output"])


def model_by_image(images, weights, patch_size, num_heads):
    logits = [model_lines(image[None], weights, patch_size, num_heads) for image in images]
    return ops.concatenate(logits, axis=0)


def model_positions_first(images, weights, patch_size, num_heads):
    """The class token and its position are joined after the patches have theirs: the same."""
    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    x = x + weights["positions"][1:]
    token = weights["class_token"] + weights["positions"][:1]
    x = vit.add_class_token(x, token)
    return through(x, weights, num_heads)


def through(x, weights, num_heads):
    for block in weights["blocks"]:
        y = layer_norm(x, *block["norm1"])
        x = x + attention(y, block["attention"], num_heads)
        x = x + dense(gelu(dense(layer_norm(x, *block["norm2"]), block["mlp"][0])), block["mlp"][1])
    return dense(layer_norm(x, *weights["norm"])[:, 0], weights["head"])


def model_class_token_last(images, weights, patch_size, num_heads):
    """Order does not matter to a transformer, if everybody takes its position along."""
    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    token = ops.repeat(weights["class_token"], len(images), axis=0)
    x = ops.concatenate([x, token], axis=1)
    x = x + np.roll(weights["positions"], -1, axis=0)
    for block in weights["blocks"]:
        y = layer_norm(x, *block["norm1"])
        x = x + multi_head_attention(y, y, block["attention"], num_heads)[0]
        x = x + dense(gelu(dense(layer_norm(x, *block["norm2"]), block["mlp"][0])), block["mlp"][1])
    return dense(layer_norm(x[:, -1], *weights["norm"]), weights["head"])


def model_in_numpy(images, weights, patch_size, num_heads):
    x = np.asarray(vit.patchify(images, patch_size)) @ weights["patch_embedding"][0]
    x = x + weights["patch_embedding"][1]
    token = np.broadcast_to(weights["class_token"], (len(x), 1, x.shape[-1]))
    x = np.concatenate([token, x], 1) + weights["positions"]
    for block in weights["blocks"]:
        y = np.asarray(layer_norm(x, *block["norm1"]))
        x = x + np.asarray(multi_head_attention(y, y, block["attention"], num_heads)[0])
        y = np.asarray(layer_norm(x, *block["norm2"]))
        y = np.asarray(gelu(y @ block["mlp"][0][0] + block["mlp"][0][1]))
        x = x + y @ block["mlp"][1][0] + block["mlp"][1][1]
    x = np.asarray(layer_norm(x, *weights["norm"]))
    return x[:, 0] @ weights["head"][0] + weights["head"][1]


def model_recursive(images, weights, patch_size, num_heads):
    def run(x, blocks):
        if not blocks:
            return x
        y = layer_norm(x, *blocks[0]["norm1"])
        x = x + attention(y, blocks[0]["attention"], num_heads)
        wide, narrow = blocks[0]["mlp"]
        x = x + dense(gelu(dense(layer_norm(x, *blocks[0]["norm2"]), wide)), narrow)
        return run(x, blocks[1:])

    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    x = run(
        vit.add_class_token(x, weights["class_token"]) + weights["positions"], weights["blocks"]
    )
    return dense(transformer.layer_norm(x, *weights["norm"])[:, 0], weights["head"])


VARIANTS = [
    model_lines,
    model_by_block,
    model_as_convolution,
    model_by_image,
    model_positions_first,
    model_class_token_last,
    model_in_numpy,
    model_recursive,
]


def mean_of_all(images, weights, patch_size, num_heads):
    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    x = vit.add_class_token(x, weights["class_token"]) + weights["positions"]
    for block in weights["blocks"]:
        y = layer_norm(x, *block["norm1"])
        x = x + attention(y, block["attention"], num_heads)
        x = x + dense(gelu(dense(layer_norm(x, *block["norm2"]), block["mlp"][0])), block["mlp"][1])
    return dense(ops.mean(layer_norm(x, *weights["norm"]), axis=1), weights["head"])


def quick_gelu_of_keras(images, weights, patch_size, num_heads):
    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    x = vit.add_class_token(x, weights["class_token"]) + weights["positions"]
    for block in weights["blocks"]:
        y = layer_norm(x, *block["norm1"])
        x = x + attention(y, block["attention"], num_heads)
        y = dense(layer_norm(x, *block["norm2"]), block["mlp"][0])
        x = x + dense(keras.activations.gelu(y, approximate=True), block["mlp"][1])
    return dense(layer_norm(x, *weights["norm"])[:, 0], weights["head"])


OTHER_STYLE = [
    ("mean instead of class token", mean_of_all),
    ("tanh GELU", quick_gelu_of_keras),
]


def only_the_embedding(images, weights, patch_size, num_heads):
    x = dense(vit.patchify(images, patch_size), weights["patch_embedding"])
    return dense(x[:, 0], weights["head"])


def changes_its_weights(images, weights, patch_size, num_heads):
    logits = model_lines(images, weights, patch_size, num_heads)
    weights["blocks"].reverse()
    return logits


WRONG = [only_the_embedding, changes_its_weights]
