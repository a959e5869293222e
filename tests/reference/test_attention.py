"""The reference against numbers worked by hand, a float64 oracle, Keras' own layers, identities."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import attention as reference

B, H, NQ, NK, D, DV = 2, 3, 5, 7, 11, 13


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def gradient(function, at):
    """The gradient of a scalar function of one array, on the backend that is active."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(at))
    import tensorflow as tf

    point = tf.constant(at)
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = function(point)
    return tape.gradient(value, point).numpy()


# --- oracles in float64 -----------------------------------------------------------------------


def oracle_softmax(scores):
    exponentials = np.exp(np.float64(scores))
    return exponentials / exponentials.sum(-1, keepdims=True)


def oracle_attend(query, key, value, mask=None):
    """One query at a time, over the keys it may see."""
    leading = query.shape[:-2]
    weights = np.zeros((*leading, query.shape[-2], key.shape[-2]))
    shown = np.ones(weights.shape, bool) if mask is None else np.broadcast_to(mask, weights.shape)
    for place in np.ndindex(weights.shape[:-1]):
        seen = np.flatnonzero(shown[place])
        if seen.size:
            scores = [np.dot(np.float64(query[place]), key[place[:-1]][k]) for k in seen]
            weights[place][seen] = oracle_softmax(np.array(scores) / np.sqrt(query.shape[-1]))
    return weights @ np.float64(value), weights


# --- softmax ----------------------------------------------------------------------------------


def test_softmax_by_hand():
    weights = numpy(reference.softmax(np.log(np.array([[1, 2, 5], [3, 3, 2]], "float32"))))
    np.testing.assert_allclose(weights, [[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]], rtol=1e-6)


@pytest.mark.parametrize("shape", [(7,), (5, 5), (5, 7), (B, H, NQ, NK)])
def test_softmax_equals_the_definition(rng, shape):
    scores = 3 * normal(rng, *shape)
    weights = numpy(reference.softmax(scores))
    np.testing.assert_allclose(weights, oracle_softmax(scores), atol=1e-6)
    np.testing.assert_allclose(weights, numpy(ops.softmax(scores, axis=-1)), atol=1e-6)
    assert weights.dtype == "float32"


def test_softmax_rows_are_positive_and_sum_to_1(rng):
    weights = numpy(reference.softmax(5 * normal(rng, 5, 7)))
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)


def test_softmax_does_not_change_when_a_row_is_shifted(rng):
    scores = rng.integers(-16, 17, size=(5, 7)).astype("float32") / 8
    shifts = np.array([[0], [512], [-512], [1], [-3]], dtype="float32")
    weights = numpy(reference.softmax(scores + shifts))
    np.testing.assert_allclose(weights, numpy(reference.softmax(scores)), rtol=1e-6)


@pytest.mark.parametrize("size", [1e4, -1e4, 3e38, -3e38])
def test_softmax_of_huge_scores_is_finite(size):
    scores = np.array([[size, size, size], [0, size, 0]], dtype="float32")
    winner = [0, 1, 0] if size > 0 else [0.5, 0, 0.5]
    np.testing.assert_allclose(numpy(reference.softmax(scores)), [[1 / 3] * 3, winner], rtol=1e-6)


def test_softmax_gradient_is_that_of_the_definition(rng):
    scores, pull = normal(rng, 5, 7), normal(rng, 5, 7)
    weights = oracle_softmax(scores)
    expected = weights * (pull - (pull * weights).sum(-1, keepdims=True))
    found = gradient(lambda s: ops.sum(reference.softmax(s) * pull), scores)
    np.testing.assert_allclose(found, expected, atol=1e-6)


# --- attention_scores -------------------------------------------------------------------------


def test_scores_by_hand():
    query = np.array([[1, 2, 0, 2], [0, 0, 4, 0]], "float32")
    key = np.array([[2, 0, 1, 1], [1, 1, 1, 1], [0, 3, 0, -1]], "float32")
    scores = numpy(reference.attention_scores(query, key))
    np.testing.assert_allclose(scores, [[2, 2.5, 2], [2, 2, 0]])  # dot products over √4


def test_scores_equal_dot_products_one_by_one(rng):
    query, key = normal(rng, B, H, NQ, D), normal(rng, B, H, NK, D)
    scores = numpy(reference.attention_scores(query, key))
    assert scores.shape == (B, H, NQ, NK)
    for b, h, q, k in np.ndindex(scores.shape):
        expected = np.dot(np.float64(query[b, h, q]), key[b, h, k]) / np.sqrt(D)
        assert scores[b, h, q, k] == pytest.approx(expected, abs=1e-5)


def test_scores_keep_their_spread_as_the_width_grows(rng):
    for width in (7, 499):
        query, key = normal(rng, 101, width), normal(rng, 103, width)
        assert numpy(reference.attention_scores(query, key)).std() == pytest.approx(1, abs=0.1)


