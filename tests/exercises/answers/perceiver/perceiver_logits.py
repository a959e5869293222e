"""Answers to `perceiver_logits`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops

from course_utils.reference import perceiver
from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.reference.plain_perceiver import with_one
from course_utils.reference.positional_encoding import fourier_features, grid_positions
from course_utils.reference.transformer import encoder_block, gelu, layer_norm

SLOW = True


def norm(x, pair):
    return layer_norm(x, *pair, epsilon=1e-5)


def dense(x, pair):
    return ops.matmul(x, pair[0]) + pair[1]


def mlp(x, pairs, activation=gelu):
    return dense(activation(dense(x, pairs[0])), pairs[1])


def tokens(images, num_bands, max_resolution):
    places = fourier_features(grid_positions(images.shape[1:3]), num_bands, max_resolution)
    pixels = ops.reshape(images, (len(images), -1, images.shape[-1]))
    places = ops.broadcast_to(places[None], (len(images), *places.shape))
    return ops.concatenate([pixels, places], axis=-1)


def look(z, x, part, activation=gelu):
    asking, asked = with_one(norm(z, part["norm1"])), with_one(norm(x, part["data_norm"]))
    z = z + perceiver.cross_attend(asking, asked, part["attention"])
    return z + mlp(norm(z, part["norm2"]), part["mlp"], activation)


def think(z, blocks, num_heads, activation=gelu):
    for block in blocks:
        y = norm(z, block["norm1"])
        z = z + multi_head_attention(y, y, block["attention"], num_heads)[0]
        z = z + mlp(norm(z, block["norm2"]), block["mlp"], activation)
    return z


def answer(z, weights):
    return dense(ops.mean(norm(z, weights["norm"]), axis=1), weights["head"])


def repeated(weights, images):
    return ops.repeat(ops.convert_to_tensor(weights["latents"])[None], len(images), axis=0)


def model_with_perceive(images, weights, num_bands, max_resolution, iterations, num_heads):
    z = perceiver.perceive(
        repeated(weights, images),
        tokens(images, num_bands, max_resolution),
        lambda z, x: look(z, x, weights["cross"]),
        lambda z: think(z, weights["blocks"], num_heads),
        iterations,
    )
    return answer(z, weights)


def model_in_a_loop(images, weights, num_bands, max_resolution, iterations, num_heads):
    x, z = tokens(images, num_bands, max_resolution), repeated(weights, images)
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return answer(z, weights)


def model_broadcast(images, weights, num_bands, max_resolution, iterations, num_heads):
    """The latents have a batch of one until the first look."""
    x, z = tokens(images, num_bands, max_resolution), weights["latents"][None]
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return answer(z, weights)


def model_by_image(images, weights, *sizes):
    logits = [model_in_a_loop(image[None], weights, *sizes) for image in images]
    return ops.concatenate(logits, axis=0)


def model_shuffled(images, weights, num_bands, max_resolution, iterations, num_heads):
    """Pixels in any order, with their places: the same."""
    x = tokens(images, num_bands, max_resolution)
    x = ops.take(x, np.random.default_rng(0).permutation(x.shape[1]), axis=1)
    z = repeated(weights, images)
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return answer(z, weights)


def model_latents_reversed(images, weights, *sizes):
    """Latents are a set, too: their order means nothing."""
    return model_in_a_loop(images, {**weights, "latents": weights["latents"][::-1]}, *sizes)


def model_with_bias_apart(images, weights, num_bands, max_resolution, iterations, num_heads):
    """The last row of each kernel is added as a bias; keys and values are projected once."""
    part = weights["cross"]
    asked = norm(tokens(images, num_bands, max_resolution), part["data_norm"])
    query, key, value = (
        (part["attention"][role][:-1], part["attention"][role][-1])
        for role in ("query", "key", "value")
    )
    key, value = dense(asked, key), dense(asked, value)
    z = repeated(weights, images)
    for _ in range(iterations):
        z = z + attend(dense(norm(z, part["norm1"]), query), key, value)[0]
        z = z + mlp(norm(z, part["norm2"]), part["mlp"])
        z = think(z, weights["blocks"], num_heads)
    return answer(z, weights)


def model_with_encoder_block(images, weights, num_bands, max_resolution, iterations, num_heads):
    x, z = tokens(images, num_bands, max_resolution), repeated(weights, images)
    for _ in range(iterations):
        z = look(z, x, weights["cross"])
        for block in weights["blocks"]:
            z = encoder_block(
                z,
                lambda x, b=block: norm(x, b["norm1"]),
                lambda x, b=block: multi_head_attention(x, x, b["attention"], num_heads)[0],
                lambda x, b=block: norm(x, b["norm2"]),
                lambda x, b=block: mlp(x, b["mlp"]),
            )
    return answer(z, weights)


def model_head_first(images, weights, num_bands, max_resolution, iterations, num_heads):
    """A mean of logits is the logits of the mean."""
    x, z = tokens(images, num_bands, max_resolution), repeated(weights, images)
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return ops.mean(dense(norm(z, weights["norm"]), weights["head"]), axis=1)


def model_recursive(images, weights, num_bands, max_resolution, iterations, num_heads):
    x = tokens(images, num_bands, max_resolution)

    def after(rounds):
        if not rounds:
            return repeated(weights, images)
        z = look(after(rounds - 1), x, weights["cross"])
        return think(z, weights["blocks"], num_heads)

    return answer(after(iterations), weights)


def model_in_numpy(images, weights, num_bands, max_resolution, iterations, num_heads):
    def array(x):
        return np.asarray(ops.convert_to_numpy(x), "float64")

    x, z = array(tokens(images, num_bands, max_resolution)), array(repeated(weights, images))
    part = weights["cross"]
    for _ in range(iterations):
        asking, asked = array(norm(z, part["norm1"])), array(norm(x, part["data_norm"]))
        asking, asked = (np.insert(y, y.shape[-1], 1, axis=-1) for y in (asking, asked))
        q, k, v = (
            y @ part["attention"][role]
            for y, role in zip((asking, asked, asked), ("query", "key", "value"), strict=True)
        )
        scores = np.einsum("bld,bnd->bln", q, k) / np.sqrt(q.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        z = z + np.einsum("bln,bnd->bld", shares / shares.sum(-1, keepdims=True), v)
        z = z + array(mlp(norm(z, part["norm2"]), part["mlp"]))
        z = array(think(z.astype("float32"), weights["blocks"], num_heads))
    z = array(norm(z, weights["norm"])).mean(1)
    return z @ weights["head"][0] + weights["head"][1]


VARIANTS = [
    model_with_perceive,
    model_in_a_loop,
    model_broadcast,
    model_by_image,
    model_shuffled,
    model_latents_reversed,
    model_with_bias_apart,
    model_with_encoder_block,
    model_head_first,
    model_recursive,
    model_in_numpy,
]


def quick_gelu(images, weights, num_bands, max_resolution, iterations, num_heads):
    quick = functools.partial(keras.activations.gelu, approximate=True)
    x, z = tokens(images, num_bands, max_resolution), repeated(weights, images)
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"], quick), weights["blocks"], num_heads, quick)
    return answer(z, weights)


def over_images(images, weights, num_bands, max_resolution, iterations, num_heads):
    x, z = tokens(images, num_bands, max_resolution), repeated(weights, images)
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return dense(ops.mean(norm(z, weights["norm"]), axis=0), weights["head"])


def no_places(images, weights, num_bands, max_resolution, iterations, num_heads):
    x, z = tokens(images, num_bands, max_resolution), repeated(weights, images)
    x = ops.pad(x[..., : images.shape[-1]], [(0, 0), (0, 0), (0, x.shape[-1] - images.shape[-1])])
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return answer(z, weights)


def blocks_in_turn(images, weights, num_bands, max_resolution, iterations, num_heads):
    x, z, blocks = tokens(images, num_bands, max_resolution), repeated(weights, images), None
    for number in range(iterations):
        blocks = weights["blocks"]
        block = blocks[number % len(blocks)] if blocks else None
        z = think(look(z, x, weights["cross"]), [block] if blocks else [], num_heads)
    return answer(z, weights)


OTHER_STYLE = [
    ("tanh GELU", quick_gelu),
    ("mean over the wrong axis", over_images),
    ("features of positions forgotten", no_places),
    ("iterations with new weights", blocks_in_turn),
    (
        "latents repeated in a row",
        lambda i, w, *sizes: by_given_latents(
            i,
            w,
            ops.reshape(ops.repeat(w["latents"], len(i), axis=0), (len(i), *w["latents"].shape)),
            *sizes,
        ),
    ),
]


def by_given_latents(images, weights, z, num_bands, max_resolution, iterations, num_heads):
    x = tokens(images, num_bands, max_resolution)
    for _ in range(iterations):
        z = think(look(z, x, weights["cross"]), weights["blocks"], num_heads)
    return answer(z, weights)


def only_pixels(images, weights, num_bands, max_resolution, iterations, num_heads):
    """Raises: the data are too narrow for the norm."""
    x = ops.reshape(images, (len(images), -1, images.shape[-1]))
    return answer(look(repeated(weights, images), x, weights["cross"]), weights)


def changes_its_weights(images, weights, *sizes):
    logits = model_in_a_loop(images, weights, *sizes)
    weights["blocks"].reverse()
    return logits


WRONG = [
    only_pixels,
    changes_its_weights,
    lambda i, w, *sizes: None,
    lambda i, w, *sizes: model_in_a_loop(i[:, ::-1], w, *sizes),
    lambda i, w, *sizes: 1.01 * model_in_a_loop(i, w, *sizes),
    lambda i, w, *sizes: model_in_a_loop(i, {**w, "latents": w["latents"][:1]}, *sizes),
]
