"""From a picture's bytes to what a model takes, and to smaller pictures."""

import numpy as np

MIDDLE = 127.5  # of the bytes from 0 to 255


def scale(images):
    """Bytes from 0 to 255 -> numbers from -1 to 1, which every model of the course takes.

    Of any shape. NumPy's become float32; TensorFlow's come as float32.
    """
    scaled = images / MIDDLE - 1
    return scaled.astype("float32") if isinstance(scaled, np.ndarray) else scaled


def average_pool(images: np.ndarray, side: int) -> np.ndarray:
    """Make one pixel of each side by side pixels, by their mean.

    images (..., H, W, C) -> (..., H / side, W / side, C). H and W are multiples of side.
    """
    *before, height, width, channels = images.shape
    shape = (height // side, side, width // side, side, channels)
    return images.reshape(*before, *shape).mean(axis=(-4, -2))


def shift_and_mirror(images: np.ndarray, rng: np.random.Generator, most: int = 4) -> np.ndarray:
    """Move each image by a few pixels of its own, and mirror every second one, by chance.

    images (B, H, W, C) -> the same shape. What leaves at one side comes in at the other.
    """
    rows, columns = rng.integers(-most, most + 1, (2, len(images)))
    mirrored = rng.random(len(images)) < 0.5
    moved = [
        np.roll(image[:, ::-1] if mirror else image, (row, column), axis=(0, 1))
        for image, mirror, row, column in zip(images, mirrored, rows, columns, strict=True)
    ]
    return np.stack(moved)
