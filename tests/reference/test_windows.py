"""The functions on windows against numbers worked by hand, loops over tokens, and identities."""

import numpy as np
import pytest
from keras import ops

from course_utils.reference import windows as reference
from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.reference.positional_encoding import relative_position_index

# (B, H/M, W/M, M, C)
MAPS = [(2, 3, 5, 7, 11), (3, 1, 1, 5, 2), (1, 5, 2, 1, 3), (2, 2, 3, 2, 1)]
# (H, W, M, shift): half a window and less and more; one window high; one window in all
SHIFTS = [(6, 15, 3, 1), (6, 9, 3, 2), (10, 5, 5, 2), (14, 21, 7, 3), (4, 12, 4, 1), (7, 7, 7, 3)]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def numpy(value):
    return ops.convert_to_numpy(value)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def one_map(rows):
    """A map (1, H, W, 1) of numbers."""
    return np.array(rows, "float32")[None, :, :, None]


def tokens_of_windows(height, width, window):
    """Row and column of each token of each window, (nW, M², 2), one by one."""
    corners = [(r, c) for r in range(0, height, window) for c in range(0, width, window)]
    inside = [(r, c) for r in range(window) for c in range(window)]
    return np.array([[(top + r, left + c) for r, c in inside] for top, left in corners])


def pairs(places):
    """Every query with every key, each with its number."""
    return [(query, key) for query in enumerate(places) for key in enumerate(places)]


# --- partition and reverse --------------------------------------------------------------------


def test_partition_by_hand():
    found = numpy(reference.window_partition(one_map([[0, 1, 2, 3], [4, 5, 6, 7]]), 2))
    np.testing.assert_array_equal(found[..., 0], [[0, 1, 4, 5], [2, 3, 6, 7]])


@pytest.mark.parametrize(("batch", "rows", "columns", "window", "channels"), MAPS)
def test_partition_equals_cutting_by_hand_and_reverse_undoes_it(
    rng, batch, rows, columns, window, channels
):
    height, width = rows * window, columns * window
    x = normal(rng, batch, height, width, channels)
    windows = reference.window_partition(x, window)
    places = tokens_of_windows(height, width, window)
    expected = np.concatenate([image[places[..., 0], places[..., 1]] for image in x])
    np.testing.assert_array_equal(numpy(windows), expected)
    back = reference.window_reverse(windows, window, height, width)
    np.testing.assert_array_equal(numpy(back), x)


@pytest.mark.parametrize("call", ["partition", "reverse", "mask"])
def test_a_map_that_windows_do_not_fill_is_refused(call):
    calls = {
        "partition": lambda: reference.window_partition(np.zeros((1, 6, 7, 1), "float32"), 3),
        "reverse": lambda: reference.window_reverse(np.zeros((4, 9, 1), "float32"), 3, 6, 7),
        "mask": lambda: reference.shifted_window_mask(6, 7, 3, 1),
    }
    with pytest.raises(ValueError, match="6 by 7 .* 3 by 3.*pad"):
        calls[call]()


# --- shift and masks --------------------------------------------------------------------------


def test_shift_by_hand():
    x = one_map([[0, 1, 2], [3, 4, 5]])
    found = numpy(reference.cyclic_shift(x, 1))
    np.testing.assert_array_equal(found[0, :, :, 0], [[4, 5, 3], [1, 2, 0]])


@pytest.mark.parametrize("shift", [0, 1, 3, 7, -2])
def test_shift_moves_every_token_and_its_negative_undoes_it(rng, shift):
    x = normal(rng, 2, 5, 7, 3)
    shifted = reference.cyclic_shift(x, shift)
    for row, column in np.ndindex(5, 7):
        came_from = x[:, (row + shift) % 5, (column + shift) % 7]
        np.testing.assert_array_equal(numpy(shifted)[:, row, column], came_from)
    np.testing.assert_array_equal(numpy(reference.cyclic_shift(shifted, -shift)), x)


