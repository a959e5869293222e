"""Attention as boxes: one pass with all its numbers, and layers that add to a residual stream."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from course_utils.palette import BLUE, GREEN, GREY, PURPLE, VERMILLION
from course_utils.plots.latents import arrow

CELL = 0.8  # of a number, in the units of the drawing


def one_pass(x: np.ndarray, kernels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draw self-attention from tokens to output with every number in a box.

    x (2, D); kernels: "query", "key", "value" -> (D, d) -> the numbers by name, as drawn.
    """
    query, key, value = (x @ kernels[name] for name in ("query", "key", "value"))
    products = query @ key.T  # (2, 2)
    scores = products / np.sqrt(query.shape[-1])
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exponentials / exponentials.sum(axis=-1, keepdims=True)
    output = weights @ value  # (2, d)
    ax = plt.subplots(figsize=(10.5, 4.5), layout="constrained")[1]
    numbers(ax, (0, 3), x, "x", GREY, rows=["token 1", "token 2"])
    for height, name, projected, colour in [
        (6, "query", query, BLUE), (3, "key", key, VERMILLION), (0, "value", value, GREEN)
    ]:  # fmt: skip
        numbers(ax, (3, height), kernels[name], f"W {name}", GREY)
        numbers(ax, (6, height), projected, f"{name} = x · W", colour)
        arrow(ax, (1.8, 3.8), (2.9, height + 0.8))
        arrow(ax, (4.7, height + 0.8), (5.9, height + 0.8))
    numbers(ax, (9, 4.5), products, "query · keyᵀ", GREY)
    numbers(ax, (12, 4.5), scores, "scores: ÷ √d", GREY, "{:.2f}")
    numbers(ax, (15, 4.5), weights, "weights: softmax", PURPLE, "{:.2f}")
    numbers(ax, (15, 0), output, "output = weights · value", GREEN, "{:.1f}")
    for start, end in [((7.7, 6.8), (8.9, 5.6)), ((7.7, 3.8), (8.9, 5)), ((10.7, 5.3), (11.9, 5.3)),
                       ((13.7, 5.3), (14.9, 5.3)), ((15.8, 4.4), (15.8, 2.2)),
                       ((7.7, 0.8), (14.9, 0.8))]:  # fmt: skip
        arrow(ax, start, end)
    ax.set(xlim=(-1.6, 17.2), ylim=(-0.2, 8.2), aspect="equal")
    ax.axis("off")
    drawn = {"products": products, "scores": scores, "weights": weights, "output": output}
    return {"query": query, "key": key, "value": value, **drawn}


def numbers(ax: Axes, corner, array, title: str, colour: str, form="{:.0f}", rows=()) -> None:
    """Draw a small matrix as boxes with numbers, its lower left corner given, a title above."""
    left, bottom = corner
    height = CELL * len(array)
    for (row, column), value in np.ndenumerate(array):
        x, y = left + CELL * column, bottom + height - CELL * (row + 1)
        side = Rectangle((x, y), CELL, CELL, facecolor="white", edgecolor=colour, linewidth=2)
        ax.add_patch(side)
        ax.text(x + CELL / 2, y + CELL / 2, form.format(value), ha="center", va="center")
    middle = left + CELL * array.shape[1] / 2
    ax.text(middle, bottom + height + 0.15, title, ha="center", va="bottom", fontsize="small")
    for row, name in enumerate(rows):
        ax.text(left - 0.15, bottom + height - CELL * (row + 0.5), name, ha="right", va="center")


def residual_stream(layers: int, heads: int) -> Axes:
    """Draw attention layers whose heads read from one stream of tokens and add to it."""
    width = heads * 1.1 + 1.4
    ax = plt.subplots(figsize=(1.1 * layers * width * 0.72 + 1.5, 2.7), layout="constrained")[1]
    end = layers * width + 0.4
    ax.annotate("", (end, 0), (-0.3, 0), arrowprops={"arrowstyle": "-|>", "lw": 5, "color": GREY})
    ax.text(-0.4, 0, "tokens\nN × D", ha="right", va="center")
    ax.text(end + 0.1, 0, "scores", va="center")
    for layer in range(layers):
        left = layer * width
        join = left + width - 0.35
        for head in range(heads):
            x = left + 0.7 + 1.1 * head
            head_box(ax, x, f"head {head}")
            ax.plot([left + 0.05, x, x], [0, 0.45, 0.75], color=BLUE, linewidth=1)
            ax.plot([x, x, join], [1.45, 1.75, 1.75], color=VERMILLION, linewidth=1)
        ax.annotate("", (join, 0.17), (join, 1.75), arrowprops={"arrowstyle": "->",
                                                               "color": VERMILLION})  # fmt: skip
        ax.text(join, 0, "+", ha="center", va="center", fontsize="large", bbox={
            "boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": VERMILLION
        })  # fmt: skip
        ax.text(left + width / 2 - 0.3, 1.9, f"attention layer {layer}", ha="center",
                fontsize="small")  # fmt: skip
    ax.text(0.3, 0.5, "read", color=BLUE, ha="right", fontsize="small")
    ax.text(width - 0.3, 0.8, "add", color=VERMILLION, fontsize="small")
    ax.set(xlim=(-1.4, end + 0.9), ylim=(-0.45, 2.2))
    ax.axis("off")
    return ax


def head_box(ax: Axes, x: float, words: str) -> None:
    """Draw one head, its middle given."""
    drawn = FancyBboxPatch((x - 0.45, 0.78), 0.9, 0.64, boxstyle="round,pad=0.02")
    drawn.set(facecolor="#eeeeee", edgecolor="#555555")
    ax.add_patch(drawn)
    ax.text(x, 1.1, words, ha="center", va="center", fontsize="small")
