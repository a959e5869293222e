"""Maps of tokens in the colours of their windows."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from course_utils import plots
from course_utils.plots.window_maps import TINTS


def test_each_group_has_a_colour_and_each_token_its_number():
    groups = np.arange(6).reshape(2, 3) // 2
    ax = plots.window_map(groups, numbers=10 + np.arange(6).reshape(2, 3), title="tokens")
    drawn = ax.images[0].get_array()
    assert np.array_equal(drawn, groups)
    assert [text.get_text() for text in ax.texts] == ["10", "11", "12", "13", "14", "15"]
    assert ax.get_title() == "tokens"


def test_lines_stand_where_windows_meet():
    ax = plots.window_map(np.zeros((4, 6)), 2)
    lines = {tuple(map(tuple, line.get_xydata())) for line in ax.lines}
    assert len(lines) == 3 + 4  # across, and down
    assert ((-0.5, 1.5), (5.5, 1.5)) in lines and ((3.5, -0.5), (3.5, 3.5)) in lines


def test_more_groups_than_colours_begin_again():
    ax = plots.window_map(np.arange(14).reshape(2, 7))
    assert ax.images[0].get_array().max() == len(TINTS) - 1
    assert not ax.lines


def test_a_map_is_drawn_into_the_axes_given():
    ax = plt.subplots()[1]
    assert plots.window_map(np.zeros((2, 2)), 2, ax=ax) is ax


def test_black_numbers_can_be_read_on_every_colour():
    for tint in TINTS:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                            for c in to_rgb(tint))  # fmt: skip
        brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert (brightness + 0.05) / 0.05 > 7  # WCAG's enhanced contrast