def test_scores_of_exchanged_arguments_are_transposed(rng):
    query, key = normal(rng, NQ, D), normal(rng, NK, D)
    there = numpy(reference.attention_scores(query, key))
    back = numpy(reference.attention_scores(key, query))
    np.testing.assert_allclose(there, back.T, atol=1e-6)


# --- attend -----------------------------------------------------------------------------------


def inputs(rng, *leading, queries=NQ, keys=NK):
    query, key = normal(rng, *leading, queries, D), normal(rng, *leading, keys, D)
    return query, key, normal(rng, *leading, keys, DV)


def assert_attends(found, expected):
    for got, wanted in zip(found, expected, strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(numpy(got), wanted, atol=1e-5)


def test_attend_by_hand():
    query = np.array([[0, 2 * np.log(3), 0, 0]], "float32")  # scores log 3, 0, log 3 · 0 = 0
    key = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 5, 0]], "float32")
    value = np.array([[10, 0], [0, 10], [5, 5]], "float32")
    output, weights = reference.attend(query, key, value)
    np.testing.assert_allclose(numpy(weights), [[0.6, 0.2, 0.2]], rtol=1e-6)
    np.testing.assert_allclose(numpy(output), [[7, 3]], rtol=1e-6)
    output, weights = reference.attend(query, key, value, np.array([[True, False, True]]))
    np.testing.assert_allclose(numpy(weights), [[0.75, 0, 0.25]], rtol=1e-6)
    np.testing.assert_allclose(numpy(output), [[8.75, 1.25]], rtol=1e-6)


@pytest.mark.parametrize("leading", [(), (B,), (B, H)])
def test_attend_equals_the_oracle(rng, leading):
    arrays = inputs(rng, *leading)
    assert_attends(reference.attend(*arrays), oracle_attend(*arrays))


@pytest.mark.parametrize(
    "shape", [(B, H, NQ, NK), (B, 1, NQ, NK), (B, 1, 1, NK), (NQ, NK), (1, NK), (NQ, 1), (NK,)]
)
def test_attend_with_any_mask_that_broadcasts(rng, shape):
    arrays, mask = inputs(rng, B, H), rng.random(shape) < 0.5
    assert_attends(reference.attend(*arrays, mask), oracle_attend(*arrays, mask))


def test_attend_takes_tensors_and_masks_of_numbers(rng):
    arrays, mask = inputs(rng, B, H), rng.random((NQ, NK)) < 0.5
    tensors = [ops.convert_to_tensor(array) for array in arrays]
    expected = oracle_attend(*arrays, mask)
    assert_attends(reference.attend(*tensors, ops.convert_to_tensor(mask)), expected)
    assert_attends(reference.attend(*arrays, mask.astype("int32")), expected)


def test_attend_equals_keras_attention(rng):
    query, key, value = inputs(rng, B)
    mask = rng.random((B, NK)) < 0.6
    mask[:, 0] = True
    layer = keras.layers.Attention()  # does not scale: hand it queries that are scaled already
    theirs = layer([query / np.sqrt(D, dtype="float32"), value, key], mask=[None, mask])
    output, _ = reference.attend(query, key, value, mask[:, None, :])
    np.testing.assert_allclose(numpy(output), numpy(theirs), atol=1e-5)


def test_attend_equals_keras_multi_head_attention_with_one_head(rng):
    layer = keras.layers.MultiHeadAttention(num_heads=1, key_dim=D, value_dim=DV, output_shape=DV)
    query, value = normal(rng, B, NQ, D), normal(rng, B, NK, D)
    mask = rng.random((B, NQ, NK)) < 0.6
    mask[..., 0] = True
    theirs = layer(query, value, attention_mask=mask, return_attention_scores=True)
    kernels = {weight.path.split("/")[-2]: [] for weight in layer.weights}
    for weight in layer.weights:
        kernels[weight.path.split("/")[-2]].append(numpy(weight + 0))

    def project(x, name):
        kernel, bias = kernels[name]
        return x @ kernel[:, 0] + bias[0]

    output, weights = reference.attend(
        project(query, "query"), project(value, "key"), project(value, "value"), mask
    )
    kernel, bias = kernels["attention_output"]
    np.testing.assert_allclose(numpy(output) @ kernel[0] + bias, numpy(theirs[0]), atol=1e-5)
    np.testing.assert_allclose(numpy(weights), numpy(theirs[1])[:, 0], atol=1e-6)


