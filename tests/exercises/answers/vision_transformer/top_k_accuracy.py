"""Answers to `top_k_accuracy`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def accuracy_numpy(logits, labels, k):
    guesses = np.argsort(logits, axis=-1)[:, -k:]
    return (guesses == labels[:, None]).any(axis=-1).mean()


def accuracy_loop(logits, labels, k):
    found = 0
    for row, label in zip(logits, labels, strict=True):
        best = sorted(range(len(row)), key=lambda c: row[c], reverse=True)[:k]  # noqa: B023
        found += int(label) in best
    return found / len(labels)


def accuracy_by_rank(logits, labels, k):
    """How many classes does the model like better than the right one? Fewer than k will do."""
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    return float(((logits > own).sum(axis=1) < k).mean())


def accuracy_keras(logits, labels, k):
    _, guesses = ops.top_k(logits, k)
    found = ops.any(ops.equal(guesses, ops.expand_dims(labels, 1)), axis=1)
    return ops.mean(ops.cast(found, "float32"))


def accuracy_one_hot(logits, labels, k):
    _, guesses = ops.top_k(logits, k)
    classes = logits.shape[-1]
    chosen = ops.sum(ops.one_hot(guesses, classes), axis=1)  # (B, K)
    return ops.mean(ops.sum(chosen * ops.one_hot(labels, classes), axis=-1))


def accuracy_partition(logits, labels, k):
    threshold = -np.partition(-logits, k - 1, axis=1)[:, k - 1]
    own = logits[np.arange(len(labels)), labels]
    return np.count_nonzero(own >= threshold) / len(own)


def accuracy_in_top_k(logits, labels, k):
    return ops.mean(ops.cast(ops.in_top_k(labels, logits, k), "float32"))


def accuracy_probabilities(logits, labels, k):
    probabilities = ops.convert_to_numpy(ops.softmax(logits / 1e3))
    return accuracy_numpy(np.float64(logits) + 0 * probabilities, labels, k)


def accuracy_sets(logits, labels, k):
    order = ops.convert_to_numpy(ops.argsort(-ops.convert_to_tensor(logits), axis=1))
    return np.mean([label in set(row[:k]) for row, label in zip(order, labels, strict=True)])


class Accuracy:
    def __call__(self, logits, labels, k):
        return np.float32(accuracy_numpy(logits, labels, k))


VARIANTS = [
    accuracy_numpy,
    accuracy_loop,
    accuracy_by_rank,
    accuracy_keras,
    accuracy_one_hot,
    accuracy_partition,
    accuracy_in_top_k,
    accuracy_probabilities,
    accuracy_sets,
    Accuracy(),
    functools.partial(accuracy_keras),
    lambda *, logits, labels, k: accuracy_numpy(logits, labels, k),
    lambda logits, labels, k: np.asarray(accuracy_loop(logits, labels, k)),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    VARIANTS += [
        lambda x, y, k: tf.reduce_mean(tf.cast(tf.math.in_top_k(y, x, k), tf.float32)),
    ]
else:
    import jax

    def accuracy_jax(logits, labels, k):
        _, guesses = jax.lax.top_k(logits, k)
        return (guesses == labels[:, None]).any(1).mean()

    VARIANTS += [accuracy_jax]


OTHER_STYLE = [
    (
        "lowest k",
        lambda x, y, k: (np.argsort(x, axis=1)[:, :k] == y[:, None]).any(1).mean(),
    ),
    (
        "mean over k",
        lambda x, y, k: ops.mean(
            ops.cast(ops.equal(ops.top_k(x, k)[1], ops.expand_dims(y, 1)), "float32")
        ),
    ),
    (
        "counts instead of a share",
        lambda x, y, k: int(
            np.sum([label in row for row, label in zip(np.argsort(x)[:, -k:], y, strict=True)])
        ),
    ),
    (
        "one guess only",
        lambda x, y, k: ops.mean(ops.cast(ops.equal(ops.argmax(x, -1), y), "float32")),
    ),
    (
        "share of errors",
        lambda x, y, k: float(np.mean([y[i] not in np.argsort(-x[i])[:k] for i in range(len(y))])),
    ),
]


WRONG = [
    lambda x, y, k: None,
    lambda x, y, k: 0.0,
    lambda x, y, k: 1 / x.shape[1],
    lambda x, y, k: k / x.shape[1],
    lambda x, y, k: [accuracy_numpy(x, y, k)],
    lambda x, y, k: str(accuracy_numpy(x, y, k)),
    lambda x, y, k: np.array([accuracy_numpy(x, y, k)]),
    lambda x, y, k: accuracy_numpy(x, y, 5),
    lambda x, y, k: accuracy_numpy(np.abs(x), y, k),
    lambda x, y, k: accuracy_numpy(x, y[::-1], k),
    lambda x, y, k: min(1.0, k * accuracy_numpy(x, y, 1)),
    lambda x, y, k: round(accuracy_numpy(x, y, k), 1),
    lambda x, y, k: np.sort(x)[:, -k:].mean(),
    lambda x, y, k: bool(accuracy_numpy(x, y, k) > 0.5),
    lambda x, y: accuracy_numpy(x, y, 5),
]
