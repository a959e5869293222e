"""The Vision Transformer against numbers worked by hand, Keras' convolution, and identities."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import vision_transformer as reference
from course_utils.reference.positional_encoding import sinusoidal_encoding_2d
from course_utils.reference.transformer import internals

B, SIZE, PATCH, C, D, CLASSES = 2, (6, 9), 3, 2, 12, 5
N = 2 * 3

CONFIG = reference.ViTConfig(
    SIZE, PATCH, dim=D, depth=3, num_heads=4, mlp_dim=7, num_classes=CLASSES, channels=C
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def steps_of(config, images):
    """A model, and what each of its steps gives for these images."""
    model = reference.vision_transformer(config)
    return model, internals(model)(images)


# --- patches ----------------------------------------------------------------------------------


def test_patchify_by_hand():
    """Two rows of three patches; each number says its row, column and channel."""
    row, column, channel = np.meshgrid(np.arange(4), np.arange(6), [1, 2], indexing="ij")
    image = (100 * row + 10 * column + channel)[None]
    patches = numpy(reference.patchify(image, 2))
    assert patches.shape == (1, 6, 8)
    assert patches[0, 0].tolist() == [1, 2, 11, 12, 101, 102, 111, 112]
    assert patches[0, 1].tolist() == [21, 22, 31, 32, 121, 122, 131, 132]
    assert patches[0, 3].tolist() == [201, 202, 211, 212, 301, 302, 311, 312]


def test_patchify_equals_slices(rng):
    images = normal(rng, B, *SIZE, C)
    patches = numpy(reference.patchify(images, PATCH))
    for n in range(N):
        top, left = PATCH * (n // 3), PATCH * (n % 3)
        one = images[:, top : top + PATCH, left : left + PATCH]
        np.testing.assert_array_equal(patches[:, n], one.reshape(B, -1))


@pytest.mark.parametrize("size", [(6, 10), (7, 9)])
def test_patches_that_do_not_fill_the_image_are_refused(rng, size):
    for refused in (
        lambda: reference.patchify(normal(rng, B, *size, C), PATCH),
        lambda: reference.vision_transformer(replace(CONFIG, image_size=size)),
    ):
        with pytest.raises(ValueError, match=f"3 by 3 .* {size[0]} by {size[1]}"):
            refused()


def test_a_strided_convolution_is_patchify_and_dense(rng):
    images, kernel = normal(rng, B, *SIZE, C), normal(rng, PATCH * PATCH * C, D)
    dense = numpy(reference.patchify(images, PATCH)) @ kernel
    stencil = reference.conv_kernel_from_dense(kernel, PATCH, C)
    assert stencil.shape == (PATCH, PATCH, C, D)
    grid = numpy(ops.conv(images, stencil, strides=PATCH, data_format="channels_last"))
    np.testing.assert_allclose(grid.reshape(B, N, D), dense, atol=1e-5)


def test_class_token_comes_first(rng):
    tokens, class_token = normal(rng, B, N, D), normal(rng, 1, 1, D)
    found = numpy(reference.add_class_token(tokens, class_token))
    np.testing.assert_array_equal(found[:, 1:], tokens)
    np.testing.assert_array_equal(found[:, 0], class_token[0].repeat(B, axis=0))


# --- counting ---------------------------------------------------------------------------------


@pytest.mark.counts
def test_count_of_the_published_sizes():
    for name, published in (("tiny", 5_717_416), ("small", 22_050_664), ("base", 86_567_656)):
        sizes = reference.VARIANTS[name]
        count = reference.count_vit_parameters(224, 16, sizes.dim, 12, sizes.mlp_dim, 1000)
        assert count == published


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"image_size": 9, "depth": 1, "num_heads": 1},
        {"channels": 3, "dim": 8, "mlp_dim": 11, "num_classes": 13, "patch_size": 1},
    ],
    ids=str,
)
def test_count_is_that_of_the_model(sizes):
    config = replace(CONFIG, **sizes)
    count = reference.count_vit_parameters(
        config.image_size,
        config.patch_size,
        config.dim,
        config.depth,
        config.mlp_dim,
        config.num_classes,
        config.channels,
    )
    assert type(count) is int
    assert reference.vision_transformer(config).count_params() == count


@pytest.mark.counts
def test_the_textbooks_head_has_almost_all_of_its_numbers():
    config = reference.ViTConfig(
        72,
        6,
        dim=64,
        depth=1,
        num_heads=4,
        mlp_dim=128,
        num_classes=100,
        pooling="flatten",
        head_dims=(2048, 1024),
    )
    model = reference.vision_transformer(config)
    hidden = [model.get_layer(f"head_{i}").count_params() for i in (0, 1)]
    assert sum(hidden) == (144 * 64 + 1) * 2048 + (2048 + 1) * 1024 == 20_974_592


# --- the model --------------------------------------------------------------------------------


def test_model_step_by_step(rng):
    images = normal(rng, B, *SIZE, C)
    model, steps = steps_of(CONFIG, images)
    blocks = [f"block_{i}" for i in range(CONFIG.depth)]
    before = ["patches", "patch_embedding", "class_token", "positions", "dropout"]
    after = ["norm", "pool", "head_dropout", "head"]
    assert list(steps) == [*before, *blocks, *after]
    np.testing.assert_array_equal(numpy(steps["patches"]), numpy(reference.patchify(images, PATCH)))
    weight = {w.path: np.asarray(w.value) for w in model.weights}
    embedded = numpy(steps["patches"]) @ weight["patch_embedding/kernel"]
    embedded += weight["patch_embedding/bias"]
    np.testing.assert_allclose(numpy(steps["patch_embedding"]), embedded, atol=1e-5)
    tokens = np.concatenate([weight["class_token/token"].repeat(B, axis=0), embedded], axis=1)
    assert weight["positions/table"].shape == (1 + N, D)
    x = tokens + weight["positions/table"]
    np.testing.assert_allclose(numpy(steps["positions"]), x, atol=1e-5)
    for name in blocks:
        expected = model.get_layer(name)(x, return_weights=True)
        for got, wanted in zip(steps[name], expected, strict=True):
            np.testing.assert_allclose(numpy(got), numpy(wanted), atol=1e-5)
        assert steps[name][1].shape == (B, 4, 1 + N, 1 + N)
        x = steps[name][0]
    normed = numpy(model.get_layer("norm")(x))
    logits = normed[:, 0] @ weight["head/kernel"] + weight["head/bias"]
    np.testing.assert_allclose(numpy(steps["head"]), logits, atol=1e-5)
    np.testing.assert_allclose(numpy(model(images)), logits, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
def test_heads_without_a_class_token(rng, pooling):
    model, steps = steps_of(replace(CONFIG, pooling=pooling), normal(rng, B, *SIZE, C))
    normed = numpy(steps["norm"])
    assert normed.shape == (B, N, D) and "class_token" not in steps
    pooled = normed.mean(1) if pooling == "mean" else normed.reshape(B, N * D)
    np.testing.assert_allclose(numpy(steps["pool"]), pooled, atol=1e-6)
    kernel, bias = (np.asarray(w.value) for w in model.get_layer("head").weights)
    np.testing.assert_allclose(numpy(steps["head"]), pooled @ kernel + bias, atol=1e-5)


@pytest.mark.parametrize("pooling", ["token", "mean"])
def test_sinusoids_go_to_the_patches_and_to_no_class_token(rng, pooling):
    config = replace(CONFIG, pooling=pooling, positions="sinusoids")
    model, steps = steps_of(config, normal(rng, B, *SIZE, C))
    assert not model.get_layer("positions").weights
    before = numpy(steps["class_token" if pooling == "token" else "patch_embedding"])
    added = numpy(steps["positions"]) - before
    expected = np.broadcast_to(numpy(sinusoidal_encoding_2d(2, 3, D)), (B, N, D))
    np.testing.assert_allclose(added[:, -N:], expected, atol=1e-6)
    assert (added[:, :-N] == 0).all()


def test_without_positions_a_picture_is_a_bag_of_patches(rng):
    """Mean pooling and no positions: the logits of shuffled patches are the same."""
    model = reference.vision_transformer(replace(CONFIG, pooling="mean"))
    images = normal(rng, B, *SIZE, C)
    bands = images.reshape(B, 2, PATCH, 9, C)[:, ::-1].reshape(images.shape)  # rows of patches
    assert np.abs(numpy(model(images)) - numpy(model(bands))).max() > 1e-4
    table = model.get_layer("positions").table
    table.assign(np.zeros(table.shape))
    np.testing.assert_allclose(numpy(model(bands)), numpy(model(images)), atol=1e-6)


def test_hybrid_makes_the_same_tokens_from_convolutions(rng):
    config = replace(CONFIG, image_size=(8, 12), patch_size=4, stem="convolution")
    model, steps = steps_of(config, normal(rng, B, 8, 12, C))
    assert steps["stem_0"].shape == (B, 4, 6, D // 2)
    assert steps["stem_1"].shape == (B, 2, 3, D)
    np.testing.assert_array_equal(numpy(steps["patches"]), numpy(steps["stem_1"]).reshape(B, N, D))
    assert steps["positions"].shape == (B, 1 + N, D)


def test_stochastic_depth_grows_from_block_to_block():
    model = reference.vision_transformer(replace(CONFIG, drop_path=0.2))
    rates = [model.get_layer(f"block_{i}").drop_path.rate for i in range(3)]
    assert rates == pytest.approx([0, 0.1, 0.2])


def test_every_size_of_the_configuration_arrives():
    """What count and shapes do not show."""
    config = replace(
        CONFIG, dropout=0.3, norm_first=False, norm_epsilon=1e-3, head_dims=(11,), head_dropout=0.5
    )
    model = reference.vision_transformer(config)
    block = model.get_layer("block_1")
    assert not block.norm_first and block.attention.num_heads == 4
    norms = (block.norm1, block.norm2, model.get_layer("norm"))
    assert [norm.epsilon for norm in norms] == [1e-3] * 3
    dropouts = (block.dropout, block.mlp.dropout, model.get_layer("dropout"))
    assert [dropout.rate for dropout in dropouts] == [0.3] * 3
    assert [model.get_layer(n).rate for n in ("head_0_dropout", "head_dropout")] == [0.5] * 2
    assert model.get_layer("head_0").units == 11


@pytest.mark.parametrize("choice", ["stem", "positions", "pooling"])
def test_an_unknown_choice_is_refused(choice):
    with pytest.raises(ValueError, match=f"{choice} is one of .*'linaer'"):
        replace(CONFIG, **{choice: "linaer"})


def test_a_stem_of_halvings_needs_a_power_of_2():
    with pytest.raises(ValueError, match="3 is no power of 2"):
        replace(CONFIG, stem="convolution")


# --- rollout ----------------------------------------------------------------------------------


def test_rollout_by_hand():
    """One layer moves all attention to token 0, the next splits it evenly."""
    to_first = np.array([[1, 0], [1, 0]], "float32")
    evenly = np.full((2, 2), 0.5, "float32")
    # Half of each layer is the residual path: [[1, 0], [.5, .5]] and [[.75, .25], [.25, .75]].
    rollout = numpy(reference.attention_rollout([to_first[None, None], evenly[None, None]]))
    np.testing.assert_allclose(rollout, [[[0.875, 0.125], [0.625, 0.375]]], rtol=1e-6)


def test_rollout_of_a_model(rng):
    _, steps = steps_of(CONFIG, normal(rng, B, *SIZE, C))
    weights = [steps[f"block_{i}"][1] for i in range(3)]
    found = numpy(reference.attention_rollout(weights))
    for b in range(B):
        expected = np.eye(1 + N)
        for layer in weights:
            flow = np.float64(numpy(layer)[b]).mean(0) + np.eye(1 + N)
            expected = flow / flow.sum(-1, keepdims=True) @ expected
        np.testing.assert_allclose(found[b], expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        reference.Patchify(PATCH),
        reference.ClassToken(name="chosen"),
        reference.GridSinusoids((2, 3)),
        reference.FirstToken(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_round_trip(rng, layer):
    again = type(layer).from_config(layer.get_config())
    x = normal(rng, B, *SIZE, C) if isinstance(layer, reference.Patchify) else normal(rng, B, N, D)
    expected = layer(x)
    again.build(x.shape)
    for weight, learned in zip(again.weights, layer.weights, strict=True):
        weight.assign(learned)
    np.testing.assert_array_equal(numpy(again(x)), numpy(expected))
    assert again.name == layer.name


def test_one_seed_gives_one_model(rng):
    images, logits = normal(rng, B, *SIZE, C), []
    for seed in (3, 3, 4):
        keras.utils.set_random_seed(seed)
        logits.append(numpy(reference.vision_transformer(CONFIG)(images)))
    np.testing.assert_array_equal(logits[0], logits[1])
    assert np.abs(logits[2] - logits[0]).max() > 1e-3
