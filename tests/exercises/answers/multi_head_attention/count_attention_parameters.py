"""Answers to `count_attention_parameters`: right, mistaken in another style, and wrong."""

import functools

import numpy as np


def count_closed(dim, num_heads, key_dim=None, use_bias=True):
    inner = num_heads * (dim // num_heads if key_dim is None else key_dim)
    return 4 * dim * inner + (3 * inner + dim if use_bias else 0)


def count_by_parts(dim, num_heads, key_dim=None, use_bias=True):
    if key_dim is None:
        key_dim = dim // num_heads
    one_in = (dim + (1 if use_bias else 0)) * num_heads * key_dim
    one_out = (num_heads * key_dim + (1 if use_bias else 0)) * dim
    return sum([one_in] * 3, one_out)


def count_head_by_head(dim, num_heads, key_dim=None, use_bias=True):
    key_dim = key_dim or dim // num_heads
    total = 0
    for _ in range(num_heads):
        total += 3 * (dim + use_bias) * key_dim + key_dim * dim
    return total + (dim if use_bias else 0)


def count_shapes(dim, heads, key_dim=None, use_bias=True):
    width = heads * (key_dim if key_dim is not None else dim // heads)
    shapes = [(dim, width)] * 3 + [(width, dim)]
    shapes += ([(width,)] * 3 + [(dim,)]) if use_bias else []
    return sum(int(np.prod(shape)) for shape in shapes)


VARIANTS = [
    count_closed,
    count_by_parts,
    count_head_by_head,
    count_shapes,
    lambda *, dim, num_heads, key_dim=None, use_bias=True: count_shapes(
        dim, num_heads, key_dim, use_bias
    ),
    lambda d, h, k=None, b=True: np.int64(count_closed(d, h, k, b)),
    lambda d, h, k=None, b=True: int(4 * d * h * (k or d / h) + b * (3 * h * (k or d / h) + d)),
    functools.partial(count_closed),
]


OTHER_STYLE = [
    ("key_dim ignored", lambda d, h, k=None, b=True: 4 * d * (d + b)),
    ("biases forgotten", lambda d, h, k=None, b=True: 4 * d * h * (k or d // h)),
]


WRONG = [
    lambda d, h, k=None, b=True: None,
    lambda d, h, k=None, b=True: 0,
    lambda d, h, k=None, b=True: True,
    lambda d, h, k=None, b=True: str(count_closed(d, h, k, b)),
    lambda d, h, k=None, b=True: [count_closed(d, h, k, b)],
    lambda d, h, k=None, b=True: count_closed(d, h, k, b) + 1,
    lambda d, h, k=None, b=True: count_closed(h, d, k, b),
    lambda d, h, k=None, b=True: count_closed(d, h, k, not b),
    lambda d, h, k=7, b=True: count_closed(d, h, k, b),
    lambda d, h: count_closed(d, h),
]
