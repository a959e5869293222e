"""The shared block against float64 NumPy written from the papers' equations."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import transformer as reference
from course_utils.reference.attention import causal_mask, is_permutation_equivariant

B, N, HEADS, WIDTH, HIDDEN = 2, 7, 3, 5, 11
D = HEADS * WIDTH


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def learned(layer):
    """A layer's weights. (NumPy warns at Keras' get_weights.)"""
    return [np.asarray(weight.value) for weight in layer.weights]


# --- oracles in float64 -----------------------------------------------------------------------


def oracle_norm(x, layer):
    gamma, beta = learned(layer)
    spread = np.sqrt(x.var(-1, keepdims=True) + layer.epsilon)
    return (x - x.mean(-1, keepdims=True)) / spread * gamma + beta


def oracle_dense(x, layer):
    kernel, bias = learned(layer)
    return x @ np.float64(kernel) + bias


def oracle_mlp(x, mlp):
    x = oracle_dense(x, mlp.widen)
    x = x * (1 + np.vectorize(math.erf)(x / np.sqrt(2))) / 2
    return oracle_dense(x, mlp.narrow)


def oracle_attention(x, attention, mask):
    query, key, value = (
        oracle_dense(x, getattr(attention, f"{name}_dense")) for name in ("query", "key", "value")
    )
    heads, weights = np.zeros_like(x), np.zeros((B, HEADS, N, N))
    for b, h in np.ndindex(B, HEADS):
        own = slice(h * WIDTH, (h + 1) * WIDTH)
        scores = np.exp(query[b, :, own] @ key[b, :, own].T / np.sqrt(WIDTH)) * mask
        weights[b, h] = scores / scores.sum(-1, keepdims=True)
        heads[b, :, own] = weights[b, h] @ value[b, :, own]
    return oracle_dense(heads, attention.output_dense), weights


def oracle_block(x, block, mask=1.0):
    """Pre-norm: Dosovitskiy et al., equations 2 and 3. Post-norm: Vaswani et al., section 3.1."""
    x = np.float64(x)
    if block.norm_first:
        attended, weights = oracle_attention(oracle_norm(x, block.norm1), block.attention, mask)
        x = x + attended
        return x + oracle_mlp(oracle_norm(x, block.norm2), block.mlp), weights
    attended, weights = oracle_attention(x, block.attention, mask)
    x = oracle_norm(x + attended, block.norm1)
    return oracle_norm(x + oracle_mlp(x, block.mlp), block.norm2), weights


def random_block(rng, **options):
    """A block whose every weight is drawn: no norm the identity, no bias 0."""
    block = reference.TransformerBlock(D, HEADS, HIDDEN, **options)
    block.build((None, N, D))
    block.set_weights([normal(rng, *weight.shape) / 3 for weight in learned(block)])
    return block


# --- the two orders ---------------------------------------------------------------------------


def test_encoder_block_by_hand():
    """Norms that add 1 and 2, attention that doubles, an MLP that squares."""
    found = reference.encoder_block(
        3.0, lambda x: x + 1, lambda x: 2 * x, lambda x: x + 2, lambda x: x * x
    )
    assert found == 11 + 13**2  # 3 + 2 · 4 = 11, then 11 + (11 + 2)²


def test_the_layer_is_the_function_with_its_parts(rng):
    block, x = random_block(rng), normal(rng, B, N, D)
    found = reference.encoder_block(x, block.norm1, block.attention, block.norm2, block.mlp)
    np.testing.assert_allclose(numpy(block(x)), numpy(found), atol=1e-6)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("norm_epsilon", [1e-6, 0.1])
def test_block_equals_the_equations(rng, norm_first, norm_epsilon):
    block = random_block(rng, norm_first=norm_first, norm_epsilon=norm_epsilon)
    x, mask = normal(rng, B, N, D), np.tri(N)
    for masks in ({}, {"mask": causal_mask(N)}):
        found = block(x, return_weights=True, **masks)
        expected = oracle_block(x, block, mask if masks else 1.0)
        for got, wanted in zip(found, expected, strict=True):
            assert got.shape == wanted.shape
            np.testing.assert_allclose(numpy(got), wanted, atol=1e-5)
        np.testing.assert_array_equal(numpy(block(x, **masks)), numpy(found[0]))


def test_permuting_the_tokens_permutes_the_output(rng):
    block, x = random_block(rng), normal(rng, B, N, D)
    assert is_permutation_equivariant(block, x, rng)
    assert not is_permutation_equivariant(lambda x: block(x, mask=causal_mask(N)), x, rng)


def test_mlp_sees_each_token_by_itself(rng):
    mlp, x = reference.MLP(HIDDEN, D), normal(rng, B, N, D)
    whole = numpy(mlp(x))
    np.testing.assert_allclose(whole, oracle_mlp(np.float64(x), mlp), atol=1e-5)
    np.testing.assert_allclose(numpy(mlp(x[:, 2:3])), whole[:, 2:3], atol=1e-6)


# --- randomness -------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"drop_path": 0.5}], ids=str)
def test_dropping_happens_in_training_only_and_follows_the_seed(rng, options):
    x = np.repeat(normal(rng, 1, N, D), 17, axis=0)  # the same image 17 times
    block, again, other = (reference.TransformerBlock(D, HEADS, HIDDEN, seed=s, **options)
                           for s in (3, 3, 4))  # fmt: skip
    calm = numpy(block(x))
    np.testing.assert_allclose(calm, calm[:1].repeat(17, axis=0), atol=1e-5)
    for twin in (again, other):
        twin.build(x.shape)
        twin.set_weights(learned(block))
    trained, second = (numpy(block(x, training=True)) for _ in range(2))
    assert np.abs(trained - calm).max() > 0.01
    assert np.abs(trained - trained[:1]).max() > 0.01  # images fare differently
    assert np.abs(trained - second).max() > 0.01  # and steps
    np.testing.assert_array_equal(numpy(again(x, training=True)), trained)
    assert np.abs(numpy(other(x, training=True)) - trained).max() > 0.01
    np.testing.assert_array_equal(numpy(block(x)), calm)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_stochastic_depth_keeps_whole_images_at_its_rate(rng, rate):
    images = 10_007
    x = 1 + rng.random((images, 3, 2)).astype("float32")
    found = numpy(reference.StochasticDepth(rate, seed=0)(x, training=True))
    kept = found[:, 0, 0] != 0
    np.testing.assert_allclose(found[kept], x[kept] / (1 - rate), rtol=1e-6)
    assert (found[~kept] == 0).all()
    # Five standard deviations of a binomial share.
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / images)


def test_stochastic_depth_of_rate_0_and_outside_training_does_nothing(rng):
    x = normal(rng, B, N, D)
    for rate, training in ((0, True), (0.7, False)):
        found = reference.StochasticDepth(rate)(x, training=training)
        np.testing.assert_array_equal(numpy(found), x)


@pytest.mark.parametrize("rate", [1, -0.1])
def test_stochastic_depth_refuses_what_is_no_share(rate):
    with pytest.raises(ValueError, match=str(rate)):
        reference.StochasticDepth(rate)


def test_stochastic_depth_inside_a_compiled_step():
    """What XLA compiles draws anew at each step, too: whole images, by the mean that is left."""
    images = 17
    x = np.ones((images, 3), "float32")
    model = keras.Sequential(
        [
            keras.Input((3,)),
            reference.StochasticDepth(0.5, seed=0),
            keras.layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.0),
        loss=lambda y, predicted: ops.mean(predicted, axis=-1),
        jit_compile=True,
    )
    # Each image counts 3 features of 1 / 0.5, or nothing.
    kept = [float(model.train_on_batch(x, x)) * images / 6 for _ in range(5)]
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-4)
    assert len(set(np.round(kept))) > 1


# --- the inside -------------------------------------------------------------------------------


def test_internals_show_every_named_step(rng):
    x = keras.Input((N, D), name="tokens")
    first, _ = reference.TransformerBlock(D, HEADS, HIDDEN, name="first")(x, return_weights=True)
    second, _ = reference.TransformerBlock(D, HEADS, HIDDEN, name="second")(
        first, return_weights=True
    )
    model = keras.Model(x, keras.layers.LayerNormalization(name="norm")(second))
    tokens = normal(rng, B, N, D)
    steps = reference.internals(model)(tokens)
    assert list(steps) == ["first", "second", "norm"]
    np.testing.assert_array_equal(numpy(steps["norm"]), numpy(model(tokens)))
    block = model.get_layer("second")
    for got, wanted in zip(
        steps["second"], block(steps["first"][0], return_weights=True), strict=True
    ):
        np.testing.assert_allclose(numpy(got), numpy(wanted), atol=1e-6)
    assert steps["second"][1].shape == (B, HEADS, N, N)


@pytest.mark.parametrize(
    "layer",
    [
        reference.MLP(HIDDEN, D, dropout=0.3, seed=5),
        reference.StochasticDepth(0.3, seed=5),
        reference.TransformerBlock(D, HEADS, HIDDEN),
        reference.TransformerBlock(
            D,
            HEADS,
            HIDDEN,
            dropout=0.1,
            drop_path=0.2,
            norm_first=False,
            norm_epsilon=1e-3,
            seed=7,
            name="chosen",
        ),
    ],
    ids=lambda layer: layer.name,
)
def test_layers_round_trip(rng, layer):
    again = type(layer).from_config(layer.get_config())
    x = normal(rng, B, N, D)
    for training in (False, True):
        # Both are built by their first call, then the second takes the first's weights.
        layer(x), again(x)
        again.set_weights(learned(layer))
        found, expected = again(x, training=training), layer(x, training=training)
        np.testing.assert_array_equal(numpy(found), numpy(expected))
    assert again.name == layer.name
