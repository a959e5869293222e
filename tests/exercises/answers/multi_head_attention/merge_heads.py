"""Answers to `merge_heads`: right, mistaken in another style, and wrong."""

import functools

import numpy as np
from keras import ops


def merge_numpy(x):
    batch, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, heads * width)


def merge_keras(x):
    batch, heads, length, width = x.shape
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (batch, length, heads * width))


def merge_loop(x):
    out = np.empty((x.shape[0], x.shape[2], x.shape[1] * x.shape[3]), "float64")
    for head in range(x.shape[1]):
        out[:, :, head * x.shape[3] : (head + 1) * x.shape[3]] = x[:, head]
    return out


VARIANTS = [
    merge_numpy,
    merge_keras,
    merge_loop,
    lambda x: np.concatenate([x[:, i] for i in range(x.shape[1])], axis=-1),
    lambda x: np.einsum("bhnd->bnhd", x).reshape(x.shape[0], x.shape[2], -1),
    lambda x: ops.concatenate(ops.unstack(ops.convert_to_tensor(x), axis=1), axis=-1),
    lambda x: ops.reshape(ops.moveaxis(x, 1, 2), (x.shape[0], x.shape[2], -1)),
    lambda *, x: merge_loop(x),
    lambda heads: np.array(
        [[np.concatenate(token) for token in np.swapaxes(s, 0, 1)] for s in heads]
    ),
    functools.partial(merge_keras),
]


OTHER_STYLE = [
    ("mean over heads", lambda x: ops.mean(x, axis=1)),
    (
        "reshape without transposing back",
        lambda x: ops.reshape(x, (x.shape[0], x.shape[2], x.shape[1] * x.shape[3])),
    ),
]


WRONG = [
    lambda x: x,
    lambda x: merge_numpy(x)[..., ::-1],
    lambda x: merge_numpy(x[:, ::-1]),
    lambda x: merge_numpy(x).astype("int32"),
    lambda x: merge_numpy(x).tolist(),
    lambda x: merge_numpy(x)[0],
    lambda x: x.max(axis=1),
    lambda x: merge_numpy(x[::-1]),
    lambda x: x.T.reshape(x.shape[0], x.shape[2], -1),
]
