"""The reference against loops over single entries, Keras' own layer, and identities."""

import math
from collections import Counter
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from course_utils.reference import perceiver as reference
from course_utils.reference.attention import attend
from course_utils.reference.transformer import TransformerBlock, internals

B, L, N, D, E = 2, 3, 7, 10, 13

CONFIG = reference.PerceiverConfig(
    (3, 5),
    num_latents=7,
    dim=12,
    iterations=2,
    depth=2,
    num_heads=2,
    mlp_dim=17,
    cross_mlp_dim=19,
    num_classes=11,
    num_bands=2,
    max_resolution=5,
    position_dim=6,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def randomise(layer, rng):
    """Give every weight numbers that matter: norms that change, biases that are not zero."""
    drawn = [normal(rng, *weight.shape) for weight in layer.weights]
    layer.set_weights([a / a.shape[0] ** 0.5 if a.ndim == 2 else a for a in drawn])
    return layer


def built(config, seed=0):
    return randomise(reference.perceiver(config), np.random.default_rng(seed))


def images_for(config, rng):
    size = config.image_size
    return normal(rng, B, *((size, size) if isinstance(size, int) else size), config.channels)


# --- cross_attend -----------------------------------------------------------------------------


def cross_inputs(rng, width=5):
    params = {
        "query": normal(rng, D, width),
        "key": normal(rng, E, width),
        "value": normal(rng, E, D),
    }
    return normal(rng, L, D), normal(rng, B, N, E), params


def test_cross_attend_by_hand():
    latents = np.array([[0, 2 * np.log(3), 0, 0], [0, 0, 0, 0]], "float32")
    data = np.array([[[1, 10], [0, 5], [0, 0]]], "float32")
    params = {
        "query": np.eye(4, dtype="float32"),
        "key": np.array([[0, 1, 0, 0], [0, 0, 0, 0]], "float32"),
        "value": np.array([[0, 0, 0, 0], [1, 0, 0, -1]], "float32"),
    }  # the first latent scores log 3, 0, 0: it weighs 3 to 1 to 1
    found = numpy(reference.cross_attend(latents, data, params))
    np.testing.assert_allclose(found, [[[7, 0, 0, -7], [5, 0, 0, -5]]], rtol=1e-6)


@pytest.mark.parametrize("convert", [np.asarray, ops.convert_to_tensor])
def test_cross_attend_equals_one_latent_at_a_time(rng, convert):
    latents, data, params = cross_inputs(rng)
    converted = {name: convert(kernel) for name, kernel in params.items()}
    found = numpy(reference.cross_attend(convert(latents), convert(data), converted))
    assert found.shape == (B, L, D)
    for b, latent in np.ndindex(B, L):
        query = np.float64(latents[latent]) @ params["query"]
        scores = [query @ (np.float64(pixel) @ params["key"]) / math.sqrt(5) for pixel in data[b]]
        weights = np.exp(scores) / np.exp(scores).sum()
        expected = sum(
            w * (pixel @ params["value"]) for w, pixel in zip(weights, data[b], strict=True)
        )
        np.testing.assert_allclose(found[b, latent], expected, atol=1e-4)


def test_cross_attend_does_not_mind_the_order_of_the_data(rng):
    latents, data, params = cross_inputs(rng)
    shuffled = data[:, rng.permutation(N)]
    expected = numpy(reference.cross_attend(latents, data, params))
    found = numpy(reference.cross_attend(latents, shuffled, params))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_cross_attend_from_the_data_itself_is_self_attention(rng):
    data = normal(rng, N, D)
    params = {name: normal(rng, D, D) / 4 for name in ("query", "key", "value")}
    found = numpy(reference.cross_attend(data, data[None], params))[0]
    expected, _ = attend(*(data @ params[name] for name in ("query", "key", "value")))
    np.testing.assert_allclose(found, numpy(expected), atol=1e-5)


# --- keras_attention --------------------------------------------------------------------------


def attention_inputs(rng):
    return normal(rng, B, 5, D), normal(rng, B, N, D), normal(rng, B, N, D)


@pytest.mark.parametrize("convert", [np.asarray, ops.convert_to_tensor])
def test_keras_attention_is_scaled_dot_product_attention(rng, convert):
    arrays = attention_inputs(rng)
    found = numpy(reference.keras_attention(*map(convert, arrays)))
    np.testing.assert_allclose(found, numpy(attend(*arrays)[0]), atol=1e-5)


def test_keras_attention_takes_values_of_another_width(rng):
    query, key, _ = attention_inputs(rng)
    value = normal(rng, B, N, 11)
    found = numpy(reference.keras_attention(query, key, value))
    np.testing.assert_allclose(found, numpy(attend(query, key, value)[0]), atol=1e-5)


def test_other_calls_of_keras_attention_are_something_else(rng):
    query, key, value = attention_inputs(rng)
    right = numpy(attend(query, key, value)[0])
    scaled = query / np.sqrt(D, dtype="float32")
    wrong_calls = {
        "published order": layers.Attention()([scaled, key, value]),
        "unscaled": layers.Attention()([query, value, key]),
        "use_scale": layers.Attention(use_scale=True)([query, value, key]),
    }
    for name, wrong in wrong_calls.items():
        assert np.abs(numpy(wrong) - right).max() > 0.1, name
    exchanged = numpy(attend(query, value, key)[0])  # what the published order computes
    np.testing.assert_allclose(numpy(wrong_calls["published order"]), exchanged, atol=1e-5)


# --- perceive ---------------------------------------------------------------------------------


def test_perceive_by_hand():
    seen = []

    def cross(latents, data):
        seen.append((latents, data))
        return latents + data

    assert reference.perceive(1, 5, cross, lambda latents: 2 * latents, 3) == 78
    assert seen == [(1, 5), (12, 5), (34, 5)]
    assert reference.perceive(1, 5, cross, lambda latents: 2 * latents, 0) == 1


# --- counts -----------------------------------------------------------------------------------


def test_counts_by_hand():
    sizes = {"latents": 1, "tokens": 10, "cross": 100, "latent_transformer": 1000, "head": 10_000}
    assert reference.count_perceiver_parameters(sizes, 3, shared=True) == 11_111
    assert reference.count_perceiver_parameters(sizes, 3, shared=False) == 13_311
    assert reference.count_perceiver_parameters(sizes, 1, shared=False) == 11_111


@pytest.mark.counts
@pytest.mark.parametrize(("positions", "pooling"), [("fourier", "mean"), ("learned", "decoder")])
def test_counts_equal_those_of_built_models(positions, pooling):
    config = replace(CONFIG, positions=positions, pooling=pooling)
    shared, separate = (reference.perceiver(replace(config, shared=s)) for s in (True, False))
    parts = Counter()
    for layer in shared.layers:
        part = layer.name.rstrip("0123456789")
        parts[part] += layer.count_params()
    sizes = {
        "latents": parts["latents"],
        "tokens": parts["tokens"],
        "cross": parts["cross_attention_"],
        "latent_transformer": parts["latent_block_"],
        "head": parts["norm"] + parts["query"] + parts["decoder"] + parts["head"],
    }
    assert sizes["latents"] == 7 * 12
    assert (
        sizes["tokens"] == {"fourier": 0, "learned": 15 * 6 + (3 + 1) * 6 + (6 + 1) * 6}[positions]
    )
    count = reference.count_perceiver_parameters
    assert shared.count_params() == count(sizes, config.iterations, shared=True)
    assert separate.count_params() == count(sizes, config.iterations, shared=False)


@pytest.mark.counts
@pytest.mark.parametrize(("name", "count"), [("fourier", 48_440_627), ("learned", 62_255_848)])
def test_counts_of_the_published_variants(name, count):
    # Repeats use the same weights again, and building them all takes time.
    config = replace(reference.VARIANTS[name], repeats=1)
    assert reference.perceiver(config).count_params() == count


@pytest.mark.counts
def test_cost_equals_the_products_that_attention_makes(rng, monkeypatch):
    cost, einsum = 0, ops.einsum

    def counting(subscripts, *arrays):
        nonlocal cost
        if subscripts in ("...qd,...kd->...qk", "...qk,...kd->...qd"):
            letters = subscripts.replace("...", "").split("->")[0].split(",")
            sizes = {}
            for names, array in zip(letters, arrays, strict=True):
                sizes |= dict(zip(names, array.shape[-2:], strict=True))
            cost += math.prod(arrays[0].shape[:-2]) * math.prod(sizes.values())
        return einsum(subscripts, *arrays)

    cross = reference.CrossAttentionBlock(D, 2, 4)
    blocks = [TransformerBlock(D, 5, 4) for _ in range(2)]

    def latent_transformer(latents):
        for block in blocks:
            latents = block(latents)
        return latents

    latents, data = normal(rng, 1, L, D), normal(rng, 1, N, E)
    reference.perceive(latents, data, cross, latent_transformer, 1)  # builds
    monkeypatch.setattr(ops, "einsum", counting)
    reference.perceive(latents, data, cross, latent_transformer, 3)
    assert cost == reference.perceiver_cost(N, L, D, depth=2, iterations=3)
    assert cost == 3 * (2 * 7 * 3 * 10 + 2 * 2 * 3 * 3 * 10)


def test_cost_is_linear_in_the_data():
    def cost(num_tokens):
        return reference.perceiver_cost(num_tokens, 64, 128, depth=4, iterations=2)

    assert cost(3000) - cost(2000) == cost(2000) - cost(1000) == 2 * 2 * 1000 * 64 * 128


# --- the layers -------------------------------------------------------------------------------


def test_latents_that_are_the_tokens_make_a_transformer(rng):
    x = normal(rng, B, N, D)
    block = TransformerBlock(D, 5, 17, norm_epsilon=reference.NORM_EPSILON)
    cross = reference.CrossAttentionBlock(D, 5, 17)
    block(x), cross(x, x)
    randomise(block, rng)
    for part in ("norm1", "attention", "norm2", "mlp"):
        getattr(cross, part).set_weights(getattr(block, part).get_weights())
    cross.data_norm.set_weights(block.norm1.get_weights())
    for found, expected in zip(
        cross(x, x, return_weights=True), block(x, return_weights=True), strict=True
    ):
        np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-6)
    # And a Perceiver that does nothing else is that block, over and over.
    found = reference.perceive(x, x, lambda latents, _: cross(latents, latents), block, 2)
    expected = block(block(block(block(x))))
    np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-5)


