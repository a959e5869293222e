"""Attention in NumPy with one thing changed: how the mistakes of `attend` are written."""

import numpy as np


def dot(query, key):
    return query @ np.swapaxes(key, -1, -2)


def softmax_of_axis(scores, axis):
    exponentials = np.exp(scores - scores.max(axis, keepdims=True))
    return exponentials / exponentials.sum(axis, keepdims=True)


def by_hand(query, key, value, mask=None, *, scale=None, hide=None, axis=-1, after=None):
    """Attention with one thing changed: how mistakes are written below.

    hide: (scores, mask) -> scores; after: (weights, mask) -> weights; both only with a mask.
    """
    scores = dot(query, key) / (query.shape[-1] ** 0.5 if scale is None else scale(query, value))
    if mask is not None:
        scores = (hide or hide_finite)(scores, mask)
    weights = softmax_of_axis(scores, axis)
    if mask is not None:
        weights = (after or zero_hidden)(weights, mask)
    return weights @ value, weights


def hide_finite(scores, mask):
    return np.where(mask, scores, np.float32(-1e9))


def hide_infinite(scores, mask):
    return np.where(mask, scores, np.float32(-np.inf))


def zero_hidden(weights, mask):
    return np.where(mask, weights, np.float32(0))


def as_they_are(array, mask):
    return array


def variant(**changed):
    return lambda query, key, value, mask=None: by_hand(query, key, value, mask, **changed)


def attend_weights_at_key(query, key, value, mask=None):
    weights = by_hand(query, key, value, mask)[1]
    return weights @ key, weights


def attend_without_softmax(query, key, value, mask=None):
    scores = dot(query, key) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = zero_hidden(scores, mask)
    return scores @ value, scores


def attend_without_maximum(query, key, value, mask=None):
    exponentials = np.exp(dot(query, key) / query.shape[-1] ** 0.5)
    if mask is not None:
        exponentials = zero_hidden(exponentials, mask)
    totals = exponentials.sum(-1, keepdims=True)
    weights = exponentials / np.where(totals == 0, 1, totals)
    return weights @ value, weights


def attend_hidden_not_enough(query, key, value, mask=None):
    def hide(scores, mask):
        return np.where(mask, scores, np.float32(-100))

    def empty_rows(weights, mask):
        return weights * np.any(mask, axis=-1, keepdims=True)

    return by_hand(query, key, value, mask, hide=hide, after=empty_rows)


def attend_if_mask(query, key, value, mask=None):
    if mask:
        raise AssertionError("an array of several truth values has raised before")
    return by_hand(query, key, value)


def attend_needs_mask(query, key, value, mask=None):
    return by_hand(query, key, value, 1 * mask == 1)


def attend_none_hides(query, key, value, mask=None):
    return by_hand(query, key, value, np.array(False) if mask is None else mask)


def attend_transposed(query, key, value, mask=None):
    return by_hand(query, np.swapaxes(key.T, -1, -2), value, mask)


def attend_weights_first(query, key, value, mask=None):
    return by_hand(query, key, value, mask)[::-1]
