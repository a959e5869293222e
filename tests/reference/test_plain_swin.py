"""The plain function gives what the layer gives, with the layer's own weights."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference.plain_swin import swin_weights, window_attention
from course_utils.reference.swin_transformer import SwinConfig, WindowAttention, swin_transformer

CONFIG = SwinConfig(
    (36, 24), 2, window=3, dim=6, depths=(2, 1), num_heads=(2, 3), mlp_ratio=2.0, num_classes=5
)


def drawn(thing):
    """A model or a layer in which no weight is 0 or 1, as they are in a new one."""
    rng = np.random.default_rng(5)
    for weight in thing.weights:
        weight.assign(rng.normal(0.3, 0.4, weight.shape))
    return thing


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_the_same_weights_give_the_same_map(shift):
    layer = WindowAttention(10, 2, window=3, shift=shift)
    layer.build((None, 6, 9, 10))
    drawn(layer)
    inner = layer.attention
    roles = {"query": inner.query_dense, "key": inner.key_dense}
    roles |= {"value": inner.value_dense, "output": inner.output_dense}
    params = {role: one.get_weights() for role, one in roles.items()}
    params["bias_table"] = ops.convert_to_numpy(layer.bias_table)
    x = np.random.default_rng(6).normal(size=(4, 6, 9, 10)).astype("float32")
    ours = ops.convert_to_numpy(window_attention(x, params, 3, shift, 2))
    expected = ops.convert_to_numpy(layer(x))
    assert np.abs(ours - expected).max() <= 1e-5 * np.abs(expected).max()


def test_all_weights_of_a_model_are_read():
    model = drawn(swin_transformer(CONFIG))
    weights = swin_weights(model)
    assert sum(array.size for array in keras.tree.flatten(weights)) == model.count_params()
    assert [len(stage["blocks"]) for stage in weights["stages"]] == [2, 1]
    assert ["merge" in stage for stage in weights["stages"]] == [False, True]
