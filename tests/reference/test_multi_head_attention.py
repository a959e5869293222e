"""Multi-head attention against loops in float64, Keras' own layer, and identities."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import multi_head_attention as reference
from course_utils.reference.attention import is_permutation_equivariant

B, NQ, NK, HEADS, WIDTH = 2, 7, 11, 3, 5
D = HEADS * WIDTH

# Every rank of a mask that broadcasts to (B, NQ, NK), then two that name the heads' axis.
MASKS = [
    (NK,),
    (1, NK),
    (NQ, 1),
    (NQ, NK),
    (1, NQ, NK),
    (B, 1, NK),
    (B, NQ, NK),
    (B, 1, NQ, NK),
    (B, HEADS, NQ, NK),
]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def random_params(rng, dim=D):
    names = ("query", "key", "value", "output")
    return {name: (normal(rng, dim, dim) / 2, normal(rng, dim)) for name in names}


def learned(layer):
    """A layer's weights. (NumPy warns at Keras' get_weights.)"""
    return [np.asarray(weight.value) for weight in layer.weights]


def params_of(layer):
    """What a layer of ours has learned, in the form that the function takes."""
    names = ("query", "key", "value", "output")
    return {name: learned(getattr(layer, f"{name}_dense")) for name in names}


def oracle(query, value, params, num_heads, mask=None, bias=None):
    """Head after head and query after query, in float64."""
    q, k, v = (
        np.float64(x) @ params[name][0] + params[name][1]
        for x, name in ((query, "query"), (value, "key"), (value, "value"))
    )
    shape = (len(query), num_heads, q.shape[1], k.shape[1])
    if mask is None:
        mask = np.ones(shape, bool)
    mask = np.broadcast_to(mask[:, None] if mask.ndim == 3 else mask, shape)
    bias = np.broadcast_to(0 if bias is None else bias, shape)
    width = q.shape[-1] // num_heads
    weights, heads = np.zeros(shape), np.zeros_like(q)
    for b, h, i in np.ndindex(shape[:3]):
        own = slice(h * width, (h + 1) * width)
        seen = np.flatnonzero(mask[b, h, i])
        scores = k[b, seen, own] @ q[b, i, own] / np.sqrt(width) + bias[b, h, i, seen]
        exponentials = np.exp(scores)
        weights[b, h, i, seen] = exponentials / exponentials.sum()
        heads[b, i, own] = weights[b, h, i] @ v[b, :, own]
    kernel, offset = params["output"]
    return heads @ np.float64(kernel) + offset, weights


def assert_close(found, expected, atol=1e-5):
    for got, wanted in zip(found, expected, strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(numpy(got), wanted, atol=atol)


# --- heads ------------------------------------------------------------------------------------


def test_split_heads_by_hand():
    x = np.array([[[1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60]]], "float32")
    expected = [[[[1, 2], [10, 20]], [[3, 4], [30, 40]], [[5, 6], [50, 60]]]]
    np.testing.assert_array_equal(numpy(reference.split_heads(x, 3)), expected)
    np.testing.assert_array_equal(numpy(reference.merge_heads(np.array(expected))), x)


def test_a_head_is_a_block_of_columns(rng):
    x = normal(rng, B, NQ, D)
    heads = numpy(reference.split_heads(x, HEADS))
    assert heads.shape == (B, HEADS, NQ, WIDTH)
    for head in range(HEADS):
        np.testing.assert_array_equal(heads[:, head], x[..., head * WIDTH : (head + 1) * WIDTH])
    np.testing.assert_array_equal(numpy(reference.merge_heads(heads)), x)


def test_heads_that_do_not_divide_the_width_are_refused(rng):
    with pytest.raises(ValueError, match="7 heads .* 15 features"):
        reference.split_heads(normal(rng, B, NQ, D), 7)
    with pytest.raises(ValueError, match="7 heads .* 15 features"):
        reference.MultiHeadAttention(D, 7)
    with pytest.raises(ValueError, match="3 heads .* 22 features"):
        reference.MultiHeadAttention(D, 3, inner_dim=22)


# --- the function -----------------------------------------------------------------------------


def test_by_hand():
    """Two heads of one feature, one query; every projection the identity, its bias 0."""
    identity = (np.eye(2, dtype="float32"), np.zeros(2, "float32"))
    params = dict.fromkeys(("query", "key", "value", "output"), identity)
    query = np.array([[[np.log(2), np.log(3)]]], "float32")
    value = np.array([[[1, 0], [0, 1]]], "float32")
    output, weights = reference.multi_head_attention(query, value, params, 2)
    # Head 0 scores log 2 and 0, head 1 scores 0 and log 3.
    np.testing.assert_allclose(numpy(weights)[0], [[[2 / 3, 1 / 3]], [[0.25, 0.75]]], rtol=1e-6)
    np.testing.assert_allclose(numpy(output), [[[2 / 3, 0.75]]], rtol=1e-6)


@pytest.mark.parametrize("num_heads", [1, 5, 15])
def test_equals_the_loops_for_any_number_of_heads(rng, num_heads):
    query, value, params = normal(rng, B, NQ, D), normal(rng, B, NK, D), random_params(rng)
    found = reference.multi_head_attention(query, value, params, num_heads)
    assert_close(found, oracle(query, value, params, num_heads), atol=3e-5)


@pytest.mark.parametrize("shape", MASKS, ids=str)
def test_with_a_mask_of_any_rank(rng, shape):
    query, value, params = normal(rng, B, NQ, D), normal(rng, B, NK, D), random_params(rng)
    mask = rng.random(shape) < 0.6
    mask[..., :1] |= ~mask.any(-1, keepdims=True)
    found = reference.multi_head_attention(query, value, params, HEADS, mask)
    assert_close(found, oracle(query, value, params, HEADS, mask), atol=3e-5)
    layer = reference.MultiHeadAttention(D, HEADS)
    found = layer(query, value, mask=mask, return_weights=True)
    assert_close(found, oracle(query, value, params_of(layer), HEADS, mask))


def test_a_query_that_may_see_nothing_returns_the_output_bias(rng):
    query, value, params = normal(rng, B, NQ, D), normal(rng, B, NK, D), random_params(rng)
    mask = np.ones((B, NQ, NK), bool)
    mask[1, 2] = False
    output, weights = reference.multi_head_attention(query, value, params, HEADS, mask)
    assert (numpy(weights)[1, :, 2] == 0).all()
    np.testing.assert_allclose(numpy(output)[1, 2], params["output"][1], atol=1e-6)


# --- the layer --------------------------------------------------------------------------------


def test_layer_equals_the_function(rng):
    layer = reference.MultiHeadAttention(D, HEADS)
    query, value = normal(rng, B, NQ, D), normal(rng, B, NK, D)
    for values in (None, value):
        found = layer(query, values, return_weights=True)
        own = query if values is None else values
        expected = reference.multi_head_attention(query, own, params_of(layer), HEADS)
        assert_close(found, [numpy(array) for array in expected], atol=1e-6)
        np.testing.assert_array_equal(numpy(layer(query, values)), numpy(found[0]))


def test_layer_adds_a_bias_to_the_scores(rng):
    layer = reference.MultiHeadAttention(D, HEADS)
    x, bias = normal(rng, B, NQ, D), 3 * normal(rng, HEADS, NQ, NQ)
    mask = rng.random((B, NQ, NQ)) < 0.6
    mask[..., 0] = True
    found = layer(x, mask=mask, bias=bias, return_weights=True)
    assert_close(found, oracle(x, x, params_of(layer), HEADS, mask, bias))


def twin(theirs, query_dim, value_dim, use_bias):
    """A layer of ours with the weights of one of Keras'."""
    heads = theirs.num_heads * theirs.key_dim
    ours = reference.MultiHeadAttention(
        query_dim, theirs.num_heads, inner_dim=heads, use_bias=use_bias
    )
    ours.build((None, None, query_dim), (None, None, value_dim))
    ours.set_weights(
        [
            weight.reshape(ours_weight.shape)
            for weight, ours_weight in zip(learned(theirs), ours.weights, strict=True)
        ]
    )
    return ours


