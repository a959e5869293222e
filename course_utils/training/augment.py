"""The batches of one epoch, their images changed by chance so that a model never sees one twice.

The changes are Keras' own layers. Keras draws their chance from counters that move on with each
call; here it follows from the seed, the epoch and the step alone. So a training that was cut short
sees, when it goes on, the very batches it would have seen.

Sources: Cubuk et al., "RandAugment" (2020); Zhang et al., "mixup" (2018); Yun et al., "CutMix"
(2019); Zhong et al., "Random Erasing Data Augmentation" (2020).
"""

import os
from contextlib import suppress
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from course_utils.training.images import scale

if keras.backend.backend() != "tensorflow":
    # TensorFlow only reads data here: it must not take the memory of the GPU that another uses.
    with suppress(RuntimeError):  # it is too late for that where TensorFlow runs already
        tf.config.set_visible_devices([], "GPU")

# TensorFlow's own tuning of these numbers sleeps between its looks, each time twice as long, and an
# epoch that ends waits for it to wake.
UNTUNED = tf.data.Options()
UNTUNED.autotune.enabled = False
# Batches prepared at the same time, and ahead of the step that needs them: a GPU empties them fast.
AT_ONCE = os.cpu_count() or 1


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed; 0 or False leaves a change out.

    flip: exchange left and right; crop: shift by up to this many pixels, black moves in; zoom: in
    and out by up to this share; rand_augment: two random changes of a whole batch, of this
    strength, from 0 to 1; mixup, cutmix: mix pairs of images, by shares from a beta distribution
    with this number twice; with both, each batch has one of the two; erasing: share of images that
    lose a rectangle.
    """

    flip: bool = False
    crop: int = 0
    zoom: float = 0.0
    rand_augment: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    erasing: float = 0.0


class StepSeeds(keras.random.SeedGenerator):
    """The seeds of one step, drawn from (seed, epoch, step): no counter survives the step."""

    def __init__(self, seed):  # what Keras would make here is the counter
        self.seed = seed

    def start(self, epoch, step):
        self.place, self.drawn = (epoch, step), 0

    def next(self, ordered=True):
        epoch, step = self.place
        self.drawn += 1
        fold = tf.random.experimental.stateless_fold_in
        seed = fold(tf.constant([self.seed, self.drawn]), epoch)
        return fold(seed, step)  # (2,)


class Batches:
    """The training batches of an epoch: images from -1 to 1, (B, H, W, C), and targets (B, K).

    The last images of an epoch, too few for a batch, wait for another one.
    """

    def __init__(self, split, num_classes, *, batch_size, augmentation, seed):
        with tf.device("CPU"):
            self.images, self.labels = tf.constant(split.images), tf.constant(split.labels)
        self.num_classes, self.batch_size, self.seed = num_classes, batch_size, seed
        self.steps = len(split.labels) // batch_size
        self.seeds = StepSeeds(seed)
        self.changes, self.mixes = make_layers(augmentation, split.images.shape[1:3], self.seeds)
        self.prepare = tf.function(self._prepare)  # traced once, and not in every epoch

    def epoch(self, epoch: int, host: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        """The batches of one epoch, the same ones whenever they are asked for.

        host: (which, of how many); each has its share of every batch.
        """
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.labels))
        order = order[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)
        numbers = (np.full(self.steps, epoch, "int32"), np.arange(self.steps, dtype="int32"))
        batches = tf.data.Dataset.from_tensor_slices((*numbers, order))
        batches = batches.map(self.prepare, num_parallel_calls=AT_ONCE)
        which, hosts = host
        if hosts > 1:  # the whole batch is prepared, so that its chance is that of one host
            size = self.batch_size // hosts
            mine = slice(which * size, (which + 1) * size)
            batches = batches.map(lambda images, targets: (images[mine], targets[mine]))
        return batches.prefetch(AT_ONCE).with_options(UNTUNED)

    def _prepare(self, epoch, step, chosen):
        self.seeds.start(epoch, step)
        batch = {
            "images": tf.cast(tf.gather(self.images, chosen), "float32"),
            "labels": tf.one_hot(tf.gather(self.labels, chosen), self.num_classes),
        }
        for change in self.changes:
            batch = change(batch, training=True)
        if len(self.mixes) == 1:
            batch = self.mixes[0](batch, training=True)
        elif self.mixes:
            first, second = (mix(batch, training=True) for mix in self.mixes)
            is_first = tf.random.stateless_uniform((), self.seeds.next()) < 0.5
            batch = {key: tf.where(is_first, first[key], second[key]) for key in batch}
        shape = (self.batch_size, *self.images.shape[1:])
        return scale(tf.ensure_shape(batch["images"], shape)), batch["labels"]


def make_layers(augmentation, size, seeds):
    """Keras' layers for an augmentation: those that change one image, and those that mix two."""
    height, width = size
    wanted, last = augmentation, {"data_format": "channels_last"}
    changes, mixes = [], []
    if wanted.flip:
        changes.append(layers.RandomFlip("horizontal", **last))
    if wanted.crop:
        # The same as padding and cropping, but with a place for each image: Keras' RandomCrop cuts
        # all images of a batch at one place.
        shift = {"fill_mode": "constant", "interpolation": "nearest"}
        # Half a pixel more is rounded to the farthest places as often as to the others.
        factors = (wanted.crop + 0.499) / height, (wanted.crop + 0.499) / width
        changes.append(layers.RandomTranslation(*factors, **shift, **last))
    if wanted.zoom:
        changes.append(layers.RandomZoom(wanted.zoom, wanted.zoom, **last))
    if wanted.rand_augment:
        changes.append(layers.RandAugment(num_ops=2, factor=wanted.rand_augment, **last))
    if wanted.erasing:
        changes.append(
            layers.RandomErasing((wanted.erasing, wanted.erasing), scale=(0.02, 0.33), **last)
        )
    if wanted.mixup:
        mixes.append(layers.MixUp(alpha=wanted.mixup, **last))
    if wanted.cutmix:
        mixes.append(layers.CutMix((wanted.cutmix, wanted.cutmix), **last))
    for layer in changes + mixes:
        # What all of them ask for their chance, RandAugment on behalf of the layers inside it.
        layer._get_seed_generator = lambda backend=None: seeds
    return changes, mixes


def plain_batches(images: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """All images in their order, scaled. The last batch is filled up with copies of image 0."""
    missing = -len(images) % batch_size
    order = np.concatenate([np.arange(len(images)), np.zeros(missing, "int64")])
    with tf.device("CPU"):
        images = tf.constant(images)
    batches = tf.data.Dataset.from_tensor_slices(order.reshape(-1, batch_size))
    batches = batches.map(lambda chosen: scale(tf.cast(tf.gather(images, chosen), "float32")))
    return batches.prefetch(AT_ONCE).with_options(UNTUNED)
