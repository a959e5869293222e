"""The colours and the plain look that all figures share."""

from matplotlib.axes import Axes

# Okabe and Ito's colours: told apart by colour-blind eyes, and dark enough on white for text.
BLUE, VERMILLION = "#0072b2", "#d55e00"
MAP = "cividis"
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