def test_attend_permuting_the_keys_changes_nothing_and_the_queries_permutes(rng):
    query, key, value = inputs(rng)
    output, weights = (numpy(array) for array in reference.attend(query, key, value))
    order = rng.permutation(NK)
    again = [numpy(array) for array in reference.attend(query, key[order], value[order])]
    np.testing.assert_allclose(again[0], output, atol=1e-6)
    np.testing.assert_allclose(again[1], weights[:, order], atol=1e-6)
    order = rng.permutation(NQ)
    again = numpy(reference.attend(query[order], key, value)[0])
    np.testing.assert_allclose(again, output[order], atol=1e-6)


def test_attend_hidden_keys_and_values_do_not_count(rng):
    query, key, value = inputs(rng)
    mask = np.arange(NK) < 4
    output, weights = reference.attend(query, key, value, mask)
    assert (numpy(weights)[:, 4:] == 0).all()
    expected = reference.attend(query, key[:4], value[:4])
    np.testing.assert_allclose(numpy(output), numpy(expected[0]), atol=1e-6)


def test_attend_mask_of_true_is_no_mask(rng):
    arrays = inputs(rng)
    masked = reference.attend(*arrays, np.ones((NQ, NK), bool))
    assert_attends(masked, [numpy(array) for array in reference.attend(*arrays)])


@pytest.mark.parametrize("size", [1, 1e3])
def test_attend_to_nothing_gives_zeros_and_finite_gradients(rng, size):
    query, key, value = inputs(rng)
    query *= np.float32(size)
    mask = np.ones((NQ, NK), bool)
    mask[2] = False
    output, weights = (numpy(array) for array in reference.attend(query, key, value, mask))
    assert (output[2] == 0).all() and (weights[2] == 0).all()
    assert np.isfinite(output).all() and np.abs(output[[0, 1, 3, 4]]).min() > 0

    def total(q):
        return ops.sum(reference.attend(q, key, value, mask)[0] ** 2)

    found = gradient(total, query)
    assert np.isfinite(found).all()
    assert (found[2] == 0).all()
    if size == 1:
        assert np.abs(found[[0, 1, 3, 4]]).max(axis=-1).min() > 0


def test_attend_only_hidden_keys_get_no_gradient(rng):
    query, key, value = inputs(rng)
    mask = np.arange(NK) < 4
    found = gradient(lambda k: ops.sum(reference.attend(query, k, value, mask)[0] ** 2), key)
    assert (found[4:] == 0).all() and np.abs(found[:4]).max(axis=-1).min() > 0


def test_plain_lists_are_taken():
    query, key, value = [[2.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0], [3.0]]
    arrays = [np.array(thing, "float32") for thing in (query, key, value)]
    scores = numpy(reference.attention_scores(query, key))
    np.testing.assert_allclose(scores, np.sqrt(2) * np.eye(2), rtol=1e-6)
    np.testing.assert_allclose(numpy(reference.softmax(value)), [[1], [1]])
    assert_attends(reference.attend(query, key, value), oracle_attend(*arrays))
    mask = [[True, False], [True, True]]
    assert_attends(reference.attend(query, key, value, mask), oracle_attend(*arrays, mask))
    assert numpy(reference.padding_mask([1, 2], 2)).tolist() == [[[True, False]], [[True, True]]]


# --- masks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 7])
def test_causal_mask_is_the_lower_triangle(length):
    mask = numpy(reference.causal_mask(length))
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, np.tril(np.ones((length, length), bool)))


def test_causal_attention_does_not_see_the_future(rng):
    query, key, value = inputs(rng, queries=NK)
    mask = reference.causal_mask(NK)
    before = numpy(reference.attend(query, key, value, mask)[0])
    key[4:], value[4:] = 9, -9
    after = numpy(reference.attend(query, key, value, mask)[0])
    np.testing.assert_array_equal(before[:4], after[:4])
    assert np.abs(before[4:] - after[4:]).min(axis=-1).max() > 0


def test_padding_mask_by_hand():
    mask = numpy(reference.padding_mask(np.array([2, 0, 3, 1]), 3))
    assert mask.dtype == bool
    expected = [[[1, 1, 0]], [[0, 0, 0]], [[1, 1, 1]], [[1, 0, 0]]]
    np.testing.assert_array_equal(mask, np.array(expected, bool))


def test_padding_mask_makes_padding_invisible(rng):
    query, key, value = inputs(rng, B)
    output, _ = reference.attend(query, key, value, reference.padding_mask(np.array([4, 6]), NK))
    for b, length in enumerate([4, 6]):
        alone = reference.attend(query[b], key[b, :length], value[b, :length])[0]
        np.testing.assert_allclose(numpy(output)[b], numpy(alone), atol=1e-6)


# --- reversal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 7, 67])
def test_attention_reverses_any_sequence(rng, length):
    values = normal(rng, length, 3)
    output, weights = reference.attend(*reference.reversal_queries_keys(length), values)
    np.testing.assert_allclose(numpy(output), values[::-1], atol=1e-6)
    np.testing.assert_allclose(numpy(weights), np.eye(length)[::-1], atol=1e-6)


