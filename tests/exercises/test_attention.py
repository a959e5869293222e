"""The catalogue of notebook 01 tests itself: every mistake is refused and recognised as itself,
every variant (a right answer that looks different) is accepted, on twenty draws of the cases."""

import functools
import importlib
import math

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.checking import Exercise
from course_utils.exercises import attention as notebook
from course_utils.exercises.attention import is_permutation_equivariant as ours
from course_utils.reference import attention as reference

judge = importlib.import_module("course_utils.checking.judge")  # not the function of that name

EXERCISES = {exercise.id: exercise for exercise in notebook.EXERCISES}
SEEDS, SOME_SEEDS = range(20), range(5)
BACKEND = keras.backend.backend()

# --- right answers, as students write them ------------------------------------------------------


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


def scores_matmul(query, key):
    return np.matmul(query, np.swapaxes(key, -2, -1)) / np.sqrt(query.shape[-1])


def scores_keras_matmul(q, k):
    return ops.matmul(q, ops.swapaxes(k, -1, -2)) / ops.sqrt(ops.cast(ops.shape(q)[-1], "float32"))


def scores_einsum(q, k):
    return np.einsum("...ij,...kj->...ik", q, k) * q.shape[-1] ** -0.5


def scores_scaled_first(query, key):
    root = math.sqrt(math.sqrt(key.shape[-1]))
    return (query / root) @ np.moveaxis(key / root, -1, -2)


def scores_broadcast(query, key):
    return (query[..., :, None, :] * key[..., None, :, :]).sum(-1) / np.sqrt(key.shape[-1])


def scores_loops(query, key):
    d = query.shape[-1]
    out = np.zeros(query.shape[:-1] + (key.shape[-2],))
    for *rest, q, k in np.ndindex(out.shape):
        lead = tuple(rest)
        out[lead + (q, k)] = sum(a * b for a, b in zip(query[lead][q], key[lead][k], strict=True))
    return out / d**0.5


def scores_stacked(query, key):
    columns = [(query * key[..., k : k + 1, :]).sum(-1) for k in range(key.shape[-2])]
    return np.stack(columns, axis=-1) / math.sqrt(query.shape[-1])


def scores_float64(query, key):
    query, key = query.astype(np.float64), key.astype(np.float64)
    return np.inner(query, key) / 1.0 if query.ndim == 0 else scores_matmul(query, key)


def scores_by_polarisation(query, key):
    """q · k = (|q|² + |k|² - |q - k|²) / 2."""
    query, key = np.float64(query), np.float64(key)
    apart = ((query[..., :, None, :] - key[..., None, :, :]) ** 2).sum(-1)
    lengths = (query**2).sum(-1)[..., None] + (key**2).sum(-1)[..., None, :]
    return (lengths - apart) / 2 / np.sqrt(query.shape[-1])


def scores_keras_einsum(query, key):
    query, key = ops.convert_to_tensor(query), ops.convert_to_tensor(key)
    return ops.einsum("...qd,...kd->...qk", query, key) / math.sqrt(key.shape[-1])


def scores_transpose_of_transpose(query, key):
    return np.swapaxes(key @ np.swapaxes(query, -1, -2), -1, -2) / np.sqrt(key.shape[-1])


def scores_norm_of_ones(query, key):
    return query @ np.swapaxes(key, -1, -2) / np.linalg.norm(np.ones(query.shape[-1]))


def scores_generic(scale, q, k):
    return scale(q.shape[-1]) * np.matmul(q, np.swapaxes(k, -1, -2))


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


def causal_loops(length):
    mask = np.zeros((length, length), dtype=bool)
    for i in range(length):
        for j in range(i + 1):
            mask[i, j] = True
    return mask


def causal_filled(n):
    mask = np.full((n, n), False)
    mask[np.tril_indices(n)] = True
    return mask


def causal_grid(n):
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    return j <= i


def causal_keyword(length, dtype="bool"):
    return ops.cast(ops.tril(ops.ones((length, length))), dtype)


