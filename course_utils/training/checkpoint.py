"""The folder of one training, or run. Whatever moment it is killed at, each file in it is whole.

configuration.json   the model, the recipe and the data, and what it all ran on
state.npz            all that a training needs to go on, and its history: one file, one moment
best.weights.h5      the weights that did best on the validation images
history.csv          one row an epoch
curves.png           the same as a picture
result.json          what the best weights reach on the test images, when all is done
"""

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryFile

import keras
import numpy as np
from keras import ops
from matplotlib.figure import Figure

from course_utils.errors import CourseError
from course_utils.files import HALF, remove_halves, what_is_wrong, whole
from course_utils.learning_curves import draw_learning_curves
from course_utils.training.devices import host, wait_for_hosts

CONFIGURATION, STATE, BEST = "configuration.json", "state.npz", "best.weights.h5"
HISTORY, CURVES, RESULT = "history.csv", "curves.png", "result.json"
PANELS = {"loss": "loss", "top1": "top-1", "top5": "top-5"}

# What makes a training another one. The rest of a configuration says where and when it ran.
IDENTITY = ("model", "recipe", "data", "backend")


def write(path: Path, save) -> None:
    """Let `save` (path) write a file. Of several hosts the first one does, the others wait."""
    if host()[0] == 0:
        with whole(path) as half:
            save(half)
    wait_for_hosts()


def write_text(path: Path, text: str) -> None:
    write(path, lambda half: half.write_text(text, encoding="utf-8"))


def write_json(path: Path, content: dict) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict:
    """Read one of the folder's files. Raises CourseError where it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError(
            f"{path.parent} is not the folder of a training: {path.name} cannot be read "
            f"({error.strerror})."
        ) from None
    except ValueError as error:
        raise CourseError(f"{path} is damaged ({error}).") from None


# --- whose folder it is -----------------------------------------------------------------------


def claim(folder: Path, configuration: dict) -> None:
    """Make the folder this training's own, or find that it is. Raises CourseError where it isn't.

    Nothing in a folder that belongs to another training, or to anything else, is touched.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass  # it may be written
    except OSError as error:
        raise CourseError(
            f"The folder of a training, {folder}, cannot be written ({error.strerror}). Name one "
            "where you may write: --run FOLDER, such as --run ~/runs/first."
        ) from None
    path = folder / CONFIGURATION
    is_new = not path.exists()
    wait_for_hosts()  # all have looked, and only then one writes
    if is_new:
        others = [entry.name for entry in folder.iterdir() if not entry.name.startswith(HALF)]
        if others and host()[0] == 0:
            raise CourseError(
                f"{folder} already holds something else ({', '.join(sorted(others)[:3])}). A run "
                "needs a folder of its own: name a new one."
            )
        write_json(path, configuration)
        if not path.exists():
            raise CourseError(f"The first host wrote {path}, and here it is not: all need to share "
                              "the folder of a run.")  # fmt: skip
        return
    there, now = read_json(path), json.loads(json.dumps(configuration))
    wrong = [line for key in IDENTITY for line in differences(key, there.get(key), now[key])]
    if wrong:
        raise CourseError(
            f"{folder} holds a training that differs from this one:\n  "
            + "\n  ".join(wrong)
            + "\nTo go on with that one, ask for the same. For a new one, name another folder."
        )
    if host()[0] == 0:
        remove_halves(folder)


def differences(name, there, now):
    """Name the entries of two nested dictionaries that differ, one line each."""
    if isinstance(there, dict) and isinstance(now, dict):
        for key in {**there, **now}:
            yield from differences(f"{name}.{key}", there.get(key), now.get(key))
    elif there != now:
        yield f"{name} is {there} there, and {now} now"


# --- what a training needs to go on -----------------------------------------------------------


def variables(model: keras.Model) -> list:
    """All that training changes: weights, averages, states of random layers, the optimizer's."""
    return [*model.variables, *model.optimizer.variables]


def save_state(folder: Path, model: keras.Model, history: list[dict]) -> None:
    """Write down where the training is. The history goes with it: they must be of one moment."""
    # Keras' BackupAndRestore writes two files over their older selves, one after the other: killed
    # between or within, it has neither the old state nor the new one.
    tensors = [ops.copy(variable) for variable in variables(model)]
    arrays = {str(i): ops.convert_to_numpy(tensor) for i, tensor in enumerate(tensors)}

    def save(path):
        with open(path, "wb") as file:
            np.savez(file, history=np.array(json.dumps(history)), **arrays)

    write(folder / STATE, save)


def restore_state(folder: Path, model: keras.Model) -> list[dict]:
    """Put the model where the training was, and return its history; [] at a beginning."""
    path = folder / STATE
    if not path.exists():
        return []
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            history = json.loads(str(file["history"]))
            arrays = [file[str(i)] for i in range(len(file.files) - 1)]
    except Exception as error:  # there is no list of all that a damaged file can raise
        raise CourseError(
            f"{path} is damaged ({what_is_wrong(path, error)}): this training cannot go on. Start "
            f"it in a new folder; {BEST} beside it has its best weights so far."
        ) from None
    for variable, array in zip(variables(model), arrays, strict=True):
        variable.assign(array)
    return history


# --- what a person reads ----------------------------------------------------------------------


def save_history(folder: Path, history: list[dict]) -> None:
    """One row an epoch. Keras' CSVLogger adds lines: an epoch run twice would be there twice."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, history[0], lineterminator="\n")
    table.writeheader()
    table.writerows(history)
    write_text(folder / HISTORY, text.getvalue())


def read_history(folder: Path) -> list[dict]:
    """The rows of history.csv, numbers again."""
    try:
        with open(folder / HISTORY, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [{key: float(value) for key, value in row.items()} for row in rows]
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(
            f"{folder} is not the folder of a training with at least one epoch: {HISTORY} cannot "
            f"be read ({error})."
        ) from None


def columns(rows: list[dict]) -> dict[str, list]:
    """A history by its columns: for each name the values an epoch."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def save_curves(path: Path, histories: dict[str, list[dict]]) -> None:
    """Draw the histories of one or more runs into a PNG."""
    by_name = {run: columns(rows) for run, rows in histories.items()}
    panels = {
        name: title
        for name, title in PANELS.items()
        if any(name in values for values in by_name.values())
    }
    # Not through pyplot: a training must not change what a notebook's own figures use.
    figure = Figure(figsize=(4.2 * len(panels), 3.4), dpi=100, layout="constrained")
    draw_learning_curves(figure, by_name, panels)
    write(path, figure.savefig)
