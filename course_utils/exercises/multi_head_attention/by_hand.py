"""Multi-head attention in NumPy with one thing changed: how mistakes are written."""

import numpy as np

from course_utils.exercises.attention.by_hand import by_hand as attend_by_hand
from course_utils.exercises.draw import normal

ROLES = ("query", "key", "value", "output")
# What is projected, and with which of the kernels, to make queries, keys and values.
SOURCES = (("query", "query"), ("value", "key"), ("value", "value"))


def draw_params(rng, dim):
    """Kernels and biases as a case holds them, one array a name: "query_kernel", "query_bias" …"""
    params = {}
    for role in ROLES:
        params[f"{role}_kernel"] = 1.5 * normal(rng, dim, dim) / dim**0.5
        params[f"{role}_bias"] = normal(rng, dim)
    return params


def pack(inputs):
    """The same arrays as an exercise hands them out: role -> (kernel, bias)."""
    return {role: (inputs[f"{role}_kernel"], inputs[f"{role}_bias"]) for role in ROLES}


def split(x, num_heads):
    batch, length, dim = x.shape
    return x.reshape(batch, length, num_heads, dim // num_heads).transpose(0, 2, 1, 3)


def merge(x):
    batch, num_heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, num_heads * width)


def project(x, params, role):
    kernel, bias = params[role]
    return x @ kernel + bias


def room_for_heads(mask):
    return mask[:, None] if mask.ndim == 3 else mask


def by_hand(
    query,
    value,
    params,
    num_heads,
    mask=None,
    *,
    sources=SOURCES,
    project=project,
    split=split,
    attend=attend_by_hand,
    merge=merge,
    room=room_for_heads,
    finish=project,
):
    """Multi-head attention with one thing changed: -> output (B, Nq, D), weights (B, h, Nq, Nk)."""
    tokens = {"query": query, "value": value}
    parts = (split(project(tokens[source], params, role), num_heads) for source, role in sources)
    output, weights = attend(*parts, None if mask is None else room(mask))
    return finish(merge(output), params, "output"), weights


def variant(**changed):
    return lambda query, value, params, num_heads, mask=None: by_hand(
        query, value, params, num_heads, mask, **changed
    )


def without_biases(x, params, role):
    return x @ params[role][0]


def some_hidden(rng, *shape):
    """A mask that hides something from every query, and not everything."""
    mask = rng.random(shape) < 0.6
    mask[..., 0] = rng.random(shape[:-1]) < 0.5
    mask[..., 1] = ~mask[..., 0]
    return mask


def padding(rng, batch, length):
    """Sequences of different lengths, as a mask (B, 1, N)."""
    lengths = rng.permutation(np.arange(2, length))[:batch]
    return (np.arange(length) < lengths[:, None])[:, None]
