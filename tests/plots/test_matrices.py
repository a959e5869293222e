import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import plots
from course_utils.plots.matrices import number


def texts(ax):
    return [text.get_text() for text in ax.texts]


def ticks(labels):
    return [label.get_text() for label in labels]


def test_draws_the_numbers_it_was_given():
    array = np.arange(6.0).reshape(2, 3) / 4
    ax = plots.heatmap(array, rows=["a", "b"], columns=["x", "y", "z"], title="scores")
    np.testing.assert_array_equal(ax.images[0].get_array(), array)
    assert texts(ax) == ["0.00", "0.25", "0.50", "0.75", "1.00", "1.25"]
    assert ticks(ax.get_yticklabels()) == ["a", "b"]
    assert ticks(ax.get_xticklabels()) == ["x", "y", "z"]
    assert ax.get_title() == "scores"


def test_labels_the_axes():
    ax = plots.heatmap(np.eye(3), row_label="query", column_label="key")
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("query", "key")


@pytest.mark.parametrize("shape, written", [((8, 8), True), ((5, 13), False)])
def test_large_matrices_have_a_scale_instead_of_numbers(shape, written):
    ax = plots.heatmap(np.ones(shape))
    assert bool(ax.texts) == written
    assert len(ax.figure.axes) == (1 if written else 2)


def test_numbers_can_be_switched():
    assert not plots.heatmap(np.eye(2), numbers=False).texts
    assert len(plots.heatmap(np.eye(11), numbers=True).texts) == 121


def test_a_nan_is_a_cross_without_a_number():
    array = np.array([[1.0, 2.0, np.nan], [3.0, -np.inf, 5.0]])
    ax = plots.heatmap(array)
    assert ax.collections[0].get_offsets().tolist() == [[2, 0]]
    assert texts(ax) == ["1", "2", "3", "−∞", "5"]


def test_nothing_but_nan_still_draws():
    ax = plots.heatmap(np.full((2, 3), np.nan))
    ax.figure.canvas.draw()
    assert len(ax.collections[0].get_offsets()) == 6


def test_a_mask_says_what_its_two_colours_mean():
    mask = np.tril(np.ones((3, 3), dtype=bool))
    ax = plots.heatmap(mask)
    np.testing.assert_array_equal(ax.images[0].get_array(), mask)
    meanings = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert meanings == ["True: may attend", "False: hidden"]


def test_side_by_side():
    arrays = [np.zeros((2, 3)), np.ones((2, 5)), np.ones((2, 2), dtype=bool)]
    axes = plots.heatmaps(arrays, ["one", "two", "three"], rows=["a", "b"])
    assert [ax.get_title() for ax in axes] == ["one", "two", "three"]
    assert [ax.images[0].get_array().shape for ax in axes] == [(2, 3), (2, 5), (2, 2)]
    assert all(ticks(ax.get_yticklabels()) == ["a", "b"] for ax in axes)
    assert len(axes[0].figure.legends) == 1


def test_side_by_side_needs_a_title_each():
    with pytest.raises(ValueError):
        plots.heatmaps([np.eye(2), np.eye(3)], ["one"])


def test_shared_limits():
    axes = plots.heatmaps([np.eye(2), 2 * np.eye(2)], ["a", "b"], limits=(0, 2))
    assert [ax.images[0].get_clim() for ax in axes] == [(0, 2), (0, 2)]


def test_one_colour_bar_serves_a_row_whose_colours_mean_the_same():
    pair = [np.eye(2), np.eye(2)]
    alike = plots.heatmaps(pair, ["a", "b"], numbers=False, limits=(0, 1))
    assert len(alike[0].figure.axes) == 3
    apart = plots.heatmaps(pair, ["a", "b"], numbers=False)
    assert len(apart[0].figure.axes) == 4


def test_draws_into_given_axes():
    ax = plt.subplots()[1]
    assert plots.heatmap([0.2, 0.8], ax=ax) is ax
    assert ax.images[0].get_array().shape == (1, 2)


@pytest.mark.parametrize(
    "value, decimals, text",
    [
        (-0.001, 2, "0.00"),
        (-2.5, 2, "−2.50"),
        (-7.0, 0, "−7"),
        (-0.0, 0, "0"),
        (1234.5, 2, "1.23e+03"),
        (np.inf, 2, "∞"),
    ],
)
def test_number(value, decimals, text):
    assert number(value, decimals) == text


def test_whole_numbers_are_written_without_decimals():
    assert texts(plots.heatmap([[1.0, -3.0], [0.0, np.inf]])) == ["1", "−3", "0", "∞"]


def test_two_signs_have_white_between_them():
    ax = plots.heatmap([[-0.1, 0.0, 0.5]], signed=True)
    assert ax.images[0].get_clim() == (-0.5, 0.5)
    assert min(ax.images[0].to_rgba(0.0)[:3]) > 0.9
    assert [text.get_color() for text in ax.texts] == ["black", "black", "white"]
