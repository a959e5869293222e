"""How alike the codes of places are: maps for a few places, and one to click on for all of them."""

import base64
import json
from collections.abc import Sequence
from html import escape

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML

from course_utils.palette import VERMILLION
from course_utils.plots.style import MAP, image_axes


def similarity_maps(
    similarity: np.ndarray, grid: tuple[int, int], places: Sequence[tuple[int, int]]
) -> np.ndarray:
    """Draw for each of some places how alike every other place is; a ring marks the place itself.

    similarity (H·W, H·W), grid (H, W), places as (row, column) -> one axes for each.
    """
    maps = np.asarray(similarity).reshape(*grid, *grid)
    figure = plt.figure(figsize=(min(2.1 * len(places) + 0.6, 11), 2.4), layout="constrained")
    axes = figure.subplots(1, len(places), squeeze=False)[0]
    limits = {"vmin": maps.min(), "vmax": maps.max()}
    for ax, (row, column) in zip(axes, places, strict=True):
        drawn = ax.imshow(maps[row, column], cmap=MAP, **limits)
        ax.plot(column, row, "o", markersize=9, fillstyle="none", color=VERMILLION, mew=2)
        ax.set(title=f"row {row}, column {column}", xlabel="column")
        image_axes(ax)
    axes[0].set_ylabel("row")
    figure.colorbar(drawn, ax=list(axes))
    return axes


def similarity_explorer(similarity: np.ndarray, grid: tuple[int, int], *, title: str) -> HTML:
    """Show a grid to click on (or to walk on with the arrow keys): how alike are all others?

    similarity (H·W, H·W), grid (H, W). It needs no network: the page carries its data.
    """
    similarity = np.asarray(similarity, dtype=float)
    height, width = grid
    if similarity.shape != (height * width, height * width):
        raise ValueError(
            f"a grid of {height} by {width} has {height * width} places, and the similarities came "
            f"as {similarity.shape}: they should be ({height * width}, {height * width})"
        )
    low, high = similarity.min(), similarity.max()
    levels = np.round(255 * (similarity - low) / max(high - low, 1e-12)).astype("uint8")
    colours = [matplotlib.colors.to_hex(colour) for colour in matplotlib.colormaps[MAP].colors]
    data = {
        "height": height,
        "width": width,
        "low": low,
        "high": high,
        "colours": colours,
        "levels": base64.b64encode(levels.tobytes()).decode(),
        "title": title,
    }
    # A "<" in the title must not end the script early.
    page = PAGE.replace("DATA", json.dumps(data).replace("<", "\\u003c"))
    return HTML(
        f'<div><iframe title="{escape(title)}" sandbox="allow-scripts" width="100%" '
        f'height="{CELL * height + 80}" style="border:0;background:#ffffff" '
        f'srcdoc="{escape(page)}"></iframe></div>'
    )


CELL = 22  # pixels a place

# One canvas, one line of words. The words are for everybody: a screen reader speaks them.
PAGE = """<!doctype html><html lang="en"><body style="font:14px sans-serif;margin:4px">
<p style="margin:0 0 4px"></p>
<canvas tabindex="0" role="application" style="cursor:crosshair"></canvas>
<p role="status" style="margin:4px 0"></p>
<script>
const data = DATA, cell = CELL;
const levels = Uint8Array.from(atob(data.levels), c => c.charCodeAt(0));
const canvas = document.querySelector("canvas"), [head, words] = document.querySelectorAll("p");
head.textContent = data.title;
const pen = canvas.getContext("2d"), places = data.height * data.width;
canvas.width = cell * data.width; canvas.height = cell * data.height;
canvas.setAttribute("aria-label", data.title + ". Arrow keys move the chosen place.");
let row = Math.floor(data.height / 2), column = Math.floor(data.width / 2);
function draw() {
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const chosen = row * data.width + column;
  for (let place = 0; place < places; place++) {
    pen.fillStyle = data.colours[levels[chosen * places + place]];
    const left = cell * (place % data.width), top = cell * Math.floor(place / data.width);
    pen.fillRect(left, top, cell - 1, cell - 1);
  }
  pen.strokeStyle = "MARK"; pen.lineWidth = 3;
  pen.strokeRect(cell * column + 1, cell * row + 1, cell - 3, cell - 3);
  const here = Array.from(levels.slice(chosen * places, (chosen + 1) * places));
  const similarity = level => (data.low + (data.high - data.low) * level / 255).toFixed(2);
  words.textContent = "row " + row + ", column " + column + ": similarity from "
    + similarity(Math.min(...here)) + " (dark) to " + similarity(Math.max(...here)) + " (bright)";
}
canvas.onclick = event => {
  column = Math.min(data.width - 1, Math.floor(event.offsetX / cell));
  row = Math.min(data.height - 1, Math.floor(event.offsetY / cell));
  draw();
};
canvas.onkeydown = event => {
  const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  row = Math.min(data.height - 1, Math.max(0, row + move[0]));
  column = Math.min(data.width - 1, Math.max(0, column + move[1]));
  draw();
};
draw();
</script></body></html>""".replace("CELL", str(CELL)).replace("MARK", VERMILLION)
