"""Answers to `attention_cost`: right, mistaken in another style, and wrong."""

import functools

import numpy as np


def cost_paper(height, width, dim, window=None):
    if window is None:
        return 4 * height * width * dim**2 + 2 * (height * width) ** 2 * dim
    return 4 * height * width * dim**2 + 2 * window**2 * height * width * dim


def cost_by_windows(height, width, dim, window=None):
    if window is None:
        tokens, count = height * width, 1
    else:
        tokens, count = window**2, (height // window) * (width // window)
    return count * (4 * tokens * dim * dim + 2 * tokens * tokens * dim)


def cost_factored(h, w, d, m=None):
    return 2 * h * w * d * (2 * d + (h * w if m is None else m * m))


def cost_by_shapes(height, width, dim, window=None):
    keys = window**2 if window else height * width
    products = [(height * width, dim, dim)] * 4
    products += [(height * width, dim, keys), (height * width, keys, dim)]
    return sum(int(np.prod(sizes)) for sizes in products)


def cost_token_by_token(height, width, dim, window=None):
    keys = window * window if window is not None else height * width
    total = 0
    for _ in range(height):
        total += width * (4 * dim**2 + 2 * keys * dim)
    return total


VARIANTS = [
    cost_paper,
    cost_by_windows,
    cost_factored,
    cost_by_shapes,
    cost_token_by_token,
    lambda *, height, width, dim, window=None: cost_paper(height, width, dim, window),
    lambda h, w, d, m=None: np.int64(cost_paper(h, w, d, m)),
    lambda h, w, d, m=None: int(4 * h * w * d**2 + 2.0 * h * w * d * (m**2 if m else h * w)),
    lambda h, w, d, m=None: np.array(cost_factored(h, w, d, m)),
    functools.partial(cost_paper),
]


OTHER_STYLE = [
    ("projections forgotten", lambda h, w, d, m=None: 2 * h * w * d * (m * m if m else h * w)),
    ("M instead of M²", lambda h, w, d, m=None: 2 * h * w * d * (2 * d + (m or h * w))),
    ("per window instead of all", lambda h, w, d, m=None: cost_paper(m or h, m or w, d)),
    ("a float", lambda h, w, d, m=None: h * w * d * (4.0 * d + 2 * (m * m if m else h * w))),
    (
        "a float",
        lambda h, w, d, m=None: h * w / m**2 * cost_paper(m, m, d) if m else cost_paper(h, w, d),
    ),
]


WRONG = [
    lambda h, w, d, m=None: None,
    lambda h, w, d, m=None: 0,
    lambda h, w, d, m=None: True,
    lambda h, w, d, m=None: str(cost_paper(h, w, d, m)),
    lambda h, w, d, m=None: [cost_paper(h, w, d, m)],
    lambda h, w, d, m=None: cost_paper(h, w, d, m) + 1,
    lambda h, w, d, m=None: cost_paper(h, w, d, m) - d,
    lambda h, w, d, m=7: cost_paper(h, w, d, m),
    lambda h, w, d, m=None: cost_paper(h, d, w, m),
    lambda h, w, d: cost_paper(h, w, d),
]
