"""The explorers of positions: what the sliders draw, and a page that can be clicked on."""

import base64
import html
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import plots


def encoding(length=300, dim=6):
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim)


def test_waves_draw_a_sine_and_its_cosine():
    table = encoding()
    ax = plots.waves(plt.subplots()[1], table, 2)
    drawn = [line.get_ydata() for line in ax.lines]
    np.testing.assert_array_equal(drawn, [table[:, 4], table[:, 5]])


def test_sliders_reach_every_pair_and_every_length():
    length, pair, picture = plots.sinusoid_explorer(encoding()).children
    assert (length.min, length.max, length.value) == (4, 256, 64)
    assert (pair.min, pair.max, pair.value) == (0, 2, 0)
    assert "one turn takes 6.3 positions; in 64 positions it goes round 10 times" in picture.value


def test_moving_a_slider_draws_anew():
    length, pair, picture = plots.sinusoid_explorer(encoding()).children
    before = picture.value
    pair.value = 1
    middle = picture.value
    assert before != middle
    assert "Pair 1: one turn takes 135.4 positions" in middle
    length.value = 200
    assert middle != picture.value
    assert 'alt="Pair 1' in picture.value


def test_maps_of_similarity_mark_their_place():
    similarity = np.arange(36.0).reshape(6, 6)
    axes = plots.similarity_maps(similarity, (2, 3), [(0, 0), (1, 2)])
    np.testing.assert_array_equal(axes[1].images[0].get_array(), similarity[5].reshape(2, 3))
    (ring,) = axes[1].lines
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (2, 1)
    assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim() == (0, 35)


def page_data(view):
    page = html.unescape(re.search(r'srcdoc="([^"]*)"', view.data)[1])
    return page, json.loads(re.search(r"const data = (\{.*\}), cell", page)[1])


def test_the_page_to_click_on_carries_every_map():
    similarity = np.linspace(-1, 1, 36).reshape(6, 6)
    page, data = page_data(plots.similarity_explorer(similarity, (2, 3), title="how alike"))
    levels = np.frombuffer(base64.b64decode(data["levels"]), "uint8").reshape(6, 6)
    back = data["low"] + (data["high"] - data["low"]) * levels / 255
    np.testing.assert_allclose(back, similarity, atol=1 / 255)
    assert (data["height"], data["width"], len(data["colours"])) == (2, 3, 256)
    assert "http" not in page


def test_a_title_cannot_end_the_script():
    title = 'a </script> "b"'
    page, data = page_data(plots.similarity_explorer(np.eye(2), (1, 2), title=title))
    assert data["title"] == title
    assert page.count("</script>") == 1


def test_similarities_of_another_grid_are_refused():
    with pytest.raises(ValueError, match=r"2 by 3 has 6 places.*\(5, 5\)"):
        plots.similarity_explorer(np.eye(5), (2, 3), title="how alike")
