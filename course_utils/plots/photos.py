"""A photo, and how much of it one patch can see."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from course_utils.palette import ON_PHOTOS
from course_utils.plots.style import MAP, image_axes

OUTLINE = [withStroke(linewidth=4, foreground="black")]
DIMMEST = 0.12


def receptive_field(
    photo: np.ndarray,
    patch: int,
    query: tuple[int, int],
    weights: np.ndarray,
    radii: Sequence[int],
) -> np.ndarray:
    """Draw what one patch sees: through stacked 3×3 convolutions, and through attention.

    Attention is drawn twice, as light on the photo and as a map: a dark patch of the photo looks
    dark at any weight.

    photo (H, W, 3) uint8, patch size in pixels, query (row, column) in patches, weights (rows,
    columns) of that query -> three axes. radii: numbers of convolution layers.
    """
    weights = np.asarray(weights, dtype=float)
    height, width = weights.shape[0] * patch, weights.shape[1] * patch
    photo = np.asarray(photo)[:height, :width]
    figure, axes = plt.subplots(
        1, 3, figsize=(10, 3.1 * height / width + 0.6), layout="constrained"
    )  # fmt: skip
    axes[0].imshow(photo)
    axes[0].set_title("3×3 convolutions")
    for number, radius in enumerate(radii):
        square(axes[0], patch, query, radius, weights.shape, ON_PHOTOS[number % len(ON_PHOTOS)])
    axes[1].imshow(dim(photo, weights, patch))
    axes[1].set_title("attention: bright = large weight")
    field = (-0.5, width - 0.5, height - 0.5, -0.5)  # the map lies where the photo lies
    drawn = axes[2].imshow(weights, cmap=MAP, vmin=0, extent=field, interpolation="nearest")
    axes[2].set_title("the weights alone")
    figure.colorbar(drawn, ax=axes[2], shrink=0.8)
    for ax in axes:
        row, column = query
        side = Rectangle((column * patch - 0.5, row * patch - 0.5), patch, patch, fill=False)
        side.set(edgecolor="white", linewidth=2, path_effects=OUTLINE, label="query")
        ax.add_patch(side)
        image_axes(ax)
    # Labels at the squares would pile up where the photo's edge cuts these off.
    names = axes[0].get_legend_handles_labels()
    figure.legend(
        *names, loc="outside lower left", ncols=len(radii) + 1, frameon=False, handlelength=1.2
    )
    return axes


def square(ax: Axes, patch: int, query, radius: int, grid: tuple[int, ...], colour: str) -> None:
    """Draw the square of patches at most `radius` away from the query, inside the photo."""
    top, left = (max(place - radius, 0) for place in query)
    bottom, right = (min(q + radius + 1, end) for q, end in zip(query, grid, strict=True))
    corner = (left * patch - 0.5, top * patch - 0.5)
    side = Rectangle(corner, (right - left) * patch, (bottom - top) * patch, fill=False)
    words = f"{radius} layer" + ("s" if radius > 1 else "")
    side.set(edgecolor=colour, linewidth=2, path_effects=OUTLINE, label=words)
    ax.add_patch(side)


def dim(photo: np.ndarray, weights: np.ndarray, patch: int) -> np.ndarray:
    """Darken each patch of a photo by its weight; the largest weight keeps its brightness."""
    light = DIMMEST + (1 - DIMMEST) * weights / max(weights.max(), np.finfo(float).tiny)
    light = np.kron(light, np.ones((patch, patch)))[: photo.shape[0], : photo.shape[1]]
    return (photo * light[..., None]).astype(np.uint8)
