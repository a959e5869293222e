"""Maps of tokens in the colours of their windows."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from course_utils.plots.style import image_axes

# Okabe and Ito's colours, mixed with white, then four more: black numbers can be read on them all.
TINTS = (
    "#9ad1f2", "#f2c773", "#7fcbb0", "#e5a9c9", "#f5ee8c", "#7fb3d8", "#eaa27a", "#c4c4c4",
    "#b9a6ea", "#bfd96a", "#c79f7d", "#f2f0ea",
)  # fmt: skip


def window_map(
    groups: np.ndarray,
    window: int | None = None,
    *,
    numbers: np.ndarray | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the tokens of a map, one colour for each group, with black lines round the windows.

    groups (H, W) whole numbers, window M or None for no lines, numbers (H, W) to write into the
    tokens.
    """
    groups = np.asarray(groups).astype(int)
    height, width = groups.shape
    if ax is None:
        ax = plt.subplots(figsize=(0.4 * width + 0.3, 0.4 * height + 0.6), layout="constrained")[1]
    colours = ListedColormap(TINTS)
    ax.imshow(groups % len(TINTS), cmap=colours, vmin=-0.5, vmax=len(TINTS) - 0.5)
    ax.set_xticks(np.arange(1, width) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, height) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="both", length=0)
    image_axes(ax)
    if window is not None:
        outline(ax, height, width, window)
    if numbers is not None:
        for (row, column), number in np.ndenumerate(np.asarray(numbers)):
            ax.text(column, row, str(number), ha="center", va="center", fontsize=8)
    ax.set_title(title)
    return ax


def outline(ax: Axes, height: int, width: int, window: int) -> None:
    """Draw black lines round the windows of a map, or of a picture of that many pixels."""
    for row in range(0, height + 1, window):
        ax.plot([-0.5, width - 0.5], 2 * [row - 0.5], color="black", linewidth=2, clip_on=False)
    for column in range(0, width + 1, window):
        ax.plot(2 * [column - 0.5], [-0.5, height - 0.5], color="black", linewidth=2, clip_on=False)
