"""The trainings that have a name: `course train MODEL --data NAME --recipe NAME`.

"published" are other people's, as they printed them; the rest are ours.
"""

from dataclasses import replace
from typing import NamedTuple

from course_utils.errors import CourseError
from course_utils.training.augment import Augmentation
from course_utils.training.baselines import D2LViT, FineTunedSwin, KerasPerceiver, TextbookViT
from course_utils.training.recipe import Recipe
from course_utils.training.sizes import (
    FASHION_VIT,
    LARGE_VIT,
    PLAIN_PERCEIVER,
    PLAIN_SWIN,
    PLAIN_VIT,
    SCENES_VIT,
    SHORT_VIT,
    SMALL_CNN,
    SMALL_PERCEIVER,
    SMALL_SWIN,
    SMALL_VIT,
)


class Training(NamedTuple):
    """The sizes of a model, whose images and classes the data will decide, and how to train it."""

    config: object
    recipe: Recipe


FLIP_AND_CROP = Augmentation(flip=True, crop=4)

COURSE = Recipe(epochs=13, augmentation=FLIP_AND_CROP)
# Some twenty minutes: twice as often, and no answer is held to be quite certain.
LONG = replace(COURSE, epochs=26, label_smoothing=0.1)
# A minute or two: too short for augmentation to pay.
SHORT = Recipe(epochs=5, learning_rate=4e-3)
# Four times the tokens of the small model, so fewer passes in the same time.
PLAIN = replace(COURSE, epochs=8)
FASHION = replace(SHORT, epochs=3)
# Some ten minutes.
FASHION_LONG = replace(FASHION, epochs=18, augmentation=Augmentation(flip=True, crop=2))
# No flip: it would exchange left and right, which is what a task asks for.
SCENES = Recipe(epochs=5)
# It takes some passes until a model finds out that colours are to be compared.
SCENES_TWICE = replace(SCENES, epochs=10)
# Some eight minutes, for 24,000 scenes.
SCENES_LONG = Recipe(epochs=11, batch_size=32)
# Long enough for every augmentation.
GPU = Recipe(
    epochs=30,
    batch_size=256,
    learning_rate=1e-3,
    label_smoothing=0.1,
    augmentation=Augmentation(flip=True, crop=4, rand_augment=0.3, mixup=0.8, cutmix=1.0),
    ema=0.999,
)

TEXTBOOK = Recipe(
    epochs=40,
    batch_size=64,
    learning_rate=1e-3,
    weight_decay=1e-4,
    decay="all",
    clip_norm=None,
    validation=0.2,
)
D2L = Recipe(
    epochs=10,
    batch_size=128,
    optimizer="sgd",
    learning_rate=0.1,
    schedule="constant",
    clip_norm=None,
)
KERAS_PERCEIVER = Recipe(
    epochs=40,
    batch_size=64,
    optimizer="adam",
    learning_rate=1e-3,
    schedule="plateau",
    clip_norm=None,
    augmentation=Augmentation(flip=True, zoom=0.2),
)
# AdamW with nothing set, which in Keras is 0.001 and a decay of 0.004.
TEXTBOOK_SWIN = Recipe(
    epochs=10,
    batch_size=128,
    learning_rate=1e-3,
    schedule="constant",
    weight_decay=4e-3,
    decay="all",
    clip_norm=None,
)

TRAININGS = {
    "vit": {
        "course": Training(SMALL_VIT, COURSE),
        "long": Training(SMALL_VIT, LONG),
        "short": Training(SHORT_VIT, SHORT),
        "plain": Training(PLAIN_VIT, PLAIN),
        "fashion": Training(FASHION_VIT, FASHION),
        "fashion-long": Training(FASHION_VIT, FASHION_LONG),
        "scenes": Training(SCENES_VIT, SCENES),
        "gpu": Training(LARGE_VIT, GPU),
        "published": Training(TextbookViT(), TEXTBOOK),
        "published-d2l": Training(D2LViT(), D2L),
    },
    "swin": {
        "course": Training(SMALL_SWIN, COURSE),
        "scenes": Training(SMALL_SWIN, SCENES),
        "plain": Training(PLAIN_SWIN, SCENES_TWICE),
        "published": Training(FineTunedSwin(), TEXTBOOK_SWIN),
    },
    "perceiver": {
        "course": Training(SMALL_PERCEIVER, COURSE),
        "scenes": Training(SMALL_PERCEIVER, SCENES),
        "plain": Training(PLAIN_PERCEIVER, SCENES_LONG),
        "published": Training(KerasPerceiver(), KERAS_PERCEIVER),
    },
    "cnn": {
        "course": Training(SMALL_CNN, COURSE),
        "scenes": Training(SMALL_CNN, SCENES),
    },
}


def find(model: str, recipe: str) -> Training:
    """Find a training by its names. Raises CourseError for an unknown one."""
    if model not in TRAININGS:
        raise CourseError(f"There is no model '{model}'. There are: {', '.join(TRAININGS)}.")
    if recipe not in TRAININGS[model]:
        known = ", ".join(TRAININGS[model])
        raise CourseError(f"There is no recipe '{recipe}' for {model}. There are: {known}.")
    return TRAININGS[model][recipe]
