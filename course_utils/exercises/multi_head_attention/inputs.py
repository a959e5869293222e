"""What cases of multi-head attention hold: kernels, biases and masks."""

import numpy as np

from course_utils.exercises.draw import normal

ROLES = ("query", "key", "value", "output")


def draw_params(rng, dim):
    """Kernels and biases as a case holds them, one array a name: "query_kernel", "query_bias" …"""
    params = {}
    for role in ROLES:
        params[f"{role}_kernel"] = 1.5 * normal(rng, dim, dim) / dim**0.5
        params[f"{role}_bias"] = normal(rng, dim)
    return params


def plain_params(dim, **given):
    """Kernels that change nothing and biases of 0, but for those given: to follow by hand."""
    params = {}
    for role in ROLES:
        params[f"{role}_kernel"] = np.eye(dim, dtype="float32")
        params[f"{role}_bias"] = np.zeros(dim, dtype="float32")
    return params | {name: np.float32(array) for name, array in given.items()}


# Heads one feature wide. The value (1, 0) has the keys 0 and ln 3 in them, and (0, 1) has ln 3 and
# 0: so weights are quarters and halves.
TWO_HEADS = plain_params(
    2,
    query_kernel=[[0, 1], [1, 0]],
    query_bias=[1, 0],
    key_kernel=np.log([[1, 3], [3, 1]]),
    value_kernel=[[4, 8], [8, 0]],
    value_bias=[0, 4],
    output_kernel=[[1, 1], [0, 1]],
    output_bias=[1, 0],
)
TOKENS = np.eye(2, dtype="float32")[None]
TWICE = np.concatenate([TOKENS, TOKENS])  # the same sequence, under two masks
HIDING_ONE = np.array([[[True, False]], [[True, True]]])
SMALL = (
    {"query": TOKENS[:, :1], "value": TOKENS, **TWO_HEADS},
    {"query": TWICE[:, :1], "value": TWICE, **TWO_HEADS, "mask": HIDING_ONE},
    {"query": TOKENS, "value": TOKENS, **TWO_HEADS, "mask": np.tri(2, dtype=bool)},
)


def pack(inputs):
    """The same arrays as an exercise hands them out: role -> (kernel, bias)."""
    return {role: (inputs[f"{role}_kernel"], inputs[f"{role}_bias"]) for role in ROLES}


def hiding(rng, *shape):
    """A mask that hides something from every query, and not everything."""
    mask = rng.random(shape) < 0.6
    mask[..., 0] = rng.random(shape[:-1]) < 0.5
    mask[..., 1] = ~mask[..., 0]
    return mask


def padding(rng, batch, length):
    """Sequences of different lengths, as a mask (B, 1, N)."""
    lengths = rng.permutation(np.arange(2, length))[:batch]
    return (np.arange(length) < lengths[:, None])[:, None]
