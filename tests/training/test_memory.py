import keras
import numpy as np
from keras import layers

from course_utils.reference.transformer import TransformerBlock
from course_utils.training.memory import counted, step_memory


def test_weights_count_four_times_and_outputs_once_an_image():
    model = keras.Sequential(
        [keras.Input((7,)), layers.Dense(5), layers.Dropout(0.5), layers.Dense(3)]
    )
    weights = 7 * 5 + 5 + 5 * 3 + 3
    images = np.zeros((2, 7), "float32")
    assert step_memory(model, images, 11) == 4 * (4 * weights + 11 * (5 + 3))


def test_a_block_keeps_its_attention_weights():
    block = TransformerBlock(6, 3, 13)
    x = np.zeros((1, 5, 6), "float32")
    block(x)
    with counted() as sizes:
        block(x, return_weights=True)
    # two norms, queries, keys, values, output; weights; the MLP's two layers
    assert sum(sizes) == 6 * (5 * 6) + 3 * 5 * 5 + 5 * 13 + 5 * 6


def test_nothing_is_counted_outside():
    before = layers.Layer.__call__
    with counted() as sizes:
        assert layers.Layer.__call__ is not before
    assert layers.Layer.__call__ is before and sizes == []
