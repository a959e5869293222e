"""Answers to `multi_head_attention`: right, mistaken in another style, and wrong."""

import functools

import numpy as np
from exercises.answers.multi_head_attention.merge_heads import merge_numpy
from exercises.answers.multi_head_attention.split_heads import split_numpy
from keras import ops

from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import mask_for_heads, merge_heads, split_heads


def mha_numpy(query, value, params, num_heads, mask=None):
    def heads(x, name):
        w, b = params[name]
        return split_numpy(np.matmul(x, w) + b, num_heads)

    q, k, v = heads(query, "query"), heads(value, "key"), heads(value, "value")
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        mask = np.broadcast_to(mask, (len(query), query.shape[1], value.shape[1]))
        scores = np.where(mask[:, None], scores, -1e9)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    weights = e / e.sum(-1, keepdims=True)
    return merge_numpy(weights @ v) @ params["output"][0] + params["output"][1], weights


def mha_notebook(query, value, params, num_heads, mask=None):
    def project(x, name):
        kernel, bias = params[name]
        return ops.matmul(x, kernel) + bias

    if mask is not None:
        full = (query.shape[0], query.shape[1], value.shape[1])
        mask = ops.broadcast_to(mask, full)[:, None]
    output, weights = attend(
        split_heads(project(query, "query"), num_heads),
        split_heads(project(value, "key"), num_heads),
        split_heads(project(value, "value"), num_heads),
        mask,
    )
    return project(merge_heads(output), "output"), weights


def mha_einsum(query, value, params, num_heads, mask=None):
    dim = query.shape[-1]

    def heads(x, name):
        kernel, bias = params[name]
        kernel = np.reshape(kernel, (dim, num_heads, dim // num_heads))
        return np.einsum("bnc,chd->bhnd", x, kernel) + np.reshape(bias, (num_heads, 1, -1))

    mask = None if mask is None else np.expand_dims(mask, -3)
    mixed, weights = attend(heads(query, "query"), heads(value, "key"), heads(value, "value"), mask)
    out = np.reshape(params["output"][0], (num_heads, dim // num_heads, dim))
    return np.einsum("bhnd,hdc->bnc", mixed, out) + params["output"][1], weights


def mha_loop_over_heads(query, value, params, num_heads, mask=None):
    q, k, v = (x @ params[n][0] + params[n][1] for x, n in
               [(query, "query"), (value, "key"), (value, "value")])  # fmt: skip
    width = query.shape[-1] // num_heads
    blocks = [slice(i * width, (i + 1) * width) for i in range(num_heads)]
    both = [attend(q[..., b], k[..., b], v[..., b], mask) for b in blocks]
    merged = ops.concatenate([output for output, _ in both], axis=-1)
    kernel, bias = params["output"]
    return ops.matmul(merged, kernel) + bias, ops.stack([w for _, w in both], axis=1)


def mha_sum_of_heads(query, value, params, num_heads, mask=None):
    """Each head's result through its own rows of the output kernel, added up."""
    kernel, bias = params["output"]
    parts = np.split(np.asarray(kernel), num_heads)
    q, k, v = (np.float64(x @ params[n][0] + params[n][1]) for x, n in
               [(query, "query"), (value, "key"), (value, "value")])  # fmt: skip
    output, weights = np.float64(bias), []
    for i, part in enumerate(parts):
        mine, w = attend(*(np.split(x, num_heads, -1)[i] for x in (q, k, v)), mask)
        output, weights = output + np.asarray(mine) @ part, [*weights, np.asarray(w)]
    return output, np.stack(weights, 1)


def mha_keyword_only(*, query, value, params, num_heads, mask=None):
    return mha_numpy(query, value, params, num_heads, mask)


def mha_sequence_by_sequence(query, value, params, num_heads, mask=None):
    if mask is not None:
        mask = np.broadcast_to(mask, (len(query), query.shape[1], value.shape[1]))
    pairs = [
        mha_numpy(q[None], v[None], params, num_heads, None if mask is None else mask[i])
        for i, (q, v) in enumerate(zip(query, value, strict=True))
    ]
    return tuple(np.concatenate(arrays) for arrays in zip(*pairs, strict=True))


class Mha:
    def __call__(self, query, value, params, num_heads, mask=None):
        return list(mha_notebook(query, value, params, num_heads, mask))


VARIANTS = [
    mha_numpy,
    mha_notebook,
    mha_einsum,
    mha_loop_over_heads,
    mha_sum_of_heads,
    mha_keyword_only,
    mha_sequence_by_sequence,
    Mha(),
    functools.partial(mha_einsum),
    lambda q, v, p, h, m=None: mha_numpy(*(np.float64(x) for x in (q, v)), p, h, m),
]


def mha_keras(query, value, params, num_heads, mask=None, *, last=True, roles=("key", "value")):
    def heads(x, name):
        return split_heads(ops.matmul(x, params[name][0]) + params[name][1], num_heads)

    output, weights = attend(
        heads(query, "query"), *(heads(value, role) for role in roles), mask_for_heads(mask)
    )
    output = merge_heads(output)
    return (output @ params["output"][0] + params["output"][1] if last else output), weights


OTHER_STYLE = [
    ("no output projection", functools.partial(mha_keras, last=False)),
    ("one projection for all three", functools.partial(mha_keras, roles=("query", "query"))),
    ("mask ignored", lambda q, v, p, h, m=None: mha_keras(q, v, p, h)),
    ("value ignored", lambda q, v, p, h, m=None: mha_keras(q, q, p, h, m)),
]


WRONG = [
    lambda q, v, p, h, m=None: mha_numpy(q, v, p, h, m)[0],
    lambda q, v, p, h, m=None: (mha_numpy(q, v, p, h, m)[0] + q, mha_numpy(q, v, p, h, m)[1]),
    lambda q, v, p, h, m=None: mha_numpy(q, v, p, 3, m),
    lambda q, v, p, h, m=None: mha_numpy(q, v, p, h, None if m is None else m[..., :1, :]),
    lambda q, v, p, h, m=None: (mha_numpy(q, v, p, h, m)[0], mha_numpy(q, v, p, h)[1]),
    lambda q, v, p, h, m=None: (mha_numpy(q, v, p, h)[0], mha_numpy(q, v, p, h, m)[1]),
    lambda q, v, p, h, m=None: mha_numpy(q, v, {**p, "output": p["value"]}, h, m),
    lambda q, v, p, h, m=None: mha_numpy(q[::-1], v[::-1], p, h, m),
    lambda q, v, p, h, m=None: tuple(a[:1] for a in mha_numpy(q, v, p, h, m)),
    lambda q, v, p, h, m=None: tuple(a.astype("float16") for a in mha_numpy(q, v, p, h, m)),
    lambda q, v, p, h: mha_numpy(q, v, p, h),
]
