"""Curves: what a width does to the scores, a regression made of attention, and a training."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.learning_curves import draw_learning_curves
from course_utils.palette import BLUE, VERMILLION
from course_utils.plots.style import MAP, tidy


def spread(widths: Sequence[int], raw: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """Draw the spread of the scores, and entropy and slope of their softmax, against the width d.

    raw and scaled (number of widths, 3), without and with the division by √d -> three axes.
    """
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
    titles = ["spread of the scores", "entropy of the weights", "slope of the softmax"]
    for ax, title, before, after in zip(axes, titles, raw.T, scaled.T, strict=True):
        ax.plot(widths, before, "o--", color=VERMILLION, label="without 1/√d")
        ax.plot(widths, after, "o-", color=BLUE, label="with 1/√d")
        ax.set_xscale("log", base=2)
        named = widths[:: 2 if len(widths) > 7 else 1]
        ax.set_xticks(named, [str(width) for width in named])
        ax.minorticks_off()
        ax.set(title=title, xlabel="width d")
        ax.set_ylim(bottom=0)
        tidy(ax)
    names = axes[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=2, frameon=False)
    return axes


def regression(
    x: np.ndarray,
    y: np.ndarray,
    grid: np.ndarray,
    guess: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Draw points, the true curve and a guess; with weights, a map of them beside.

    x, y (N,); grid, guess, truth (M,); weights (M, N) -> one axes, or two.
    """
    panels = 1 if weights is None else 2
    axes = plt.subplots(
        1, panels, figsize=(4.8 * panels, 3.4), squeeze=False, layout="constrained"
    )[1][0]
    axes[0].plot(grid, truth, "--", color="black", linewidth=1.2, label="true curve")
    axes[0].plot(grid, guess, color=VERMILLION, linewidth=2, label="guess")
    axes[0].plot(x, y, "o", color=BLUE, markersize=5, label="points")
    axes[0].set(xlabel="x", ylabel="y", title="points and guess")
    axes[0].legend(frameon=False)
    tidy(axes[0])
    if weights is not None:
        draw_weights(axes[1], grid, np.asarray(weights))
    return axes


def draw_weights(ax: Axes, grid: np.ndarray, weights: np.ndarray) -> None:
    """Draw one row of weights for each place of the grid, smallest x on top."""
    count = weights.shape[1]
    picture = ax.imshow(
        weights, cmap=MAP, aspect="auto", interpolation="nearest", vmin=0,
        extent=(-0.5, count - 0.5, grid[-1], grid[0]),
    )  # fmt: skip
    ax.set(xlabel="key: number of the point", ylabel="query: x", title="weights")
    ax.figure.colorbar(picture, ax=ax)


def learning_curves(
    histories: Mapping[str, Mapping[str, list[float]]], panels: Mapping[str, str]
) -> np.ndarray:
    """Draw trainings, dashed on the images they learn from and solid on new ones.

    histories and panels as in `draw_learning_curves` -> one axes for each panel.
    """
    figure = plt.figure(figsize=(3.3 * len(panels), 2.9), layout="constrained")
    return draw_learning_curves(figure, histories, panels)
