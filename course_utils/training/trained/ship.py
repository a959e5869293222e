"""Make a model that comes with the course from the folder of a finished training.

    uv run python -m course_utils.training.trained.ship RUN NAME

RUN is the folder that `course train` made, and NAME what `load_trained` will be asked for.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from keras import ops
from safetensors.numpy import save

from course_utils.errors import CourseError
from course_utils.training import data, models
from course_utils.training.checkpoint import (
    BEST,
    CONFIGURATION,
    HISTORY,
    RESULT,
    read_json,
    write_json,
)
from course_utils.training.evaluation import evaluate, in_words
from course_utils.training.identity import checksum
from course_utils.training.trained import HERE, WEIGHTS, read


def ship(run: Path, folder: Path) -> dict:
    """Round the best weights of a training, evaluate them anew, and return the result.

    run: its folder, finished; folder: what to make, anew where it is there.
    Raises CourseError where the data at hand is not what the training was judged on.
    """
    configuration, result = (read_json(run / name) for name in (CONFIGURATION, RESULT))
    test = test_images(configuration)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (CONFIGURATION, HISTORY):
        shutil.copy(run / name, folder)
    model = models.build(models.from_dict(configuration["model"]))
    model.load_weights(run / BEST)
    (folder / WEIGHTS).write_bytes(save(rounded(model)))
    shipped, _ = read(folder)
    found = evaluate(shipped, test, configuration["recipe"]["batch_size"])
    exact = {name: value for name, value in result.items() if name.startswith("test_")}
    result |= {f"test_{name}": value for name, value in found.items()}
    write_json(folder / RESULT, result | {"before_rounding": exact})
    print(f"{folder}, on the test images: {in_words(found)}")
    return result


def test_images(configuration):
    """The test images that a training was judged on."""
    test = data.load(**configuration["source"]).test
    if checksum(test) != configuration["data"]["checksums"][2]:
        raise CourseError(f"{configuration['source']} now gives other test images than it did.")
    return test


def rounded(model):
    """All weights by their paths, in half precision."""
    # Half the size to download. What it costs, 3 digits instead of 7, is less than a training
    # changes with its seed: result.json has both accuracies.
    arrays = {weight.path: ops.convert_to_numpy(weight) for weight in model.weights}
    return {path: np.ascontiguousarray(array, "float16") for path, array in arrays.items()}


if __name__ == "__main__":
    ship(Path(sys.argv[1]), HERE / sys.argv[2])