def test_cross_attention_block_is_its_formula(rng):
    latents, data = normal(rng, B, L, D), normal(rng, B, N, E)
    layer = reference.CrossAttentionBlock(D, 3, 17, inner_dim=6)
    layer(latents, data)
    randomise(layer, rng)
    output, weights = layer(latents, data, return_weights=True)
    assert output.shape == (B, L, D) and weights.shape == (B, 3, L, N)
    read = layer.attention(layer.norm1(latents), layer.data_norm(data))
    x = latents + numpy(read)
    expected = x + numpy(layer.mlp(layer.norm2(x)))
    np.testing.assert_allclose(numpy(output), expected, atol=1e-5)
    np.testing.assert_array_equal(numpy(layer(latents, data)), numpy(output))
    assert layer.attention.query_dense.kernel.shape == (D, 6)
    assert layer.attention.key_dense.kernel.shape == (E, 6)
    assert layer.mlp.widen.kernel.shape == (D, 17)


def test_cross_attention_block_drops_in_training_only(rng):
    latents, data = normal(rng, B, L, D), normal(rng, B, N, E)
    layer = reference.CrossAttentionBlock(D, 2, 17, dropout=0.5, seed=3)
    calm = numpy(layer(latents, data))
    np.testing.assert_array_equal(numpy(layer(latents, data, training=False)), calm)
    assert np.abs(numpy(layer(latents, data, training=True)) - calm).max() > 0.1


