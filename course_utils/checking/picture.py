"""The picture in a Report: expected beside yours, and where they differ. SVG, drawn by hand,
because a check has 0.3 seconds and a figure library takes longer."""

import math
from dataclasses import dataclass
from html import escape

import numpy as np

from course_utils.palette import DIFFERENT, SCALE

CELL, GAP, TOP, MOST = 15, 34, 40, 16
WITH_NUMBERS, FEW = 34, 8  # the side of a cell that holds a number, and how many fit beside another
COLOURS = [tuple(bytes.fromhex(colour.lstrip("#"))) for colour in SCALE]


@dataclass(frozen=True)
class Picture:
    """A drawing and the words for those who cannot see it."""

    svg: str
    alt: str


def draw(name: str, axes: str, expected: np.ndarray, got: np.ndarray, tolerance: float) -> Picture:
    """Draw two arrays as grids of colour, and a third that marks where they differ.

    Of arrays with more than two axes, the slice with the largest difference is shown; of large
    ones, the first corner.
    """
    same_shape = expected.shape == got.shape
    where = worst_slice(expected, got) if same_shape else None
    left, right = (flat(array, where)[:MOST, :MOST] for array in (expected, got))
    finite = np.concatenate([grid[np.isfinite(grid)] for grid in (left, right)])
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    few = max(left.shape + right.shape) <= FEW
    panels = [
        panel("expected", expected.shape, left, low, high, numbers=few),
        panel("yours", got.shape, right, low, high, numbers=few),
    ]
    alt = f"{name}: expected shape {expected.shape}, yours {got.shape}."
    if same_shape:
        with np.errstate(all="ignore"):
            gap = ~(np.abs(left - right) <= tolerance)
        panels.append(panel("difference", None, gap.astype(float), 0, 1, marks=gap, numbers=few))
        alt += f" {int(gap.sum())} of the {gap.size} entries shown differ."
    title = f"{name} ({axes})" if axes else name
    if where:
        title += f", at [{', '.join(map(str, where))}]"
    return Picture(svg=place(title, panels), alt=alt)


def worst_slice(expected: np.ndarray, got: np.ndarray) -> tuple[int, ...]:
    """The leading indices where two arrays of one shape differ most."""
    if expected.ndim <= 2:
        return ()
    if expected.size == 0:
        return (0,) * (expected.ndim - 2)
    with np.errstate(all="ignore"):
        gap = np.abs(got.astype(float) - expected.astype(float))
    gap[~np.isfinite(got)] = np.inf
    return tuple(int(i) for i in np.unravel_index(gap.argmax(), gap.shape)[:-2])


def flat(array: np.ndarray, where: tuple[int, ...] | None) -> np.ndarray:
    """A two-dimensional view of an array, at the given or at the first leading indices."""
    array = np.atleast_2d(array).astype(float)
    if array.size == 0:  # nothing to show, and perhaps no first index
        return array.reshape(0, 0)
    return array[(0,) * (array.ndim - 2) if where is None else where]


def panel(title: str, shape, grid: np.ndarray, low: float, high: float, marks=None, numbers=False):
    """One grid as (width, height, SVG). numbers: write them into the cells."""
    rows, columns = grid.shape
    side = WITH_NUMBERS if numbers else CELL
    parts = [f'<text x="0" y="-20" font-weight="bold">{title}</text>']
    if shape is not None:
        parts.append(f'<text x="0" y="-6">{escape(str(tuple(shape)))}</text>')
    for row in range(rows):
        for column in range(columns):
            value = grid[row, column]
            if marks is not None:
                fill = DIFFERENT if marks[row, column] else "#eeeeee"
            else:
                fill = colour(value, low, high)
            x, y = column * side, row * side
            parts.append(
                f'<rect x="{x}" y="{y}" width="{side - 1}" height="{side - 1}" fill="{fill}"/>'
            )
            if numbers and marks is None and np.isfinite(value):
                parts.append(
                    f'<text x="{x + side // 2}" y="{y + side // 2 + 4}" text-anchor="middle" '
                    f'fill="{ink(fill)}">{short(value)}</text>'
                )
            if not np.isfinite(value):
                parts.append(
                    f'<path d="M{x + 3} {y + 3}l8 8m0-8l-8 8" stroke="{DIFFERENT}" '
                    'stroke-width="2"/>'
                )
    width = max(columns * side, 8 * len(title), 7 * len(str(shape)) if shape is not None else 0)
    return width, rows * side, "".join(parts)


def short(value: float) -> str:
    """A number in five places at most."""
    return f"{value:.2g}" if len(f"{value:.2g}") <= 5 else f"{value:.0e}"


def ink(fill: str) -> str:
    """Black or white, whichever is read better on a colour."""
    red, green, blue = bytes.fromhex(fill[1:])
    return "black" if 0.3 * red + 0.6 * green + 0.1 * blue > 130 else "white"


def colour(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "#ffffff"
    # Quarters, because the whole span may be larger than the largest number there is.
    value, low, high = float(value) / 4, float(low) / 4, float(high) / 4
    place = (value - low) / (high - low) * 4 if high > low else 2.0
    first = int(min(place, 3))
    here, there, part = COLOURS[first], COLOURS[first + 1], place - first
    mixed = (round(a + (b - a) * part) for a, b in zip(here, there, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def place(title: str, panels: list) -> str:
    """Put panels side by side under a title."""
    x, parts = 8, []
    for width, _, body in panels:
        parts.append(f'<g transform="translate({x},{TOP + 22})">{body}</g>')
        x += width + GAP
    width = max(x - GAP + 8, 8 * len(title) + 16)
    height = TOP + 22 + max(panel_height for _, panel_height, _ in panels) + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="8" y="18">{escape(title)}</text>{"".join(parts)}</svg>'
    )