@pytest.mark.parametrize("masked", [False, True], ids=["seen", "masked"])
@pytest.mark.parametrize(
    ("value_dim", "key_dim", "use_bias"),
    [(None, WIDTH, True), (13, WIDTH, True), (D, 2, False)],
    ids=["self", "cross", "narrow"],
)
def test_layer_equals_keras(rng, value_dim, key_dim, use_bias, masked):
    query = normal(rng, B, NQ, D)
    value = query if value_dim is None else normal(rng, B, NK, value_dim)
    theirs = keras.layers.MultiHeadAttention(
        HEADS, key_dim, use_bias=use_bias, bias_initializer="random_normal"
    )
    mask = None
    if masked:
        mask = rng.random((B, NQ, value.shape[1])) < 0.6
        mask[..., 0] = True
    expected = theirs(query, value, attention_mask=mask, return_attention_scores=True)
    ours = twin(theirs, D, value.shape[-1], use_bias)
    found = ours(query, value, mask=mask, return_weights=True)
    assert_close(found, [numpy(array) for array in expected])
    count = reference.count_attention_parameters(D, HEADS, key_dim, use_bias)
    if value.shape[-1] == D:
        assert count == theirs.count_params() == ours.count_params()


def test_permuting_the_tokens_permutes_the_output(rng):
    layer = reference.MultiHeadAttention(D, HEADS)
    assert is_permutation_equivariant(layer, normal(rng, B, NQ, D), rng)


