"""Answers to `split_heads`: right, mistaken in another style, and wrong."""

import functools

import numpy as np
from keras import ops


def uneven(x, num_heads):
    if x.shape[-1] % num_heads != 0:
        raise ValueError(f"D = {x.shape[-1]} cannot be divided by h = {num_heads}")


def split_numpy(x, num_heads):
    uneven(x, num_heads)
    batch, length, dim = x.shape
    return np.reshape(x, (batch, length, num_heads, dim // num_heads)).transpose(0, 2, 1, 3)


def split_keras(x, num_heads):
    uneven(x, num_heads)
    batch, length, dim = ops.shape(x)
    x = ops.reshape(x, (batch, length, num_heads, dim // num_heads))
    return ops.transpose(x, (0, 2, 1, 3))


def split_stack(x, num_heads):
    uneven(x, num_heads)
    return np.stack(np.split(x, num_heads, axis=-1), axis=1)


def split_loop(x, num_heads):
    uneven(x, num_heads)
    d = x.shape[-1] // num_heads
    heads = np.zeros((x.shape[0], num_heads, x.shape[1], d))
    for i in range(num_heads):
        heads[:, i] = x[:, :, i * d : (i + 1) * d]
    return heads


def split_einsum(x, num_heads):
    uneven(x, num_heads)
    return np.einsum("bnhd->bhnd", x.reshape(x.shape[0], x.shape[1], num_heads, -1))


def split_swap(x, num_heads):
    if x.shape[2] // num_heads * num_heads != x.shape[2]:
        raise ValueError(f"{num_heads} heads do not fit {x.shape[2]} features.")
    return ops.swapaxes(ops.reshape(x, (*x.shape[:2], num_heads, -1)), 1, 2)


def split_by_gather(x, num_heads):
    uneven(x, num_heads)
    columns = np.arange(x.shape[-1]).reshape(num_heads, -1)
    return np.moveaxis(np.asarray(x)[..., columns], 2, 1)


def split_tensor_method(x, num_heads):
    """Works on tensors only, as code does that calls a method of theirs."""
    if isinstance(x, np.ndarray):
        raise AttributeError("'numpy.ndarray' object has no attribute 'get_shape'")
    return split_keras(x, num_heads)


def split_asks_late(x, num_heads):
    try:
        return (
            np.asarray(x).reshape(*x.shape[:2], num_heads, x.shape[2] // num_heads).swapaxes(1, 2)
        )
    except ValueError:
        raise ValueError(f"num_heads={num_heads} does not divide dim={x.shape[2]}") from None


class Split:
    def __call__(self, x, num_heads):
        return split_numpy(x, num_heads)


VARIANTS = [
    split_numpy,
    split_keras,
    split_stack,
    split_loop,
    split_einsum,
    split_swap,
    split_by_gather,
    split_tensor_method,
    split_asks_late,
    Split(),
    functools.partial(split_numpy),
    lambda *, x, num_heads: split_keras(x, num_heads),
    lambda tokens, h: np.float64(split_stack(tokens, h)),
]


def split_unchecked(x, num_heads):
    batch, length, dim = x.shape
    x = ops.reshape(x, (batch, length, num_heads, dim // num_heads))
    return ops.transpose(x, (0, 2, 1, 3))


OTHER_STYLE = [
    ("another error than ValueError", split_unchecked),
    (
        "reshape without transpose",
        lambda x, h: ops.reshape(x, (x.shape[0], h, x.shape[1], x.shape[2] // h)),
    ),
    ("reshape without transpose", lambda x, h: x.reshape(x.shape[0], h, x.shape[1], -1)),
    ("a message without both numbers", lambda x, h: np.stack(np.split(x, h, axis=-1), axis=1)),
    ("heads in front of the batch", lambda x, h: np.stack(np.split(x, h, axis=-1))),
]


WRONG = [
    lambda x, h: x,
    lambda x, h: split_numpy(x, h)[:, ::-1],
    lambda x, h: np.flip(split_numpy(x, h), axis=2),
    lambda x, h: split_numpy(x, h).tolist(),
    lambda x, h: split_numpy(x, h).astype("int32"),
    lambda x, h: list(split_numpy(x, h)),
    lambda x, h: split_numpy(x, 3),
    lambda x, h: split_numpy(x, h)[None],
    lambda x, h: split_numpy(x[::-1], h),
    lambda x, h: split_numpy(x, h) * (h > 1),
    lambda x, h: None,
]
