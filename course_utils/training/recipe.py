"""A recipe: everything about a training but the model and the data.

Sources: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), for AdamW; Polyak
and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992), for the average of the
weights.
"""

from dataclasses import dataclass, field

import keras
from keras import ops

from course_utils.training.augment import Augmentation
from course_utils.training.devices import clip_together
from course_utils.training.schedules import WarmupCosine

CHOICES = {
    "optimizer": ("adamw", "adam", "sgd"),
    "decay": ("kernels", "all"),
    "schedule": ("cosine", "constant", "plateau"),
    "precision": ("auto", "float32", "mixed_float16", "mixed_bfloat16"),
}

WHOLE = (lambda value: value == int(value) and value >= 1), "a whole number, 1 or more"
SHARE = (lambda value: 0 <= value < 1), "a number from 0 to below 1"
RANGES = {
    "epochs": WHOLE,
    "batch_size": WHOLE,
    "learning_rate": ((lambda value: 0 < value < float("inf")), "a number above 0"),
    "warmup": ((lambda value: 0 <= value <= 1), "a number from 0 to 1"),
    "weight_decay": ((lambda value: 0 <= value < float("inf")), "0 or more"),
    "clip_norm": ((lambda value: value > 0), "a number above 0, or None"),
    "label_smoothing": SHARE,
    "ema": SHARE,
    "validation": ((lambda value: 0 < value < 1), "a number between 0 and 1, or None"),
    "seed": ((lambda value: 0 <= value < 2**31), f"a whole number from 0 to {2**31 - 1}"),
}
MAY_BE_NONE = ("clip_norm", "ema", "validation")


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; four fields have a few choices (see CHOICES).

    epochs: times that every training image is seen; learning_rate: the highest; schedule: how it
    changes, where warmup is the share of all steps in which "cosine" climbs; weight_decay: for
    AdamW, of what decay says: "kernels", or "all" that is trained, as in Keras; clip_norm: longest
    gradient of all weights together, None for any; label_smoothing: share of the target that all
    classes divide; ema: how much of the averaged weights remains in each step, once there were
    enough of them, None for no average; validation: share of the images kept from training, None
    for the data set's own; precision: "auto" is half precision on GPUs alone.
    """

    epochs: int
    batch_size: int = 64
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.05
    decay: str = "kernels"
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    ema: float | None = None
    validation: float | None = None
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self):
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {choices}, not {getattr(self, name)!r}")
        for name, (holds, words) in RANGES.items():
            value = getattr(self, name)
            if not (value is None and name in MAY_BE_NONE) and not holds(value):
                raise ValueError(f"{name} is {words}, not {value!r}")


class Ours:
    """What Keras' optimizers do differently here."""

    def apply(self, grads, trainable_variables=None):
        super().apply(clip_together(grads, self.global_clipnorm), trainable_variables)

    def _update_model_variables_moving_average(self, trainable_variables):
        """Average the weights so that the average begins where they are.

        Keras would keep ema**steps of the first weights: of 0.999, 79 % after 235 steps, and such
        a model knows nothing. Here the first averages forget faster: of n steps, at most n / (n+9)
        remains of what was there, and of the last tenth of all steps there is
        most in it.
        """
        if not self.use_ema:
            return
        steps = ops.cast(self.iterations, "float32")
        kept = ops.minimum(self.ema_momentum, steps / (steps + 9.0))
        pairs = zip(trainable_variables, self._model_variables_moving_average, strict=True)
        for variable, average in pairs:
            if average is not None:
                average.assign(kept * average + (1 - kept) * variable)

    def finalize_variable_values(self, variables):
        """Leave the averaged weights where they are.

        Keras would put them in the place of the weights at the end of every `fit`, and ours is
        called for each epoch anew: the training could not go on.
        """


class AdamW(Ours, keras.optimizers.AdamW):
    pass


class Adam(Ours, keras.optimizers.Adam):
    pass


class SGD(Ours, keras.optimizers.SGD):
    pass


def make_optimizer(recipe: Recipe, model: keras.Model, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of a recipe for a model, which takes `steps` steps in an epoch."""
    total = recipe.epochs * steps
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = WarmupCosine(rate, int(recipe.warmup * total), total)
    settings = {"learning_rate": rate, "global_clipnorm": recipe.clip_norm}
    if recipe.ema is not None:
        settings |= {"use_ema": True, "ema_momentum": recipe.ema}
    if recipe.optimizer != "adamw":
        return {"adam": Adam, "sgd": SGD}[recipe.optimizer](**settings)
    optimizer = AdamW(weight_decay=recipe.weight_decay, **settings)
    if recipe.decay == "all":
        return optimizer
    # Kernels multiply, and decay keeps them small. Biases, norms, positions and trained tokens
    # add: they have a place of their own, which is not 0.
    rest = [weight for weight in model.trainable_variables if weight.name != "kernel"]
    optimizer.exclude_from_weight_decay(var_list=rest)
    return optimizer