def padding_loops(lengths, max_length):
    mask = np.zeros((len(lengths), 1, max_length), dtype=bool)
    for b, n in enumerate(lengths):
        mask[b, 0, :n] = True
    return mask


def padding_stack(lengths, max_length):
    rows = [[j < n for j in range(max_length)] for n in lengths]
    return np.stack([np.array(row) for row in rows])[:, np.newaxis]


def padding_keras(lengths, max_length):
    mask = ops.arange(max_length) < ops.expand_dims(lengths, -1)
    return ops.expand_dims(mask, 1)


def padding_concatenate(lengths, max_length):
    rows = [np.concatenate([np.ones(n, bool), np.zeros(max_length - n, bool)]) for n in lengths]
    return np.array(rows).reshape(len(lengths), 1, max_length)


def padding_cumsum(lengths, max_length):
    ones = np.ones((len(lengths), 1, max_length), "int64")
    return np.cumsum(ones, axis=-1) <= np.reshape(lengths, (-1, 1, 1))


def reverse_keys(length, sharpness=50.0):
    query = np.eye(length) * sharpness * np.sqrt(length)
    return query, np.eye(length)[::-1]


def reverse_query_rows(length, sharpness=50.0):
    key = np.eye(length, dtype="float32")
    return np.flip(key, 0) * (sharpness * length**0.5), key


def reverse_antidiagonal(n, sharpness=50.0):
    query = np.zeros((n, n))
    for i in range(n):
        query[i, n - 1 - i] = sharpness * math.sqrt(n)
    return query, np.identity(n)


def reverse_shared_sharpness(length, sharpness=50.0):
    factor = math.sqrt(sharpness * math.sqrt(length))
    return factor * np.fliplr(np.eye(length)), factor * np.eye(length)


def reverse_circle(length, sharpness=50.0):
    """Two features: keys on a circle, the nearest direction wins."""
    angle = 2 * np.pi * np.arange(length) / length
    key = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    margin = 1 - np.cos(2 * np.pi / length)
    return key[::-1] * sharpness * np.sqrt(2) / margin, key


def reverse_parabola(length, sharpness=50.0):
    """-(i - j)² = 2ij - j² - i², and the last term is the same for all keys."""
    j = np.arange(length, dtype="float64")
    wanted = j[::-1]
    key = np.stack([j, -(j**2)], axis=1)
    query = np.stack([2 * wanted, np.ones(length)], axis=1)
    return sharpness * np.sqrt(2) * query, key


def reverse_parabola_three(length, sharpness=50.0):
    j = np.arange(length) - (length - 1) / 2
    key = np.stack([j**2, j, np.ones(length)], axis=-1)
    query = np.stack([-np.ones(length), -2 * j, np.zeros(length)], axis=-1)
    return query * sharpness * 3**0.5, key


def reverse_wide(length, sharpness=50.0):
    key = np.eye(length, 2 * length + 3)
    return sharpness * np.sqrt(2 * length + 3) * key[::-1], key


def reverse_random_basis(length, sharpness=50.0):
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((length, length)))[0]
    return sharpness * np.sqrt(length) * basis[::-1], basis


def reverse_fixed_sharpness(length):
    return 1e4 * np.eye(length)[::-1], np.eye(length)


def reverse_keras(length, sharpness=50.0):
    key = ops.one_hot(ops.arange(length), length)
    query = ops.one_hot(length - 1 - ops.arange(length), length)
    return query * sharpness * ops.sqrt(float(length)), key


def reverse_integers(length, sharpness=50):
    key = np.eye(length, dtype=int)
    return key[::-1] * int(sharpness) * length, key


def permute_default_tolerances(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    return np.allclose(layer(tokens[:, order]), layer(tokens)[:, order])


def permute_ops_take(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    first = layer(ops.take(tokens, order, axis=1))
    second = ops.take(layer(tokens), order, axis=1)
    return bool(ops.max(ops.abs(first - second)) < 1e-3)


def permute_zero_dimensional(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    gap = ops.subtract(layer(tokens[:, order]), ops.take(layer(tokens), order, axis=1))
    return ops.all(ops.less(ops.abs(gap), 1e-4))


def permute_argsort(layer, x, rng):
    order = np.argsort(rng.random(x.shape[1]))
    return np.isclose(layer(x[:, order, :]), layer(x)[:, order, :], atol=1e-5).all()


def permute_undo(layer, tokens, rng):
    """Permute, apply, and put the result back in order."""
    order = rng.permutation(tokens.shape[1])
    back = np.argsort(order)
    return np.allclose(np.asarray(layer(tokens[:, order]))[:, back], layer(tokens), atol=1e-4)


def permute_several(layer, tokens, rng):
    for _ in range(5):
        order = rng.permutation(tokens.shape[1])
        if not np.allclose(layer(tokens[:, order]), layer(tokens)[:, order], atol=1e-4):
            return False
    return True


def permute_all(layer, tokens, rng):
    orders = [rng.permutation(tokens.shape[1]) for _ in range(3)]
    before = layer(tokens)
    return all(np.allclose(layer(tokens[:, p]), before[:, p], atol=1e-4) for p in orders)


def permute_matrix(layer, tokens, rng):
    matrix = np.eye(tokens.shape[1], dtype="float32")[rng.permutation(tokens.shape[1])]
    gap = layer(matrix @ tokens) - matrix @ layer(tokens)
    return np.abs(gap).max() < 1e-3


def permute_every_swap(layer, tokens, rng):
    """Swaps of neighbours generate all permutations."""
    before = layer(tokens)
    for i in range(tokens.shape[1] - 1):
        order = np.arange(tokens.shape[1])
        order[[i, i + 1]] = i + 1, i
        if not np.allclose(layer(tokens[:, order]), before[:, order], atol=1e-4):
            return np.False_
    return np.True_


def permute_own_tokens(layer, tokens, rng):
    x = rng.normal(size=tokens.shape).astype("float32")
    order = rng.permutation(x.shape[1])
    np.random.default_rng(0).shuffle(order)
    return bool(np.allclose(layer(x[:, order]), layer(x)[:, order], rtol=1e-4, atol=1e-4))


def permute_assert_almost_equal(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    try:
        np.testing.assert_allclose(layer(tokens[:, order]), layer(tokens)[:, order], rtol=1e-4)
    except AssertionError:
        return False
    return True


def permute_on_a_copy_shuffled(layer, tokens, rng):
    order = list(range(tokens.shape[1]))
    rng.shuffle(order)
    shuffled = np.stack([tokens[:, i] for i in order], axis=1)
    after = np.stack([layer(tokens)[:, i] for i in order], axis=1)
    return float(np.mean((layer(shuffled) - after) ** 2)) < 1e-6


VARIANTS = {
    "softmax": [
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
    ],
    "attention_scores": [
        scores_matmul,
        scores_keras_matmul,
        scores_einsum,
        scores_scaled_first,
        scores_broadcast,
        scores_loops,
        scores_stacked,
        scores_float64,
        scores_by_polarisation,
        scores_keras_einsum,
        scores_transpose_of_transpose,
        scores_norm_of_ones,
        functools.partial(scores_generic, lambda d: 1 / np.sqrt(d)),
        lambda query, key: query @ np.swapaxes(key, -1, -2) / query.shape[-1] ** 0.5,
        lambda *, query, key: scores_matmul(query, key),
    ],
    "attend": [
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
    ],
    "causal_mask": [
        causal_loops,
        causal_filled,
        causal_grid,
        causal_keyword,
        lambda length: np.tril(np.ones((length, length), dtype=bool)),
        lambda length: np.tri(length, dtype=bool),
        lambda length: np.tri(length).astype(bool),
        lambda length: ~np.triu(np.ones((length, length), bool), k=1),
        lambda n: np.arange(n)[None, :] <= np.arange(n)[:, None],
        lambda n: np.less_equal.outer(np.arange(n), np.arange(n)).T,
        lambda n: np.array([[j <= i for j in range(n)] for i in range(n)]),
        lambda n: np.cumsum(np.eye(n), axis=0) > 0.5,
        lambda n: ops.arange(n)[:, None] >= ops.arange(n),
        lambda n: ops.logical_not(ops.triu(ops.ones((n, n), dtype="bool"), k=1)),
        lambda *, length: np.tri(length) == 1,
        functools.partial(np.tri, dtype=bool),
    ],
    "padding_mask": [
        padding_loops,
        padding_stack,
        padding_keras,
        padding_concatenate,
        padding_cumsum,
        lambda lengths, max_length: np.arange(max_length) < lengths[:, None, None],
        lambda lengths, max_length: np.arange(max_length)[None, None] < lengths[:, None, None],
        lambda lengths, max_length: (np.arange(1, max_length + 1) <= lengths[:, None])[:, None],
        lambda sizes, n: ~(np.arange(n) >= np.asarray(sizes)[:, None]).reshape(-1, 1, n),
        lambda sizes, n: np.greater.outer(sizes, np.arange(n))[:, None, :],
        lambda sizes, n: np.array([[[i < s for i in range(n)]] for s in sizes]),
        lambda sizes, n: np.tri(n + 1, n, -1, dtype=bool)[sizes][:, None],
        lambda sizes, n: ops.greater(ops.reshape(sizes, (-1, 1, 1)), ops.arange(n)),
        lambda *, lengths, max_length: padding_loops(lengths, max_length),
        functools.partial(lambda less, sizes, n: less(np.arange(n), sizes[:, None, None]), np.less),
    ],
    "reversal_queries_keys": [
        reverse_keys,
        reverse_query_rows,
        reverse_antidiagonal,
        reverse_shared_sharpness,
        reverse_circle,
        reverse_parabola,
        reverse_parabola_three,
        reverse_wide,
        reverse_random_basis,
        reverse_fixed_sharpness,
        reverse_keras,
        reverse_integers,
        lambda length, sharpness=50.0: list(reverse_keys(length, sharpness)),
        functools.partial(reverse_keys, sharpness=80.0),
        lambda *, length, sharpness=50.0: reverse_wide(length, sharpness),
    ],
    "is_permutation_equivariant": [
        permute_default_tolerances,
        permute_ops_take,
        permute_zero_dimensional,
        permute_argsort,
        permute_undo,
        permute_several,
        permute_all,
        permute_matrix,
        permute_every_swap,
        permute_own_tokens,
        permute_assert_almost_equal,
        permute_on_a_copy_shuffled,
        lambda layer, tokens, *, rng: permute_several(layer, tokens, rng),
        functools.partial(
            lambda times, *rest: all(permute_argsort(*rest) for _ in range(times)), 2
        ),
    ],
}

if BACKEND == "tensorflow":
    import tensorflow as tf

    def tf_softmax(scores):
        e = tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True))
        return e / tf.reduce_sum(e, axis=-1, keepdims=True)

    def tf_scores(query, key):
        d = tf.cast(tf.shape(query)[-1], tf.float32)
        return tf.matmul(query, key, transpose_b=True) / tf.sqrt(d)

    def tf_attend(query, key, value, mask=None):
        scores = tf_scores(query, key)
        if mask is not None:
            scores = tf.where(mask, scores, -1e9)
        weights = tf.nn.softmax(scores, axis=-1)
        if mask is not None:
            weights = tf.where(mask, weights, 0.0)
        return tf.matmul(weights, value), weights

    def tf_permute(layer, tokens, rng):
        order = tf.random.shuffle(tf.range(tokens.shape[1]))
        first, second = (
            layer(tf.gather(tokens, order, axis=1)),
            tf.gather(layer(tokens), order, axis=1),
        )
        return tf.reduce_all(tf.abs(first - second) < 1e-4)

    def tf_reverse(length, sharpness=50.0):
        key = tf.eye(length)
        return sharpness * tf.sqrt(float(length)) * tf.reverse(key, [0]), key

    VARIANTS["softmax"] += [tf_softmax, tf.function(tf_softmax)]
    VARIANTS["attention_scores"] += [tf_scores]
    VARIANTS["attend"] += [tf_attend]
    VARIANTS["causal_mask"] += [
        lambda n: tf.linalg.band_part(tf.ones((n, n)), -1, 0) > 0,
        lambda n: tf.sequence_mask(tf.range(1, n + 1), n),
    ]
    VARIANTS["padding_mask"] += [lambda sizes, n: tf.sequence_mask(sizes, n)[:, None]]
    VARIANTS["reversal_queries_keys"] += [tf_reverse]
    VARIANTS["is_permutation_equivariant"] += [tf_permute]
else:
    import jax
    import jax.numpy as jnp

    def jnp_softmax(scores):
        e = jnp.exp(scores - jnp.max(scores, axis=-1, keepdims=True))
        return e / jnp.sum(e, axis=-1, keepdims=True)

    def jnp_attend(query, key, value, mask=None):
        scores = jnp.einsum("...qd,...kd->...qk", query, key) / jnp.sqrt(query.shape[-1])
        mask = jnp.ones(scores.shape, bool) if mask is None else mask
        weights = jax.nn.softmax(scores, axis=-1, where=mask)
        weights = jnp.where(mask, weights, 0)
        return weights @ value, weights

    def jnp_permute(layer, tokens, rng):
        order = jax.random.permutation(jax.random.key(0), tokens.shape[1])
        return jnp.allclose(layer(tokens[:, order]), layer(tokens)[:, order], atol=1e-4)

    def jnp_reverse(length, sharpness=50.0):
        key = jnp.eye(length)
        return sharpness * length**0.5 * key[::-1], key

    VARIANTS["softmax"] += [jnp_softmax, jax.jit(jnp_softmax)]
    VARIANTS["attention_scores"] += [
        lambda q, k: jnp.matmul(q, jnp.swapaxes(k, -1, -2)) / jnp.sqrt(q.shape[-1])
    ]
    VARIANTS["attend"] += [jnp_attend]
    VARIANTS["causal_mask"] += [lambda n: jnp.tri(n, dtype=bool)]
    VARIANTS["padding_mask"] += [lambda sizes, n: jnp.arange(n) < sizes[:, None, None]]
    VARIANTS["reversal_queries_keys"] += [jnp_reverse]
    VARIANTS["is_permutation_equivariant"] += [jnp_permute]


def named(table):
    """(exercise, solution) for each entry, with an id that says which."""
    return [
        pytest.param(name, solution, id=f"{name}-{number}-{label(solution)}")
        for name, solutions in table.items()
        for number, solution in enumerate(solutions)
    ]


def label(solution):
    return getattr(solution, "__name__", type(solution).__name__).strip("<>")


@pytest.fixture(autouse=True, scope="module")
def ask_ourselves_once():
    """Draw the cases of a seed once, and run our own solutions on them once: it saves half the
    time. What is tested runs on copies each time."""
    drawn, answers = {}, {}
    draw, ours = Exercise.draw, judge.ours

    def draw_once(exercise, seed):
        key = exercise.id, seed
        if key not in drawn:
            drawn[key] = draw(exercise, seed)
        return drawn[key]

    def answer_once(exercise, solution, case):
        key = id(solution), id(case)
        if key not in answers:
            answers[key] = solution, case, ours(exercise, solution, case)
        return answers[key][-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exercise, "draw", draw_once)
        patch.setattr(judge, "ours", answer_once)
        yield


# --- the catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        pytest.param(exercise, mistake, id=f"{exercise.id}-{mistake.name}".replace(" ", "_"))
        for exercise in EXERCISES.values()
        for mistake in exercise.mistakes
    ],
)
def test_a_mistake_is_refused_and_recognised(exercise, mistake):
    for seed in SEEDS:
        report = exercise.check(mistake.solution, seed)
        assert not report.passed and 0 <= report.score < 1
        assert report.mistake == mistake.name, f"seed {seed}: {report}"
        assert report.message == mistake.sentence


