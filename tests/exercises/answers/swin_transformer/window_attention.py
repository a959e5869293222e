"""Answers to `window_attention`: right, mistaken in another style, and wrong."""

import numpy as np
from keras import ops

from course_utils.reference import multi_head_attention as heads
from course_utils.reference import positional_encoding as positions
from course_utils.reference import windows
from course_utils.reference.attention import attend, attention_scores, mix_values, softmax

SLOW = True


def dense(x, pair):
    return ops.matmul(x, pair[0]) + pair[1]


def bias_of(params, window):
    index = positions.relative_position_index(window, window)
    return ops.transpose(ops.take(params["bias_table"], index, axis=0), (2, 0, 1))


def layer_in_lines(x, params, window, shift, num_heads):
    B, H, W, C = x.shape
    cut = windows.window_partition(windows.cyclic_shift(x, shift), window)
    query = heads.split_heads(dense(cut, params["query"]), num_heads)
    key = heads.split_heads(dense(cut, params["key"]), num_heads)
    value = heads.split_heads(dense(cut, params["value"]), num_heads)
    scores = attention_scores(query, key) + bias_of(params, window)
    mask = ops.tile(windows.shifted_window_mask(H, W, window, shift), (B, 1, 1))
    weights = softmax(ops.where(mask[:, None], scores, -1e9))
    mixed = dense(heads.merge_heads(ops.matmul(weights, value)), params["output"])
    return windows.cyclic_shift(windows.window_reverse(mixed, window, H, W), -shift)


