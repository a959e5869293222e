"""How large a step of a training may be: by its number, or by what the training came to.

Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), for the warm-up.
"""

import keras
from keras import ops

from course_utils.reference.learning import learning_rate


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """The reference's `learning_rate`, step by step, as Keras wants it."""

    def __init__(self, peak: float, warmup_steps: int, total_steps: int):
        # Worked out before the training: the formula asks questions that a graph cannot.
        steps = range(total_steps + 1)
        self.rates = [learning_rate(step, peak, warmup_steps, total_steps) for step in steps]

    def __call__(self, step):
        step = ops.minimum(ops.cast(step, "int32"), len(self.rates) - 1)
        return ops.take(ops.convert_to_tensor(self.rates, dtype="float32"), step)


def plateau(rate: float, losses: list[float], factor=0.2, patience=3, least=1e-4) -> float:
    """The learning rate after epochs with these validation losses: less where they stand still.

    rate: the first. The rule of Keras' ReduceLROnPlateau, told by the past alone: there is nothing
    to be restored when a training goes on.
    """
    best, waited = float("inf"), 0
    for loss in losses:
        waited += 1
        if loss < best - least:
            best, waited = loss, 0
        elif waited >= patience:
            rate, waited = rate * factor, 0
    return rate
