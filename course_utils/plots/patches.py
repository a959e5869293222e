"""A photo cut into patches, filters as small pictures, and maps over the images they belong to."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.plots.photos import dim
from course_utils.plots.style import image_axes


def patches(photo: np.ndarray, patch: int, *, gap: int = 0, ax: Axes | None = None) -> Axes:
    """Draw a photo with white gaps between its patches.

    photo (H, W, 3) uint8, patch: side of a patch in pixels, gap in pixels; 0 is an eighth of it.
    """
    photo = np.asarray(photo)
    gap = gap or max(patch // 8, 1)
    rows, columns = photo.shape[0] // patch, photo.shape[1] // patch
    height, width = (number * (patch + gap) - gap for number in (rows, columns))
    canvas = np.full((height, width, 3), 255, "uint8")
    for row in range(rows):
        for column in range(columns):
            top, left = row * (patch + gap), column * (patch + gap)
            part = photo[row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
            canvas[top : top + patch, left : left + patch] = part
    if ax is None:
        ax = plt.subplots(figsize=(4, 4 * height / width), layout="constrained")[1]
    ax.imshow(canvas)
    return image_axes(ax)


def filters(rows: Sequence[np.ndarray], titles: Sequence[str]) -> np.ndarray:
    """Draw kernels as small pictures: one row for each set, grey where a kernel is 0.

    rows: sets (n, P, P, 3), each drawn at a scale of its own -> axes (rows, most n).
    """
    most = max(len(kernels) for kernels in rows)
    figure = plt.figure(figsize=(min(0.75 * most, 11), 1.15 * len(rows)), layout="constrained")
    parts = np.atleast_1d(figure.subfigures(len(rows), 1))
    drawn = []
    for part, kernels, title in zip(parts, rows, titles, strict=True):
        part.suptitle(title, fontsize="medium")
        axes = part.subplots(1, most, squeeze=False)[0]
        for ax in axes:
            image_axes(ax)
        for ax, kernel in zip(axes, np.asarray(kernels, dtype=float), strict=False):
            ax.imshow(0.5 + 0.5 * kernel / max(np.abs(kernel).max(), np.finfo(float).tiny))
        drawn.append(axes)
    return np.array(drawn)


def over_images(
    images: np.ndarray, maps: np.ndarray, *, titles: Sequence[str] = (), label: str = ""
) -> np.ndarray:
    """Draw images, and below each the same image, dark where its map is low.

    images (n, H, W, 3) uint8, maps (n, rows, columns) of patches -> axes (2, n).
    """
    images, maps = np.asarray(images), np.asarray(maps, dtype=float)
    patch = images.shape[1] // maps.shape[1]
    count = len(images)
    figure = plt.figure(figsize=(min(1.4 * count, 11), 3.2), layout="constrained")
    axes = figure.subplots(2, count, squeeze=False)
    for number, (image, weights) in enumerate(zip(images, maps, strict=True)):
        axes[0, number].imshow(image)
        axes[1, number].imshow(dim(image, weights, patch))
        if len(titles):
            axes[0, number].set_title(titles[number], fontsize="small")
    for ax in axes.flat:
        image_axes(ax)
    axes[1, 0].set_ylabel(label)
    return axes
