"""Two-dimensional vectors as arrows."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.plots.style import LINES, tidy

DASHES = ("solid", "dashed", "dashdot", "dotted")


def scatter_vectors(
    vectors: np.ndarray,
    labels: Sequence[str],
    *,
    groups: Sequence[int] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw vectors as labelled arrows from the origin, groups told apart by colour and dashes.

    vectors (N, 2), N labels, N group numbers from 0.
    """
    vectors = np.asarray(vectors, dtype=float)
    groups = [0] * len(vectors) if groups is None else groups
    if ax is None:
        ax = plt.subplots(figsize=(3.6, 3.6), layout="constrained")[1]
    reach = 1.5 * max(np.abs(vectors).max(), np.finfo(float).tiny)
    ax.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    ax.axvline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    for vector, name, group in zip(vectors, labels, groups, strict=True):
        colour, dash = LINES[group % len(LINES)], DASHES[group % len(DASHES)]
        ax.annotate(
            "",
            xy=vector,
            xytext=(0, 0),
            arrowprops={
                "arrowstyle": "->", "color": colour, "linewidth": 2, "linestyle": dash,
                "shrinkA": 0, "shrinkB": 0,
            },
        )  # fmt: skip
        across, up = vector / max(np.linalg.norm(vector), np.finfo(float).tiny)
        side = "center" if abs(across) < 0.5 else ("left" if across > 0 else "right")
        ax.annotate(
            str(name), vector, (5 * across, 11 * up), textcoords="offset points", color=colour,
            ha=side, va="center", weight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    ax.set(title=title, xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    return tidy(ax)