def test_shifted_mask_by_hand():
    mask = numpy(reference.shifted_window_mask(2, 4, 2, 1))
    assert mask.dtype == bool
    upper, lower = [[1, 1, 0, 0]] * 2, [[0, 0, 1, 1]] * 2  # the lower row came from the top
    np.testing.assert_array_equal(mask, [upper + lower, np.eye(4)])


@pytest.mark.parametrize(("height", "width", "window", "shift"), SHIFTS)
def test_shifted_mask_equals_windows_laid_over_the_unshifted_map(height, width, window, shift):
    """No shift here: windows begin at row and column `shift`, and the map's border cuts them."""
    mask = numpy(reference.shifted_window_mask(height, width, window, shift))
    places = tokens_of_windows(height, width, window)
    unshifted = (places + shift) % (height, width)  # where each token came from
    owner = (unshifted - shift) // window  # -1 for the strips before the first whole window
    expected = (owner[:, :, None] == owner[:, None, :]).all(-1)
    np.testing.assert_array_equal(mask, expected)
    distance = unshifted[:, :, None] - unshifted[:, None, :]
    kept = (distance == places[:, :, None] - places[:, None, :]).all(-1)
    np.testing.assert_array_equal(mask, kept)
    assert 0 < mask.mean() < 1


def test_without_a_shift_nothing_is_masked():
    assert numpy(reference.shifted_window_mask(6, 15, 3, 0)).all()
    assert reference.window_mask(6, 15, 3, 0, True) is None
    assert reference.window_mask(5, 14, 3, 0, False) is None


@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize(("height", "width"), [(5, 13), (6, 13), (5, 15)])
def test_padding_is_hidden_from_every_query(height, width, shift):
    mask = numpy(reference.window_mask(height, width, 3, shift, True))
    padded = 6, 15
    unshifted = (tokens_of_windows(*padded, 3) + shift) % padded
    expected = (unshifted < (height, width)).all(-1)[:, None, :]  # (nW, 1, M²)
    if shift:
        expected = expected & numpy(reference.shifted_window_mask(*padded, 3, shift))
        unhidden = numpy(reference.window_mask(height, width, 3, shift, False))
        np.testing.assert_array_equal(
            unhidden, numpy(reference.shifted_window_mask(*padded, 3, shift))
        )
    np.testing.assert_array_equal(mask, expected)
    assert mask.dtype == bool and not mask.all()


def test_a_shift_of_a_map_that_needs_no_padding_is_all_that_is_masked():
    expected = numpy(reference.shifted_window_mask(6, 15, 3, 1))
    for mask_padding in (False, True):
        found = numpy(reference.window_mask(6, 15, 3, 1, mask_padding))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((8, 9), (7, 3)), ((7, 14), (7, 0)), ((14, 7), (7, 0)), ((3, 5), (3, 0)), ((2, 99), (2, 0))],
)
def test_windows_fit_the_map(size, expected):
    assert reference.fit_window(*size, window=7, shift=3) == expected


