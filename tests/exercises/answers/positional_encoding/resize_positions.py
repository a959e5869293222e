"""Answers to `resize_positions`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def resize_keras(positions, old_grid, new_grid):
    dim = positions.shape[-1]
    grid = ops.reshape(positions[1:], (1, *old_grid, dim))
    grid = ops.image.resize(grid, new_grid, interpolation="bilinear", data_format="channels_last")
    return ops.concatenate([positions[:1], ops.reshape(grid, (-1, dim))], axis=0)


def resize_keras_unbatched(positions, old_grid, new_grid):
    (h, w), (new_h, new_w), dim = old_grid, new_grid, positions.shape[1]
    grid = np.asarray(positions)[1:].reshape(h, w, dim)
    grid = ops.image.resize(grid, (new_h, new_w))
    return np.vstack([positions[0], np.asarray(grid).reshape(new_h * new_w, dim)])


def resize_resizing_layer(positions, old_grid, new_grid):
    grid = positions[1:].reshape(1, *old_grid, -1)
    grid = keras.layers.Resizing(*new_grid, data_format="channels_last")(grid)
    return ops.concatenate([positions[:1], ops.reshape(grid, (-1, positions.shape[1]))])


def resize_channels_first(positions, old_grid, new_grid):
    """Each feature as a picture of its own."""
    pictures = np.asarray(positions)[1:].T.reshape(-1, *old_grid, 1)
    pictures = ops.convert_to_numpy(ops.image.resize(pictures, new_grid))
    return np.concatenate([positions[:1], pictures.reshape(len(pictures), -1).T])


def resize_loops(positions, old_grid, new_grid):
    (h, w), (new_h, new_w) = old_grid, new_grid
    grid = positions[1:].reshape(h, w, -1)
    rows = [positions[0]]
    for i in range(new_h):
        for j in range(new_w):
            y = min(max((i + 0.5) * h / new_h - 0.5, 0), h - 1)
            x = min(max((j + 0.5) * w / new_w - 0.5, 0), w - 1)
            top, left = int(y), int(x)
            bottom, right = min(top + 1, h - 1), min(left + 1, w - 1)
            down, across = y - top, x - left
            rows.append(
                (1 - down) * (1 - across) * grid[top, left]
                + (1 - down) * across * grid[top, right]
                + down * (1 - across) * grid[bottom, left]
                + down * across * grid[bottom, right]
            )
    return np.array(rows)


def weights_between(old, new):
    place = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    low = np.minimum(place.astype(int), max(old - 2, 0))
    weights = np.zeros((new, old))
    weights[np.arange(new), low] = 1 - (place - low)
    weights[np.arange(new), low + 1] = place - low
    return weights


def resize_matrix(positions, old_grid, new_grid):
    matrix = np.kron(*(weights_between(*s) for s in zip(old_grid, new_grid, strict=True)))
    return np.concatenate([positions[:1], matrix @ positions[1:]])


def resize_einsum(positions, old_grid, new_grid):
    down, across = (weights_between(*s) for s in zip(old_grid, new_grid, strict=True))
    grid = np.reshape(positions[1:], (*old_grid, -1))
    grid = np.einsum("ih,jw,hwd->ijd", down, across, grid)
    return np.r_[positions[:1], grid.reshape(-1, grid.shape[-1])]


def resize_axis_by_axis(positions, old_grid, new_grid):
    grid = positions[1:].reshape(*old_grid, -1)

    def along(axis, new):
        old = grid.shape[axis]
        places = (np.arange(new) + 0.5) * old / new - 0.5
        return np.apply_along_axis(lambda v: np.interp(places, np.arange(old), v), axis, grid)

    for axis, new in enumerate(new_grid):
        grid = along(axis, new)
    return np.insert(grid.reshape(-1, grid.shape[-1]), 0, positions[0], axis=0)


def resize_unless_the_same(positions, old_grid, new_grid):
    return positions if old_grid == new_grid else resize_keras(positions, old_grid, new_grid)


VARIANTS = [
    resize_keras,
    resize_keras_unbatched,
    resize_resizing_layer,
    resize_channels_first,
    resize_loops,
    resize_matrix,
    resize_einsum,
    resize_axis_by_axis,
    resize_unless_the_same,
    lambda *, positions, old_grid, new_grid: resize_loops(positions, old_grid, new_grid),
    lambda p, old, new: resize_matrix(np.float64(p), old, new),
    functools.partial(lambda how, *given: how(*given), resize_einsum),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def tf_resize(positions, old_grid, new_grid):
        grid = tf.image.resize(tf.reshape(positions[1:], (*old_grid, -1)), new_grid)
        return tf.concat([positions[:1], tf.reshape(grid, (-1, positions.shape[1]))], axis=0)

    VARIANTS += [
        tf_resize,
    ]
else:
    import jax
    import jax.numpy as jnp

    def jnp_resize(positions, old_grid, new_grid):
        shape = (*new_grid, positions.shape[1])
        grid = positions[1:].reshape(*old_grid, shape[-1])
        grid = jax.image.resize(grid, shape, "bilinear", antialias=False)
        return jnp.concatenate([positions[:1], grid.reshape(-1, shape[-1])])

    VARIANTS += [
        jnp_resize,
    ]


def keras_resize(positions, old_grid, new_grid, last=False, token=True, **options):
    grid = ops.reshape(positions[1:], (1, *old_grid, positions.shape[1]))
    grid = ops.image.resize(grid, new_grid, data_format="channels_last", **options)
    grid = ops.reshape(grid, (-1, positions.shape[1]))
    parts = [grid, positions[:1]] if last else [positions[:1], grid]
    return ops.concatenate(parts) if token else grid


def resize_square(positions, old_grid, new_grid):
    old, new = (int((g[0] * g[1]) ** 0.5) for g in (old_grid, new_grid))
    return resize_keras(positions, (old, old), (new, new))


def resize_in_place_of_width(positions, old_grid, new_grid):
    return resize_einsum(positions, old_grid[::-1], new_grid[::-1])


OTHER_STYLE = [
    ("nearest neighbour", functools.partial(keras_resize, interpolation="nearest")),
    ("class token not put back", functools.partial(keras_resize, token=False)),
    ("class token put back last", functools.partial(keras_resize, last=True)),
    ("antialiasing", functools.partial(keras_resize, antialias=True)),
    ("square grid assumed", resize_square),
    ("height and width swapped", resize_in_place_of_width),
    (
        "height and width of the new grid swapped",
        lambda p, old, new: resize_keras(p, old, new[::-1]),
    ),
    (
        "interpolates the flat sequence",
        lambda p, old, new: resize_keras(p, (1, old[0] * old[1]), (1, new[0] * new[1])),
    ),
    (
        "interpolates the class token",
        lambda p, old, new: ops.image.resize(
            p[None, :, :, None], (1 + new[0] * new[1], p.shape[1])
        )[0, ..., 0],
    ),
]


def zeroed_class_token(positions, old_grid, new_grid):
    result = resize_loops(positions, old_grid, new_grid)
    result[0] = 0
    return result


WRONG = [
    lambda p, old, new: p,
    lambda p, old, new: p[: 1 + new[0] * new[1]],
    lambda p, old, new: np.resize(p, (1 + new[0] * new[1], p.shape[1])),
    lambda p, old, new: np.zeros((1 + new[0] * new[1], p.shape[1])),
    lambda p, old, new: resize_loops(p, old, new).round(1),
    lambda p, old, new: resize_loops(p, old, new)[None],
    lambda p, old, new: resize_loops(p, old, new).tolist(),
    lambda p, old, new: resize_loops(p, old, new).astype("float16"),
    lambda p, old, new: resize_loops(np.r_[p[:1], p[:0:-1]], old, new),
    lambda p, old, new: np.r_[p[:1], resize_loops(p, old, new)],
    lambda p, old, new: keras_resize(p, old, new, interpolation="lanczos3"),
    lambda p, old, new: resize_loops(p * np.float32(1.001), old, new),
    lambda p, old, new: np.r_[p.mean(0, keepdims=True), resize_loops(p, old, new)[1:]],
    zeroed_class_token,
]
