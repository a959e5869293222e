"""Answers to `keras_attention`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import layers, ops
from keras.layers import Attention

from course_utils.reference.attention import attend


def scale_the_query(query, key, value):
    return layers.Attention()([query / math.sqrt(query.shape[-1]), value, key])


def scale_the_key(query, key, value):
    return keras.layers.Attention()([query, value, key / query.shape[-1] ** 0.5])


def scale_both(query, key, value):
    root = query.shape[-1] ** 0.25
    return Attention()([query / root, value, key / root])


def scale_in_keras(query, key, value):
    d = ops.cast(ops.shape(query)[-1], "float32")
    return Attention(use_scale=False, score_mode="dot")([query * ops.rsqrt(d), value, key])


def assign_the_scale(query, key, value):
    layer = Attention(use_scale=True)
    layer.build([query.shape, value.shape, key.shape])
    layer.scale.assign(query.shape[-1] ** -0.5)
    return layer([query, value, key])


def set_the_weights(query, key, value):
    layer = Attention(use_scale=True)
    layer([query, value, key])
    layer.set_weights([np.array(1 / np.sqrt(key.shape[-1]), "float32")])
    return layer([query, value, key])


def inputs_by_name(query, key, value):
    return Attention()(inputs=[query / np.sqrt(query.shape[-1]), value, key], training=False)


def scores_too(query, key, value):
    scaled = [query / query.shape[-1] ** 0.5, value, key]
    output, _ = Attention()(scaled, return_attention_scores=True)
    return output


class Scaled(Attention):
    def _calculate_scores(self, query, key):
        return super()._calculate_scores(query, key) / ops.sqrt(ops.cast(key.shape[-1], "float32"))


def subclass(query, key, value):
    return Scaled()([query, value, key])


def inside_a_model(query, key, value):
    q, v, k = (keras.Input(x.shape[1:]) for x in (query, value, key))
    model = keras.Model([q, v, k], Attention()([q / q.shape[-1] ** 0.5, v, k]))
    return model([query, value, key])


def image_by_image(query, key, value):
    layer, root = Attention(), query.shape[-1] ** 0.5
    return ops.concatenate(
        [layer([q[None] / root, v[None], k[None]]) for q, k, v in zip(query, key, value)]  # noqa: B905
    )


VARIANTS = [
    scale_the_query,
    scale_the_key,
    scale_both,
    scale_in_keras,
    assign_the_scale,
    set_the_weights,
    inputs_by_name,
    scores_too,
    subclass,
    inside_a_model,
    image_by_image,
    functools.partial(scale_the_query),
    lambda *, query, key, value: scale_the_key(query, key, value),
    lambda q, k, v: layers.Attention(dropout=0.5)([q / q.shape[-1] ** 0.5, v, k]),
    lambda q, k, v: layers.Attention(dtype="float64")([q / np.sqrt(q.shape[-1]), v, k]),
    lambda q, k, v: attend(q, k, v)[0],  # it is the numbers that count
]


OTHER_STYLE = [
    (
        "passes [query, key, value]",
        lambda q, k, v: layers.Attention()([q / np.sqrt(q.shape[-1]), k, v]),
    ),
    (
        "passes [query, key, value], unscaled",
        lambda q, k, v: layers.Attention(use_scale=True, dropout=0.1)([q, k, v]),
    ),
    ("passes [query, key, value], unscaled", lambda q, k, v: layers.Attention()([q, k, v])),
    (
        "unscaled, or use_scale=True taken for 1/√d",
        lambda q, k, v: layers.Attention(use_scale=True)([q, v, k]),
    ),
    ("unscaled, or use_scale=True taken for 1/√d", lambda q, k, v: layers.Attention()([q, v, k])),
    (
        "divided by d",
        lambda q, k, v: layers.Attention()([q / q.shape[-1] ** 0.5, v, k / k.shape[-1] ** 0.5]),
    ),
    ("key left out", lambda q, k, v: layers.Attention()([q / q.shape[-1] ** 0.5, v])),
    (
        "√ of the value width",
        lambda q, k, v: layers.Attention()([q / v.shape[-1] ** 0.5, v, k]),
    ),
    ("the result scaled", lambda q, k, v: layers.Attention()([q, v, k]) / q.shape[-1] ** 0.5),
]


WRONG = [
    lambda q, k, v: None,
    lambda q, k, v: layers.Attention()(
        [q / q.shape[-1] ** 0.5, v, k], return_attention_scores=True
    ),
    lambda q, k, v: layers.AdditiveAttention()([q, v, k]) if q.shape == v.shape else q,
    lambda q, k, v: np.zeros((*q.shape[:-1], v.shape[-1])),
    lambda q, k, v: scale_the_query(q, k, v)[None],
    lambda q, k, v: scale_the_query(q, k, v[:, ::-1]),
    lambda q, k, v: scale_the_query(q[::-1], k, v),
    lambda q, k, v: 1.01 * scale_the_query(q, k, v),
    lambda q, k, v: scale_the_query(q - q.mean(), k, v),
    lambda q, k, v: layers.Attention()([q / 2, v, k]),
    lambda q, k, v: layers.Attention(dropout=0.5)([q / q.shape[-1] ** 0.5, v, k], training=True),
    lambda q, k, v: layers.Attention()([q / q.shape[-1] ** 0.5, v, k], use_causal_mask=True),
    lambda q, k, v: layers.Attention,
    lambda q, k, v: layers.Attention()(q, v, k),
    lambda q, k: layers.Attention()([q, k]),
]
