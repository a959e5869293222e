"""Sinusoidal encodings: the whole table, one pair of columns as waves, and sliders for both."""

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_utils.palette import BLUE, VERMILLION
from course_utils.plots.display import image
from course_utils.plots.style import MAP, tidy

HIGH = 256  # the longest sequence the slider reaches


def waves(ax: Axes, encoding: np.ndarray, pair: int) -> Axes:
    """Draw one pair of columns, a sine and its cosine, against the position.

    encoding (N, D), pair from 0 to D/2 - 1.
    """
    encoding = np.asarray(encoding)
    for column, name, colour in [(2 * pair, "sine", BLUE), (2 * pair + 1, "cosine", VERMILLION)]:
        ax.plot(encoding[:, column], color=colour, label=f"{name}, column {column}")
    ax.set(xlabel="position", ylim=(-1.1, 1.6))
    ax.legend(loc="upper right", frameon=False, fontsize=8, ncols=2)  # above the waves
    return tidy(ax)


def sinusoid_explorer(encoding: np.ndarray) -> ipywidgets.Widget:
    """Let two sliders choose the length of a sequence and a pair of columns, and draw both.

    encoding (at least 256, D): sine and cosine in turn.
    """
    encoding = np.asarray(encoding)[:HIGH]
    count, dim = encoding.shape
    length = slider("length", 4, count, min(64, count), "positions that are drawn")
    pair = slider("pair", 0, dim // 2 - 1, 0, "which sine and cosine")
    picture = ipywidgets.HTML()

    def redraw(change=None) -> None:
        picture.value = explain(encoding[: length.value], pair.value)

    length.observe(redraw, "value")
    pair.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([length, pair, picture])


def slider(name: str, least: int, most: int, value: int, tooltip: str) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value=value,
        min=least,
        max=most,
        description=name,
        tooltip=tooltip,
        continuous_update=False,
        style={"description_width": "90px"},
        layout={"width": "min(420px, 100%)"},
    )


def explain(encoding: np.ndarray, pair: int) -> str:
    """Draw a table with one pair of columns marked, and its waves, as HTML with words."""
    length, dim = encoding.shape
    turn = 2 * np.pi * 10000 ** (2 * pair / dim)
    figure = Figure(figsize=(8, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 2])
    left.imshow(encoding, cmap=MAP, aspect="auto", vmin=-1, vmax=1, interpolation="nearest")
    # A mark above the table: on it, it would hide what it marks.
    left.plot(2 * pair + 0.5, -0.02 * length - 0.5, "v", color=VERMILLION, clip_on=False)
    left.set(xlabel="feature", ylabel="position", ylim=(length - 0.5, -0.5))
    for axis in (left.yaxis, right.xaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    waves(right, encoding, pair)
    words = (
        f"Pair {pair}: one turn takes {turn:,.1f} positions; in {length} positions it goes round "
        f"{length / turn:.2g} times."
    )
    return f'{image(figure, words)}<p style="margin:4px 0">{words}</p>'
