"""Small pictures drawn from a seed, each with a question whose answer is known.

A scene is 32 x 32 pixels: a quiet background, and on it coloured, textured shapes that never
overlap and are never cut. A task asks one question, and its answers are equally frequent:

shape   Which shape is it? One large shape, anywhere, of any colour and texture.
side    Is the red shape left or right of the blue one? The answer is in no patch and in no
        collection of patches, only in where they are: exchange the two shapes' columns, and the
        same patches (of 2, 4 or 8 pixels) come back in another order, with the other answer.
same    Are the two shapes of one colour? Each lies in a 16-pixel quarter of the image of its own,
        and kinds and textures mean nothing. Each shape alone says nothing either: a model that
        adds up votes, each from one quarter, is right in 75 % of the scenes at the very most.
count   How many shapes are there, one to five?

Difficulty, from 0 to 1, makes every question harder to see and changes no answer: shapes fade into
the background, and the noise grows.

Letters: B scenes, M the most shapes a scene can have. Places are (row, column), in pixels.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SIZE = 32
NOISE, MORE_NOISE = 6.0, 24.0  # standard deviation of each channel, of 255; and with difficulty 1
FADING = 0.6  # the share of their paint that shapes lose with difficulty 1
BATCH = 1000  # scenes drawn at once: what fits a processor's cache is quick

KINDS = ("disc", "square", "triangle", "ring", "cross")
RED, BLUE = 0, 1
COLOURS = np.array(
    [(213, 43, 38), (32, 92, 214), (38, 153, 74), (240, 190, 40), (150, 66, 190)], "float32"
)


class Shapes(NamedTuple):
    """The shapes of B scenes; every field is (B, M), and place (B, M, 2) is the centre."""

    place: np.ndarray
    radius: np.ndarray  # 0 where a scene has fewer than M shapes
    kind: np.ndarray
    colour: np.ndarray
    texture: np.ndarray


class Backgrounds(NamedTuple):
    """The backgrounds of B scenes: colours (B, 3) at the top and at the bottom, texture (B,)."""

    top: np.ndarray
    bottom: np.ndarray
    texture: np.ndarray


# --- drawing ----------------------------------------------------------------------------------


def make_textures(period):
    """Plain, two kinds of stripes, dots and checks: (5, 32, 32), 1 where the paint is darker.

    They lie on the pixel grid and repeat every `period` pixels, which divides 8: a shape that moves
    by 8 pixels keeps its looks, and a background has the same patches in all columns.
    """
    row, column = np.indices((SIZE, SIZE)) * 4 // period
    stripes, bars = (row + column) % 4 < 2, row % 4 < 2
    dots = (row % 4 < 2) & (column % 4 < 2)
    checks = (row // 2 + column // 2) % 2 == 0
    return np.stack([np.zeros_like(dots), stripes, bars, dots, checks]).astype("float32")


FINE, COARSE = make_textures(4), make_textures(8)  # for shapes, for backgrounds


def distance_disc(y, x, r):
    """Signed distance in pixels to a disc's edge, negative inside; y and x from its centre."""
    return np.hypot(y, x) - r


def distance_square(y, x, r):
    """Signed distance to a square as large as a disc of radius r."""
    return np.maximum(abs(y), abs(x)) - 0.89 * r


def distance_triangle(y, x, r):
    """Signed distance to a triangle that points up and fills the square around a disc."""
    box = np.maximum(abs(y), abs(x)) - r
    return np.maximum(box, (2 * abs(x) - y - r) / 5**0.5)


def distance_ring(y, x, r):
    """Signed distance to a ring; its hole has 0.4 times its radius."""
    return abs(np.hypot(y, x) - 0.7 * r) - 0.3 * r


def distance_cross(y, x, r):
    """Signed distance to an upright cross."""
    y, x = abs(y), abs(x)
    return np.minimum(np.maximum(y - r, x - 0.33 * r), np.maximum(x - r, y - 0.33 * r))


DISTANCES = (distance_disc, distance_square, distance_triangle, distance_ring, distance_cross)


def coverage(place, radius, kind):
    """How much of each pixel one shape a scene covers: (B, 32, 32), from 0 to 1."""
    pixel = np.arange(SIZE, dtype="float32")
    y = pixel[:, None] - place[:, 0, None, None]  # (B, 32, 1)
    x = pixel[None, :] - place[:, 1, None, None]  # (B, 1, 32)
    covered = np.zeros((len(place), SIZE, SIZE), "float32")
    for number, distance in enumerate(DISTANCES):
        chosen = (kind == number) & (radius > 0)
        away = distance(y[chosen], x[chosen], radius[chosen, None, None])
        covered[chosen] = np.clip(0.5 - away, 0, 1)
    return covered


def draw_backgrounds(rng, number):
    """Greys with a tint, from top to bottom: a slope to the side would tell where a patch is."""
    colours = rng.uniform(70, 215, (2, number, 1)) + rng.uniform(-22, 22, (2, number, 3))
    top, bottom = colours.astype("float32")
    return Backgrounds(top, bottom, rng.integers(len(COARSE), size=number))


