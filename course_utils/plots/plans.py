"""Plans: the steps of a model as boxes, with arrows from one to the next."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes


def plan(
    boxes: Mapping[str, tuple[float, float, str]],
    arrows: Sequence[Sequence[str]],
    *,
    figsize: tuple[float, float],
) -> Axes:
    """Draw boxes (name: centre x, centre y, the shape that comes out of it), and rows of arrows.

    arrows: names of boxes in the order in which they follow each other. Two boxes of one name
    differ in the spaces behind it.
    """
    ax = plt.subplots(figsize=figsize, layout="constrained")[1]
    drawn = {}
    for name, (x, y, shape) in boxes.items():
        frame = {"boxstyle": "round", "facecolor": "0.93"}
        drawn[name] = ax.text(x, y, name.rstrip(), ha="center", va="center", size=9, bbox=frame)
        if shape:
            below = -14 - 6 * name.count("\n")
            ax.annotate(
                f"({shape})", (x, y), (0, below), textcoords="offset points",
                ha="center", va="top", size=8,
            )  # fmt: skip
    for row in arrows:
        for start, end in zip(row, row[1:], strict=False):
            ends = {"patchA": drawn[start].get_bbox_patch(), "patchB": drawn[end].get_bbox_patch()}
            places = boxes[end][:2], boxes[start][:2]
            ax.annotate("", *places, arrowprops={"arrowstyle": "->", "color": "0.35", **ends})
    x, y = ([box[axis] for box in boxes.values()] for axis in (0, 1))
    ax.set(xlim=(min(x) - 0.6, max(x) + 0.6), ylim=(min(y) - 0.6, max(y) + 0.5))
    ax.axis("off")
    return ax
