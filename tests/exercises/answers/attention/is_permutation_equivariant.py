"""Answers to `is_permutation_equivariant`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def permute_default_tolerances(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    return np.allclose(layer(tokens[:, order]), layer(tokens)[:, order])


def permute_ops_take(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    first = layer(ops.take(tokens, order, axis=1))
    second = ops.take(layer(tokens), order, axis=1)
    return bool(ops.max(ops.abs(first - second)) < 1e-3)


def permute_zero_dimensional(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    gap = ops.subtract(layer(tokens[:, order]), ops.take(layer(tokens), order, axis=1))
    return ops.all(ops.less(ops.abs(gap), 1e-4))


def permute_argsort(layer, x, rng):
    order = np.argsort(rng.random(x.shape[1]))
    return np.isclose(layer(x[:, order, :]), layer(x)[:, order, :], atol=1e-5).all()


def permute_undo(layer, tokens, rng):
    """Permute, apply, and put the result back in order."""
    order = rng.permutation(tokens.shape[1])
    back = np.argsort(order)
    return np.allclose(np.asarray(layer(tokens[:, order]))[:, back], layer(tokens), atol=1e-4)


def permute_several(layer, tokens, rng):
    for _ in range(5):
        order = rng.permutation(tokens.shape[1])
        if not np.allclose(layer(tokens[:, order]), layer(tokens)[:, order], atol=1e-4):
            return False
    return True


def permute_all(layer, tokens, rng):
    orders = [rng.permutation(tokens.shape[1]) for _ in range(3)]
    before = layer(tokens)
    return all(np.allclose(layer(tokens[:, p]), before[:, p], atol=1e-4) for p in orders)


def permute_matrix(layer, tokens, rng):
    matrix = np.eye(tokens.shape[1], dtype="float32")[rng.permutation(tokens.shape[1])]
    gap = layer(matrix @ tokens) - matrix @ layer(tokens)
    return np.abs(gap).max() < 1e-3


def permute_every_swap(layer, tokens, rng):
    """Swaps of neighbours generate all permutations."""
    before = layer(tokens)
    for i in range(tokens.shape[1] - 1):
        order = np.arange(tokens.shape[1])
        order[[i, i + 1]] = i + 1, i
        if not np.allclose(layer(tokens[:, order]), before[:, order], atol=1e-4):
            return np.False_
    return np.True_


def permute_own_tokens(layer, tokens, rng):
    x = rng.normal(size=tokens.shape).astype("float32")
    order = rng.permutation(x.shape[1])
    np.random.default_rng(0).shuffle(order)
    return bool(np.allclose(layer(x[:, order]), layer(x)[:, order], rtol=1e-4, atol=1e-4))


def permute_assert_almost_equal(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    try:
        np.testing.assert_allclose(layer(tokens[:, order]), layer(tokens)[:, order], rtol=1e-4)
    except AssertionError:
        return False
    return True


def permute_on_a_copy_shuffled(layer, tokens, rng):
    order = list(range(tokens.shape[1]))
    rng.shuffle(order)
    shuffled = np.stack([tokens[:, i] for i in order], axis=1)
    after = np.stack([layer(tokens)[:, i] for i in order], axis=1)
    return float(np.mean((layer(shuffled) - after) ** 2)) < 1e-6


VARIANTS = [
    permute_default_tolerances,
    permute_ops_take,
    permute_zero_dimensional,
    permute_argsort,
    permute_undo,
    permute_several,
    permute_all,
    permute_matrix,
    permute_every_swap,
    permute_own_tokens,
    permute_assert_almost_equal,
    permute_on_a_copy_shuffled,
    lambda layer, tokens, *, rng: permute_several(layer, tokens, rng),
    functools.partial(lambda times, *rest: all(permute_argsort(*rest) for _ in range(times)), 2),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def tf_permute(layer, tokens, rng):
        order = tf.random.shuffle(tf.range(tokens.shape[1]))
        first, second = (
            layer(tf.gather(tokens, order, axis=1)),
            tf.gather(layer(tokens), order, axis=1),
        )
        return tf.reduce_all(tf.abs(first - second) < 1e-4)

    VARIANTS += [
        tf_permute,
    ]
else:
    import jax
    import jax.numpy as jnp

    def jnp_permute(layer, tokens, rng):
        order = jax.random.permutation(jax.random.key(0), tokens.shape[1])
        return jnp.allclose(layer(tokens[:, order]), layer(tokens)[:, order], atol=1e-4)

    VARIANTS += [
        jnp_permute,
    ]


def keras_unpermuted(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    before = ops.convert_to_numpy(layer(ops.convert_to_tensor(tokens)))
    return bool(ops.all(ops.isclose(before, ops.take(before, order, axis=1), atol=1e-3)))


OTHER_STYLE = [
    ("compares to the unpermuted output", keras_unpermuted),
    (
        "another permutation on each side",
        lambda layer, x, rng: np.allclose(
            layer(x[:, rng.permutation(11)]), layer(x)[:, rng.permutation(11)], atol=1e-3
        ),
    ),
    (
        "exact equality on floats",
        lambda layer, x, rng: (
            lambda p: bool(np.all(np.asarray(layer(x[:, p])) == np.asarray(layer(x))[:, p]))
        )(rng.permutation(x.shape[1])),
    ),
    (
        "only one special order",
        lambda layer, x, rng: np.allclose(
            layer(np.roll(x, 2, 1)), np.roll(layer(x), 2, 1), atol=1e-4
        ),
    ),
]


WRONG = [
    lambda layer, x, rng: np.allclose(layer(x), layer(x)),
    lambda layer, x, rng: np.isclose(layer(x[:, ::-1]), layer(x)[:, ::-1]),
    lambda layer, x, rng: None,
    lambda layer, x, rng: "yes",
    lambda layer, x, rng: int(permute_several(layer, x, rng)),
    lambda layer, x, rng: float(permute_several(layer, x, rng)),
    lambda layer, x, rng: not permute_several(layer, x, rng),
    lambda layer, x, rng: np.mean(layer(x[:, ::-1]) - layer(x)[:, ::-1]) < 1e-3,
    lambda layer, x, rng: np.allclose(layer(x[:, ::-1]), layer(x)[:, ::-1], atol=10),
    lambda layer, x, rng: np.allclose(layer(x[::-1]), layer(x)[::-1], atol=1e-4),
    lambda layer, x, rng: np.shape(layer(x[:, ::-1])) == np.shape(layer(x)),
]
