"""Matrices as heat maps, with their numbers where these can be read."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from course_utils.palette import VERMILLION
from course_utils.plots.style import EMPTY, MAP, SIGNED_MAP

MOST_NUMBERS = 64
WIDEST, LABELS, BAR = 11, 1.1, 0.7  # inches: of a figure, of what stands round a panel
HIDDEN, MAY_ATTEND = "#00224e", "#fde737"  # the two ends of the map


def heatmap(
    array: np.ndarray,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    title: str = "",
    row_label: str = "",
    column_label: str = "",
    numbers: bool | None = None,
    limits: tuple[float, float] | None = None,
    bar: bool = True,
    signed: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix as colours; NaN is a cross, and a boolean matrix has two colours.

    array (rows, columns) or (columns,). numbers: write them into the cells; None means where
    there are at most 64. limits: the values at the two ends of the colours.
    bar: a colour bar beside it, where no numbers are written.
    signed: white is 0, one colour stands for what is below it and one for what is above.
    """
    array = np.atleast_2d(np.asarray(array))
    if numbers is None:
        numbers = array.size <= MOST_NUMBERS
    if ax is None:
        size = panel_size(array, numbers, rows)
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    if array.dtype == bool:
        draw_mask(ax, array)
    else:
        draw_values(ax, array, numbers, limits, bar, signed)
    label(ax, array.shape, rows, columns)
    ax.set(title=title, xlabel=column_label, ylabel=row_label)
    return ax


def heatmaps(arrays: Sequence[np.ndarray], titles: Sequence[str], **same) -> np.ndarray:
    """Draw matrices side by side; what `heatmap` takes by name holds for all of them.

    With `limits` the colours mean the same in all of them: then one colour bar serves the row.
    """
    one_bar = same.get("numbers") is False and same.get("limits") is not None
    shapes = [np.atleast_2d(array) for array in arrays]
    sizes = [panel_size(array, same.get("numbers"), same.get("rows")) for array in shapes]
    spared = BAR * (len(sizes) - 1) if one_bar else 0
    width, height = sum(width for width, _ in sizes) - spared, max(height for _, height in sizes)
    fitting = min(1, WIDEST / width)  # narrower panels are lower, too
    figure = plt.figure(
        figsize=(width * fitting, (height - LABELS) * fitting + LABELS), layout="constrained"
    )
    widths = [width for width, _ in sizes]
    axes = figure.subplots(1, len(shapes), squeeze=False, width_ratios=widths)[0]
    for ax, array, title in zip(axes, shapes, titles, strict=True):
        heatmap(array, title=title, ax=ax, bar=not one_bar, **same)
    if one_bar:
        figure.colorbar(axes[-1].images[0], ax=list(axes), shrink=0.8)
    return axes


def panel_size(array: np.ndarray, numbers: bool | None, rows) -> tuple[float, float]:
    """Inches for a matrix and its labels: enough for numbers, or for a look at the whole."""
    if numbers is None:
        numbers = array.size <= MOST_NUMBERS
    cell = 0.52 if numbers else min(0.4, 3.2 / max(array.shape))
    margin = 0.09 * max((len(str(row)) for row in rows), default=0) if rows is not None else 0
    bar = 0 if numbers or array.dtype == bool else BAR
    width, height = array.shape[1] * cell + 0.9 + margin + bar, array.shape[0] * cell + LABELS
    return min(max(width, 2.6), 10), min(max(height, 1.7), 8)


def draw_mask(ax: Axes, mask: np.ndarray) -> None:
    """Draw a boolean matrix, with the meaning of its two colours below."""
    ax.imshow(mask, cmap=ListedColormap([HIDDEN, MAY_ATTEND]), vmin=0, vmax=1)
    separate(ax, mask.shape)
    meanings = [
        Patch(facecolor=MAY_ATTEND, edgecolor="#555555", label="True: may attend"),
        Patch(facecolor=HIDDEN, edgecolor="#555555", label="False: hidden"),
    ]
    if not ax.figure.legends:  # one for all panels of a figure
        ax.figure.legend(handles=meanings, loc="outside lower center", frameon=False)


def draw_values(
    ax: Axes, array: np.ndarray, numbers: bool, limits, bar: bool, signed: bool
) -> None:
    """Draw a matrix of numbers, with the numbers in the cells or a scale beside it."""
    values = array.astype(float)
    finite = values[np.isfinite(values)]
    low, high = limits or ((finite.min(), finite.max()) if finite.size else (0.0, 1.0))
    if signed:
        high = max(abs(low), abs(high))
        low = -high
    colours = plt.get_cmap(SIGNED_MAP if signed else MAP).with_extremes(bad=EMPTY)
    picture = ax.imshow(
        np.ma.masked_invalid(values), cmap=colours, vmin=low, vmax=high, interpolation="nearest"
    )
    rows, columns = np.nonzero(np.isnan(values))
    ax.scatter(columns, rows, marker="x", s=60, linewidths=2, color=VERMILLION)
    if not numbers:
        if bar:
            ax.figure.colorbar(picture, ax=ax, shrink=0.8)
        return
    separate(ax, array.shape)
    decimals = 0 if (finite == finite.round()).all() else 2
    for (row, column), value in np.ndenumerate(array):
        if np.isnan(values[row, column]):
            continue
        dark = abs(value) > 0.6 * high if signed else value < (low + high) / 2
        dark = np.isfinite(value) and dark
        ax.text(
            column, row, number(value, decimals),
            ha="center", va="center", color="white" if dark else "black",
        )  # fmt: skip


def number(value: float, decimals: int) -> str:
    """Write a number in at most six characters where that is possible."""
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}" if abs(value) < 99.995 else f"{value:.3g}"
    return text[1:] if text in ("-0", "-0.00") else text.replace("-", "−")


def separate(ax: Axes, shape: tuple[int, ...]) -> None:
    """Draw thin lines between the cells."""
    ax.set_xticks(np.arange(shape[1] + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(shape[0] + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)


def label(ax: Axes, shape: tuple[int, ...], rows, columns) -> None:
    """Name rows and columns; without names they are numbered from 0."""
    if rows is not None:
        ax.set_yticks(range(shape[0]), [str(row) for row in rows])
    elif shape[0] <= 12:
        ax.set_yticks(range(shape[0]))
    if columns is not None:
        names = [str(column) for column in columns]
        turned = max(map(len, names), default=0) > 5 and len(names) > 2
        ax.set_xticks(range(shape[1]), names, rotation=45 if turned else 0)
        if turned:
            plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
    elif shape[1] <= 12:
        ax.set_xticks(range(shape[1]))
