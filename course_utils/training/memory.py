"""How much memory a training step needs, counted and not measured."""

from contextlib import contextmanager

import keras
from keras import layers

from course_utils.reference.multi_head_attention import MultiHeadAttention
from course_utils.reference.transformer import StochasticDepth

# They hand on what came in: no second copy has to be kept.
PASSING = (layers.Dropout, layers.Identity, layers.Reshape, layers.InputLayer, StochasticDepth)


def step_memory(model: keras.Model, images, batch_size: int) -> int:
    """Count the bytes of a training step with Adam, in float32.

    For each weight four numbers: itself, its gradient, and Adam's two averages. For each image of
    a batch the outputs of all layers, attention weights among them: the gradient needs them.
    images (B, ...), any number of them.
    """
    with counted() as sizes:
        model(images[:1], training=False)
    return 4 * (4 * model.count_params() + batch_size * sum(sizes))


@contextmanager
def counted():
    """Inside, the list that this gives grows by the size of each layer's output."""
    sizes, call = [], layers.Layer.__call__

    def counting(self, *args, **kwargs):
        output = call(self, *args, **kwargs)
        if isinstance(self, MultiHeadAttention) and isinstance(output, tuple):
            sizes.append(size(output[1]))  # the rest comes from the layers inside
        elif not isinstance(self, PASSING) and not self._layers:
            sizes.append(sum(map(size, keras.tree.flatten(output))))
        return output

    layers.Layer.__call__ = counting
    try:
        yield sizes
    finally:
        layers.Layer.__call__ = call


def size(array) -> int:
    total = 1
    for length in array.shape:
        total *= length
    return total
