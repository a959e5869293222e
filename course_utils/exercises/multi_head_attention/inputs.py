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