def test_learned_array_is_the_same_for_every_image(rng):
    layer = reference.LearnedArray(L, D)
    found = numpy(layer(normal(rng, B, 1)))
    assert found.shape == (B, L, D)
    array = numpy(layer.array + 0)
    np.testing.assert_array_equal(found, np.stack([array] * B))
    assert 0.01 < array.std() < 0.03


def test_layers_are_described_by_their_config(rng):
    latents, data = normal(rng, B, L, D), normal(rng, B, N, E)
    for layer, inputs in (
        (reference.CrossAttentionBlock(D, 2, 17, inner_dim=6, dropout=0.1), (latents, data)),
        (reference.LearnedArray(L, D), (data,)),
    ):
        expected = numpy(layer(*inputs))
        twin = type(layer).from_config(layer.get_config())
        twin(*inputs)
        twin.set_weights(layer.get_weights())
        assert twin.get_config() == layer.get_config()
        np.testing.assert_array_equal(numpy(twin(*inputs)), expected)


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="3 heads cannot share 10 features"):
        reference.CrossAttentionBlock(10, 3, 17)
    with pytest.raises(ValueError, match="2 heads cannot share 13 features"):
        reference.perceiver(replace(CONFIG, cross_heads=2))  # 3 colours and 10 features of places


# --- the model --------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["positions", "pooling"])
def test_unknown_choices_are_refused(choice):
    with pytest.raises(ValueError, match=f"{choice} is one of .* not 'wrong'"):
        replace(CONFIG, **{choice: "wrong"})


@pytest.mark.parametrize("positions", ["fourier", "learned"])
def test_the_order_of_the_pixels_does_not_matter_if_they_keep_their_positions(rng, positions):
    model = built(replace(CONFIG, positions=positions))
    tokens = model.get_layer("tokens")
    rest = keras.Model(tokens.output, model.output)
    images = images_for(CONFIG, rng)
    logits, data = numpy(model(images)), numpy(tokens(images))
    order = rng.permutation(15)
    np.testing.assert_allclose(numpy(rest(data[:, order])), logits, atol=1e-5)
    # Pixels that leave their positions behind are another picture.
    shuffled = images.reshape(B, 15, 3)[:, order].reshape(images.shape)
    assert np.abs(numpy(model(shuffled)) - logits).max() > 1e-2


