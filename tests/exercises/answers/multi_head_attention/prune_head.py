"""Answers to `prune_head`: right, mistaken in another style, and wrong."""

import numpy as np
from keras import ops


def prune_rows(params, head, num_heads):
    kernel, bias = params["output"]
    kernel = np.array(kernel)
    width = kernel.shape[0] // num_heads
    kernel[head * width : (head + 1) * width] = 0
    return {**params, "output": (kernel, bias)}


def prune_values(params, head, num_heads):
    kernel, bias = (np.array(array) for array in params["value"])
    d = len(bias) // num_heads
    kernel[:, head * d : (head + 1) * d] = bias[head * d : (head + 1) * d] = 0
    return {**params, "value": (kernel, bias)}


def prune_by_product(params, head, num_heads):
    kernel, bias = params["output"]
    keep = np.repeat(np.arange(num_heads) != head, len(bias) // num_heads)
    return dict(params, output=[kernel * keep[:, None], bias])


def prune_keras(params, head, num_heads):
    new = dict(params)
    kernel, bias = params["output"]
    parts = ops.split(ops.convert_to_tensor(kernel), num_heads)
    parts[head] = ops.zeros_like(parts[head])
    new["output"] = ops.concatenate(parts), bias
    return new


def prune_everything_of_it(params, head, num_heads):
    new = {name: tuple(np.array(a, "float64") for a in pair) for name, pair in params.items()}
    d = new["output"][0].shape[0] // num_heads
    for name in ("query", "key", "value"):
        for array in new[name]:
            array[..., head * d : (head + 1) * d] = 0
    new["output"][0][head * d : (head + 1) * d] = 0
    return new


def prune_deep_copy(params, head, num_heads):
    from copy import deepcopy

    params = deepcopy(params)
    kernel, _ = params["output"]
    kernel.reshape(num_heads, -1, kernel.shape[1])[head] = 0
    return params


def prune_loop(params, head, num_heads):
    kernel, bias = params["output"]
    d = kernel.shape[0] // num_heads
    rows = [0 * row if r // d == head else row for r, row in enumerate(kernel)]
    return {**params, "output": (np.stack(rows), bias)}


def prune_diagonal(params, head, num_heads):
    kernel, bias = params["output"]
    keep = np.diag(np.arange(len(bias)) // (len(bias) // num_heads) != head).astype("float32")
    return params | {"output": (keep @ kernel, bias)}


VARIANTS = [
    prune_rows,
    prune_values,
    prune_by_product,
    prune_keras,
    prune_everything_of_it,
    prune_deep_copy,
    prune_loop,
    prune_diagonal,
    lambda *, params, head, num_heads: prune_rows(params, head, num_heads),
]


OTHER_STYLE = [
    (
        "nothing changed",
        lambda params, head, num_heads: {n: (np.array(k), b) for n, (k, b) in params.items()},
    ),
]


def prune_with_nan(params, head, num_heads):
    new = prune_rows(params, head, num_heads)
    return {**new, "output": (new["output"][0], new["output"][1] * np.nan)}


WRONG = [
    lambda p, head, h: None,
    lambda p, head, h: p["output"],
    lambda p, head, h: prune_rows(p, head, h)["output"][0],
    lambda p, head, h: {"output": prune_rows(p, head, h)["output"]},
    lambda p, head, h: prune_rows(p, (head + 1) % h, h),
    lambda p, head, h: prune_rows(p, 1, h),
    lambda p, head, h: prune_rows(p, head, 3),
    lambda p, head, h: {**p, "output": (p["output"][0] * (h - 1) / h, p["output"][1])},
    lambda p, head, h: prune_rows(prune_rows(p, head, h), (head + 1) % h, h),
    lambda p, head, h: {**p, "output": prune_rows(p, head, h)["output"][0]},
    prune_with_nan,
]
