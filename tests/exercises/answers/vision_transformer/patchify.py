"""Answers to `patchify`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def refuse(images, patch_size):
    height, width = images.shape[1], images.shape[2]
    if height % patch_size or width % patch_size:
        raise ValueError(f"{patch_size} does not divide {height} and {width}")


def patchify_numpy(images, patch_size):
    refuse(images, patch_size)
    batch, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    x = np.reshape(images, (batch, rows, patch_size, columns, patch_size, channels))
    return x.swapaxes(2, 3).reshape(batch, rows * columns, -1)


def patchify_keras(images, patch_size):
    refuse(images, patch_size)
    batch, height, width, channels = ops.shape(images)
    rows, columns = height // patch_size, width // patch_size
    x = ops.reshape(images, (batch, rows, patch_size, columns, patch_size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (batch, rows * columns, patch_size**2 * channels))


def patchify_loop(images, patch_size):
    refuse(images, patch_size)
    patches = []
    for row in range(0, images.shape[1], patch_size):
        for column in range(0, images.shape[2], patch_size):
            patch = images[:, row : row + patch_size, column : column + patch_size]
            patches.append(np.reshape(patch, (len(images), -1)))
    return np.stack(patches, axis=1)


def patchify_one_image_at_a_time(images, patch_size):
    for side in images.shape[1:3]:
        if side % patch_size:
            raise ValueError(f"a side of {side} pixels cannot be cut into patches of {patch_size}")
    rows, columns = (side // patch_size for side in images.shape[1:3])
    return np.array(
        [
            [part.ravel() for strip in np.vsplit(image, rows) for part in np.hsplit(strip, columns)]
            for image in images
        ]
    )


def patchify_einsum(images, patch_size):
    refuse(images, patch_size)
    batch, height, width, channels = images.shape
    x = images.reshape(batch, height // patch_size, patch_size, -1, patch_size, channels)
    x = np.einsum("bhpwqc->bhwpqc", x)
    return x.reshape(batch, x.shape[1] * x.shape[2], -1)


def patchify_by_index(images, patch_size):
    refuse(images, patch_size)
    _, height, width, channels = images.shape
    index = np.arange(height * width * channels).reshape(1, height, width, channels)
    order = patchify_loop(index, patch_size)[0]  # (N, P·P·C)
    flat = ops.reshape(images, (len(images), -1))
    return ops.take(flat, order, axis=1)


def patchify_two_steps(images, patch_size):
    """First strips of rows, then the columns of each strip."""
    refuse(images, patch_size)
    batch, height, width, channels = images.shape
    strips = images.reshape(batch, -1, patch_size, width, channels)  # (B, H/P, P, W, C)
    parts = np.split(strips, width // patch_size, axis=3)
    patches = np.stack(parts, axis=2)  # (B, H/P, W/P, P, P, C)
    return patches.reshape(batch, -1, patch_size * patch_size * channels)


def patchify_by_convolution(images, patch_size):
    refuse(images, patch_size)
    size = patch_size * patch_size * images.shape[3]
    kernel = np.eye(size, dtype="float32").reshape(patch_size, patch_size, -1, size)
    grid = ops.conv(images, kernel, strides=patch_size)
    return ops.reshape(grid, (len(images), -1, size))


def patchify_extract(images, patch_size):
    refuse(images, patch_size)
    patches = ops.image.extract_patches(images, size=patch_size)
    return ops.reshape(patches, (patches.shape[0], -1, patches.shape[-1]))


def patchify_asks_late(images, patch_size):
    batch, height, width, channels = images.shape
    shape = (batch, height // patch_size, patch_size, width // patch_size, patch_size, channels)
    try:
        x = np.reshape(images, shape)
    except ValueError:
        raise ValueError(f"image {height}x{width}, patch size {patch_size}") from None
    return np.moveaxis(x, 3, 2).reshape(batch, -1, patch_size**2 * channels)


class Cutter:
    def __call__(self, images, patch_size):
        return patchify_keras(images, patch_size)


VARIANTS = [
    patchify_numpy,
    patchify_keras,
    patchify_loop,
    patchify_one_image_at_a_time,
    patchify_einsum,
    patchify_by_index,
    patchify_two_steps,
    patchify_by_convolution,
    patchify_extract,
    patchify_asks_late,
    Cutter(),
    functools.partial(patchify_numpy),
    lambda *, images, patch_size: patchify_keras(images, patch_size),
    lambda photos, p: np.float64(patchify_loop(photos, p)),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def patchify_tf(images, patch_size):
        refuse(images, patch_size)
        size = [1, patch_size, patch_size, 1]
        patches = tf.image.extract_patches(images, size, size, [1, 1, 1, 1], "VALID")
        return tf.reshape(patches, (tf.shape(images)[0], -1, patches.shape[-1]))

    VARIANTS += [patchify_tf]
else:
    import jax

    VARIANTS += [jax.jit(patchify_keras, static_argnums=1)]


def unchecked(images, patch_size):
    batch, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    x = ops.reshape(images, (batch, rows, patch_size, columns, patch_size, channels))
    return ops.reshape(ops.swapaxes(x, 2, 3), (batch, rows * columns, -1))


def unchecked_numpy(images, patch_size):
    batch, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    x = np.reshape(images, (batch, rows, patch_size, columns, patch_size, channels))
    return x.swapaxes(2, 3).reshape(batch, rows * columns, -1)


def asserted(images, patch_size):
    _, height, width, _ = images.shape
    assert height % patch_size == 0 and width % patch_size == 0, (height, width, patch_size)
    return patchify_keras(images, patch_size)


def reshaped_only(images, patch_size):
    batch, height, width, channels = images.shape
    patches = height * width // patch_size**2
    return ops.reshape(images, (batch, patches, patch_size**2 * channels))


def columns_first(images, patch_size):
    refuse(images, patch_size)
    patches = []
    for column in range(0, images.shape[2], patch_size):
        for row in range(0, images.shape[1], patch_size):
            patch = images[:, row : row + patch_size, column : column + patch_size]
            patches.append(np.reshape(patch, (len(images), -1)))
    return np.stack(patches, axis=1)


def cropping_loop(images, patch_size):
    patches = []
    for row in range(images.shape[1] // patch_size):
        for column in range(images.shape[2] // patch_size):
            top, left = row * patch_size, column * patch_size
            patch = images[:, top : top + patch_size, left : left + patch_size]
            patches.append(np.reshape(patch, (len(images), -1)))
    return np.stack(patches, axis=1)


def padded(images, patch_size):
    high, wide = (-side % patch_size for side in images.shape[1:3])
    return patchify_numpy(np.pad(images, ((0, 0), (0, high), (0, wide), (0, 0))), patch_size)


def channels_first(images, patch_size):
    patches = patchify_numpy(images, patch_size)
    x = patches.reshape(len(images), -1, patch_size**2, images.shape[3])
    return ops.reshape(ops.swapaxes(x, 2, 3), patches.shape)


OTHER_STYLE = [
    ("a message without both numbers", unchecked_numpy),
    ("another error than ValueError", asserted),
    ("cropped silently", cropping_loop),
    ("cropped silently", padded),
    ("column-major patches", columns_first),
    ("channels first", channels_first),
    (
        "cropped silently",
        lambda x, p: ops.reshape(
            y := ops.image.extract_patches(x, size=p), (y.shape[0], -1, y.shape[-1])
        ),
    ),
]


def only_names_patch_size(images, patch_size):
    if images.shape[1] % patch_size or images.shape[2] % patch_size:
        raise ValueError(f"a bad patch size: {patch_size}")
    return patchify_numpy(images, patch_size)


def always_raises(images, patch_size):
    raise ValueError(f"{patch_size} does not divide {images.shape}")


WRONG = [
    unchecked,
    reshaped_only,
    only_names_patch_size,
    always_raises,
    lambda x, p: x,
    lambda x, p: None,
    lambda x, p: patchify_numpy(x, p)[:, ::-1],
    lambda x, p: patchify_numpy(x, p)[..., ::-1],
    lambda x, p: patchify_numpy(x[:, :, ::-1], p),
    lambda x, p: patchify_numpy(x[::-1], p),
    lambda x, p: patchify_numpy(x.swapaxes(1, 2), p),
    lambda x, p: patchify_numpy(x, p)[0],
    lambda x, p: patchify_numpy(x, p).reshape(-1, p * p * x.shape[3]),
    lambda x, p: list(patchify_numpy(x, p)),
    lambda x, p: patchify_numpy(x, p).astype("int32"),
    lambda x, p: patchify_numpy(x, p) / 255,
    lambda x, p: patchify_numpy(x, 3 if p == 3 else 1),
    lambda x, p: patchify_numpy(x, p).reshape(len(x), -1, p * p, x.shape[3]).mean(axis=2),
]