# --- padding and merging ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [(5, 7), (6, 7), (5, 9), (6, 9), (1, 2)])
def test_padding_lies_at_the_bottom_and_on_the_right(rng, size):
    height, width = size
    x = normal(rng, 2, height, width, 5)
    padded = numpy(reference.pad_to_multiple(x, 3))
    assert padded.shape == (2, -(-height // 3) * 3, -(-width // 3) * 3, 5)
    np.testing.assert_array_equal(padded[:, :height, :width], x)
    assert (padded[:, height:] == 0).all() and (padded[:, :, width:] == 0).all()


def test_merging_by_hand():
    merged = numpy(reference.merge_patches(one_map([[0, 1, 2, 3], [4, 5, 6, 7]])))
    np.testing.assert_array_equal(merged, [[[[0, 4, 1, 5], [2, 6, 3, 7]]]])


def test_merging_keeps_the_channels_of_a_token_together(rng):
    x = normal(rng, 2, 6, 14, 5)
    merged = numpy(reference.merge_patches(x))
    assert merged.shape == (2, 3, 7, 20)
    for row, column in np.ndindex(3, 7):
        square = [x[:, 2 * row + down, 2 * column + right] for right in (0, 1) for down in (0, 1)]
        np.testing.assert_array_equal(merged[:, row, column], np.concatenate(square, axis=-1))


@pytest.mark.parametrize("size", [(5, 4), (4, 7), (3, 5)])
def test_merging_refuses_odd_sides(size):
    with pytest.raises(ValueError, match=f"{size[0]} by {size[1]} .*even"):
        reference.merge_patches(np.zeros((1, *size, 2), "float32"))


# --- relative positions -----------------------------------------------------------------------


def test_relative_position_index_by_hand():
    expected = [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]
    np.testing.assert_array_equal(numpy(relative_position_index(2, 2)), expected)
    in_a_row = numpy(relative_position_index(1, 3))
    np.testing.assert_array_equal(in_a_row, [[2, 1, 0], [3, 2, 1], [4, 3, 2]])


@pytest.mark.parametrize(("height", "width"), [(2, 3), (3, 2), (5, 3), (7, 7), (1, 5), (5, 1)])
def test_relative_position_index_numbers_the_offsets(height, width):
    index = numpy(relative_position_index(height, width))
    places = [(row, column) for row in range(height) for column in range(width)]
    number = {}
    for (q, query), (k, key) in pairs(places):
        offset = query[0] - key[0], query[1] - key[1]
        assert number.setdefault(offset, index[q, k]) == index[q, k]
    # In the order of the offsets, rows first, the numbers count up from 0 without a gap.
    assert [number[offset] for offset in sorted(number)] == list(range(len(number)))
    assert len(number) == (2 * height - 1) * (2 * width - 1)


@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_bias_depends_on_the_offset_whatever_the_side(rng, side):
    window, num_heads = 5, 3
    table = normal(rng, (2 * window - 1) ** 2, num_heads)
    bias = numpy(reference.relative_position_bias(table, window, side))
    assert bias.shape == (num_heads, side**2, side**2)
    by_offset = table.reshape(2 * window - 1, 2 * window - 1, num_heads)
    places = [(row, column) for row in range(side) for column in range(side)]
    for (q, query), (k, key) in pairs(places):
        expected = by_offset[query[0] - key[0] + window - 1, query[1] - key[1] + window - 1]
        np.testing.assert_array_equal(bias[:, q, k], expected)


# --- cost -------------------------------------------------------------------------------------


def test_cost_by_hand():
    assert reference.attention_cost(2, 3, 5) == 4 * 6 * 25 + 2 * 36 * 5
    assert reference.attention_cost(4, 6, 5, window=2) == 4 * 24 * 25 + 2 * 4 * 24 * 5
    # Stage 1 of Swin-T and the same map with global attention.
    assert reference.attention_cost(56, 56, 96, window=7) == 145_108_992
    assert reference.attention_cost(56, 56, 96) == 2_003_828_736
    assert type(reference.attention_cost(4, 6, 5, 2)) is int


@pytest.mark.parametrize("window", [None, 2])
def test_cost_is_what_attention_multiplies(rng, monkeypatch, window):
    height, width, dim, num_heads = 6, 10, 15, 3
    params = {
        name: (normal(rng, dim, dim), normal(rng, dim))
        for name in ("query", "key", "value", "output")
    }
    x = normal(rng, 1, height, width, dim)
    tokens = x.reshape(1, -1, dim) if window is None else reference.window_partition(x, window)
    count, einsum = [], ops.einsum

    def counting(subscripts, left, right):
        letters = subscripts.split("->")[0].replace("...", "ab"[: len(left.shape) - 2]).split(",")
        sizes = dict(zip(letters[0], left.shape, strict=True))
        sizes |= dict(zip(letters[1], right.shape, strict=True))
        count.append(np.prod([int(size) for size in sizes.values()]))
        return einsum(subscripts, left, right)

    monkeypatch.setattr(ops, "einsum", counting)
    multi_head_attention(tokens, tokens, params, num_heads)
    assert len(count) == 6  # four projections, scores, values
    assert sum(count) == reference.attention_cost(height, width, dim, window)