@pytest.mark.parametrize("shared", [True, False])
def test_every_iteration_shows_its_weights(rng, shared):
    model = built(replace(CONFIG, shared=shared))
    images = images_for(CONFIG, rng)
    steps = internals(model)(images)
    looks = [numpy(steps[f"cross_{i}"][1]) for i in range(CONFIG.iterations)]
    for weights in looks:
        assert weights.shape == (B, 1, 7, 15)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert np.abs(looks[0] - looks[1]).max() > 1e-3
    for i in range(4):
        latents, weights = steps[f"block_{i}"]
        assert latents.shape == (B, 7, 12) and weights.shape == (B, 2, 7, 7)
    assert "block_4" not in steps and "cross_2" not in steps
    np.testing.assert_allclose(numpy(steps["head"]), numpy(model(images)), atol=1e-6)


def by_hand(model, config, images):
    """The same layers, called one after the other."""

    def layer(name):
        return model.get_layer(name)

    data = layer("tokens")(images)
    latents = layer("latents")(data)
    for i in range(config.iterations):
        copy = 0 if config.shared else i
        latents = layer(f"cross_attention_{copy}")(latents, data)
        for _ in range(config.repeats):
            for j in range(config.depth):
                latents = layer(f"latent_block_{copy * config.depth + j}")(latents)
    if config.pooling == "mean":
        return layer("head")(np.mean(numpy(layer("norm")(latents)), axis=1))
    return layer("head")(layer("decoder")(layer("query")(latents), latents)[:, 0])


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(CONFIG, shared=False),
        replace(CONFIG, shared=False, repeats=2, positions="learned", cross_heads=3),
        replace(CONFIG, iterations=1, repeats=4, pooling="decoder"),
        replace(CONFIG, pooling="decoder", positions="learned", image_size=4, channels=1),
    ],
)
def test_the_model_is_its_layers_one_after_the_other(rng, config):
    model, images = built(config), images_for(config, rng)
    logits = numpy(model(images))
    assert logits.shape == (B, 11) and np.ptp(logits, axis=0).max() > 1e-3
    np.testing.assert_allclose(logits, numpy(by_hand(model, config, images)), atol=1e-5)


def test_the_model_perceives(rng):
    """With shared weights, what it runs is `perceive` with the layers of one iteration."""
    model, images = built(CONFIG), images_for(CONFIG, rng)
    blocks = [model.get_layer(f"latent_block_{i}") for i in range(CONFIG.depth)]

    def latent_transformer(latents):
        for block in blocks:
            latents = block(latents)
        return latents

    steps, cross = internals(model)(images), model.get_layer("cross_attention_0")
    start = steps["latents"], steps["tokens"]
    found = reference.perceive(*start, cross, latent_transformer, CONFIG.iterations)
    last, _ = steps[f"block_{CONFIG.iterations * CONFIG.depth - 1}"]
    np.testing.assert_allclose(numpy(found), numpy(last), atol=1e-5)


def test_separate_iterations_with_the_same_weights_are_shared_ones(rng):
    shared, separate = built(CONFIG), reference.perceiver(replace(CONFIG, shared=False))
    images = images_for(CONFIG, rng)
    for layer in separate.layers:
        kind, _, number = layer.name.rpartition("_")
        twins = {"cross_attention": 1, "latent_block": CONFIG.depth}
        if kind in twins:
            twin = shared.get_layer(f"{kind}_{int(number) % twins[kind]}")
        else:
            twin = shared.get_layer(layer.name)
        layer.set_weights(twin.get_weights())
    np.testing.assert_allclose(numpy(separate(images)), numpy(shared(images)), atol=1e-6)


def test_fourier_positions_serve_images_of_any_size(rng):
    small, large = built(CONFIG), reference.perceiver(replace(CONFIG, image_size=(11, 7)))
    large.set_weights(small.get_weights())
    assert large(normal(rng, B, 11, 7, 3)).shape == (B, 11)
    image = np.ones((1, 1, 1, 3), "float32") * normal(rng, 3)
    plain = [numpy(model.get_layer("tokens")(image * np.ones((1, *size, 1), "float32")))
             for model, size in ((small, (3, 5)), (large, (11, 7)))]  # fmt: skip
    for corner in (0, -1):  # the corners of any image lie in the same places
        np.testing.assert_allclose(plain[0][0, corner], plain[1][0, corner], atol=1e-5)
