"""Windows on a feature map, as pure functions: cut it up, shift it, mask it, merge its patches.

Letters: B batch, H W rows and columns of a map, C channels, M side of a window, A = M² tokens of a
window, nW windows in a map. Masks are boolean, and True means "may attend".

Source: Liu et al., "Swin Transformer" (2021), section 3.
"""

import numpy as np
from keras import ops

from course_utils.reference.positional_encoding import relative_position_index


def window_partition(x, window: int):
    """Cut maps into square windows that do not overlap.

    x (B, H, W, C) -> (B·nW, M², C): the windows row by row, all of an image before the next.
    Raises ValueError when H or W is not a multiple of M. Source: Liu et al. (2021), section 3.2.
    """
    x = ops.convert_to_tensor(x)
    batch, height, width, channels = ops.shape(x)
    rows, columns = _count_windows(height, width, window)
    x = ops.reshape(x, (batch, rows, window, columns, window, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (B, H/M, W/M, M, M, C)
    return ops.reshape(x, (batch * rows * columns, window**2, channels))  # (B·nW, M², C)


def window_reverse(windows, window: int, height: int, width: int):
    """Put windows together again: the inverse of `window_partition`.

    windows (B·nW, M², C) of maps of H by W -> (B, H, W, C).
    Raises ValueError when H or W is not a multiple of M.
    """
    windows = ops.convert_to_tensor(windows)
    count, _, channels = ops.shape(windows)
    rows, columns = _count_windows(height, width, window)
    batch = count // (rows * columns)
    x = ops.reshape(windows, (batch, rows, columns, window, window, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (B, H/M, M, W/M, M, C)
    return ops.reshape(x, (batch, height, width, channels))  # (B, H, W, C)


def cyclic_shift(x, shift: int):
    """Move maps up and to the left; what leaves on one side comes back on the other.

    x (B, H, W, C), shift in tokens -> (B, H, W, C). A shift of -shift undoes it.
    Source: Liu et al. (2021), section 3.2 and figure 4.
    """
    x = ops.convert_to_tensor(x)
    return ops.roll(x, (-shift, -shift), axis=(1, 2)) if shift else x  # rows, columns


def shifted_window_mask(height: int, width: int, window: int, shift: int):
    """Keep tokens apart that only the shift has brought into one window.

    map H by W after `cyclic_shift` -> (nW, M², M²), row = query: True between tokens that are as
    far from each other in the unshifted map. Raises ValueError when H or W is not a multiple of M.
    Source: Liu et al. (2021), section 3.2 and figure 4.
    """
    # How often a row or a column has gone round. Two tokens of a window are true neighbours when
    # both have or neither has; no other part of the map can share a window with them.
    row_turns = (np.arange(height) + shift) // height  # (H,)
    column_turns = (np.arange(width) + shift) // width  # (W,)
    turns = np.stack(np.meshgrid(row_turns, column_turns, indexing="ij"), axis=-1)  # (H, W, 2)
    turns = window_partition(turns[None].astype("int32"), window)  # (nW, M², 2)
    return ops.all(turns[:, :, None] == turns[:, None, :], axis=-1)  # (nW, M², M²)


def window_mask(height: int, width: int, window: int, shift: int, mask_padding: bool):
    """Say who may attend to whom in the windows of a padded and shifted map.

    map H by W before padding -> (nW, M² or 1, M²), row = query, or None where all may attend to
    all. With mask_padding, nobody may attend to what `pad_to_multiple` added.
    """
    padded_height, padded_width = (size + -size % window for size in (height, width))
    mask = None
    if shift:
        mask = shifted_window_mask(padded_height, padded_width, window, shift)
    if mask_padding and (padded_height, padded_width) != (height, width):
        token = pad_to_multiple(ops.ones((1, height, width, 1)), window)  # (1, H', W', 1)
        token = window_partition(cyclic_shift(token, shift), window)  # (nW, M², 1)
        token = ops.transpose(token, (0, 2, 1)) > 0  # (nW, 1, M²)
        mask = token if mask is None else ops.logical_and(mask, token)
    return mask


def fit_window(height: int, width: int, window: int, shift: int) -> tuple[int, int]:
    """Choose the side of the windows and the shift for a map of H by W, as published models do.

    Where a window is as long as a side of the map, or longer, it takes that side's length, and
    windows no longer shift.
    """
    side = min(height, width)
    return (side, 0) if side <= window else (window, shift)


def pad_to_multiple(x, multiple: int):
    """Add zeros at the bottom and on the right until both sides are multiples of a number.

    x (B, H, W, C) -> (B, H', W', C).
    """
    x = ops.convert_to_tensor(x)
    below, right = -x.shape[1] % multiple, -x.shape[2] % multiple
    return ops.pad(x, ((0, 0), (0, below), (0, right), (0, 0))) if below or right else x


def merge_patches(x):
    """Lay each two by two tokens behind one another, so that a map has half the sides.

    x (B, H, W, C) -> (B, H/2, W/2, 4C): of each square first the left two, upper before lower,
    then the right two. Raises ValueError when H or W is odd.
    Source: Liu et al. (2021), section 3.1; the order is that of the published weights.
    """
    x = ops.convert_to_tensor(x)
    batch, height, width, channels = ops.shape(x)
    if height % 2 or width % 2:
        raise ValueError(
            f"a map of {height} by {width} tokens has no whole squares of two by two: "
            "pad it to even sides first"
        )
    # The same numbers as four slices with a step of two, whose gradients are slow.
    x = ops.reshape(x, (batch, height // 2, 2, width // 2, 2, channels))
    x = ops.transpose(x, (0, 1, 3, 4, 2, 5))  # (B, H/2, W/2, column, row, C)
    return ops.reshape(x, (batch, height // 2, width // 2, 4 * channels))


def relative_position_bias(table, window: int, side: int):
    """Look up the bias of each pair of tokens, by their offset.

    table ((2M-1)², h), a window of that M, side m ≤ M of the windows at hand -> (h, m², m²), row
    = query. Source: Liu et al. (2021), section 3.2 and equation 4.
    """
    table = ops.convert_to_tensor(table)
    num_heads = table.shape[-1]
    # A smaller window has the smaller offsets, and those lie in the middle of the table.
    table = ops.reshape(table, (2 * window - 1, 2 * window - 1, num_heads))
    table = table[window - side : window + side - 1, window - side : window + side - 1]
    table = ops.reshape(table, ((2 * side - 1) ** 2, num_heads))  # ((2m-1)², h)
    bias = ops.take(table, relative_position_index(side, side), axis=0)  # (m², m², h)
    return ops.transpose(bias, (2, 0, 1))  # (h, m², m²)


def attention_cost(height: int, width: int, dim: int, window: int | None = None) -> int:
    """Count the multiplications of one multi-head attention on a map: all of it, or windows.

    map H by W with D = dim features, M = window or None for all tokens with all
    -> 4HWD² + 2(HW)²D or 4HWD² + 2M²HWD. Source: Liu et al. (2021), equations 1 and 2.
    """
    tokens = height * width
    keys = tokens if window is None else window**2
    # Four projections; then each query meets its keys twice, for scores and for values.
    return 4 * tokens * dim**2 + 2 * tokens * keys * dim


def _count_windows(height, width, window):
    if height % window or width % window:
        raise ValueError(
            f"a map of {height} by {width} tokens cannot be cut into windows of {window} by "
            f"{window}: pad it to multiples of {window} first"
        )
    return height // window, width // window
