"""Swin's layers against loops over tokens in float64, against plain attention, and identities."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from course_utils.reference import swin_transformer as reference
from course_utils.reference.multi_head_attention import MultiHeadAttention
from course_utils.reference.transformer import internals
from course_utils.reference.windows import relative_position_bias, shifted_window_mask

B, HEADS, WIDTH = 2, 3, 5
D = HEADS * WIDTH
TINY = reference.SwinConfig(
    image_size=(26, 38),  # maps of 13 by 19 and, after merging, 7 by 10
    patch_size=2,
    window=3,
    dim=6,
    depths=(1, 2),
    num_heads=(2, 3),
    mlp_ratio=1.5,
    num_classes=5,
    drop_path=0.4,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def weights_of(layer):
    return [np.asarray(weight.value) for weight in layer.weights]


def drawn(layer, rng, *shape):
    """The layer, built for such inputs, every weight drawn: no bias 0, no norm the identity."""
    layer.build((None, *shape))
    layer.set_weights([normal(rng, *weight.shape) / 3 for weight in layer.weights])
    return layer


# --- window attention -------------------------------------------------------------------------


def oracle_dense(x, layer):
    kernel, bias = weights_of(layer)
    return np.float64(x) @ kernel + bias


def oracle_window_attention(x, layer, window, shift, mask_padding=False):
    """One query at a time on a map that is never shifted: the windows begin at `shift` instead."""
    height, width = x.shape[1:3]
    padded = [-(-size // window) * window for size in (height, width)]
    x = np.pad(x, ((0, 0), (0, padded[0] - height), (0, padded[1] - width), (0, 0)))
    places = np.array(list(np.ndindex(*padded)))
    owner = (places - shift) // window
    real = (places < (height, width)).all(-1)
    table = np.asarray(layer.bias_table.value).reshape(
        2 * layer.window - 1, 2 * layer.window - 1, HEADS
    )
    attention = layer.attention
    query, key, value = (
        oracle_dense(x.reshape(B, -1, D), dense).reshape(B, -1, HEADS, WIDTH)
        for dense in (attention.query_dense, attention.key_dense, attention.value_dense)
    )
    output = np.zeros((B, len(places), HEADS, WIDTH))
    for q, place in enumerate(places):
        seen = (owner == owner[q]).all(-1) & (real if mask_padding else True)
        offset = place - places[seen] + layer.window - 1
        bias = table[offset[:, 0], offset[:, 1]]  # (keys, h)
        scores = np.einsum("bhd,bkhd->bkh", query[:, q], key[:, seen]) / np.sqrt(WIDTH) + bias
        weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        output[:, q] = np.einsum("bkh,bkhd->bhd", weights, value[:, seen])
    output = oracle_dense(output.reshape(B, *padded, D), attention.output_dense)
    return output[:, :height, :width]


@pytest.mark.parametrize("mask_padding", [False, True])
@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("size", [(6, 9), (5, 7), (4, 12)])
def test_window_attention_equals_the_oracle(rng, size, shift, mask_padding):
    layer = reference.WindowAttention(D, HEADS, 3, shift=shift, mask_padding=mask_padding)
    x = normal(rng, B, *size, D)
    found = numpy(drawn(layer, rng, *size, D)(x))
    expected = oracle_window_attention(x, layer, 3, shift, mask_padding)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("size", "window"), [((3, 7), 3), ((5, 4), 4), ((2, 5), 2), ((1, 3), 1)])
def test_small_maps_have_small_windows_that_do_not_shift(rng, size, window):
    layer = drawn(reference.WindowAttention(D, HEADS, 5, shift=2), rng, *size, D)
    x = normal(rng, B, *size, D)
    expected = oracle_window_attention(x, layer, window, shift=0)
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=1e-5)


@pytest.mark.parametrize("side", [5, 3])
def test_one_window_is_full_attention(rng, side):
    layer = drawn(reference.WindowAttention(D, HEADS, 5, shift=2), rng, side, side, D)
    full = MultiHeadAttention(D, HEADS)
    full.build((None, side**2, D))
    full.set_weights(weights_of(layer.attention))
    x = normal(rng, B, side, side, D)
    bias = relative_position_bias(layer.bias_table, 5, side)
    output, weights = full(x.reshape(B, side**2, D), bias=bias, return_weights=True)
    found = layer(x, return_weights=True)
    np.testing.assert_allclose(numpy(found[0]).reshape(B, side**2, D), numpy(output), atol=1e-6)
    np.testing.assert_allclose(numpy(found[1]), numpy(weights), atol=1e-6)
    layer.bias_table.assign(np.zeros(layer.bias_table.shape))
    plain = numpy(full(x.reshape(B, side**2, D)))
    np.testing.assert_allclose(numpy(layer(x)).reshape(B, side**2, D), plain, atol=1e-6)
    assert np.abs(plain - numpy(output)).max() > 1e-3


def reached(layer, rng, size, place):
    """Which tokens of a map feel a change of one of them: (H, W) of bools."""
    x = normal(rng, 1, *size, D)
    before = numpy(layer(x))
    x[0, *place] += 1
    return (numpy(layer(x)) != before).any(-1)[0]


def box(size, rows, columns):
    inside = np.zeros(size, bool)
    inside[rows, columns] = True
    return inside


def test_influence_stays_in_the_window_and_the_shift_carries_it_over(rng):
    size, place = (6, 9), (2, 4)
    straight = drawn(reference.WindowAttention(D, HEADS, 3), rng, *size, D)
    shifted = drawn(reference.WindowAttention(D, HEADS, 3, shift=1), rng, *size, D)
    window = box(size, slice(0, 3), slice(3, 6))
    np.testing.assert_array_equal(reached(straight, rng, size, place), window)
    np.testing.assert_array_equal(
        reached(shifted, rng, size, place), box(size, slice(1, 4), slice(4, 7))
    )
    both = reached(lambda x: shifted(straight(x)), rng, size, place)
    np.testing.assert_array_equal(both, box(size, slice(0, 4), slice(1, 7)))
    corner = reached(shifted, rng, size, (0, 0))  # not round the border
    np.testing.assert_array_equal(corner, box(size, slice(0, 1), slice(0, 1)))


def test_weights_are_those_of_each_window_and_keep_to_the_mask(rng):
    layer = drawn(reference.WindowAttention(D, HEADS, 3, shift=1), rng, 6, 9, D)
    x = normal(rng, B, 6, 9, D)
    output, weights = layer(x, return_weights=True)
    np.testing.assert_array_equal(numpy(output), numpy(layer(x)))
    weights = numpy(weights).reshape(B, 6, HEADS, 9, 9)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
    mask = numpy(shifted_window_mask(6, 9, 3, 1))[None, :, None]
    np.testing.assert_array_equal(weights > 0, np.broadcast_to(mask, weights.shape))


# --- the other layers -------------------------------------------------------------------------


def test_a_block_adds_attention_and_mlp_of_normed_tokens(rng):
    block = drawn(reference.SwinBlock(D, HEADS, 3, 11, shift=1), rng, 5, 7, D)
    x = normal(rng, B, 5, 7, D)
    attended, weights = block.attention(block.norm1(x), return_weights=True)
    expected = x + attended
    expected = expected + block.mlp(block.norm2(expected))
    found = block(x, return_weights=True)
    np.testing.assert_allclose(numpy(found[0]), numpy(expected), atol=1e-6)
    np.testing.assert_allclose(numpy(found[1]), numpy(weights), atol=1e-6)
    np.testing.assert_array_equal(numpy(block(x)), numpy(found[0]))


def test_a_block_leaves_sublayers_out_in_training_only(rng):
    draws = []
    x = normal(rng, 67, 2, 3, D)
    for seed in (1, 1, 2):
        block = reference.SwinBlock(D, HEADS, 3, 11, drop_path=0.5, seed=seed)
        block.build(x.shape)
        block.set_weights([np.full(weight.shape, 0.3) for weight in block.weights])
        draws.append((numpy(block(x, training=True)) == x).all((1, 2, 3)))
        assert not (numpy(block(x)) == x).all((1, 2, 3)).any()
    assert 0.05 < draws[0].mean() < 0.5  # both sublayers left out: for a quarter
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


@pytest.mark.parametrize("size", [(9, 15), (7, 14), (1, 4)])
def test_patch_embedding_is_a_dense_layer_on_padded_patches(rng, size):
    layer = drawn(reference.PatchEmbedding(3, D), rng, *size, 2)
    images = normal(rng, B, *size, 2)
    rows, columns = -(-size[0] // 3), -(-size[1] // 3)
    pads = ((0, 0), (0, 3 * rows - size[0]), (0, 3 * columns - size[1]), (0, 0))
    patches = np.pad(images, pads).reshape(B, rows, 3, columns, 3, 2).transpose(0, 1, 3, 2, 4, 5)
    kernel, bias, gamma, beta = (np.float64(weight) for weight in weights_of(layer))
    x = patches.reshape(B, rows, columns, 18) @ kernel.reshape(18, D) + bias
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(numpy(layer(images)), x * gamma + beta, atol=1e-5)


@pytest.mark.parametrize("size", [(4, 6), (5, 6), (4, 7), (3, 5), (1, 1)])
def test_patch_merging_norms_and_reduces_what_it_padded(rng, size):
    layer = drawn(reference.PatchMerging(D), rng, *size, D)
    x = normal(rng, B, *size, D)
    gamma, beta, kernel = (np.float64(weight) for weight in weights_of(layer))
    x, found = np.pad(x, ((0, 0), (0, size[0] % 2), (0, size[1] % 2), (0, 0))), numpy(layer(x))
    corners = [x[:, down::2, right::2] for right in (0, 1) for down in (0, 1)]
    x = np.concatenate(corners, axis=-1)
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(found, (x * gamma + beta) @ kernel, atol=1e-5)


LAYERS = {
    "attention": reference.WindowAttention(D, HEADS, 3, shift=1, mask_padding=True),
    "block": reference.SwinBlock(
        D, HEADS, 3, 11, shift=2, mask_padding=True, drop_path=0.1, norm_epsilon=0.1, seed=7
    ),
    "embedding": reference.PatchEmbedding(2, D, norm_epsilon=0.1),
    "merging": reference.PatchMerging(D, norm_epsilon=0.1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_come_back_from_their_config(rng, name):
    layer = LAYERS[name]
    x = normal(rng, B, 5, 7, D)
    drawn(layer, rng, 5, 7, D)
    again = type(layer).from_config(layer.get_config())
    again.build(x.shape)
    again.set_weights(weights_of(layer))
    np.testing.assert_array_equal(numpy(again(x)), numpy(layer(x)))
    assert again.get_config() == layer.get_config()


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="2 heads .*15 features"):
        reference.SwinBlock(15, 2, 3, 11)
    for shift in (-1, 3):
        with pytest.raises(ValueError, match=f"windows of 3 .*0 to 2, not by {shift}"):
            reference.SwinBlock(D, HEADS, 3, 11, shift=shift)
    with pytest.raises(ValueError, match="3 depths and 2 numbers of heads"):
        reference.SwinConfig(depths=(2, 2, 2), num_heads=(3, 6))


# --- the model --------------------------------------------------------------------------------


def test_every_step_of_the_model_is_named_and_has_its_shape(rng):
    model = reference.swin_transformer(TINY)
    inside = internals(model)(normal(rng, B, 26, 38, 3), training=False)
    steps = "patch_embedding block_0 merge_0 block_1 block_2 norm pool head"
    assert list(inside) == steps.split()
    assert inside["patch_embedding"].shape == (B, 13, 19, 6)
    for name, windows, heads, shape in (
        ("block_0", 5 * 7, 2, (B, 13, 19, 6)),
        ("block_2", 3 * 4, 3, (B, 7, 10, 12)),
    ):
        x, weights = inside[name]
        assert x.shape == shape and weights.shape == (B * windows, heads, 9, 9)
    pooled = numpy(inside["norm"]).mean((1, 2))
    np.testing.assert_allclose(numpy(inside["pool"]), pooled, atol=1e-6)
    assert inside["head"].shape == (B, 5)


def test_every_other_block_of_a_stage_shifts_and_later_blocks_are_left_out_more():
    model = reference.swin_transformer(TINY)
    blocks = [model.get_layer(f"block_{i}") for i in range(3)]
    assert [block.attention.shift for block in blocks] == [0, 0, 1]
    rates = [block.drop_path.rate for block in blocks]
    np.testing.assert_allclose(rates, [0, 0.2, 0.4])
    assert [block.mlp.widen.units for block in blocks] == [9, 18, 18]


@pytest.mark.parametrize(
    ("size", "mask_padding"), [((1, 1), False), ((17, 3), False), ((31, 33), True)]
)
def test_the_same_weights_serve_any_image_size(rng, size, mask_padding):
    config = dataclasses.replace(TINY, image_size=size, mask_padding=mask_padding)
    model = reference.swin_transformer(config)
    model.set_weights(weights_of(reference.swin_transformer(TINY)))
    logits = numpy(model(normal(rng, B, *size, 3)))
    assert logits.shape == (B, 5) and np.isfinite(logits).all()
    assert np.abs(logits[0] - logits[1]).max() > 1e-6


@pytest.mark.counts
def test_parameters_are_those_of_the_published_model():
    assert reference.swin_transformer(reference.VARIANTS["tiny"]).count_params() == 28_288_354


@pytest.mark.parametrize(
    ("name", "count"), [("tiny", 28_288_354), ("small", 49_606_258), ("base", 87_768_224)]
)
def test_variants_are_those_of_the_paper(name, count):
    config = reference.VARIANTS[name]
    dims = [config.dim * 2**stage for stage in range(4)]
    assert [dim // heads for dim, heads in zip(dims, config.num_heads, strict=True)] == [32] * 4
    embedding = 4 * 4 * 3 * dims[0] + 3 * dims[0]
    blocks = sum(
        depth * (12 * dim**2 + 13 * dim + 13**2 * heads)
        for dim, depth, heads in zip(dims, config.depths, config.num_heads, strict=True)
    )
    merging = sum(8 * dim**2 + 8 * dim for dim in dims[:3])
    head = 2 * dims[3] + 1000 * dims[3] + 1000
    assert embedding + blocks + merging + head == count
