"""Attention in windows once more, from a map to a map, as a plain function of its weights.

The same numbers as the layer `swin_transformer.WindowAttention`, on maps that the window divides.
Letters: B batch, H W rows and columns of a map, C channels, M side of a window, A = M² tokens of a
window, nW windows in a map, h heads, d = C / h.

Source: Liu et al., "Swin Transformer" (2021), section 3.2 and equation 4.
"""

import keras
from keras import ops

from course_utils.reference.attention import mix_values, wide_scores
from course_utils.reference.multi_head_attention import merge_heads, split_heads
from course_utils.reference.plain_vit import dense
from course_utils.reference.windows import (
    cyclic_shift,
    relative_position_bias,
    shifted_window_mask,
    window_partition,
    window_reverse,
)


def window_attention(x, params: dict, window: int, shift: int, num_heads: int):
    """Let the tokens of each window attend to each other, the windows moved by `shift`.

    x (B, H, W, C) -> (B, H, W, C). params: "query", "key", "value", "output" as in
    `multi_head_attention`, and "bias_table" ((2M-1)², h), which is added to the scores.
    Raises ValueError when M does not divide H and W, or h not C.
    """
    x = ops.convert_to_tensor(x)
    batch, height, width, _ = x.shape
    windows = window_partition(cyclic_shift(x, shift), window)  # (B·nW, A, C)
    query, key, value = (
        split_heads(dense(windows, *params[role]), num_heads) for role in ("query", "key", "value")
    )  # (B·nW, h, A, d)
    bias = relative_position_bias(params["bias_table"], window, window)  # (h, A, A)
    mask = shifted_window_mask(height, width, window, shift)  # (nW, A, A)
    mask = ops.tile(mask, (batch, 1, 1))  # all windows of an image, then those of the next
    mixed, _ = mix_values(wide_scores(query, key) + bias, value, mask[:, None])
    windows = dense(merge_heads(mixed), *params["output"])  # (B·nW, A, C)
    return cyclic_shift(window_reverse(windows, window, height, width), -shift)


def swin_weights(model: keras.Model) -> dict:
    """Read the weights of a `swin_transformer` into a dictionary of NumPy arrays.

    "patch_embedding": (kernel (P, P, C, D), bias (D,)); "patch_norm" and "norm": (gamma, beta);
    "head": (kernel, bias); "stages": a list of {"blocks": a list, and behind the first stage
    "merge": ((gamma, beta), kernel)}. A block has "norm1" and "norm2": (gamma, beta), "attention":
    as in `window_attention`, and "mlp": two pairs (kernel, bias).
    """
    arrays = {w.path: a for w, a in zip(model.weights, model.get_weights(), strict=True)}

    def dense(path):
        return arrays[f"{path}/kernel"], arrays[f"{path}/bias"]

    def norm(path):
        return arrays[f"{path}/gamma"], arrays[f"{path}/beta"]

    def block(name):
        inside = f"{name}/attention"
        roles = ("query", "key", "value", "output")
        params = {role: dense(f"{inside}/attention/{role}") for role in roles}
        return {
            "norm1": norm(f"{name}/norm1"),
            "attention": {**params, "bias_table": arrays[f"{inside}/bias_table"]},
            "norm2": norm(f"{name}/norm2"),
            "mlp": (dense(f"{name}/mlp/widen"), dense(f"{name}/mlp/narrow")),
        }

    stages = [{"blocks": []}]
    for layer in model.layers:  # in their order from the images to the logits
        if layer.name.startswith("merge_"):
            merge = norm(f"{layer.name}/norm"), arrays[f"{layer.name}/reduce/kernel"]
            stages.append({"merge": merge, "blocks": []})
        elif layer.name.startswith("block_"):
            stages[-1]["blocks"].append(block(layer.name))
    return {
        "patch_embedding": dense("patch_embedding/project"),
        "patch_norm": norm("patch_embedding/norm"),
        "stages": stages,
        "norm": norm("norm"),
        "head": dense("head"),
    }