@pytest.mark.parametrize(("name", "solution"), named(VARIANTS))
def test_a_variant_is_accepted(name, solution):
    for seed in SEEDS:
        report = EXERCISES[name].check(solution, seed)
        assert report.passed and report.score == 1, f"seed {seed}: {report}"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_gets_full_points(name):
    exercise = EXERCISES[name]
    for seed in SEEDS:
        report = exercise.check(exercise.reference, seed)
        assert report.passed and report.earned == exercise.points, f"seed {seed}: {report}"


@pytest.mark.parametrize("name", EXERCISES)
def test_there_are_enough_variants(name):
    assert len(VARIANTS[name]) >= 8


# --- mistakes in another style than the listed one ----------------------------------------------


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


def keras_unpermuted(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    before = ops.convert_to_numpy(layer(ops.convert_to_tensor(tokens)))
    return bool(ops.all(ops.isclose(before, ops.take(before, order, axis=1), atol=1e-3)))


OTHER_STYLE = [
    ("softmax", "no maximum subtracted", lambda x: ops.exp(x) / ops.sum(ops.exp(x), -1, True)),
    (
        "softmax",
        "no maximum subtracted",
        lambda x: np.exp(np.float64(x)) / np.exp(np.float64(x)).sum(-1)[..., None],
    ),
    ("softmax", "over axis -2", lambda x: SoftmaxObject(axis=-2)(x)),
    ("softmax", "over axis 0", lambda x: SoftmaxObject(axis=0)(np.float64(x))),
    ("softmax", "over axis 1", lambda x: SoftmaxObject(axis=1)(x)),
    ("softmax", "over all entries", lambda x: SoftmaxObject(axis=None)(x)),
    ("softmax", "over all entries", lambda x: ops.exp(x) / ops.sum(ops.exp(x))),
    ("softmax", "one global maximum", lambda x: softmax_by_the_book_without_maximum(x - x.max())),
    ("softmax", "sum without keepdims", lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=-1)),
    ("softmax", "not divided by the sum", lambda x: ops.exp(x - ops.max(x, -1, keepdims=True))),
    ("softmax", "sigmoid", lambda x: ops.sigmoid(x)),
    ("softmax", "all to the largest", lambda x: np.eye(x.shape[-1])[x.argmax(-1)]),
    ("attention_scores", "not scaled", lambda q, k: ops.einsum("...qd,...kd->...qk", q, k)),
    (
        "attention_scores",
        "divided by d",
        lambda q, k: np.float64(q) @ np.swapaxes(k, -1, -2) / k.shape[-1],
    ),
    (
        "attention_scores",
        "key·queryᵀ",
        lambda q, k: ops.matmul(k, ops.swapaxes(q, -1, -2)) / k.shape[-1] ** 0.5,
    ),
    ("attend", "softmax over queries", functools.partial(keras_attend, axis=-2)),
    ("attend", "-inf rows becoming NaN", functools.partial(keras_attend, low=-np.inf)),
    ("attend", "-1e9 added in float64", added_in_float64),
    ("attend", "mask polarity inverted", functools.partial(keras_attend, invert=True)),
    ("attend", "mask ignored", forgets_the_mask),
    ("attend", "returns (weights, output)", lambda *qkvm: keras_attend(*qkvm)[::-1]),
    ("causal_mask", "upper triangle", lambda n: ops.arange(n)[:, None] <= ops.arange(n)),
    ("causal_mask", "diagonal excluded", lambda n: ops.arange(n)[:, None] > ops.arange(n)),
    ("causal_mask", "0/1 floats", lambda n: ops.tril(ops.ones((n, n)))),
    (
        "causal_mask",
        "0/1 integers",
        lambda n: np.array([[int(j <= i) for j in range(n)] for i in range(n)]),
    ),  # noqa: E501
    ("padding_mask", "shape (B, N)", lambda s, n: ops.arange(n) < ops.expand_dims(s, 1)),
    ("padding_mask", "off by one: <=", lambda s, n: np.arange(n) <= s[:, None, None]),
    ("padding_mask", "True on padding", lambda s, n: ops.arange(n) >= s[:, None, None]),
    (
        "reversal_queries_keys",
        "identity instead of reversal",
        lambda n: (ops.eye(n) * 1000.0, ops.eye(n)),
    ),
    (
        "reversal_queries_keys",
        "not sharp enough",
        lambda n: (np.float64(np.eye(n)[::-1]), np.eye(n)),
    ),
    (
        "reversal_queries_keys",
        "only for one length",
        lambda n: (ops.eye(3)[::-1] * 100.0, ops.eye(3)),
    ),
    ("is_permutation_equivariant", "compares to the unpermuted output", keras_unpermuted),
    (
        "is_permutation_equivariant",
        "another permutation on each side",
        lambda layer, x, rng: np.allclose(
            layer(x[:, rng.permutation(11)]), layer(x)[:, rng.permutation(11)], atol=1e-3
        ),
    ),
    (
        "is_permutation_equivariant",
        "exact equality on floats",
        lambda layer, x, rng: (
            lambda p: bool(np.all(np.asarray(layer(x[:, p])) == np.asarray(layer(x))[:, p]))
        )(rng.permutation(x.shape[1])),
    ),
    (
        "is_permutation_equivariant",
        "only one special order",
        lambda layer, x, rng: np.allclose(
            layer(np.roll(x, 2, 1)), np.roll(layer(x), 2, 1), atol=1e-4
        ),
    ),
]


