"""Answers to `perceiver_cost`: right, mistaken in another style, and wrong."""

import functools

import numpy as np


def cost_closed(num_tokens, num_latents, dim, depth, iterations):
    return iterations * 2 * num_latents * dim * (num_tokens + depth * num_latents)


def cost_by_parts(num_tokens, num_latents, dim, depth, iterations):
    cross = num_latents * dim * num_tokens + num_latents * num_tokens * dim
    block = num_latents * dim * num_latents + num_latents * num_latents * dim
    return iterations * (cross + depth * block)


def cost_loop(num_tokens, num_latents, dim, depth, iterations):
    total = 0
    for _ in range(iterations):
        for keys in [num_tokens] + [num_latents] * depth:
            total += 2 * num_latents * keys * dim
    return total


def cost_numpy(n, m, d, depth, iterations):
    keys = np.array([n] + [m] * depth, dtype="int64")
    return (2 * m * d * keys).sum() * iterations


def attention_products(queries, keys, dim):
    scores = queries * dim * keys
    mixing = queries * keys * dim
    return scores + mixing


def cost_with_helper(num_tokens, num_latents, dim, depth, iterations):
    cross = attention_products(num_latents, num_tokens, dim)
    return (cross + attention_products(num_latents, num_latents, dim) * depth) * iterations


VARIANTS = [
    cost_closed,
    cost_by_parts,
    cost_loop,
    cost_numpy,
    cost_with_helper,
    functools.partial(cost_closed),
    lambda *, num_tokens, num_latents, dim, depth, iterations: cost_closed(
        num_tokens, num_latents, dim, depth, iterations
    ),
    lambda n, m, d, k, t: np.int64(cost_closed(n, m, d, k, t)),
    lambda n, m, d, k, t: np.array(cost_closed(n, m, d, k, t)),
    lambda n, m, d, k, t: int(2.0 * t * m * d * (n + k * m)),
    lambda *sizes: cost_closed(*sizes),
]


OTHER_STYLE = [
    ("N² term", lambda n, m, d, k, t: t * 2 * d * (n * n + k * m * m)),
    ("latents squared in cross-attention", lambda n, m, d, k, t: t * 2 * m * m * d * (1 + k)),
    ("iterations forgotten", lambda n, m, d, k, t: cost_closed(n, m, d, k, 1)),
    ("each attention counted as one product", lambda n, m, d, k, t: cost_loop(n, m, d, k, t) // 2),
    ("depth forgotten", lambda n, m, d, k, t: cost_closed(n, m, d, 1, t)),
    ("a float", lambda n, m, d, k, t: 4 * cost_closed(n, m, d, k, t) / 4),
    ("width squared", lambda n, m, d, k, t: cost_closed(n, m, d * d, k, t)),
]


WRONG = [
    lambda n, m, d, k, t: None,
    lambda n, m, d, k, t: 0,
    lambda n, m, d, k, t: n,
    lambda n, m, d, k, t: str(cost_closed(n, m, d, k, t)),
    lambda n, m, d, k, t: [cost_closed(n, m, d, k, t)],
    lambda n, m, d, k, t: cost_closed(n, m, d, k, t) + 1,
    lambda n, m, d, k, t: cost_closed(m, n, d, k, t),
    lambda n, m, d, k, t: cost_closed(n, m, d, t, k),
    lambda n, m, d, k, t: cost_closed(n, m, d, k, t) // 1000 * 1000,
    lambda n, m, d, k: cost_closed(n, m, d, k, 1),
    lambda n, m, d, k, t: cost_closed(n, m, d, k, t) ** 2,
]
