"""One row of scores and the softmax weights it gives: bars at several temperatures, and sliders."""

from collections.abc import Sequence
from html import escape

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.palette import BLUE
from course_utils.plots.display import image
from course_utils.plots.style import tidy

STEP = 0.05  # of a slider, in powers of ten


def weigh(scores: np.ndarray, temperature: float) -> tuple[np.ndarray, float]:
    """Return the softmax of scores / temperature, and its entropy in nats.

    scores (N,) -> weights (N,), entropy.
    """
    exponents = np.asarray(scores, dtype=float) / temperature
    weights = np.exp(exponents - exponents.max())
    weights /= weights.sum()
    positive = weights[weights > 0]  # 0 · log 0 counts as 0
    return weights, abs(float(np.sum(positive * np.log(positive))))


def bars(
    values: np.ndarray,
    labels: Sequence[str],
    *,
    title: str = "",
    colors: Sequence | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one labelled bar for each value, with its number.

    values (N,), N labels, N colors.
    """
    values = np.asarray(values, dtype=float)
    if ax is None:
        ax = plt.subplots(figsize=(max(3.0, 0.7 * len(values)), 2.6), layout="constrained")[1]
    drawn = ax.bar(range(len(values)), values, color=BLUE if colors is None else colors, width=0.7)
    ax.bar_label(drawn, [f"{value:.2f}".replace("-", "−") for value in values], padding=2)
    names = [str(name) for name in labels]
    ax.set_xticks(range(len(values)), names, rotation=45 if len("".join(names)) > 40 else 0)
    ax.set_title(title)
    ax.margins(y=0.15)
    if (values < 0).any():
        ax.axhline(0, color="black", linewidth=0.8)
    return tidy(ax)


def temperature(
    scores: np.ndarray, labels: Sequence[str], temperatures: Sequence[float]
) -> np.ndarray:
    """Draw the softmax weights of one row of scores, once for each temperature.

    scores (N,), N labels -> one axes for each temperature.
    """
    width = max(2.2, 0.6 * len(labels))
    axes = plt.subplots(
        1,
        len(temperatures),
        figsize=(min(width * len(temperatures), 11), 2.8),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )[1][0]
    for ax, value in zip(axes, temperatures, strict=True):
        weights, entropy = weigh(scores, value)
        bars(weights, labels, title=f"temperature {value:g}\nentropy {entropy:.2f}", ax=ax)
    axes[0].set(ylabel="weight", ylim=(0, 1.12))
    return axes


def temperature_explorer(scores: np.ndarray, labels: Sequence[str]) -> ipywidgets.Widget:
    """Let two sliders multiply and divide one row of scores, and draw the weights that result.

    scores (N,), N labels.
    """
    scale = slider("scale", 0.1, 30, "multiplies the scores")
    heat = slider("temperature", 0.05, 20, "divides the scores")
    picture = ipywidgets.HTML()

    def redraw(change=None) -> None:
        picture.value = explain(scores, labels, scale.value, heat.value)

    scale.observe(redraw, "value")
    heat.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([scale, heat, picture])


def slider(name: str, least: float, most: float, tooltip: str) -> ipywidgets.FloatLogSlider:
    """Make a slider whose steps multiply rather than add; arrow keys move it."""
    # The browser moves a value onto the nearest step, counted from the end. Ends that are whole
    # steps leave 1 where it is.
    low, high = (round(np.log10(end) / STEP) * STEP for end in (least, most))
    return ipywidgets.FloatLogSlider(
        value=1.0,
        min=float(low),
        max=float(high),
        step=STEP,
        description=name,
        tooltip=tooltip,
        readout_format=".2f",
        style={"description_width": "90px"},
        layout={"width": "min(420px, 100%)"},
    )


def explain(scores: np.ndarray, labels: Sequence[str], scale: float, heat: float) -> str:
    """Draw the weights of scores · scale / temperature as HTML, and say them in words."""
    weights, entropy = weigh(np.asarray(scores) * scale, heat)
    # A figure of its own: pyplot would show it once more, below the sliders.
    figure = Figure(figsize=(max(3.6, 0.7 * len(labels)), 2.6), layout="constrained")
    ax = bars(weights, labels, ax=figure.subplots())
    ax.set(ylabel="weight", ylim=(0, 1.12))
    largest = int(weights.argmax())
    words = (
        f"Entropy {entropy:.2f} of at most {np.log(len(weights)):.2f}. "
        f"Largest weight {weights[largest]:.2f}, for “{escape(str(labels[largest]))}”."
    )
    pairs = zip(labels, weights, strict=True)
    alt = "Bars of the weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in pairs)
    return f'{image(figure, alt)}<p style="margin:4px 0">{words}</p>'
