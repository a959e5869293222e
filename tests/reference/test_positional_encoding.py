"""The reference against numbers worked by hand, loops over single entries, and identities."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import positional_encoding as reference

B, N, D = 2, 7, 10


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def rebuilt(layer, example):
    """The layer that its own config describes, with the same weights."""
    config = layer.get_config()
    twin = type(layer).from_config(config)
    assert twin.get_config() == config
    twin(example)
    twin.set_weights(layer.get_weights())
    return twin


# --- linear -----------------------------------------------------------------------------------


def test_linear_positions_by_hand():
    np.testing.assert_array_equal(numpy(reference.linear_positions(5)), [1, 2, 3, 4, 5])
    spaced = numpy(reference.linear_positions(5, normalize=True))
    np.testing.assert_allclose(spaced, [0, 0.25, 0.5, 0.75, 1])
    assert numpy(reference.linear_positions(5)).dtype == spaced.dtype == np.float32


def test_a_single_token_has_a_position():
    assert numpy(reference.linear_positions(1)).tolist() == [1]
    assert numpy(reference.linear_positions(1, normalize=True)).tolist() == [0]


# --- sinusoids --------------------------------------------------------------------------------


def test_sinusoids_by_hand():
    expected = [[0, 1, 0, 1], [0.84147, 0.54030, 0.01, 0.99995], [0.90930, -0.41615, 0.02, 0.9998]]
    np.testing.assert_allclose(numpy(reference.sinusoidal_encoding(3, 4)), expected, atol=1e-5)


def test_sinusoids_equal_the_formula_one_by_one():
    encoding = numpy(reference.sinusoidal_encoding(N, D))
    assert encoding.shape == (N, D) and encoding.dtype == np.float32
    for position, column in np.ndindex(N, D):
        turn = (math.sin, math.cos)[column % 2]
        angle = position / 10000 ** (2 * (column // 2) / D)
        assert encoding[position, column] == pytest.approx(turn(angle), abs=1e-6)


def test_sinusoids_of_far_positions_are_exact():
    far = numpy(reference.sinusoidal_encoding(100_003, 2))[-1]
    np.testing.assert_allclose(far, [math.sin(100_002), math.cos(100_002)], atol=1e-6)


def test_wavelengths_are_those_of_the_columns():
    waves = numpy(reference.wavelengths(D))
    assert waves.shape == (D // 2,)
    assert waves[0] == pytest.approx(2 * math.pi)
    np.testing.assert_allclose(waves[1:] / waves[:-1], 10000 ** (2 / D), rtol=1e-6)
    assert waves[-1] < 2 * math.pi * 10000
    angles = 2 * math.pi * np.arange(N)[:, None] / waves
    encoding = numpy(reference.sinusoidal_encoding(N, D))
    np.testing.assert_allclose(encoding[:, 0::2], np.sin(angles), atol=1e-6)
    np.testing.assert_allclose(encoding[:, 1::2], np.cos(angles), atol=1e-6)


def test_the_gram_matrix_depends_on_the_offset_only():
    encoding = numpy(reference.sinusoidal_encoding(53, D))
    gram = encoding @ encoding.T
    frequencies = 2 * math.pi / numpy(reference.wavelengths(D))
    offset = np.arange(53)[:, None] - np.arange(53)
    np.testing.assert_allclose(gram, np.cos(offset[..., None] * frequencies).sum(-1), atol=1e-5)
    assert np.ptp(gram[0]) > 1  # and on the offset it does depend


@pytest.mark.parametrize("offset", [0, 1, 5, -1, -11])
def test_an_offset_is_one_rotation_for_every_position(offset):
    encoding = numpy(reference.sinusoidal_encoding(41, D))
    rotation = numpy(reference.offset_rotation(offset, D))
    assert rotation.shape == (D, D) and rotation.dtype == np.float32
    start, stop = max(0, -offset), min(41, 41 - offset)
    there = encoding[start + offset : stop + offset]
    np.testing.assert_allclose(encoding[start:stop] @ rotation, there, atol=1e-5)


def test_rotations_turn_back_and_add_up():
    def rotation(offset):
        return numpy(reference.offset_rotation(offset, D))

    np.testing.assert_allclose(rotation(3) @ rotation(-3), np.eye(D), atol=1e-6)
    np.testing.assert_allclose(rotation(3).T, rotation(-3), atol=1e-6)
    np.testing.assert_allclose(rotation(3) @ rotation(4), rotation(7), atol=1e-6)
    assert np.abs(rotation(3) - rotation(-3)).max() > 0.1


@pytest.mark.parametrize("function", ["sinusoidal_encoding", "offset_rotation"])
def test_odd_widths_are_refused(function):
    with pytest.raises(ValueError, match="7 features"):
        getattr(reference, function)(5, 7)
    with pytest.raises(ValueError, match="7 features"):
        reference.wavelengths(7)


# --- two dimensions ---------------------------------------------------------------------------


def test_two_dimensions_row_by_row():
    height, width, dim = 3, 5, 12
    encoding = numpy(reference.sinusoidal_encoding_2d(height, width, dim))
    assert encoding.shape == (height * width, dim)
    line = numpy(reference.sinusoidal_encoding(5, dim // 2))
    for row, column in np.ndindex(height, width):
        token = encoding[row * width + column]
        np.testing.assert_array_equal(token, np.concatenate([line[row], line[column]]))


@pytest.mark.parametrize("dim", [6, 7, 10])
def test_two_dimensions_need_whole_pairs_in_each_half(dim):
    with pytest.raises(ValueError, match=f"multiple of 4 features, not {dim}"):
        reference.sinusoidal_encoding_2d(3, 5, dim)


# --- adding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [N, N + 4])
@pytest.mark.parametrize("convert", [np.asarray, ops.convert_to_tensor])
def test_each_token_gets_the_code_of_its_place(rng, length, convert):
    tokens, encoding = normal(rng, B, N, D), normal(rng, length, D)
    added = numpy(reference.add_positions(convert(tokens), convert(encoding)))
    assert added.shape == (B, N, D)
    for b, n in np.ndindex(B, N):
        np.testing.assert_allclose(added[b, n], tokens[b, n] + encoding[n], rtol=1e-6)


def test_adding_keeps_half_precision(rng):
    tokens = ops.cast(normal(rng, B, N, D), "float16")
    added = reference.add_positions(tokens, reference.sinusoidal_encoding(N, D))
    assert keras.backend.standardize_dtype(added.dtype) == "float16"


# --- resizing ---------------------------------------------------------------------------------


def bilinear(grid, new_height, new_width):
    """Each new point between its four old neighbours; outside, the border goes on."""
    height, width, _ = grid.shape
    resized = np.zeros((new_height, new_width, grid.shape[-1]))
    for row, column in np.ndindex(new_height, new_width):
        y = (row + 0.5) * height / new_height - 0.5
        x = (column + 0.5) * width / new_width - 0.5
        for old_row in (math.floor(y), math.floor(y) + 1):
            for old_column in (math.floor(x), math.floor(x) + 1):
                share = (1 - abs(y - old_row)) * (1 - abs(x - old_column))
                neighbour = grid[np.clip(old_row, 0, height - 1), np.clip(old_column, 0, width - 1)]
                resized[row, column] += share * neighbour
    return resized


def test_resizing_by_hand():
    positions = np.array([[9], [0], [1]], "float32")
    resized = numpy(reference.resize_positions(positions, (1, 2), (1, 4)))
    np.testing.assert_allclose(resized[:, 0], [9, 0, 0.25, 0.75, 1], atol=1e-6)
    resized = numpy(reference.resize_positions(positions, (2, 1), (4, 1)))
    np.testing.assert_allclose(resized[:, 0], [9, 0, 0.25, 0.75, 1], atol=1e-6)


@pytest.mark.parametrize(
    "new_grid", [(5, 7), (11, 13), (2, 3), (11, 3), (2, 13), (1, 1), (10, 14), (5, 17)]
)
@pytest.mark.parametrize("convert", [np.asarray, ops.convert_to_tensor])
def test_resizing_equals_interpolation_point_by_point(rng, new_grid, convert):
    positions = normal(rng, 1 + 5 * 7, 3)
    resized = numpy(reference.resize_positions(convert(positions), (5, 7), new_grid))
    expected = bilinear(positions[1:].reshape(5, 7, 3), *new_grid).reshape(-1, 3)
    assert resized.shape == (1 + new_grid[0] * new_grid[1], 3)
    np.testing.assert_array_equal(resized[0], positions[0])
    np.testing.assert_allclose(resized[1:], expected, atol=1e-5)
    grid = numpy(reference.resize_grid(convert(positions[1:]), (5, 7), new_grid))
    np.testing.assert_array_equal(grid, resized[1:])


def test_resizing_refuses_positions_of_another_grid(rng):
    with pytest.raises(ValueError, match="have 36 positions, but 35 came"):
        reference.resize_positions(normal(rng, 35, 3), (5, 7), (7, 7))


# --- Fourier features -------------------------------------------------------------------------


def test_grid_positions_by_hand():
    expected = [[-1, -1], [-1, 0], [-1, 1], [1, -1], [1, 0], [1, 1]]
    np.testing.assert_array_equal(numpy(reference.grid_positions((2, 3))), expected)
    np.testing.assert_array_equal(numpy(reference.grid_positions((1, 2))), [[0, -1], [0, 1]])
    np.testing.assert_allclose(
        numpy(reference.grid_positions((5,))), [[-1], [-0.5], [0], [0.5], [1]]
    )


def test_grid_positions_of_any_rank():
    positions = numpy(reference.grid_positions((2, 3, 5)))
    assert positions.shape == (30, 3)
    for place, (i, j, k) in zip(positions, np.ndindex(2, 3, 5), strict=True):
        np.testing.assert_allclose(place, [2 * i - 1, j - 1, k / 2 - 1], atol=1e-6)


def test_fourier_features_by_hand():
    features = numpy(reference.fourier_features(np.array([[0.5, -1 / 6]], "float32"), 2, 8))
    half = math.sqrt(3) / 2  # frequencies 1 and 4: angles π/2, 2π and -π/6, -2π/3
    expected = [0.5, -1 / 6, 1, 0, -0.5, -half, 0, 1, half, -0.5]
    np.testing.assert_allclose(features, [expected], atol=1e-6)


@pytest.mark.parametrize(("axes", "bands"), [(1, 5), (2, 3), (3, 2), (2, 1)])
@pytest.mark.parametrize("convert", [np.asarray, ops.convert_to_tensor])
def test_fourier_features_equal_the_formula_one_by_one(rng, axes, bands, convert):
    positions = rng.uniform(-1, 1, size=(N, axes)).astype("float32")
    features = numpy(reference.fourier_features(convert(positions), bands, 13))
    frequencies = [1 + band * (13 / 2 - 1) / max(bands - 1, 1) for band in range(bands)]
    assert features.shape == (N, axes * (2 * bands + 1))
    for n in range(N):
        angles = [math.pi * f * float(p) for p in positions[n] for f in frequencies]
        sines, cosines = map(math.sin, angles), map(math.cos, angles)
        np.testing.assert_allclose(features[n], [*positions[n], *sines, *cosines], atol=1e-5)


def test_the_highest_frequency_is_the_last_that_the_grid_can_hold():
    grid = reference.grid_positions((9,))
    # Between the ends of 9 points lie 8 steps, and 2 · 8 / 2 half turns: up, down, up, down.
    cosines = numpy(reference.fourier_features(grid, 3, 8))[:, -1]
    np.testing.assert_allclose(cosines, [1, -1, 1, -1, 1, -1, 1, -1, 1], atol=1e-5)


def test_pixels_lie_beside_their_fourier_features(rng):
    images = normal(rng, B, 3, 5, 2)
    layer = reference.FourierPixels(4, 7)
    tokens = numpy(layer(images))
    places = numpy(reference.fourier_features(reference.grid_positions((3, 5)), 4, 7))
    assert tokens.shape == (B, 15, 2 + 2 * 9)
    for b, row, column in np.ndindex(B, 3, 5):
        expected = np.concatenate([images[b, row, column], places[row * 5 + column]])
        np.testing.assert_allclose(tokens[b, row * 5 + column], expected, atol=1e-6)
    assert not layer.weights
    np.testing.assert_array_equal(numpy(rebuilt(layer, images)(images)), tokens)
    assert layer(normal(rng, 1, 7, 2, 2)).shape == (1, 14, 20)


# --- relative positions -----------------------------------------------------------------------


def test_relative_position_index_by_hand():
    expected = [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]
    index = numpy(reference.relative_position_index(2, 2))
    assert index.dtype == np.int32
    np.testing.assert_array_equal(index, expected)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (3, 5), (5, 3), (7, 7)])
def test_relative_position_index_numbers_the_offsets(height, width):
    index = numpy(reference.relative_position_index(height, width))
    places = list(np.ndindex(height, width))
    number = {}
    for (q, (row, column)), (k, (key_row, key_column)) in (
        (query, key) for query in enumerate(places) for key in enumerate(places)
    ):
        offset = (row - key_row, column - key_column)
        assert number.setdefault(offset, index[q, k]) == index[q, k]
    assert sorted(number.values()) == list(range((2 * height - 1) * (2 * width - 1)))
    assert [number[offset] for offset in sorted(number)] == sorted(number.values())


# --- learned positions ------------------------------------------------------------------------


def test_learned_positions_are_added_to_each_token(rng):
    layer, tokens = reference.LearnedPositions(), normal(rng, B, N, D)
    added = numpy(layer(tokens))
    table = numpy(layer.table + 0)
    assert table.shape == (N, D) and layer.count_params() == N * D
    assert 0.01 < table.std() < 0.03
    np.testing.assert_allclose(added, tokens + table, atol=1e-6)
    np.testing.assert_array_equal(numpy(rebuilt(layer, tokens)(tokens)), added)


def test_learned_pixels_are_two_projections_side_by_side(rng):
    images = normal(rng, B, 3, 5, 2)
    layer = reference.LearnedPixels(7)
    layer(images)
    layer.set_weights([normal(rng, *weight.shape) for weight in layer.weights])
    tokens = numpy(layer(images))
    assert tokens.shape == (B, 15, 14)
    (kernel, bias), (place_kernel, place_bias) = (
        dense.get_weights() for dense in (layer.colours, layer.places)
    )
    places = numpy(layer.table + 0) @ place_kernel + place_bias
    for b, row, column in np.ndindex(B, 3, 5):
        expected = [images[b, row, column] @ kernel + bias, places[row * 5 + column]]
        np.testing.assert_allclose(tokens[b, row * 5 + column], np.concatenate(expected), atol=1e-5)
    np.testing.assert_array_equal(numpy(rebuilt(layer, images)(images)), tokens)


@pytest.mark.parametrize(
    ("make", "shape"),
    [(reference.LearnedPositions, (N, D)), (lambda: reference.LearnedPixels(7), (3, 5, 2))],
)
def test_learned_positions_are_saved(rng, tmp_path, make, shape):
    def model():
        return keras.Sequential([keras.Input(shape), make()])

    first, second, x = model(), model(), normal(rng, B, *shape)
    assert np.abs(numpy(first(x)) - numpy(second(x))).max() > 1e-3
    first.save_weights(tmp_path / "positions.weights.h5")
    second.load_weights(tmp_path / "positions.weights.h5")
    np.testing.assert_array_equal(numpy(first(x)), numpy(second(x)))
