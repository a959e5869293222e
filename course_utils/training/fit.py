"""Train a model by a recipe, in a folder of its own, and go on where a training was cut short."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from course_utils.errors import CourseError
from course_utils.training import checkpoint, models
from course_utils.training.augment import Batches
from course_utils.training.data import Dataset, Split
from course_utils.training.devices import all_devices, host, precision
from course_utils.training.evaluation import TOP5_FROM, averaged, evaluate, in_words
from course_utils.training.identity import circumstances, identity
from course_utils.training.recipe import Recipe, make_optimizer
from course_utils.training.schedules import plateau


class Run(NamedTuple):
    """What a training left: its folder, the model with its best weights, rows, and results."""

    folder: Path
    model: keras.Model
    history: list[dict]
    result: dict


def fit(
    config, data: Dataset, recipe: Recipe, folder: str | Path, *, data_options: dict | None = None
) -> Run:
    """Train a model by a recipe; a second call with the same arguments goes on, or finds it done.

    config: the sizes of one of our models, such as a ViTConfig; its images and classes become
    those of the data. folder: see `checkpoint` for what it will hold. data_options: what to write
    there about where the data came from. On a CPU, a training that was killed and went on gives
    the numbers of one that was not.
    Raises CourseError for a folder that holds another training, a batch that does not fit into
    memory, and a loss that is no number any more; each says what to do.
    """
    folder = Path(folder)
    data = keep_for_validation(data, recipe.validation)
    config = models.for_data(config, data)
    with all_devices() as devices, precision(recipe.precision, devices) as computed_in:
        check_sizes(recipe, data, devices)
        model, batches = prepare(config, data, recipe)
        where = {"source": data_options or {}, "devices": devices, "precision": computed_in}
        checkpoint.claim(folder, {**identity(config, data, recipe), **where, **circumstances()})
        history = checkpoint.restore_state(folder, model)
        say_beginning(model, devices, history, recipe, folder)
        with explained(folder, history):
            for epoch in range(len(history), recipe.epochs):
                row = train_epoch(model, batches, data, recipe, history, epoch)
                keep(folder, model, history, row, recipe)
            result = finish(folder, model, data, history, recipe)
    return Run(folder, model, history, result)


# --- before -----------------------------------------------------------------------------------


def keep_for_validation(data, share):
    """Keep a share of all images but the test's for validation; None leaves it as it is."""
    if share is None:
        return data
    images, labels = (
        np.concatenate(parts) for parts in zip(data.validation, data.train, strict=True)
    )
    kept = round(share * len(labels))
    train, validation = (Split(images[part], labels[part]) for part in np.s_[kept:, :kept])
    return data._replace(train=train, validation=validation)


def check_sizes(recipe, data, devices):
    """Refuse what cannot be trained, before a folder is made for it."""
    if recipe.batch_size > len(data.train.labels):
        raise CourseError(
            f"A batch of {recipe.batch_size} needs as many training images, and there are "
            f"{len(data.train.labels)}: choose a smaller batch_size or more data."
        )
    if recipe.batch_size % len(devices):
        raise CourseError(
            f"{len(devices)} devices cannot share a batch of {recipe.batch_size} evenly: choose a "
            f"batch_size that {len(devices)} divides."
        )