def paint(shapes, backgrounds, strength=1.0):
    """Paint scenes without noise: (B, 32, 32, 3) float32 from 0 to 255.

    strength: how much of the background the shapes hide, from 0 to 1.
    """
    slope = np.linspace(0, 1, SIZE, dtype="float32")[:, None, None]
    top, bottom = (colour[:, None, None, :] for colour in backgrounds[:2])
    dark = COARSE[backgrounds.texture][..., None]
    canvas = (top + (bottom - top) * slope) * (1 - 0.1 * dark)  # (B, 32, 32, 3)
    for slot in range(shapes.kind.shape[1]):
        place, radius, kind, colour, texture = (field[:, slot] for field in shapes)
        covered = strength * coverage(place, radius, kind)[..., None]  # (B, 32, 32, 1)
        dark = FINE[texture][..., None]
        ink = COLOURS[colour][:, None, None, :] * (1 - 0.35 * dark)
        canvas += covered * (ink - canvas)
    return canvas


# --- tasks ------------------------------------------------------------------------------------


def random_looks(rng, place, radius):
    """Shapes at given places whose kind, colour and texture are all left to chance."""
    kind, colour, texture = (
        rng.integers(choices, size=radius.shape)
        for choices in (len(KINDS), len(COLOURS), len(FINE))
    )
    return Shapes(place.astype("float32"), radius.astype("float32"), kind, colour, texture)


def on_grid(rng, cells, across, pitch, box):
    """Put cells (B, M, 2) of a grid into the image: the centres of boxes that hold one shape each.

    across: cells a side, pitch: pixels from one to the next, box: a box's side in pixels. A scene
    is shifted as a whole, by a random number of pixels. Its shapes therefore lie alike on the
    patches wherever the pitch is a multiple of the patch, and exchanging two exchanges patches.
    """
    room = SIZE - (across - 1) * pitch - box
    shift = rng.integers(room + 1, size=(len(cells), 1, 2))
    return cells * pitch + shift + (box - 1) / 2


def distinct(rng, number, choices, chosen):
    """For each of `number` scenes, `chosen` different ones of 0 … choices - 1, in random order."""
    return rng.random((number, choices)).argsort(1)[:, :chosen]  # (B, chosen)


def arrange_shape(rng, labels):
    """One large shape of the kind that the label says, anywhere."""
    radius = rng.uniform(6, 12, (len(labels), 1))
    place = radius[..., None] + rng.random((len(labels), 1, 2)) * (SIZE - 1 - 2 * radius[..., None])
    return random_looks(rng, place, radius)._replace(kind=labels[:, None])


def arrange_side(rng, labels):
    """A red and a blue shape in two of three columns; the label says which of them is left."""
    columns = np.sort(distinct(rng, len(labels), 3, 2), axis=1)  # (B, 2)
    rows = rng.integers(3, size=columns.shape)
    # Neighbours would share a patch, and that patch would know the answer: put two rows between.
    apart = 2 * distinct(rng, len(labels), 2, 2)
    rows = np.where(np.diff(columns) == 1, apart, rows)
    place = on_grid(rng, np.stack([rows, columns], axis=-1), across=3, pitch=8, box=8)
    colour = np.where(labels[:, None] == 0, (RED, BLUE), (BLUE, RED))
    return random_looks(rng, place, rng.uniform(3.4, 4, columns.shape))._replace(colour=colour)


def arrange_same(rng, labels):
    """Two shapes in two of the image's quarters, of one colour or of two."""
    quarters = distinct(rng, len(labels), 4, 2)
    cells = np.stack(np.divmod(quarters, 2), axis=-1)  # (B, 2, 2)
    place = on_grid(rng, cells, across=2, pitch=16, box=12)
    colour = distinct(rng, len(labels), len(COLOURS), 2)
    colour[:, 1] = np.where(labels == 0, colour[:, 0], colour[:, 1])
    return random_looks(rng, place, rng.uniform(4.5, 6, quarters.shape))._replace(colour=colour)


def arrange_count(rng, labels):
    """As many shapes as the label says (0 stands for one), in as many of nine cells."""
    cells = distinct(rng, len(labels), 9, 5)
    place = on_grid(rng, np.stack(np.divmod(cells, 3), axis=-1), across=3, pitch=8, box=8)
    radius = rng.uniform(3, 3.6, cells.shape)  # small enough to tell neighbours apart
    radius[np.arange(5) > labels[:, None]] = 0
    return random_looks(rng, place, radius)


class Task(NamedTuple):
    """A question: its possible answers, and what arranges shapes (rng, labels) for given ones."""

    class_names: tuple[str, ...]
    arrange: Callable


TASKS = {
    "shape": Task(KINDS, arrange_shape),
    "side": Task(("red left of blue", "red right of blue"), arrange_side),
    "same": Task(("same colour", "different colours"), arrange_same),
    "count": Task(("one", "two", "three", "four", "five"), arrange_count),
}


def draw(task, number, seed, difficulty=0.0):
    """Draw scenes for a task: images (number, 32, 32, 3) uint8 and labels (number,) int32.

    seed: whatever `numpy.random.default_rng` takes; the same one draws the same scenes, which any
    difficulty shows alike.
    """
    rng = np.random.default_rng(seed)
    class_names, arrange = TASKS[task]
    labels = rng.permutation(np.arange(number, dtype="int32") % len(class_names))
    images = np.empty((number, SIZE, SIZE, 3), "uint8")
    strength, noise = 1 - FADING * difficulty, NOISE + (MORE_NOISE - NOISE) * difficulty
    for start in range(0, number, BATCH):
        here = slice(start, start + BATCH)
        shapes, backgrounds = arrange(rng, labels[here]), draw_backgrounds(rng, len(labels[here]))
        canvas = paint(shapes, backgrounds, strength)
        canvas += noise * rng.standard_normal(canvas.shape, "float32")
        images[here] = np.clip(np.rint(canvas), 0, 255)
    return images, labels
