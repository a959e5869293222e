import numpy as np

from course_utils import plots
from course_utils.plots.photos import DIMMEST, dim


def legend(artist):
    return [text.get_text() for text in artist.get_texts()]


def test_spread_draws_both_ways_with_and_without_scaling():
    widths = [2, 8, 32]
    raw = np.array([[1.0, 1.5, 0.7], [3.0, 0.5, 0.3], [6.0, 0.1, 0.1]])  # (widths, panels)
    scaled = np.array([[1.0, 1.5, 0.7], [1.1, 1.6, 0.8], [1.0, 1.5, 0.6]])
    axes = plots.spread(widths, raw, scaled)
    assert legend(axes[0].figure.legends[0]) == ["without 1/√d", "with 1/√d"]
    for panel, ax in enumerate(axes):
        drawn = [line.get_ydata().tolist() for line in ax.lines]
        assert drawn == [raw[:, panel].tolist(), scaled[:, panel].tolist()]
        assert ax.get_xscale() == "log"
        assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "8", "32"]


def test_regression():
    x, y, grid = np.array([0.0, 1.0]), np.array([2.0, 5.0]), np.linspace(0, 1, 7)
    axes = plots.regression(x, y, grid, grid + 2, grid + 3)
    assert len(axes) == 1
    drawn = {line.get_label(): line.get_ydata() for line in axes[0].lines}
    np.testing.assert_array_equal(drawn["points"], y)
    np.testing.assert_array_equal(drawn["guess"], grid + 2)
    np.testing.assert_array_equal(drawn["true curve"], grid + 3)


def test_regression_with_its_weights():
    grid, weights = np.linspace(0, 1, 7), np.random.default_rng(0).random((7, 3))
    axes = plots.regression(np.arange(3), np.arange(3), grid, grid, grid, weights)
    np.testing.assert_array_equal(axes[1].images[0].get_array(), weights)
    assert (axes[1].get_xlabel(), axes[1].get_ylabel()) == (
        "key: number of the point",
        "query: x",
    )


def field(query=(2, 3)):
    photo = np.full((5 * 4, 7 * 4, 3), 200, dtype=np.uint8)
    weights = np.arange(35.0).reshape(5, 7)
    return plots.receptive_field(photo, 4, query, weights, [1, 2])


def boxes(ax):
    return {
        box.get_label(): (box.get_x() + 0.5, box.get_y() + 0.5, box.get_width(), box.get_height())
        for box in ax.patches
    }


def test_convolutions_see_squares_round_the_query():
    axes = field()
    assert boxes(axes[0]) == {
        "1 layer": (8, 4, 12, 12),
        "2 layers": (4, 0, 20, 20),
        "query": (12, 8, 4, 4),
    }
    assert boxes(axes[1]) == {"query": (12, 8, 4, 4)}
    assert boxes(axes[2]) == {"query": (12, 8, 4, 4)}
    assert legend(axes[0].figure.legends[0]) == ["1 layer", "2 layers", "query"]


def test_the_weights_are_also_drawn_alone():
    axes = field()
    np.testing.assert_array_equal(axes[2].images[0].get_array(), np.arange(35.0).reshape(5, 7))
    assert tuple(axes[2].images[0].get_extent()) == (-0.5, 27.5, 19.5, -0.5)


def test_squares_end_at_the_edge_of_the_photo():
    axes = field(query=(0, 6))
    assert boxes(axes[0])["2 layers"] == (16, 0, 12, 12)


def test_attention_dims_the_photo_patch_by_patch():
    photo = np.full((6, 9, 3), 100, dtype=np.uint8)
    weights = np.array([[0.0, 0.5, 1.0], [1.0, 0.0, 0.25]])
    dimmed = dim(photo, weights, 3)
    middle = round(100 * (DIMMEST + (1 - DIMMEST) / 2))
    assert dimmed[1::3, 1::3, 0].tolist() == [
        [12, middle, 100],
        [100, 12, round(100 * (DIMMEST + (1 - DIMMEST) / 4))],
    ]


def test_a_photo_larger_than_its_patches_is_cropped():
    photo = np.zeros((11, 17, 3), dtype=np.uint8)
    axes = plots.receptive_field(photo, 4, (0, 0), np.ones((2, 4)), [1])
    assert [ax.images[0].get_array().shape for ax in axes] == [(8, 16, 3), (8, 16, 3), (2, 4)]
