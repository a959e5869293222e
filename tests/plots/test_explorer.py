import re

import numpy as np
import pytest

from course_utils import plots
from course_utils.plots.explorer import weigh


def heights(ax):
    return [bar.get_height() for bar in ax.patches]


def test_weights_and_entropy_by_hand():
    weights, entropy = weigh(np.array([0.0, np.log(3.0)]), 1.0)
    np.testing.assert_allclose(weights, [0.25, 0.75])
    assert entropy == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75))


def test_temperature_divides_the_scores():
    np.testing.assert_allclose(weigh(np.array([0.0, 2.0]), 2.0)[0], weigh([0.0, 1.0], 1.0)[0])


def test_huge_scores_stay_finite():
    weights, entropy = weigh(np.array([1e6, 0.0, -1e6]), 0.05)
    assert weights.tolist() == [1, 0, 0]
    assert entropy == 0


def test_bars():
    ax = plots.bars([0.5, -1.25], ["cat", "mat"], title="scores")
    assert heights(ax) == [0.5, -1.25]
    assert [text.get_text() for text in ax.texts] == ["0.50", "−1.25"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "mat"]


def test_bars_in_colours_of_their_own():
    colors = np.array([[0.8, 0.1, 0.1], [0.4, 0.1, 0.5]])
    ax = plots.bars([1, 2], ["apple", "plum"], colors=colors)
    np.testing.assert_allclose([bar.get_facecolor()[:3] for bar in ax.patches], colors)


def test_one_panel_a_temperature():
    scores = np.array([2.0, 1.0, -1.0])
    axes = plots.temperature(scores, ["a", "b", "c"], [0.5, 1, 7])
    for ax, heat in zip(axes, [0.5, 1, 7], strict=True):
        weights, entropy = weigh(scores, heat)
        np.testing.assert_allclose(heights(ax), weights)
        assert ax.get_title() == f"temperature {heat:g}\nentropy {entropy:.2f}"


def parts(explorer):
    scale, heat, picture = explorer.children
    return scale, heat, picture


def test_explorer_has_two_labelled_sliders():
    scale, heat, _ = parts(plots.temperature_explorer([1.0, 2.0], ["a", "b"]))
    assert (scale.description, heat.description) == ("scale", "temperature")
    for slider, least, most in [(scale, 0.1, 30), (heat, 0.05, 20)]:
        assert 10**slider.min == pytest.approx(least, rel=0.06)
        assert 10**slider.max == pytest.approx(most, rel=0.06)
        assert -slider.min / slider.step == pytest.approx(round(-slider.min / slider.step))
    assert scale.value == heat.value == 1


def test_moving_a_slider_redraws_and_rewords():
    scale, heat, picture = parts(plots.temperature_explorer([0.0, 1.0], ["left", "right"]))
    before = picture.value
    assert "Largest weight 0.73, for “right”" in before
    scale.value = 3
    assert "Largest weight 0.95" in picture.value
    heat.value = 3
    assert "Largest weight 0.73" in picture.value
    assert before.count("<img") == picture.value.count("<img") == 1
    alt = re.search('alt="([^"]+)"', picture.value)[1]
    assert alt == "Bars of the weights: left 0.27, right 0.73"


def test_labels_cannot_break_the_page():
    _, _, picture = parts(plots.temperature_explorer([0.0, 1.0], ["<s>", "<b>"]))
    assert "<b>" not in picture.value
