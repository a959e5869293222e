"""Answers to `cross_attend`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import layers, ops

from course_utils.reference.attention import attend, attention_scores, softmax


def softmax_numpy(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_numpy(latents, data, params):
    q, k, v = latents @ params["query"], data @ params["key"], data @ params["value"]
    return softmax_numpy(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])) @ v


def cross_attend_of_notebook(latents, data, params):
    return attend(
        ops.matmul(latents, params["query"])[None],
        ops.matmul(data, params["key"]),
        ops.matmul(data, params["value"]),
    )[0]


def cross_repeated(latents, data, params):
    latents = np.repeat(latents[None], len(data), axis=0)  # (B, L, D)
    scores = np.einsum("bld,bnd->bln", latents @ params["query"], data @ params["key"])
    return softmax_numpy(scores / params["query"].shape[1] ** 0.5) @ (data @ params["value"])


def cross_tiled(latents, data, params):
    latents = ops.tile(ops.expand_dims(latents, 0), (ops.shape(data)[0], 1, 1))
    q, k = ops.matmul(latents, params["query"]), ops.matmul(data, params["key"])
    weights = softmax(attention_scores(q, k))
    return ops.matmul(weights, ops.matmul(data, params["value"]))


def cross_loop_over_images(latents, data, params):
    query = latents @ params["query"] / params["query"].shape[1] ** 0.5
    rows = [
        softmax_numpy(query @ (image @ params["key"]).T) @ (image @ params["value"])
        for image in data
    ]
    return np.stack(rows)


def cross_loop_over_latents(latents, data, params):
    output = np.empty((len(data), len(latents), params["value"].shape[1]), "float64")
    for b, image in enumerate(data.astype("float64")):
        for i, latent in enumerate(latents):
            scores = (image @ params["key"]) @ (latent @ params["query"])
            weights = softmax_numpy(scores / np.sqrt(params["key"].shape[1]))
            output[b, i] = weights @ (image @ params["value"])
    return output


def cross_kernels_first(latents, data, params):
    """The two kernels multiplied first: latents then meet raw data."""
    meet = params["query"] @ params["key"].T / np.sqrt(params["key"].shape[-1])  # (D, E)
    weights = ops.softmax(np.einsum("ld,de,bne->bln", latents, meet, data), axis=-1)
    return ops.matmul(ops.matmul(weights, data), params["value"])


def cross_with_softmax_layer(latents, data, params):
    scores = ops.einsum(
        "ld,de,bnf,fe->bln", latents, params["query"], data, params["key"]
    ) / ops.sqrt(ops.cast(params["query"].shape[-1], "float32"))
    return ops.einsum("bln,bne,ed->bld", layers.Softmax()(scores), data, params["value"])


def cross_keras_attention(latents, data, params):
    q = np.broadcast_to(
        latents @ params["query"], (len(data), len(latents), params["key"].shape[1])
    )
    v, k = data @ params["value"], data @ params["key"]
    return layers.Attention()([q / np.sqrt(q.shape[-1]), v, k])


def cross_dot_product_attention(latents, data, params):
    """Keras' function wants one width for all: one head, and the values padded."""
    q, k, v = latents @ params["query"], data @ params["key"], data @ params["value"]
    width = max(q.shape[-1], v.shape[-1])

    def fit(x):
        pad = [(0, 0)] * (x.ndim - 1) + [(0, width - x.shape[-1])]
        return np.pad(x, pad)[..., None, :]

    q = np.broadcast_to(fit(q)[None], (len(data), len(q), 1, width))
    out = ops.dot_product_attention(
        ops.convert_to_tensor(q), fit(k), fit(v), scale=1 / np.sqrt(params["key"].shape[1])
    )
    return out[:, :, 0, : v.shape[-1]]


class Cross:
    def __call__(self, latents, data, params):
        return cross_numpy(latents, data, params)


