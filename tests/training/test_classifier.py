"""The notebooks' training: it learns, its last step is next to nothing, and it says how it went."""

import keras
import numpy as np

from course_utils.training.classifier import train_classifier


def points(count):
    """Points of the plane, and which quarter they lie in."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (count, 2)).astype("float32")
    return x, (2 * (x[:, 0] > 0) + (x[:, 1] > 0)).astype("int32")


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(4)]
    )


def test_it_learns_and_watches_new_points():
    model, (x, labels) = network(), points(203)
    came = train_classifier(
        model, x, labels, epochs=20, peak=0.02, batch_size=20, new=(x[:7], labels[:7])
    )
    assert set(came) == {"loss", "top1", "top2", "val_loss", "val_top1", "val_top2"}
    assert len(came["loss"]) == 20 and came["top1"][-1] > 0.9 and came["val_top1"][-1] == 1
    assert all(two >= one for one, two in zip(came["top1"], came["top2"], strict=True))


def test_the_rate_climbs_for_a_tenth_and_ends_at_nothing():
    model, (x, labels) = network(), points(203)
    train_classifier(model, x, labels, epochs=2, peak=0.1, batch_size=20)
    steps = 2 * 11  # ten whole batches and one of three
    assert int(model.optimizer.iterations) == steps
    rates = model.optimizer._learning_rate.rates
    assert len(rates) == steps + 1 and rates[0] == rates[-1] == 0
    assert max(rates) == rates[steps // 10] == 0.1