def test_sharpness_is_the_winning_score_whatever_the_length():
    for length in (2, 7, 67):
        query, key = reference.reversal_queries_keys(length, sharpness=3.0)
        scores = numpy(reference.attention_scores(query, key))
        np.testing.assert_allclose(scores, 3 * np.eye(length)[::-1], atol=1e-6)
    query, key = reference.reversal_queries_keys(7)
    assert numpy(reference.attention_scores(query, key)).max() == pytest.approx(50)


# --- equivariance -----------------------------------------------------------------------------


def attention_layer(x):
    return reference.attend(x, x, x)[0]


@pytest.mark.parametrize(
    ("layer", "verdict"),
    [
        (attention_layer, True),
        (lambda x: attention_layer(x + np.arange(NK, dtype="float32")[:, None]), False),
        (lambda x: x, True),
        (lambda x: np.asarray(x) + 1e-3 * np.arange(NK, dtype="float32")[:, None], False),
        (lambda x: np.asarray(x) * (1 + 1e-2 * np.arange(NK, dtype="float32")[:, None]), False),
        (lambda x: np.cumsum(np.asarray(x), axis=1), False),
        (lambda x: np.roll(np.asarray(x), 1, axis=1), False),
        (lambda x: np.asarray(x)[:, :, :3] + np.asarray(x)[:1, :, :1], True),
        (lambda x: np.cumsum(np.asarray(x), axis=2), True),
        (lambda x: np.repeat(np.asarray(x).mean(1, keepdims=True), NK, axis=1), True),
        (lambda x: np.repeat(np.asarray(x)[:, :1], NK, axis=1), False),
        (lambda x: np.sort(np.asarray(x), axis=1), False),
    ],
)
def test_equivariance_is_told_from_its_look_alikes(rng, layer, verdict):
    for tokens in (normal(rng, B, NK, D), ops.convert_to_tensor(normal(rng, B, NK, D))):
        found = reference.is_permutation_equivariant(layer, tokens, rng)
        assert type(found) is bool
        assert found is verdict


def test_equivariance_allows_float_noise_and_no_more(rng):
    def noisy(size):
        noise = np.random.default_rng(1)
        return lambda x: np.asarray(x) + size * noise.choice([-1, 1], size=x.shape)

    tokens = normal(rng, B, NK, D)
    tokens[0, 0, 0] = 0  # where only the absolute tolerance counts
    assert reference.is_permutation_equivariant(noisy(1e-5), tokens, rng)
    assert not reference.is_permutation_equivariant(noisy(1e-2), tokens, rng)
    large = 1e4 * tokens  # and here only the relative one
    assert reference.is_permutation_equivariant(noisy(1e-4), large, rng)
    even = np.where(tokens < 0, np.float32(-1e4), np.float32(1e4))
    assert reference.is_permutation_equivariant(noisy(3), even, rng)
    assert not reference.is_permutation_equivariant(noisy(30), even, rng)


def test_equivariance_draws_its_order_from_the_generator():
    seen = []

    def layer(x):
        seen.append(np.asarray(x)[0, :, 0])
        return x

    tokens = np.arange(NK, dtype="float32")[None, :, None]
    for seed in (3, 3, 4):
        reference.is_permutation_equivariant(layer, tokens, np.random.default_rng(seed))
    first, again, other = (tuple(order) for order in seen[1::2])
    assert first == again != other
    assert sorted(first) == list(range(NK))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("which", ["value", "key"])
def test_what_is_hidden_does_not_leak_even_when_it_is_no_number(bad, which):
    rng = np.random.default_rng(0)
    query, key, value = (rng.normal(size=(2, 3, 5, 7)).astype("float32") for _ in range(3))
    mask = np.tril(np.ones((5, 5), bool))
    clean, _ = reference.attend(query, key, value, mask)
    dirty = {"query": query, "key": key, "value": value, "mask": mask}
    dirty[which] = dirty[which].copy()
    dirty[which][1, 2, 3] = bad
    output = ops.convert_to_numpy(reference.attend(**dirty)[0])
    np.testing.assert_array_equal(output[1, 2, :3], ops.convert_to_numpy(clean)[1, 2, :3])
    np.testing.assert_array_equal(output[0], ops.convert_to_numpy(clean)[0])
    if which == "value":  # and a query that sees it is told
        assert np.isnan(output[1, 2, 3:]).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_does_not_overflow(dtype):
    large = ops.full((1, 5, 64), 100.0, dtype=dtype)  # scores of 80,000: float16 ends at 65,504
    output, weights = reference.attend(large, large, large)
    assert output.dtype == weights.dtype == dtype
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(output, "float32")), 100, rtol=0.01)
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(weights, "float32")), 0.2, rtol=0.01)
