"""Multi-head attention with one step wrong: the mistakes of the exercise `multi_head_attention`."""

import numpy as np

from course_utils.exercises.attention.by_hand import by_hand as attend_by_hand
from course_utils.exercises.multi_head_attention.by_hand import by_hand, project, without_biases


def over_root_of_all(query, key, value, mask=None):
    heads = query.shape[1]
    return attend_by_hand(
        query, key, value, mask, scale=lambda query, value: (heads * query.shape[-1]) ** 0.5
    )


def input_split_first(query, value, params, num_heads, mask=None):
    def blocks(x, params, role):
        kernel, bias = params[role]
        block = np.arange(len(kernel)) // (len(kernel) // num_heads)
        return x @ (kernel * (block[:, None] == block)) + bias

    return by_hand(query, value, params, num_heads, mask, project=blocks)


def weights_averaged(query, value, params, num_heads, mask=None):
    output, weights = by_hand(query, value, params, num_heads, mask)
    return output, weights.mean(axis=1)


def weights_first(query, value, params, num_heads, mask=None):
    return by_hand(query, value, params, num_heads, mask)[::-1]


def needs_mask(query, value, params, num_heads, mask=None):
    return by_hand(query, value, params, num_heads, 1 * mask == 1)


def asks_mask(query, value, params, num_heads, mask=None):
    if mask:
        raise AssertionError("an array of several truth values has raised before")
    return by_hand(query, value, params, num_heads)


def mean_over_heads(x):
    return x.mean(axis=1)


def mean_projected(x, params, role):
    kernel, bias = params[role]
    return x @ kernel[: x.shape[-1]] + bias


def untouched(x, params, role):
    return x


def transposed(x, params, role):
    kernel, bias = params[role]
    return x @ kernel.T + bias


def values_as_they_are(x, params, role):
    return x if role == "value" else project(x, params, role)


def biases_of_three_forgotten(x, params, role):
    return project(x, params, role) if role == "output" else without_biases(x, params, role)


def split_as(layout):
    return lambda x, num_heads: layout(x, num_heads, x.shape[-1] // num_heads)


def same_for_all(role):
    return (("query", role), ("value", role), ("value", role))
