"""Answers to `softmax`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import ops


def softmax_by_the_book(scores):
    scores = scores - np.max(scores, axis=-1, keepdims=True)
    return np.exp(scores) / np.sum(np.exp(scores), axis=-1, keepdims=True)


def softmax_in_float64(x):
    x = np.asarray(x, dtype=np.float64)
    e = np.exp(x - x.max(axis=-1)[..., None])
    return e / e.sum(axis=-1)[..., np.newaxis]


def softmax_log_sum_exp(scores):
    top = ops.max(scores, axis=-1, keepdims=True)
    total = top + ops.log(ops.sum(ops.exp(scores - top), axis=-1, keepdims=True))
    return ops.exp(scores - total)


def softmax_logsumexp_of_keras(s):
    return ops.exp(s - ops.logsumexp(s, axis=-1, keepdims=True))


def softmax_in_powers_of_two(scores):
    powers = np.exp2((scores - scores.max(-1, keepdims=True)) * np.float32(1 / math.log(2)))
    return powers / powers.sum(-1, keepdims=True)


def softmax_row_by_row(scores):
    rows = [np.exp(row - max(row)) for row in scores.reshape(-1, scores.shape[-1])]
    return np.stack([row / sum(row) for row in rows]).reshape(scores.shape)


def softmax_recursive(scores):
    if scores.ndim > 1:
        return np.array([softmax_recursive(row) for row in scores])
    e = np.exp(scores - scores.max())
    return e / e.sum()


def softmax_with_loops(scores):
    out = np.empty_like(scores)
    for place in np.ndindex(scores.shape[:-1]):
        biggest = max(scores[place])
        total = sum(math.exp(s - biggest) for s in scores[place])
        for i, s in enumerate(scores[place]):
            out[place + (i,)] = math.exp(s - biggest) / total
    return out


def softmax_along_axis(scores):
    def one(row):
        e = np.exp(row - row.max())
        return e / e.sum()

    return np.apply_along_axis(one, -1, scores)


def softmax_by_pairs(scores):
    """1 / Σ exp(other - mine): no maximum is needed where infinity may stand below the line."""
    with np.errstate(over="ignore"):
        return 1 / np.exp(scores[..., None, :] - scores[..., :, None]).sum(-1)


def softmax_einsum(scores):
    e = ops.exp(scores - ops.amax(scores, axis=-1, keepdims=True))
    return ops.einsum("...n,...->...n", e, 1 / ops.sum(e, axis=-1))


def softmax_transposed(scores):
    t = np.moveaxis(scores, -1, 0)
    e = np.exp(t - t.max(0))
    return np.moveaxis(e / e.sum(0), 0, -1)


def softmax_clipped(scores):
    e = np.exp(np.clip(scores - scores.max(-1, keepdims=True), -80, 0))
    return e / (e.sum(-1, keepdims=True) + 1e-9)


def softmax_reassigning(scores):
    scores = scores.copy()
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


class SoftmaxObject:
    def __init__(self, axis=-1):
        self.axis = axis

    def __call__(self, scores):
        e = ops.exp(scores - ops.max(scores, axis=self.axis, keepdims=True))
        return e / ops.sum(e, axis=self.axis, keepdims=True)


class SoftmaxLayer(keras.layers.Layer):
    def call(self, inputs):
        return SoftmaxObject()(inputs)


def softmax_keyword_only(*, scores):
    return softmax_by_the_book(scores)


def softmax_with_axis(scores, axis=-1):
    return SoftmaxObject(axis)(scores)


def softmax_of_methods(scores):
    return softmax_by_the_book(scores.numpy() if hasattr(scores, "numpy") else np.asarray(scores))


VARIANTS = [
    softmax_by_the_book,
    softmax_in_float64,
    softmax_log_sum_exp,
    softmax_logsumexp_of_keras,
    softmax_in_powers_of_two,
    softmax_row_by_row,
    softmax_recursive,
    softmax_with_loops,
    softmax_along_axis,
    softmax_by_pairs,
    softmax_einsum,
    softmax_transposed,
    softmax_clipped,
    softmax_reassigning,
    SoftmaxObject(),
    SoftmaxLayer(),
    softmax_keyword_only,
    softmax_with_axis,
    softmax_of_methods,
    functools.partial(softmax_with_axis, axis=-1),
    lambda x: SoftmaxObject()(x),
    SoftmaxObject().__call__,
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def tf_softmax(scores):
        e = tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True))
        return e / tf.reduce_sum(e, axis=-1, keepdims=True)

    VARIANTS += [
        tf_softmax,
        tf.function(tf_softmax),
    ]
else:
    import jax
    import jax.numpy as jnp

    def jnp_softmax(scores):
        e = jnp.exp(scores - jnp.max(scores, axis=-1, keepdims=True))
        return e / jnp.sum(e, axis=-1, keepdims=True)

    VARIANTS += [
        jnp_softmax,
        jax.jit(jnp_softmax),
    ]


def softmax_by_the_book_without_maximum(x):
    return ops.exp(x) / ops.sum(ops.exp(x), axis=-1, keepdims=True)


OTHER_STYLE = [
    ("no maximum subtracted", lambda x: ops.exp(x) / ops.sum(ops.exp(x), -1, True)),
    (
        "no maximum subtracted",
        lambda x: np.exp(np.float64(x)) / np.exp(np.float64(x)).sum(-1)[..., None],
    ),
    ("over axis -2", lambda x: SoftmaxObject(axis=-2)(x)),
    ("over axis 0", lambda x: SoftmaxObject(axis=0)(np.float64(x))),
    ("over axis 1", lambda x: SoftmaxObject(axis=1)(x)),
    ("over all entries", lambda x: SoftmaxObject(axis=None)(x)),
    ("over all entries", lambda x: ops.exp(x) / ops.sum(ops.exp(x))),
    ("one global maximum", lambda x: softmax_by_the_book_without_maximum(x - x.max())),
    ("sum without keepdims", lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=-1)),
    ("not divided by the sum", lambda x: ops.exp(x - ops.max(x, -1, keepdims=True))),
    ("sigmoid", lambda x: ops.sigmoid(x)),
    ("all to the largest", lambda x: np.eye(x.shape[-1])[x.argmax(-1)]),
]


WRONG = [
    lambda x: x,
    lambda x: np.zeros_like(x),
    lambda x: np.full_like(x, 1 / x.shape[-1]),
    lambda x: np.abs(x) / np.abs(x).sum(-1, keepdims=True),
    lambda x: softmax_by_the_book(2 * x),
    lambda x: softmax_by_the_book(-x),
    lambda x: softmax_by_the_book(x)[..., ::-1],
    lambda x: softmax_by_the_book(x).round(2),
    lambda x: softmax_by_the_book(np.clip(x, -50, 50)),
    lambda x: softmax_by_the_book(x).astype("float16"),
    lambda x: softmax_by_the_book(x)[..., None],
    lambda x: softmax_by_the_book(x).tolist(),
    lambda x: (
        np.exp2(x - x.max(-1, keepdims=True))
        / np.exp2(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)
    ),
    lambda x: (
        np.exp(x - x.max(-1, keepdims=True))
        / (np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True) + 0.01)
    ),
    lambda x: (x - x.min(-1, keepdims=True)) / np.ptp(x, axis=-1, keepdims=True),
    lambda x: np.nan_to_num(np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
]
