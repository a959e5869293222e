"""Answers to `count_perceiver_parameters`: right, mistaken in another style, and wrong."""

import functools

import numpy as np


def count_closed(sizes, iterations, shared):
    once = sizes["latents"] + sizes["tokens"] + sizes["head"]
    repeated = sizes["cross"] + sizes["latent_transformer"]
    return once + (1 if shared else iterations) * repeated


def count_from_all(sizes, iterations, shared):
    total = sum(sizes.values())
    if not shared:
        total += (iterations - 1) * (sizes["cross"] + sizes["latent_transformer"])
    return total


def count_loop(sizes, iterations, shared):
    total = 0
    for part in ("latents", "tokens", "head"):
        total += sizes[part]
    for number in range(iterations):
        if number == 0 or not shared:
            total += sizes["cross"] + sizes["latent_transformer"]
    return total


def count_copy(sizes, iterations, shared):
    sizes = dict(sizes)
    for part in ("cross", "latent_transformer"):
        sizes[part] *= iterations ** (not shared)
    return np.sum(list(sizes.values()))


def count_unpacked(sizes, iterations, shared):
    latents, tokens, cross, transformer, head = sizes.values()
    return latents + tokens + head + (cross + transformer) * max(1, iterations * (not shared))


def count_by_keyword(sizes, iterations, shared):
    def count(latents, tokens, cross, latent_transformer, head):
        n = 1 if shared else iterations
        return latents + tokens + n * cross + n * latent_transformer + head

    return count(**sizes)


VARIANTS = [
    count_closed,
    count_from_all,
    count_loop,
    count_copy,
    count_unpacked,
    count_by_keyword,
    functools.partial(count_closed),
    lambda *, sizes, iterations, shared: count_closed(sizes, iterations, shared),
    lambda s, n, together: np.int64(count_closed(s, n, together)),
    lambda s, n, together: np.array(count_closed(s, n, together)),
    lambda s, n, together: int(count_closed(s, float(n), together)),
]


OTHER_STYLE = [
    (
        "multiplies shared weights",
        lambda s, n, shared: sum(s.values()) + (n - 1) * (s["cross"] + s["latent_transformer"]),
    ),
    ("forgets the latent array", lambda s, n, shared: count_closed({**s, "latents": 0}, n, shared)),
    ("never multiplies", lambda s, n, shared: sum(s.values())),
    ("shared turned round", lambda s, n, shared: count_loop(s, n, not shared)),
    ("multiplies everything", lambda s, n, shared: sum(s.values()) * (1 if shared else n)),
    ("a float", lambda s, n, shared: count_closed(s, n, shared) / 1),
]


def spoils_sizes(sizes, iterations, shared):
    for part in ("cross", "latent_transformer"):
        sizes[part] = 0
    return sum(sizes.values())


WRONG = [
    spoils_sizes,
    lambda s, n, shared: None,
    lambda s, n, shared: 0,
    lambda s, n, shared: s,
    lambda s, n, shared: str(count_closed(s, n, shared)),
    lambda s, n, shared: [count_closed(s, n, shared)],
    lambda s, n, shared: count_closed(s, n, shared) + 1,
    lambda s, n, shared: count_closed(s, 2, shared),
    lambda s, n, shared: count_closed(s, n, True) if n != 1 else -1,
    lambda s, n: count_closed(s, n, True),
    lambda s, n, shared: {k: v * (1 if shared else n) for k, v in s.items()},
    lambda s, n, shared: s["cross"] * s["latent_transformer"],
]