def test_permuting_the_values_changes_nothing(rng):
    layer = reference.MultiHeadAttention(D, HEADS)
    query, value = normal(rng, B, NQ, D), normal(rng, B, NK, D)
    again = layer(query, value[:, rng.permutation(NK)])
    np.testing.assert_allclose(numpy(layer(query, value)), numpy(again), atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"inner_dim": 21, "use_bias": False}], ids=str)
def test_layer_round_trip(rng, options):
    layer = reference.MultiHeadAttention(D, HEADS, **options)
    again = reference.MultiHeadAttention.from_config(layer.get_config())
    x = normal(rng, B, NQ, D)
    expected = numpy(layer(x))
    again.build(x.shape)
    again.set_weights(learned(layer))
    np.testing.assert_array_equal(numpy(again(x)), expected)


# --- counting and pruning ---------------------------------------------------------------------


def test_count_by_hand():
    assert reference.count_attention_parameters(2, 1) == 4 * (4 + 2)
    assert reference.count_attention_parameters(2, 2) == 4 * (4 + 2)
    assert reference.count_attention_parameters(2, 2, use_bias=False) == 4 * 4
    # Two heads of 2 features: three kernels (2, 4) with biases of 4, one kernel (4, 2) with 2.
    assert reference.count_attention_parameters(2, 2, key_dim=2) == 3 * (8 + 4) + (8 + 2)
    # The textbook's slip: the model's width for each of 4 heads is 4 times the numbers.
    assert reference.count_attention_parameters(64, 4) == 16_640
    assert reference.count_attention_parameters(64, 4, key_dim=64) == 66_368
    with pytest.raises(ValueError, match="3 heads .* 64 features"):
        reference.count_attention_parameters(64, 3)


@pytest.mark.parametrize("head", range(HEADS))
def test_pruning_takes_one_head_out(rng, head):
    query, value, params = normal(rng, B, NQ, D), normal(rng, B, NK, D), random_params(rng)
    kept = {name: (kernel.copy(), bias.copy()) for name, (kernel, bias) in params.items()}
    pruned = reference.prune_head(params, head, HEADS)
    found, _ = reference.multi_head_attention(query, value, pruned, HEADS)
    # What the head alone would have added.
    own = np.arange(D) // WIDTH == head
    kernel, bias = params["output"]
    alone = {**params, "output": (kernel * own[:, None], 0 * bias)}
    whole, _ = oracle(query, value, params, HEADS)
    np.testing.assert_allclose(
        numpy(found), whole - oracle(query, value, alone, HEADS)[0], atol=3e-5
    )
    for name in params:
        for before, after in zip(kept[name], params[name], strict=True):
            np.testing.assert_array_equal(before, after)


def test_pruning_all_heads_leaves_the_output_bias(rng):
    query, value, params = normal(rng, B, NQ, D), normal(rng, B, NK, D), random_params(rng)
    pruned = params
    for head in range(HEADS):
        pruned = reference.prune_head(pruned, head, HEADS)
    output, _ = reference.multi_head_attention(query, value, pruned, HEADS)
    np.testing.assert_array_equal(numpy(output), np.broadcast_to(params["output"][1], output.shape))