def prepare(config, data, recipe):
    """The model, ready to be trained, and what gives its batches."""
    keras.utils.set_random_seed(recipe.seed)
    try:
        model = models.build(config)
    except ValueError as error:
        raise CourseError(f"This model cannot see these images: {error}") from error
    batches = Batches(
        data.train,
        len(data.class_names),
        batch_size=recipe.batch_size,
        augmentation=recipe.augmentation,
        seed=recipe.seed,
    )
    metrics = [keras.metrics.CategoricalAccuracy("top1")]
    if len(data.class_names) >= TOP5_FROM:
        metrics.append(keras.metrics.TopKCategoricalAccuracy(5, "top5"))
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )
    model.compile(make_optimizer(recipe, model, batches.steps), loss, metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    return model, batches


# --- an epoch ---------------------------------------------------------------------------------


def train_epoch(model, batches, data, recipe, history, epoch):
    """Train for one epoch and evaluate the model on the validation images: a row of the history."""
    if recipe.schedule == "plateau":
        losses = [row["val_loss"] for row in history]
        model.optimizer.learning_rate = plateau(recipe.learning_rate, losses)
    began = time.monotonic()
    logs = model.fit(
        batches.epoch(epoch, host()),
        initial_epoch=epoch,
        epochs=recipe.epochs,  # for the progress bar: `OneEpoch` ends this one's
        shuffle=False,  # they are shuffled
        callbacks=[OneEpoch(recipe)],
        # A file or a pipe gets a line an epoch, not a bar that is drawn again and again.
        verbose=1 if sys.stdout.isatty() or "ipykernel" in sys.modules else 2,
    ).history
    with averaged(model, recipe):
        found = evaluate(model, data.validation, recipe.batch_size)
    row = {"epoch": epoch + 1, **{name: float(values[0]) for name, values in logs.items()}}
    row |= {f"val_{name}": value for name, value in found.items()}
    row["learning_rate"] = float(model.optimizer.learning_rate)
    row["seconds"] = round(time.monotonic() - began, 3)
    print(f"  validation: {in_words(found)}; {row['seconds']:.1f} s", flush=True)
    return row


class OneEpoch(keras.callbacks.Callback):
    """End `fit` after an epoch, and at once, before anything is written, where the loss is NaN.

    Keras' TerminateOnNaN would go on as if the epoch had ended well.
    """

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if np.isfinite(float(logs["loss"])):
            return
        recipe = self.recipe
        raise CourseError(
            f"In epoch {self.epoch}, batch {batch + 1}, the loss is no number any more: the steps "
            f"were too large. Lower the learning_rate (it is {recipe.learning_rate:g}; try a "
            f"third), raise the warmup (it is {recipe.warmup:g}), or clip gradients (clip_norm is "
            f"{recipe.clip_norm}; 1.0 is usual), in a new folder: this one keeps the epochs before."
        )

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


# --- what stays -------------------------------------------------------------------------------


def keep(folder, model, history, row, recipe):
    """Write everything down. The state comes last: what it tells of is all there."""
    best = max((past["val_top1"] for past in history), default=-1.0)
    rows = [*history, row]
    if row["val_top1"] > best:
        with averaged(model, recipe):
            # A model that was not compiled has no optimizer, whose state is twice the weights.
            bare = keras.Model(model.inputs, model.outputs)
            checkpoint.write(folder / checkpoint.BEST, bare.save_weights)
    checkpoint.save_history(folder, rows)
    checkpoint.save_curves(folder / checkpoint.CURVES, {folder.name: rows})
    checkpoint.save_state(folder, model, rows)
    history.append(row)


def finish(folder, model, data, history, recipe):
    """Evaluate the best weights on the test images."""
    keras.Model(model.inputs, model.outputs).load_weights(folder / checkpoint.BEST)
    found = evaluate(model, data.test, recipe.batch_size)
    result = {f"test_{name}": value for name, value in found.items()}
    best = max(history, key=lambda row: row["val_top1"])  # the first one of equals
    result |= {
        "best_epoch": best["epoch"],
        "epochs": len(history),
        "seconds": round(sum(row["seconds"] for row in history), 3),
        "parameters": model.count_params(),
    }
    checkpoint.write_json(folder / checkpoint.RESULT, result)
    print(f"Test, with the weights of epoch {best['epoch']}: {in_words(found)}. All of it is in "
          f"{folder}.")  # fmt: skip
    return result


def say_beginning(model, devices, history, recipe, folder):
    print(f"{model.name}: {model.count_params():,} numbers, on {', '.join(devices)}")
    if history:
        print(f"{len(history)} of {recipe.epochs} epochs are in {folder} already.")


@contextmanager
def explained(folder, history):
    """Say what to do where a training ends before its time."""
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"\nStopped. {folder} keeps {len(history)} whole epochs; the same call or command "
            "goes on from there."
        )
        raise
    except Exception as error:
        if not out_of_memory(error):
            raise
        raise CourseError(
            "The memory is full. Halve the batch_size (and the learning_rate with it), in a new "
            "folder, or close what else uses this device: another notebook's kernel keeps its "
            "memory until it is shut down."
        ) from error


def out_of_memory(error):
    """Tell it for TensorFlow, for JAX and for NumPy, whose errors have no common kind."""
    kind = type(error).__name__
    return kind in ("ResourceExhaustedError", "MemoryError", "_ArrayMemoryError") or (
        "RESOURCE_EXHAUSTED" in str(error)
    )