def softmax_by_the_book_without_maximum(x):
    return ops.exp(x) / ops.sum(ops.exp(x), axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "mistake", "solution"),
    [pytest.param(*row, id=f"{row[0]}-{number}") for number, row in enumerate(OTHER_STYLE)],
)
def test_the_same_mistake_in_another_style_is_recognised(name, mistake, solution):
    for seed in SOME_SEEDS:
        report = EXERCISES[name].check(solution, seed)
        assert not report.passed
        assert report.mistake == mistake, f"seed {seed}: {report}"


# --- wrong in a way that no list has -------------------------------------------------------------


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


WRONG = {
    "softmax": [
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
        ),  # noqa: E501
        lambda x: (
            np.exp(x - x.max(-1, keepdims=True))
            / (np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True) + 0.01)
        ),  # noqa: E501
        lambda x: (x - x.min(-1, keepdims=True)) / np.ptp(x, axis=-1, keepdims=True),
        lambda x: np.nan_to_num(np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    ],
    "attention_scores": [
        lambda q, k: np.zeros((*q.shape[:-1], k.shape[-2])),
        lambda q, k: -scores_matmul(q, k),
        lambda q, k: np.abs(scores_matmul(q, k)),
        lambda q, k: q @ k.T / np.sqrt(q.shape[-1]),
        lambda q, k: scores_matmul(q, q),
        lambda q, k: scores_matmul(q, k) / np.sqrt(q.shape[-1] - 1) * np.sqrt(q.shape[-1]),
        lambda q, k: scores_matmul(q, k).astype("int32"),
        lambda q, k: scores_matmul(q, k).astype("float16"),
        lambda q, k: -((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(-1),
        lambda q, k: q @ np.swapaxes(k, -1, -2) / int(np.sqrt(q.shape[-1])),
    ],
    "attend": [
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
    ],
    "causal_mask": [
        lambda n: np.eye(n, dtype=bool),
        lambda n: np.zeros((n, n), bool),
        lambda n: np.tri(n, dtype=bool)[::-1],
        lambda n: np.tri(n, dtype=bool)[None],
        lambda n: np.tri(n, n, 1, dtype=bool),
        lambda n: np.tri(n + 1, dtype=bool),
        lambda n: np.tri(5, dtype=bool),
        lambda n: np.tri(n, dtype=bool).tolist(),
        lambda n: np.tri(n, dtype=bool).astype(str),
        lambda n: True,
    ],
    "padding_mask": [
        lambda s, n: np.ones((len(s), 1, n), bool),
        lambda s, n: np.zeros((len(s), 1, n), bool),
        lambda s, n: padding_loops(s, n)[..., ::-1],
        lambda s, n: padding_loops(s, n) & np.swapaxes(padding_loops(s, n), -1, -2),
        lambda s, n: padding_loops(s, n)[:, :, None],
        lambda s, n: padding_loops(s, max(s)),
        lambda s, n: np.arange(n)[None, None] == s[:, None, None],
        lambda s, n: padding_loops(s[::-1], n),
        lambda s, n: padding_loops(np.sort(s), n),
        lambda s, n: padding_loops(np.maximum(s, 1), n),
    ],
    "reversal_queries_keys": [
        lambda n: (np.zeros((n, n)), np.zeros((n, n))),
        lambda n: (np.full((n, n), np.nan), np.eye(n)),
        lambda n: (1e30 * np.eye(n)[::-1], 1e30 * np.eye(n)),
        lambda n: (1000 * np.eye(n)[::-1], np.eye(n, n + 1)),
        lambda n: (1000 * np.eye(n)[None, ::-1], np.eye(n)[None]),
        lambda n: 1000 * np.eye(n)[::-1],
        lambda n: (-1000 * np.eye(n)[::-1], np.eye(n)),
        lambda n: (1000 * np.roll(np.eye(n), 1, 0), np.eye(n)),
        lambda n: (1000 * np.eye(n)[::-1], np.eye(n)[::-1]),
    ],
    "is_permutation_equivariant": [
        lambda layer, x, rng: np.allclose(layer(x), layer(x)),
        lambda layer, x, rng: np.isclose(layer(x[:, ::-1]), layer(x)[:, ::-1]),
        lambda layer, x, rng: None,
        lambda layer, x, rng: "yes",
        lambda layer, x, rng: int(permute_several(layer, x, rng)),
        lambda layer, x, rng: float(permute_several(layer, x, rng)),
        lambda layer, x, rng: not permute_several(layer, x, rng),
        lambda layer, x, rng: np.mean(layer(x[:, ::-1]) - layer(x)[:, ::-1]) < 1e-3,
        lambda layer, x, rng: np.allclose(layer(x[:, ::-1]), layer(x)[:, ::-1], atol=10),
        lambda layer, x, rng: np.allclose(layer(x[::-1]), layer(x)[::-1], atol=1e-4),
        lambda layer, x, rng: np.shape(layer(x[:, ::-1])) == np.shape(layer(x)),
    ],
}


@pytest.mark.parametrize(("name", "solution"), named(WRONG))
def test_a_wrong_answer_is_refused(name, solution):
    for seed in SOME_SEEDS:
        report = EXERCISES[name].check(solution, seed)
        assert not report.passed and report.score < 1
        assert report.message


def test_a_shape_that_never_fits_is_not_taken_for_one_length():
    three_axes = EXERCISES["reversal_queries_keys"].check(
        lambda length: (np.eye(length)[None], np.eye(length)[None])
    )
    assert three_axes.mistake is None
    assert "(5, d)" in three_axes.message and "(1, 5, 5)" in three_axes.message


# --- the cases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_cases_are_redrawn_from_the_seed(name):
    exercise = EXERCISES[name]

    def drawn(seed):
        return [
            value.tobytes() if isinstance(value, np.ndarray) else value
            for case in exercise.draw(seed)
            for value in case.inputs.values()
        ]

    assert drawn(3) == drawn(3)
    assert any(drawn(3) != drawn(seed) for seed in (4, 5, 6))


def test_masks_hide_something_and_leave_something():
    for seed in SEEDS:
        cases = {case.shows: case.inputs.get("mask") for case in EXERCISES["attend"].draw(seed)}
        some, nothing = (
            cases["a mask for each sequence and head"],
            cases["a query that may attend to nothing"],
        )
        assert some.any(-1).all() and not some.all(-1).any()
        assert (~nothing.any(-1)).sum() == 2


def test_every_layer_is_what_its_group_says():
    right = {
        "attention",
        "each token alone",
        "sequences mixed",
        "mean",
        "each token alone, again",
    }
    for inputs in (case.inputs for case in ours.equivariance_cases(np.random.default_rng(0))):
        verdict = ours.run_test(reference.is_permutation_equivariant, inputs)
        assert verdict is (inputs["layer"] in right)
