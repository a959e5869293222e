"""Ways to tell a token where it is.

Letters: B batch, N tokens, D features, H W rows and columns of a grid. Attention gives permuted
outputs for permuted tokens: without one of these, a picture is a bag of patches.

Sources: Vaswani et al., "Attention Is All You Need" (2017), section 3.5, for the sinusoids;
Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), section 3.1 and 3.2, for learned
positions and their resizing; Jaegle et al., "Perceiver" (2021), section 3.2, for Fourier features;
Liu et al., "Swin Transformer" (2021), section 3.2, for the relative position bias.
"""

import numpy as np
from keras import initializers, layers, ops


def linear_positions(length: int, normalize: bool = False):
    """Number the tokens 1, 2, ... N, or space them evenly from 0 to 1.

    length N -> (N,) float32. A single token has the normalised position 0.
    """
    if not normalize:
        return ops.arange(1, length + 1, dtype="float32")
    return ops.arange(length, dtype="float32") / max(length - 1, 1)


def wavelengths(dim: int):
    """Say how many tokens one turn of each pair of sinusoids takes: 2π · 10000^(2i/D).

    dim D, even -> (D / 2,) tokens, from 2π up to almost 2π · 10000.
    """
    return 2 * np.pi / _frequencies(dim)


def sinusoidal_encoding(length: int, dim: int):
    """Write each position as sines and cosines of ever lower frequency.

    length N, dim D -> (N, D): column 2i is sin(p / 10000^(2i/D)), column 2i + 1 its cosine, p
    from 0. Raises ValueError when D is odd. Source: Vaswani et al. (2017), section 3.5.
    """
    # Angles in double precision: float32 would lose a thousandth of a turn at position 10,000.
    angles = np.arange(length)[:, None] * _frequencies(dim)[None, :]  # (N, D/2)
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # (N, D/2, 2)
    return ops.convert_to_tensor(pairs.reshape(length, dim).astype("float32"))  # (N, D)


