"""How well a model does: on images it has not seen, with the weights that count."""

from contextlib import contextmanager

import keras
import numpy as np

from course_utils.training.augment import plain_batches
from course_utils.training.data import Split
from course_utils.training.devices import each_host_alone
from course_utils.training.recipe import Recipe

TOP5_FROM = 10  # with fewer classes, five guesses say nothing
SHARES = {"top1": "top-1", "top5": "top-5"}


@contextmanager
def averaged(model: keras.Model, recipe: Recipe):
    """Inside, the model has the average of its weights, where the recipe asks for one."""
    if recipe.ema is None:
        yield
        return
    swap = keras.callbacks.SwapEMAWeights()
    swap.set_model(model)
    swap.on_test_begin()
    try:
        yield
    finally:
        swap.on_test_end()


def evaluate(model: keras.Model, split: Split, batch_size: int) -> dict[str, float]:
    """Loss, share of right first guesses and, with ten classes or more, of the first five."""
    # Not Keras' `evaluate`: it would count the copies that fill up the last batch, and several
    # devices need a full one.
    with each_host_alone():
        logits = model.predict(plain_batches(split.images, batch_size), verbose=0)
    logits = logits[: len(split.labels)].astype("float64")
    right = np.take_along_axis(logits, split.labels[:, None], axis=1)  # (N, 1)
    highest = logits.max(1, keepdims=True)
    log_sum = highest[:, 0] + np.log(np.exp(logits - highest).sum(1))
    better = (logits > right).sum(1)
    found = {"loss": float(np.mean(log_sum - right[:, 0])), "top1": float(np.mean(better < 1))}
    return found | ({"top5": float(np.mean(better < 5))} if logits.shape[1] >= TOP5_FROM else {})


def in_words(found):
    """What `evaluate` found, for a line of text."""
    shares = [f"{name} {found[key]:.1%}" for key, name in SHARES.items() if key in found]
    return ", ".join([f"loss {found['loss']:.3f}", *shares])
