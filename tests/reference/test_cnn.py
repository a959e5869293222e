"""The residual network against float64 NumPy, counts worked by hand, and a published size."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.reference import cnn as reference
from course_utils.reference.transformer import internals

CONFIG = reference.CNNConfig((5, 7), widths=(3, 4), blocks=(2, 1), num_classes=11, channels=2)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def numpy(value):
    return ops.convert_to_numpy(value)


def oracle_convolution(x, layer, strides=1):
    """Every output pixel by itself; "same" padding for odd kernels and these strides."""
    kernel = np.float64(np.asarray(layer.kernel.value))
    side, _, _, width = kernel.shape
    rows, columns = (-(-size // strides) for size in x.shape[1:3])
    needed = [max((n - 1) * strides + side - size, 0)
              for n, size in zip((rows, columns), x.shape[1:3], strict=True)]  # fmt: skip
    x = np.pad(x, ((0, 0), *((pad // 2, pad - pad // 2) for pad in needed), (0, 0)))
    out = np.zeros((len(x), rows, columns, width))
    for r, c in np.ndindex(rows, columns):
        seen = x[:, r * strides : r * strides + side, c * strides : c * strides + side]
        out[:, r, c] = np.einsum("bijc,ijcd->bd", seen, kernel)
    return out


def oracle_norm(x, layer):
    gamma, beta, mean, variance = (np.asarray(w.value) for w in layer.weights)
    return (x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta


def oracle_average(x):
    """The mean of each two by two pixels; at an odd edge, of those there are."""
    rows, columns = (-(-size // 2) for size in x.shape[1:3])
    out = np.zeros((len(x), rows, columns, x.shape[3]))
    for r, c in np.ndindex(rows, columns):
        out[:, r, c] = x[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2].mean((1, 2))
    return out


def oracle_block(model, name, x, strides):
    def normed(x, part, strides=1):
        convolution = model.get_layer(f"{name}_{part}_convolution")
        return oracle_norm(
            oracle_convolution(x, convolution, strides), model.get_layer(f"{name}_{part}_norm")
        )

    shortcut = x if strides == 1 else normed(oracle_average(x), "shortcut")
    hidden = np.maximum(normed(x, 1, strides), 0)
    return np.maximum(normed(hidden, 2) + shortcut, 0)


def test_every_block_equals_the_oracle(rng):
    model = reference.cnn(CONFIG)
    for weight in model.weights:  # no norm the identity
        weight.assign(rng.uniform(0.5, 1, weight.shape) * rng.choice([1, -1], weight.shape[-1]))
        if "variance" in weight.path:
            weight.assign(ops.absolute(weight))
    images = normal(rng, 2, 5, 7, 2)
    steps = {name: numpy(x) for name, x in internals(model)(images).items()}
    stem = oracle_convolution(np.float64(images), model.get_layer("stem_convolution"))
    x = np.maximum(oracle_norm(stem, model.get_layer("stem_norm")), 0)
    np.testing.assert_allclose(steps["stem"], x, rtol=1e-4, atol=1e-4)
    for name, strides in (("stage_0_block_0", 1), ("stage_0_block_1", 1), ("stage_1_block_0", 2)):
        expected = oracle_block(model, name, np.float64(x), strides)
        np.testing.assert_allclose(steps[name], expected, rtol=1e-4, atol=1e-4)
        x = steps[name]
    assert x.shape == (2, 3, 4, 4)
    np.testing.assert_allclose(steps["pool"], x.mean((1, 2)), rtol=1e-5)
    kernel, bias = (np.asarray(w.value) for w in model.get_layer("head").weights)
    np.testing.assert_allclose(steps["head"], steps["pool"] @ kernel + bias, rtol=1e-4, atol=1e-4)


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_count_by_hand():
    norm = 2  # numbers a channel
    stem = 9 * 2 * 3 + norm * 3
    first = 2 * 2 * (9 * 3 * 3 + norm * 3)
    second = 9 * 3 * 4 + norm * 4 + 9 * 4 * 4 + norm * 4 + 3 * 4 + norm * 4
    head = 4 * 11 + 11
    assert trainable(reference.cnn(CONFIG)) == stem + first + second + head


@pytest.mark.counts
def test_base_has_the_layers_of_resnet_18():
    """11,173,962 with 10 classes is the size of its usual form for images of 32 by 32."""
    model = reference.cnn(replace(reference.VARIANTS["base"], num_classes=10))
    assert trainable(model) == 11_173_962
    weighted = [n for n in (layer.name for layer in model.layers) if n.endswith("_convolution")]
    assert len([name for name in weighted if "shortcut" not in name]) + 1 == 18


def test_a_stage_needs_a_width_and_a_number_of_blocks():
    with pytest.raises(ValueError, match="2 widths and 3 numbers"):
        replace(CONFIG, blocks=(1, 1, 1))


def test_one_seed_gives_one_model(rng):
    images, logits = normal(rng, 2, 5, 7, 2), []
    for seed in (3, 3, 4):
        keras.utils.set_random_seed(seed)
        logits.append(numpy(reference.cnn(CONFIG)(images)))
    np.testing.assert_array_equal(logits[0], logits[1])
    assert np.abs(logits[2] - logits[0]).max() > 1e-3