def layer_as_published(x, params, window, shift, num_heads):
    """A mask of numbers is added, and the windows have an axis of their own meanwhile."""
    B, H, W, C = x.shape
    cut = windows.window_partition(ops.roll(x, (-shift, -shift), (1, 2)), window)
    n, A, _ = cut.shape
    query, key, value = (
        ops.transpose(
            ops.reshape(dense(cut, params[role]), (n, A, num_heads, C // num_heads)), (0, 2, 1, 3)
        )
        for role in ("query", "key", "value")
    )
    scores = ops.matmul(query * (C // num_heads) ** -0.5, ops.transpose(key, (0, 1, 3, 2)))
    scores = scores + bias_of(params, window)
    if shift > 0:
        mask = windows.shifted_window_mask(H, W, window, shift)
        mask = ops.where(mask, 0.0, -1e9)[None, :, None]  # (1, nW, 1, A, A)
        scores = ops.reshape(scores, (B, n // B, num_heads, A, A)) + mask
        scores = ops.reshape(scores, (n, num_heads, A, A))
    mixed = ops.transpose(ops.matmul(ops.softmax(scores), value), (0, 2, 1, 3))
    mixed = dense(ops.reshape(mixed, (n, A, C)), params["output"])
    x = windows.window_reverse(mixed, window, H, W)
    return ops.roll(x, (shift, shift), (1, 2))


def layer_by_image(x, params, window, shift, num_heads):
    """One image after another: no mask has to be tiled."""
    return ops.concatenate(
        [layer_in_lines(image[None], params, window, shift, num_heads) for image in x]
    )


def layer_by_window(x, params, window, shift, num_heads):
    """One window after another, in NumPy, head after head."""
    B, H, W, C = x.shape
    shifted = np.roll(x, (-shift, -shift), axis=(1, 2))
    mask = np.asarray(windows.shifted_window_mask(H, W, window, shift))
    bias = np.asarray(bias_of(params, window))
    out, d = np.empty_like(shifted), C // num_heads
    for i in range(H // window):
        for j in range(W // window):
            rows, columns = (slice(n * window, (n + 1) * window) for n in (i, j))
            own = shifted[:, rows, columns].reshape(B, window**2, C)
            q, k, v = (own @ params[r][0] + params[r][1] for r in ("query", "key", "value"))
            seen = mask[i * (W // window) + j]
            found = []
            for h in range(num_heads):
                part = slice(h * d, (h + 1) * d)
                scores = q[..., part] @ k[..., part].swapaxes(1, 2) / np.float32(d**0.5) + bias[h]
                weights = np.exp(scores - scores.max(-1, keepdims=True)) * seen
                found.append(weights / weights.sum(-1, keepdims=True) @ v[..., part])
            mixed = np.concatenate(found, -1) @ params["output"][0] + params["output"][1]
            out[:, rows, columns] = mixed.reshape(B, window, window, C)
    return np.roll(out, (shift, shift), axis=(1, 2))


def layer_by_index(x, params, window, shift, num_heads):
    """Tokens are gathered by their numbers on the map, and scattered again: no map is rolled."""
    B, H, W, C = x.shape
    number = np.arange(H * W).reshape(1, H, W, 1)
    number = np.asarray(windows.window_partition(np.roll(number, (-shift, -shift), (1, 2)), window))
    number = number[..., 0]  # (nW, A)
    tokens = np.asarray(x).reshape(B, H * W, C)
    query, key, value = (
        (tokens @ params[r][0] + params[r][1])[:, number].reshape(
            B, *number.shape, num_heads, C // num_heads
        )
        for r in ("query", "key", "value")
    )
    scores = np.einsum("bwqhd,bwkhd->bwhqk", query, key) / np.float32((C // num_heads) ** 0.5)
    scores = scores + np.asarray(bias_of(params, window))
    mask = np.asarray(windows.shifted_window_mask(H, W, window, shift))[None, :, None]
    weights = np.asarray(softmax(np.where(mask, scores, np.float32(-1e9))))
    mixed = np.einsum("bwhqk,bwkhd->bwqhd", weights, value).reshape(B, H * W, C)
    out = np.empty_like(tokens)
    out[:, number.reshape(-1)] = mixed @ params["output"][0] + params["output"][1]
    return out.reshape(x.shape)


def layer_with_all(x, params, window, shift, num_heads):
    """Attention of all with all on the whole map; a mask hides all but true neighbours."""
    B, H, W, C = x.shape
    row, column = np.indices((H, W)).reshape(2, -1)
    row, column = (row - shift) % H, (column - shift) % W  # where the shift puts them
    gone = (row + shift >= H) * 2 + (column + shift >= W)
    home = (row // window) * W + column // window
    same = (home[:, None] == home) & (gone[:, None] == gone)  # (HW, HW)
    place = row % window * window + column % window
    index = np.asarray(positions.relative_position_index(window, window))
    bias = np.asarray(params["bias_table"])[index[place[:, None], place]]  # (HW, HW, h)
    tokens = ops.reshape(x, (B, H * W, C))
    query, key, value = (
        heads.split_heads(dense(tokens, params[r]), num_heads) for r in ("query", "key", "value")
    )
    scores = attention_scores(query, key) + bias.transpose(2, 0, 1)
    mixed, _ = mix_values(scores, value, same)
    return ops.reshape(dense(heads.merge_heads(mixed), params["output"]), (B, H, W, C))


def layer_with_einsum(x, params, window, shift, num_heads):
    B, H, W, C = x.shape
    cut = windows.window_partition(windows.cyclic_shift(x, shift), window)

    def project(role):
        kernel, bias = params[role]
        kernel = ops.reshape(kernel, (C, num_heads, C // num_heads))
        bias = ops.reshape(bias, (num_heads, 1, C // num_heads))
        return ops.einsum("nac,chd->nhad", cut, kernel) + bias

    scores = ops.einsum("nhqd,nhkd->nhqk", project("query"), project("key"))
    scores = scores / (C // num_heads) ** 0.5 + bias_of(params, window)
    mask = windows.shifted_window_mask(H, W, window, shift)
    mask = ops.concatenate([mask] * B)[:, None]
    weights = ops.softmax(ops.where(mask, scores, -1e9))
    kernel, bias = params["output"]
    kernel = ops.reshape(kernel, (num_heads, C // num_heads, C))
    mixed = ops.einsum("nhqk,nhkd,hdc->nqc", weights, project("value"), kernel) + bias
    return windows.cyclic_shift(windows.window_reverse(mixed, window, H, W), -shift)


def layer_with_attend(x, params, window, shift, num_heads):
    """The bias as features: queries and keys get one more for each pair, so attend can be used."""
    B, H, W, C = x.shape
    cut = windows.window_partition(windows.cyclic_shift(x, shift), window)
    query, key, value = (
        heads.split_heads(dense(cut, params[role]), num_heads) for role in ("query", "key", "value")
    )
    n, A, d = cut.shape[0], cut.shape[1], C // num_heads
    one_hot = np.broadcast_to(np.eye(A, dtype="float32"), (n, num_heads, A, A))
    bias = np.broadcast_to(np.asarray(bias_of(params, window)), (n, num_heads, A, A))
    # attend divides by the root of the width that it sees.
    query = ops.concatenate([query / d**0.5, bias], axis=-1) * (d + A) ** 0.5
    key = ops.concatenate([key, one_hot], axis=-1)
    mask = ops.tile(windows.shifted_window_mask(H, W, window, shift), (B, 1, 1))
    mixed, _ = attend(query, key, value, mask[:, None])
    mixed = dense(heads.merge_heads(mixed), params["output"])
    return windows.cyclic_shift(windows.window_reverse(mixed, window, H, W), -shift)


def layer_projected_first(x, params, window, shift, num_heads):
    """Projections are each token's own: before the map is cut, or after, is the same."""
    B, H, W, C = x.shape

    def cut(role):
        moved = windows.cyclic_shift(dense(x, params[role]), shift)
        return heads.split_heads(windows.window_partition(moved, window), num_heads)

    bias = windows.relative_position_bias(params["bias_table"], window, window)
    mask = ops.tile(windows.shifted_window_mask(H, W, window, shift), (B, 1, 1))[:, None]
    mixed, _ = mix_values(attention_scores(cut("query"), cut("key")) + bias, cut("value"), mask)
    back = windows.window_reverse(heads.merge_heads(mixed), window, H, W)
    return dense(windows.cyclic_shift(back, -shift), params["output"])


VARIANTS = [
    layer_in_lines,
    layer_as_published,
    layer_by_image,
    layer_by_window,
    layer_by_index,
    layer_with_all,
    layer_with_einsum,
    layer_with_attend,
    layer_projected_first,
]


def windows_of_an_image_apart(x, params, window, shift, num_heads):
    """The mask meets (nW, B), though windows stand as (B, nW)."""
    B, H, W, C = x.shape
    cut = windows.window_partition(windows.cyclic_shift(x, shift), window)
    query, key, value = (
        heads.split_heads(dense(cut, params[role]), num_heads) for role in ("query", "key", "value")
    )
    scores = attention_scores(query, key) + bias_of(params, window)
    mask = windows.shifted_window_mask(H, W, window, shift)
    grouped = ops.reshape(scores, (mask.shape[0], B, *scores.shape[1:]))
    grouped = ops.where(mask[:, None, None], grouped, -1e9)
    weights = softmax(ops.reshape(grouped, scores.shape))
    mixed = dense(heads.merge_heads(ops.matmul(weights, value)), params["output"])
    return windows.cyclic_shift(windows.window_reverse(mixed, window, H, W), -shift)


def left_where_it_is(x, params, window, shift, num_heads):
    return windows.cyclic_shift(layer_in_lines(x, params, window, shift, num_heads), shift)


OTHER_STYLE = [
    ("mask repeated where it must be tiled", windows_of_an_image_apart),
    ("not shifted back", left_where_it_is),
]


def no_attention(x, params, window, shift, num_heads):
    return dense(dense(x, params["value"]), params["output"])


def changes_its_params(x, params, window, shift, num_heads):
    result = layer_in_lines(x, params, window, shift, num_heads)
    params["bias_table"] *= 2
    return result


WRONG = [no_attention, changes_its_params]
