"""Answers to `attend`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from exercises.answers.attention.attention_scores import scores_einsum, scores_matmul
from keras import ops

from course_utils.reference import attention as reference


def safe_softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend_where(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    weights = safe_softmax(scores)
    if mask is not None:
        weights = np.where(mask, weights, 0)
    return weights @ value, weights


def attend_keras(query, key, value, mask=None):
    weights = ops.softmax(reference.attention_scores(query, key) if mask is None else ops.where(
        mask, reference.attention_scores(query, key), -1e9
    ), axis=-1)  # fmt: skip
    if mask is not None:
        weights = weights * ops.cast(mask, weights.dtype)
    return ops.matmul(weights, value), weights


def attend_additive(q, k, v, m=None):
    bias = 0.0 if m is None else (1.0 - np.asarray(m, "float32")) * -1e9
    w = safe_softmax(scores_einsum(q, k) + bias)
    if m is not None:
        w = w * m.any(axis=-1, keepdims=True)
    return w @ v, w


def attend_inf(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    with np.errstate(invalid="ignore"):
        weights = np.nan_to_num(safe_softmax(scores))
    return weights @ value, weights


def attend_inf_finite_maximum(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(-1, keepdims=True)
    weights = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return np.einsum("...qk,...kv->...qv", weights, value), weights


def attend_masked_array(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    hidden = np.zeros(scores.shape, bool) if mask is None else ~np.broadcast_to(mask, scores.shape)
    scores = np.ma.array(scores, mask=hidden)
    e = np.ma.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = (e / e.sum(axis=-1, keepdims=True)).filled(0)
    return weights @ value, weights


def attend_boolean_index(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    if mask is None:
        mask = np.ones(scores.shape, dtype=bool)
    mask = np.broadcast_to(mask, scores.shape)
    scores[~mask] = -1e9
    weights = safe_softmax(scores)
    weights[~mask] = 0.0
    return weights @ value, weights


def attend_renormalising(query, key, value, mask=None):
    """All exponentials, times the mask, divided by what is left."""
    mask = np.True_ if mask is None else mask
    scores = scores_matmul(np.float64(query), np.float64(key))
    top = np.max(scores, axis=-1, keepdims=True, initial=-1e300, where=mask)
    weights = np.exp(np.minimum(scores - top, 0)) * mask
    total = weights.sum(-1, keepdims=True)
    weights = weights / np.where(total > 0, total, 1)
    return weights @ value, weights


def attend_exponentials_times_mask(query, key, value, mask=None):
    scores = reference.attention_scores(query, key)
    seen = ops.ones_like(scores) if mask is None else ops.cast(mask, "float32")
    low = scores - (1 - seen) * 1e9
    e = ops.exp(low - ops.max(low, axis=-1, keepdims=True)) * seen
    weights = e / ops.maximum(ops.sum(e, axis=-1, keepdims=True), 1e-30)
    return ops.einsum("...qk,...kv->...qv", weights, value), weights


def attend_softmax_then_mask_then_divide(query, key, value, mask=None):
    """Right on paper, and in float32 unless what may be seen lies some 80 below what is hidden."""
    weights = safe_softmax(scores_matmul(query, key))
    if mask is not None:
        weights = weights * mask
        total = weights.sum(-1, keepdims=True)
        weights = weights / np.where(total > 0, total, 1)
    return weights @ value, weights


def attend_loops(query, key, value, mask=None):
    shape = query.shape[:-1] + key.shape[-2:-1]
    weights = np.zeros(shape, "float32")
    output = np.zeros(query.shape[:-1] + value.shape[-1:], "float32")
    mask = np.broadcast_to(True if mask is None else mask, shape)
    for place in np.ndindex(shape[:-1]):
        lead, q = place[:-1], query[place]
        if mask[place].any():
            chosen = mask[place]
            s = key[lead][chosen] @ q / np.sqrt(len(q))
            e = np.exp(s - s.max())
            weights[place + (chosen,)] = e / e.sum()
        output[place] = weights[place] @ value[lead]
    return output, weights


def attend_recursive(query, key, value, mask=None):
    if query.ndim > 2:
        rows = []
        for i in range(len(query)):
            inner = (
                None
                if mask is None
                else mask[min(i, len(mask) - 1)]
                if mask.ndim >= query.ndim
                else mask
            )  # noqa: E501
            rows.append(attend_recursive(query[i], key[i], value[i], inner))
        return np.stack([o for o, _ in rows]), np.stack([w for _, w in rows])
    return attend_where(query, key, value, mask)


def attend_as_list(query, key, value, mask=None):
    return list(attend_where(query, key, value, mask))


def attend_keyword_mask(query, key, value, *, mask=None):
    return attend_where(query, key, value, mask)


def attend_all_float64(query, key, value, mask=None):
    return attend_where(*(np.asarray(a, dtype="float64") for a in (query, key, value)), mask)


def attend_with_constants_from_finfo(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    if mask is not None:
        scores = np.where(mask, scores, np.finfo(np.float32).min)
    weights = safe_softmax(scores)
    if mask is not None:
        weights = np.where(mask.any(-1, keepdims=True), weights, 0)
    return weights @ value, weights


def attend_course_softmax(query, key, value, mask=None):
    scores = reference.attention_scores(query, key)
    if mask is None:
        mask = ops.ones_like(scores, dtype="bool")
    weights = reference.softmax(ops.where(mask, scores, -1e9))
    weights = ops.where(mask, weights, ops.zeros_like(weights))
    return weights @ value, weights


def attend_scaled_query(query, key, value, mask=None):
    scores = np.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    scores = scores if mask is None else scores + np.where(mask, 0, -1e30)
    weights = safe_softmax(scores)
    return (weights := weights if mask is None else mask * weights) @ value, weights


def attend_filling(query, key, value, mask=None):
    scores = scores_matmul(query, key)
    if mask is not None:
        np.copyto(scores, np.float32(-1e9), where=~np.asarray(mask))
        weights = safe_softmax(scores)
        np.putmask(weights, ~np.broadcast_to(mask, weights.shape), 0)
    else:
        weights = safe_softmax(scores)
    return np.matmul(weights, value), weights


class Attend:
    def __call__(self, query, key, value, mask=None):
        return attend_where(query, key, value, mask)


VARIANTS = [
    attend_where,
    attend_keras,
    attend_additive,
    attend_inf,
    attend_inf_finite_maximum,
    attend_masked_array,
    attend_boolean_index,
    attend_renormalising,
    attend_softmax_then_mask_then_divide,
    attend_exponentials_times_mask,
    attend_loops,
    attend_recursive,
    attend_as_list,
    attend_keyword_mask,
    attend_all_float64,
    attend_with_constants_from_finfo,
    attend_course_softmax,
    attend_scaled_query,
    attend_filling,
    Attend(),
    functools.partial(attend_where),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    from exercises.answers.attention.attention_scores import tf_scores

    def tf_attend(query, key, value, mask=None):
        scores = tf_scores(query, key)
        if mask is not None:
            scores = tf.where(mask, scores, -1e9)
        weights = tf.nn.softmax(scores, axis=-1)
        if mask is not None:
            weights = tf.where(mask, weights, 0.0)
        return tf.matmul(weights, value), weights

    VARIANTS += [
        tf_attend,
    ]
else:
    import jax
    import jax.numpy as jnp

    def jnp_attend(query, key, value, mask=None):
        scores = jnp.einsum("...qd,...kd->...qk", query, key) / jnp.sqrt(query.shape[-1])
        mask = jnp.ones(scores.shape, bool) if mask is None else mask
        weights = jax.nn.softmax(scores, axis=-1, where=mask)
        weights = jnp.where(mask, weights, 0)
        return weights @ value, weights

    VARIANTS += [
        jnp_attend,
    ]


def keras_attend(query, key, value, mask=None, *, scale=True, low=-1e9, axis=-1, invert=False):
    scores = ops.einsum("...qd,...kd->...qk", query, key)
    if scale:
        scores = scores / query.shape[-1] ** 0.5
    if mask is not None:
        mask = ops.logical_not(mask) if invert else mask
        scores = ops.where(mask, scores, low)
    weights = ops.softmax(scores, axis=axis)
    if mask is not None and np.isfinite(low) and axis == -1 and scale:
        weights = ops.where(mask, weights, 0.0)
    return ops.matmul(weights, value), weights


def added_in_float64(query, key, value, mask=None):
    scores = np.float64(query) @ np.swapaxes(np.float64(key), -1, -2) / np.sqrt(query.shape[-1])
    scores = scores if mask is None else scores - 1e9 * ~mask
    e = np.exp(scores - scores.max(-1, keepdims=True))
    weights = e / e.sum(-1, keepdims=True)
    return weights @ value, weights


def forgets_the_mask(q, k, v, m=None):
    weights = ops.softmax(ops.matmul(q, ops.swapaxes(k, -1, -2)) / q.shape[-1] ** 0.5)
    return ops.matmul(weights, v), weights


OTHER_STYLE = [
    ("softmax over queries", functools.partial(keras_attend, axis=-2)),
    ("-inf rows becoming NaN", functools.partial(keras_attend, low=-np.inf)),
    ("-1e9 added in float64", added_in_float64),
    ("mask polarity inverted", functools.partial(keras_attend, invert=True)),
    ("mask ignored", forgets_the_mask),
    ("returns (weights, output)", lambda *qkvm: keras_attend(*qkvm)[::-1]),
]


def attend_small_hiding(query, key, value, mask=None):
    """-5 hides little."""
    scores = scores_matmul(query, key)
    weights = safe_softmax(scores if mask is None else np.where(mask, scores, -5))
    return weights @ value, weights


def attend_drops_empty_rows_to_the_first_key(query, key, value, mask=None):
    output, weights = attend_where(query, key, value, mask)
    weights = np.where(weights.sum(-1, keepdims=True) == 0, np.eye(1, weights.shape[-1]), weights)
    return weights @ value, weights


def attend_right_output_wrong_weights(query, key, value, mask=None):
    output, weights = attend_where(query, key, value, mask)
    return output, np.sqrt(weights)


def attend_always_causal(query, key, value, mask=None):
    causal = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
    return attend_where(query, key, value, causal if mask is None else mask & causal)


def attend_float16(query, key, value, mask=None):
    return attend_where(*(a.astype("float16") for a in (query, key, value)), mask)


WRONG = [
    attend_small_hiding,
    attend_drops_empty_rows_to_the_first_key,
    attend_right_output_wrong_weights,
    attend_always_causal,
    attend_float16,
    lambda q, k, v, m=None: attend_where(q, k, v, m)[0],
    lambda q, k, v, m=None: (*attend_where(q, k, v, m), 1),
    lambda q, k, v, m=None: attend_where(q, k, v),
    lambda q, k, v: attend_where(q, k, v),
    lambda q, k, v, m=None: (v, attend_where(q, k, v, m)[1]),
    lambda q, k, v, m=None: attend_where(q, k, v, None if m is None else m[..., :1, :]),
]