def sinusoidal_encoding_2d(height: int, width: int, dim: int):
    """Encode the row in the first half of the features and the column in the second.

    height H, width W, dim D -> (H·W, D), tokens row by row. Raises ValueError when D is not a
    multiple of 4: each half needs whole pairs.
    """
    if dim % 4:
        raise ValueError(f"two axes of sine and cosine need a multiple of 4 features, not {dim}")
    rows = sinusoidal_encoding(height, dim // 2)  # (H, D/2)
    columns = sinusoidal_encoding(width, dim // 2)  # (W, D/2)
    rows = ops.repeat(rows, width, axis=0)  # (H·W, D/2): each row's code for all its tokens
    columns = ops.tile(columns, (height, 1))  # (H·W, D/2): the columns' codes, row after row
    return ops.concatenate([rows, columns], axis=-1)  # (H·W, D)


def add_positions(tokens, encoding):
    """Add to each token the code of its place.

    tokens (B, N, D), encoding (at least N, D) -> (B, N, D).
    """
    tokens = ops.convert_to_tensor(tokens)
    length = tokens.shape[1]
    return tokens + ops.cast(ops.convert_to_tensor(encoding)[None, :length], tokens.dtype)


def offset_rotation(offset: int, dim: int):
    """Make the matrix that moves any position's sinusoids on by an offset.

    offset (tokens, may be negative), dim D -> (D, D) with
    encoding[p + offset] == encoding[p] @ rotation for every p: one small rotation a pair.
    Raises ValueError when D is odd. Source: claimed in Vaswani et al. (2017), section 3.5.
    """
    turn = offset * _frequencies(dim)  # (D/2,) radians
    rotation = np.zeros((dim, dim), "float32")
    sine, cosine = np.arange(0, dim, 2), np.arange(1, dim, 2)
    # sin(a + t) = sin a · cos t + cos a · sin t, and cos(a + t) = cos a · cos t - sin a · sin t.
    rotation[sine, sine], rotation[cosine, sine] = np.cos(turn), np.sin(turn)
    rotation[cosine, cosine], rotation[sine, cosine] = np.cos(turn), -np.sin(turn)
    return ops.convert_to_tensor(rotation)


def resize_positions(positions, old_grid: tuple, new_grid: tuple):
    """Stretch learned positions to a grid of another size; the class token's stays as it is.

    positions (1 + h·w, D), old_grid (h, w), new_grid (h', w') -> (1 + h'·w', D), bilinear with
    half-pixel centres. Raises ValueError when the number of positions is not 1 + h·w.
    Source: Dosovitskiy et al. (2021), section 3.2.
    """
    positions = ops.convert_to_tensor(positions)
    if positions.shape[0] != 1 + old_grid[0] * old_grid[1]:
        raise ValueError(
            f"a grid of {old_grid[0]} by {old_grid[1]} and a class token have "
            f"{1 + old_grid[0] * old_grid[1]} positions, but {positions.shape[0]} came"
        )
    class_token, grid = positions[:1], positions[1:]
    return ops.concatenate([class_token, resize_grid(grid, old_grid, new_grid)], axis=0)


def resize_grid(positions, old_grid: tuple, new_grid: tuple):
    """Stretch the positions of a grid, without a class token, to a grid of another size.

    positions (h·w, D) -> (h'·w', D), bilinear with half-pixel centres, no antialiasing.
    """
    dim = positions.shape[-1]
    grid = ops.reshape(positions, (1, *old_grid, dim))  # (1, h, w, D)
    grid = ops.image.resize(grid, new_grid, interpolation="bilinear", data_format="channels_last")
    return ops.reshape(grid, (new_grid[0] * new_grid[1], dim))  # (h'·w', D)


def grid_positions(grid: tuple):
    """Spread positions over a grid of any rank, each axis evenly from -1 to 1.

    grid, for instance (H, W) -> (H·W, 2), row by row; an axis of length 1 lies at 0.
    """
    axes = [np.linspace(-1, 1, size) if size > 1 else np.zeros(1) for size in grid]
    positions = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)  # (H, W, 2)
    return ops.convert_to_tensor(positions.reshape(-1, len(grid)).astype("float32"))  # (H·W, 2)


def fourier_features(positions, num_bands: int, max_resolution: float):
    """Describe positions by themselves and by sines and cosines of many frequencies.

    positions p (N, k) in [-1, 1] -> (N, k · (2 · num_bands + 1)): p, then sin(π f p), then
    cos(π f p), the bands of the first axis before those of the second; frequencies f evenly from
    1 to max_resolution / 2, above which a grid of that many points sees no wave any more.
    Source: Jaegle et al. (2021), section 3.2, in the layout of the published model.
    """
    positions = ops.convert_to_tensor(positions, dtype="float32")
    count, axes = positions.shape
    frequencies = ops.linspace(1.0, max_resolution / 2, num_bands)
    angles = np.pi * positions[:, :, None] * frequencies[None, None, :]  # (N, k, bands)
    angles = ops.reshape(angles, (count, axes * num_bands))  # (N, k·bands)
    return ops.concatenate([positions, ops.sin(angles), ops.cos(angles)], axis=-1)


def relative_position_index(window_height: int, window_width: int):
    """Number the offsets between two tokens of a window, the same number for the same offset.

    window Mh by Mw -> (A, A) int32 with A = Mh·Mw, row = query, from 0 to (2Mh-1)(2Mw-1) - 1.
    Source: Liu et al. (2021), section 3.2.
    """
    row, column = np.divmod(np.arange(window_height * window_width), window_width)  # (A,), (A,)
    # Offsets run from -(M - 1) to M - 1: moved up to count from 0.
    down = row[:, None] - row[None, :] + window_height - 1  # (A, A)
    across = column[:, None] - column[None, :] + window_width - 1  # (A, A)
    # A row of the table has one entry for each offset across, so 2·Mw - 1 of them.
    return ops.convert_to_tensor((down * (2 * window_width - 1) + across).astype("int32"))


class LearnedPositions(layers.Layer):
    """Add a trained code to each place.

    tokens (B, N, D) -> (B, N, D). The table has the N and D of the first call.
    """

    def build(self, shape):
        self.table = self.add_weight(
            name="table",
            shape=shape[1:],
            initializer=initializers.RandomNormal(stddev=0.02),
        )

    def call(self, tokens):
        return add_positions(tokens, self.table)


class FourierPixels(layers.Layer):
    """Make each pixel a token: its colours beside the Fourier features of its place.

    images (B, H, W, C) -> (B, H·W, C + 2 · (2 · num_bands + 1)). Nothing is learned here, so the
    same weights serve images of any size. Source: Jaegle et al. (2021), section 3.2.
    """

    def __init__(self, num_bands, max_resolution, **kwargs):
        super().__init__(**kwargs)
        self.num_bands, self.max_resolution = num_bands, max_resolution

    def call(self, images):
        positions = grid_positions(images.shape[1:3])  # (N, 2)
        places = fourier_features(positions, self.num_bands, self.max_resolution)
        return _beside(_flatten(images), places)


class LearnedPixels(layers.Layer):
    """Make each pixel a token: a projection of its colours beside one of a trained code.

    images (B, H, W, C) -> (B, H·W, 2 · dim). A Dense layer on single pixels is what others write as
    a convolution with a 1 by 1 kernel. Source: Jaegle et al., "Perceiver IO" (2022), in the layout
    of the published model.
    """

    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.colours = layers.Dense(dim, name="colours")
        self.places = layers.Dense(dim, name="places")

    def build(self, shape):
        _, height, width, channels = shape
        self.table = self.add_weight(
            name="table",
            shape=(height * width, self.places.units),
            initializer=initializers.RandomNormal(stddev=0.02),
        )
        self.colours.build((None, height * width, channels))
        self.places.build(self.table.shape)

    def call(self, images):
        return _beside(self.colours(_flatten(images)), self.places(self.table))


def _frequencies(dim):
    if dim % 2:
        raise ValueError(f"sine and cosine come in pairs: {dim} features cannot be split into two")
    return 1 / 10000 ** (np.arange(0, dim, 2) / dim)  # (D/2,)


def _flatten(images):
    batch, height, width, channels = ops.shape(images)
    return ops.reshape(images, (batch, height * width, channels))  # (B, N, C)


def _beside(pixels, places):
    """pixels (B, N, C), places (N, E) -> (B, N, C + E)."""
    places = ops.cast(places, pixels.dtype)[None]  # (1, N, E)
    places = ops.broadcast_to(places, (ops.shape(pixels)[0], *places.shape[1:]))  # (B, N, E)
    return ops.concatenate([pixels, places], axis=-1)