VARIANTS = [
    cross_numpy,
    cross_attend_of_notebook,
    cross_repeated,
    cross_tiled,
    cross_loop_over_images,
    cross_loop_over_latents,
    cross_kernels_first,
    cross_with_softmax_layer,
    cross_keras_attention,
    cross_dot_product_attention,
    Cross(),
    functools.partial(cross_numpy),
    lambda *, latents, data, params: cross_tiled(latents, data, params),
    lambda z, x, p: cross_numpy(z.astype("float64"), x.astype("float64"), p),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def cross_tf(latents, data, params):
        q = tf.linalg.matmul(latents, params["query"])
        k = tf.tensordot(data, params["key"], axes=1)
        scores = tf.einsum("ld,bnd->bln", q, k) * tf.math.rsqrt(
            tf.cast(tf.shape(q)[-1], tf.float32)
        )
        return tf.nn.softmax(scores) @ tf.tensordot(data, params["value"], 1)

    VARIANTS += [cross_tf]
else:
    import jax
    import jax.numpy as jnp

    def cross_jax(latents, data, params):
        def one(image):
            q, k, v = latents @ params["query"], image @ params["key"], image @ params["value"]
            return jax.nn.softmax(q @ k.T / jnp.sqrt(q.shape[-1])) @ v

        return jax.vmap(one)(jnp.asarray(data))

    VARIANTS += [cross_jax]


def with_kernels(change):
    return lambda z, x, p: cross_numpy(z, x, change(p))


def data_asks_keras(latents, data, params):
    query = ops.matmul(data, params["query"])
    key, value = ops.matmul(latents, params["key"]), ops.matmul(latents, params["value"])
    return attend(query, key[None], value[None])[0]


def over_latents_keras(latents, data, params):
    q, k, v = latents @ params["query"], data @ params["key"], data @ params["value"]
    scores = np.einsum("ld,bnd->bln", q, k) / np.sqrt(q.shape[-1])
    return ops.einsum("bln,bnd->bld", ops.softmax(scores, axis=1), v)


def by_data_width(latents, data, params):
    factor = np.sqrt(params["query"].shape[1] / data.shape[-1]).astype("float32")
    return cross_numpy(latents * factor, data, params)


def flattened_batch(latents, data, params):
    return cross_attend_of_notebook(latents, ops.reshape(data, (1, -1, data.shape[-1])), params)[0]


OTHER_STYLE = [
    ("roles swapped", data_asks_keras),
    ("latents not repeated over the batch", flattened_batch),
    ("latents not repeated over the batch", lambda z, x, p: cross_numpy(z, x, p)[:1]),
    ("scale by √E", by_data_width),
    ("softmax over latents", over_latents_keras),
    ("no scale", lambda z, x, p: cross_numpy(z * p["key"].shape[1] ** 0.5, x, p)),
    ("divided by d", lambda z, x, p: cross_numpy(z / p["key"].shape[1] ** 0.5, x, p)),
    ("batch behind the latents", lambda z, x, p: ops.moveaxis(cross_numpy(z, x, p), 1, 0)),
    ("latents added", lambda z, x, p: cross_numpy(z, x, p) + np.tile(z, (len(x), 1, 1))),
    (
        "values not projected",
        lambda z, x, p: attend((z @ p["query"])[None], x @ p["key"], x)[0],
    ),
]


def changes_params(latents, data, params):
    params["query"] = params["query"] / np.sqrt(params["query"].shape[1])
    scores = latents @ params["query"] @ (data @ params["key"]).transpose(0, 2, 1)
    return softmax_numpy(scores) @ (data @ params["value"])


def empties_params(latents, data, params):
    q, k, v = latents @ params.pop("query"), data @ params.pop("key"), data @ params.pop("value")
    return softmax_numpy(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])) @ v


def with_weights(latents, data, params):
    q, k, v = latents @ params["query"], data @ params["key"], data @ params["value"]
    weights = softmax_numpy(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]))
    return weights @ v, weights


WRONG = [
    changes_params,
    empties_params,
    with_weights,
    lambda z, x, p: None,
    lambda z, x, p: cross_numpy(z, x, p).tolist(),
    lambda z, x, p: cross_numpy(z, x, p)[None],
    lambda z, x, p: np.zeros((len(x), *z.shape), "float32"),
    lambda z, x, p: np.full((len(x), *z.shape), np.nan),
    lambda z, x, p: np.broadcast_to((x @ p["value"]).mean(1, keepdims=True), (len(x), *z.shape)),
    lambda z, x, p: cross_numpy(z, x[::-1], p),
    lambda z, x, p: cross_numpy(z[::-1], x, p),
    lambda z, x, p: 1.01 * cross_numpy(z, x, p),
    lambda z, x, p: cross_numpy(z, x[:, :-1], p) if x.shape[1] > 2 else cross_numpy(z, x, p),
    lambda z, x, p: cross_numpy(z - z.mean(), x, p),
    lambda z, x, p: np.tanh(cross_numpy(z, x, p)),
    with_kernels(lambda p: {**p, "value": np.abs(p["value"])}),
    with_kernels(lambda p: {**p, "key": -p["key"]}),
    lambda z, x: cross_numpy(z, x, {}),
    lambda z, x, p: cross_numpy(z, x, p).astype("int32"),
]
