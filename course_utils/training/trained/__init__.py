"""Models that were trained for the course: each is a folder beside this file.

configuration.json    the model, the recipe and the data, and the command that trained it
history.csv           one row an epoch
weights.safetensors   what it learned, in half precision
result.json           what these weights reach on the test images

`ship` makes such a folder from that of a training.
"""

from pathlib import Path

import keras
from safetensors.numpy import load_file

from course_utils.errors import CourseError
from course_utils.training import models
from course_utils.training.checkpoint import CONFIGURATION, read_json

HERE = Path(__file__).parent
WEIGHTS = "weights.safetensors"


def load_trained(name: str) -> tuple[keras.Model, tuple[str, ...]]:
    """Load a model that comes with the course, and what its classes are called.

    The model takes images (B, H, W, C) from -1 to 1 and gives logits (B, classes).
    Raises CourseError for a name that there is not.
    """
    if not (HERE / name / WEIGHTS).exists():
        known = ", ".join(sorted(path.parent.name for path in HERE.glob(f"*/{WEIGHTS}")))
        raise CourseError(f"No model '{name}' comes with the course. There are: {known}.")
    return read(HERE / name)


def read(folder: Path) -> tuple[keras.Model, tuple[str, ...]]:
    """Build the model of such a folder and give it its weights."""
    configuration = read_json(folder / CONFIGURATION)
    model = models.build(models.from_dict(configuration["model"]))
    arrays = load_file(folder / WEIGHTS)
    for weight in model.weights:
        weight.assign(arrays[weight.path].astype("float32"))
    return model, tuple(configuration["data"]["class_names"])
