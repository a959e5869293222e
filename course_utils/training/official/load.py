"""Load a published model into our own architecture."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from course_utils.errors import CourseError
from course_utils.reference.attention import softmax
from course_utils.training.official import perceiver, swin, vit
from course_utils.training.official.preprocessing import Preprocessing, sides
from course_utils.training.official.published import Files, find_files, read_weights
from course_utils.training.official.weights import assign

KINDS = {"vit": vit, "swin": swin, "perceiver": perceiver}


@dataclass(frozen=True)
class Official:
    """A published model in our architecture.

    model: a keras.Model, (B, H, W, 3) -> logits (B, classes); config: its sizes; preprocess:
    uint8 photos (H, W, 3) or (B, H, W, 3) -> what the model takes; class_names by class.
    """

    model: keras.Model
    config: object
    preprocess: Preprocessing
    class_names: tuple[str, ...]

    def top(self, image, k: int = 5) -> list[tuple[str, float]]:
        """Name the k likeliest classes of one photo (H, W, 3), likeliest first, with their odds."""
        logits = self.model(self.preprocess(image), training=False)
        chances = ops.convert_to_numpy(softmax(logits))[0]
        best = np.argsort(-chances, kind="stable")[:k]
        return [(self.class_names[index], float(chances[index])) for index in best]


def load_official(name: str, *, image_size: int | tuple[int, int] | None = None) -> Official:
    """Load published weights into our model of the same architecture.

    name: one of PUBLISHED, from the Hugging Face hub and from its cache ever after, or the path of
    a folder with config.json, preprocessor_config.json and model.safetensors as published.
    image_size: a side or (height, width) other than the one trained on; learned positions are
    then stretched to the new grid.
    Raises CourseError when the files cannot be had or do not fit, with what to do about it.
    """
    files = find_files(name)
    kind = kind_of(files)
    try:
        size = sides(image_size) if image_size else kind.trained_size(files)
        config = kind.our_config(files.config, size)
        class_names = names_of_classes(files.config)
        preprocess = Preprocessing.from_settings(
            files.preprocessing, size, files.config["model_type"]
        )
    except KeyError as error:
        raise CourseError(
            f"The settings of {name} have no {error}, so they are not those of a published "
            f"{files.config['model_type']} for image classification. Take config.json and "
            "preprocessor_config.json from where the weights are."
        ) from error
    try:
        model = kind.build(config)
    except ValueError as error:
        raise CourseError(f"{name} cannot be built for images of {size}: {error}") from error
    tensors = kind.fit_positions(read_weights(files.weights), kind.trained_size(files), config)
    assign(model, kind.official_names(config), tensors, file=files.weights, ignored=kind.IGNORED)
    return Official(model, config, preprocess, class_names)


def kind_of(files: Files):
    """Tell which of our architectures it is, and refuse variations that ours does not have."""
    kind = KINDS.get(files.config.get("model_type"))
    if kind is None:
        raise CourseError(
            f"{files.name} is a {files.config.get('model_type', 'model of no stated type')}, and "
            f"we have {', '.join(KINDS)}."
        )
    for setting, ours in kind.FIXED.items():
        theirs = files.config.get(setting, ours)
        if theirs != ours:
            raise CourseError(
                f"{files.name} has {setting} = {theirs!r}, and our {files.config['model_type']} "
                f"knows only {ours!r}: its weights would compute something else here."
            )
    return kind


def names_of_classes(config: dict) -> tuple[str, ...]:
    """Read the names of the classes in the order of the logits."""
    names = config["id2label"]
    return tuple(names[number] for number in sorted(names, key=int))
