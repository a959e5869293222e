"""Answers to `count_vit_parameters`: right, mistaken in another style, and wrong."""

import functools

import numpy as np


def count_closed(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3):
    n = (image_size // patch_size) ** 2
    start = patch_size**2 * channels * dim + dim + dim + (n + 1) * dim
    block = 4 * dim * (dim + 1) + 2 * dim * mlp_dim + mlp_dim + dim + 4 * dim
    return start + depth * block + 2 * dim + (dim + 1) * num_classes


def count_shapes(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3):
    n = (image_size // patch_size) * (image_size // patch_size)
    shapes = [(patch_size, patch_size, channels, dim), (dim,), (1, 1, dim), (1, n + 1, dim)]
    norm = [(dim,), (dim,)]
    block = [*norm, *[(dim, dim), (dim,)] * 4, *norm]
    block += [(dim, mlp_dim), (mlp_dim,), (mlp_dim, dim), (dim,)]
    shapes += block * depth + [*norm, (dim, num_classes), (num_classes,)]
    return sum(int(np.prod(shape)) for shape in shapes)


def count_dense(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3):
    def dense(inputs, outputs):
        return (inputs + 1) * outputs

    total = dense(patch_size * patch_size * channels, dim)
    total += dim
    total += (int(image_size / patch_size) ** 2 + 1) * dim
    for _ in range(depth):
        total += 2 * dim + dense(dim, 3 * dim) + dense(dim, dim)
        total += 2 * dim + dense(dim, mlp_dim) + dense(mlp_dim, dim)
    return total + 2 * dim + dense(dim, num_classes)


def count_true_division(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3):
    tokens = 1 + (image_size / patch_size) ** 2
    rest = count_closed(patch_size, patch_size, dim, depth, mlp_dim, num_classes, channels)
    return int(rest + (tokens - 2) * dim)


VARIANTS = [
    count_closed,
    count_shapes,
    count_dense,
    count_true_division,
    lambda *sizes: np.int64(count_shapes(*sizes)),
    lambda *sizes: np.asarray(count_closed(*sizes)),
    lambda *, image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3: count_dense(
        image_size, patch_size, dim, depth, mlp_dim, num_classes, channels
    ),
    lambda s, p, d, n, m, k, c=3: (
        sum(count_dense(s, p, d, 0, m, k, c) for _ in range(1))
        + n * (count_dense(s, p, d, 1, m, k, c) - count_dense(s, p, d, 0, m, k, c))
    ),
    functools.partial(count_closed),
]


OTHER_STYLE = [
    (
        "qkv bias forgotten",
        lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, k, c) - 3 * d * n,
    ),
    (
        "final norm forgotten",
        lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, k, c) - 2 * d,
    ),
    (
        "class token or positions forgotten",
        lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, k, c) - d,
    ),
    (
        "class token or positions forgotten",
        lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, k, c) - (1 + (s // p) ** 2) * d,
    ),
    ("channels ignored", lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, k)),
    ("one block", lambda s, p, d, n, m, k, c=3: count_dense(s, p, d, 1, m, k, c)),
]


WRONG = [
    lambda *sizes: None,
    lambda *sizes: 0,
    lambda *sizes: 86_567_656,
    lambda *sizes: True,
    lambda *sizes: str(count_closed(*sizes)),
    lambda *sizes: [count_closed(*sizes)],
    lambda *sizes: np.array([count_closed(*sizes)]),
    lambda *sizes: count_closed(*sizes) + 1,
    lambda *sizes: count_closed(*sizes) - 1,
    lambda *sizes: np.float32(count_closed(*sizes)),
    lambda s, p, d, n, m, k, c=3: count_closed(s, p, m, n, d, k, c),
    lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, k, 1),
    lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, 4 * d, k, c),
    lambda s, p, d, n, m, k, c=3: count_closed(s, p, d, n, m, 1000, c),
    lambda s, p, d, n, m, k, c=3: n * count_closed(s, p, d, 1, m, k, c),
    lambda s, p, d, n, m, k: count_closed(s, p, d, n, m, k),
]
