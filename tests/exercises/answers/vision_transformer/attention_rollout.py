"""Answers to `attention_rollout`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def rollout_numpy(weights):
    result = np.eye(weights[0].shape[-1])
    for layer in weights:
        flow = np.mean(layer, axis=1) + np.eye(layer.shape[-1])
        flow = flow / flow.sum(axis=-1, keepdims=True)
        result = flow @ result
    return result


def rollout_keras(weights):
    result = None
    for layer in weights:
        flow = ops.mean(layer, axis=1)
        flow = flow + ops.eye(flow.shape[-1])
        flow = flow / ops.sum(flow, axis=-1, keepdims=True)
        result = flow if result is None else ops.matmul(flow, result)
    return result


def rollout_half(weights):
    """Attention's rows sum to 1, so half of them and half of the identity do as well."""
    identity = np.eye(weights[0].shape[-1])
    flows = [0.5 * np.mean(layer, axis=1) + 0.5 * identity for layer in weights]
    return functools.reduce(lambda below, above: np.einsum("bij,bjk->bik", above, below), flows)


def rollout_normalised_at_the_end(weights):
    result = np.eye(weights[0].shape[-1])[None]
    for layer in weights:
        result = (np.asarray(layer).mean(1) + np.eye(layer.shape[-1])) @ result
    return result / result.sum(axis=-1, keepdims=True)


def rollout_multi_dot(weights):
    flows = [rollout_numpy([layer]) for layer in weights]
    last_first = flows[::-1]
    return np.stack(
        [
            functools.reduce(np.matmul, [flow[b] for flow in last_first])
            for b in range(len(flows[0]))
        ]
    )


def rollout_loop(weights):
    batch, heads, length, _ = weights[0].shape
    result = np.stack([np.eye(length)] * batch)
    for layer in weights:
        for b in range(batch):
            flow = sum(np.asarray(layer)[b, h] for h in range(heads)) / heads
            flow = flow + np.eye(length)
            for q in range(length):
                flow[q] /= flow[q].sum()
            result[b] = np.dot(flow, result[b])
    return result


def rollout_recursive(weights):
    *below, last = weights
    flow = rollout_half([last])
    return np.matmul(flow, rollout_recursive(below)) if below else flow


def rollout_residual(weights):
    """Without a matrix of ones on the diagonal: a token keeps half of what it had."""
    result = ops.broadcast_to(ops.eye(weights[0].shape[-1]), ops.mean(weights[0], axis=1).shape)
    for layer in weights:
        result = 0.5 * (result + ops.einsum("bhqk,bkn->bqn", layer, result) / layer.shape[1])
    return result


def rollout_identity_in_each_head(weights):
    heads = [np.asarray(layer) + np.eye(layer.shape[-1]) for layer in weights]
    flows = [(h / h.sum(-1, keepdims=True)).mean(axis=1) for h in heads]
    return functools.reduce(lambda below, above: above @ below, flows)


def rollout_stacked(weights):
    flows = np.stack(weights).mean(axis=2)  # (L, B, N, N)
    flows = (flows + np.identity(flows.shape[-1])) / 2
    result = flows[0]
    for flow in flows[1:]:
        result = np.matmul(flow, result)
    return result


class Rollout:
    def __call__(self, weights):
        return rollout_keras(weights)


VARIANTS = [
    rollout_numpy,
    rollout_keras,
    rollout_half,
    rollout_normalised_at_the_end,
    rollout_multi_dot,
    rollout_loop,
    rollout_recursive,
    rollout_residual,
    rollout_identity_in_each_head,
    rollout_stacked,
    Rollout(),
    lambda *, weights: rollout_keras(weights),
    lambda w: np.float64(rollout_stacked([np.float64(layer) for layer in w])),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def rollout_tf(weights):
        flows = [tf.reduce_mean(w, 1) + tf.eye(w.shape[-1], dtype=w.dtype) for w in weights]
        flows = [flow / tf.reduce_sum(flow, -1, keepdims=True) for flow in flows]
        return functools.reduce(lambda below, above: above @ below, flows)

    VARIANTS += [rollout_tf]
else:
    import jax.numpy as jnp

    def rollout_jax(weights):
        flows = [(jnp.mean(w, 1) + jnp.eye(w.shape[-1])) / 2 for w in weights]
        return functools.reduce(lambda below, above: above @ below, flows)

    VARIANTS += [rollout_jax]


def earlier_on_the_left(weights):
    flows = [rollout_keras([layer]) for layer in weights]
    return functools.reduce(ops.matmul, flows)


OTHER_STYLE = [
    ("wrong order of products", earlier_on_the_left),
    ("wrong order of products", lambda w: rollout_numpy(w[::-1])),
    (
        "no identity added",
        lambda w: functools.reduce(
            lambda below, above: ops.matmul(above, below), [ops.mean(a, axis=1) for a in w]
        ),
    ),
    ("not renormalised", lambda w: rollout_half(w) * 2 ** len(w)),
    ("last layer only", lambda w: rollout_keras(w[-1:])),
    ("last layer only", lambda w: ops.mean(w[-1], axis=1)),
]


def in_place(weights):
    for layer in weights:
        layer += np.eye(layer.shape[-1], dtype="float32")
        layer /= layer.sum(axis=-1, keepdims=True)
    return functools.reduce(lambda below, above: above @ below, [w.mean(1) for w in weights])


WRONG = [
    in_place,
    lambda w: None,
    lambda w: w[0],
    lambda w: w,
    lambda w: rollout_numpy(w[:-1]) if len(w) > 1 else rollout_numpy(w),
    lambda w: rollout_numpy(w[:2]),
    lambda w: rollout_numpy([layer[:, :1] for layer in w]),
    lambda w: rollout_numpy([layer.swapaxes(2, 3) for layer in w]),
    lambda w: rollout_numpy(w) - rollout_numpy(w) * np.eye(w[0].shape[-1]),
    lambda w: rollout_numpy(w) / rollout_numpy(w).max(),
    lambda w: rollout_numpy(w)[0],
    lambda w: rollout_numpy(w).mean(axis=0),
    lambda w: rollout_numpy(w).tolist(),
    lambda w: rollout_numpy(w)[:, 0, 1:],
    lambda w: functools.reduce(np.add, [rollout_numpy([layer]) for layer in w]),
    lambda w: rollout_numpy([layer.min(axis=1, keepdims=True) for layer in w]),
    lambda w: rollout_half([layer * 0.5 for layer in w]),
]
