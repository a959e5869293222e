"""A Perceiver's plan, and what each of its latents looks at."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from course_utils.palette import BLUE, VERMILLION
from course_utils.plots.photos import dim
from course_utils.plots.style import image_axes


def latent_maps(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Draw an image, and for each look (a row) and latent (a column) what of it is attended to.

    image (H, W, 3) uint8, weights (looks, L, H, W) -> axes (looks, 1 + L). Bright is a large
    weight: brightness goes with its square root, so that small ones are seen too.
    """
    weights = np.asarray(weights, dtype=float)
    looks, count = weights.shape[:2]
    size = (min(1.1 * count + 1.5, 11), 1.25 * looks + 0.3)
    axes = plt.subplots(looks, 1 + count, figsize=size, squeeze=False, layout="constrained")[1]
    for look, column in np.ndindex(axes.shape):
        ax = image_axes(axes[look, column])
        if column == 0:
            ax.imshow(image)
            ax.set_ylabel(f"look {look + 1}")
        else:
            ax.imshow(dim(image, np.sqrt(weights[look, column - 1]), 1))
        if look == 0:
            ax.set_title(f"latent {column - 1}" if column else "picture", fontsize="small")
    return axes


def perceiver_plan(looks: int) -> Axes:
    """Draw how data and latents meet: a number of looks, each with a latent transformer behind."""
    ax = plt.subplots(figsize=(1.5 + 2.9 * looks, 2.5), layout="constrained")[1]
    box(ax, -0.75, 0, "latents\nL × D", "#dddddd")
    for look in range(looks):
        left = 0.75 + 2.6 * look
        box(ax, left, 0, "cross-\nattention", VERMILLION)
        box(ax, left + 1.3, 0, "latent\ntransformer", BLUE)
        arrow(ax, (left, 0.95), (left, 0.42), "keys,\nvalues")
        arrow(ax, (left - (0.8 if look else 0.98), 0), (left - 0.5, 0))
        arrow(ax, (left + 0.5, 0), (left + 0.8, 0))
    end = 0.75 + 2.6 * looks
    arrow(ax, (end - 0.8, 0), (end - 0.45, 0))
    ax.text(end - 0.4, 0, "mean,\nthen classes", va="center")
    bar = FancyBboxPatch((0.3, 1), 2.6 * looks - 1.7, 0.5, boxstyle="round,pad=0.02")
    bar.set(facecolor="#dddddd", edgecolor="#555555")
    ax.add_patch(bar)
    ax.text(0.3 + 1.3 * looks - 0.85, 1.25, "data: N tokens", ha="center", va="center")
    middle = (end - 0.55) / 2
    words = "every look, and every thought: the same weights"
    ax.text(middle, -0.6, words, ha="center", fontsize="small")
    ax.set(xlim=(-1.3, end + 0.75), ylim=(-0.65, 1.6))
    ax.axis("off")
    return ax


def box(ax: Axes, x: float, y: float, words: str, colour: str) -> None:
    """Draw a box round a centre, with words in it."""
    drawn = FancyBboxPatch((x - 0.47, y - 0.35), 0.94, 0.7, boxstyle="round,pad=0.02")
    drawn.set(facecolor=colour, edgecolor="#555555")
    ax.add_patch(drawn)
    text = "black" if colour == "#dddddd" else "white"
    ax.text(x, y, words, ha="center", va="center", color=text, fontsize="small")


def arrow(ax: Axes, start, end, words: str = "") -> None:
    """Draw an arrow, with words at its right."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "#555555"})
    if words:
        middle = np.mean([start, end], axis=0)
        ax.text(middle[0] + 0.06, middle[1], words, va="center", fontsize="small")
