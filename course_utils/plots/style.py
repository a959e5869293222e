"""The plain look that all figures share; `palette` has the colours of lines and marks."""

from matplotlib.axes import Axes

MAP = "cividis"
SIGNED_MAP = "PuOr_r"  # white is 0
EMPTY = "#e8e8e8"  # where there is no number to colour
DPI = 100


def tidy(ax: Axes) -> Axes:
    """Take away the two lines of the frame that carry no scale."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def image_axes(ax: Axes) -> Axes:
    """Take away ticks and frame, which say nothing about a photo."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax
