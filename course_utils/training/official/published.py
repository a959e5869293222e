"""Where published models are: the files of one, from the Hugging Face hub or from a folder.

Only JSON and safetensors are ever read. A pickled checkpoint can run code while it is loaded, so
none is.
"""

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import what_is_wrong

# Each with the revision that holds its weights as safetensors. Where the owners never took them
# in, that is the one with which the hub's own conversion offers them.
PUBLISHED = {
    "google/vit-base-patch16-224": "main",
    "google/vit-base-patch16-384": "main",
    "google/vit-large-patch16-224": "8041a8c7b0517e25d4cfa63f2e2e35b50b853386",
    "microsoft/swin-tiny-patch4-window7-224": "main",
    "microsoft/swin-base-patch4-window7-224": "main",
    "microsoft/swin-base-patch4-window7-224-in22k": "main",
    "deepmind/vision-perceiver-learned": "a52f2edf57f655c2b9681825821742b1bfbda2c5",
    "deepmind/vision-perceiver-fourier": "refs/pr/2",
}

CONFIG, PREPROCESSING, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"

CONVERT = """\
Convert it once, on a computer with PyTorch, in a place where a surprise does no harm:
    pip install torch transformers
    python -c "from transformers import AutoModelForImageClassification as A; \
A.from_pretrained('{name}').save_pretrained('{folder}')"
then put {preprocessing} of the same model into that folder, and call load_official("{folder}")."""


@dataclass(frozen=True)
class Files:
    """What one published model consists of: two settings files, read, and the weights' place."""

    name: str
    config: dict
    preprocessing: dict
    weights: Path


def find_files(name: str) -> Files:
    """Bring the three files of a model here: from a folder, else from the hub or its cache."""
    folder = Path(name)
    if folder.is_dir():
        paths = [_in_folder(folder, file) for file in (CONFIG, PREPROCESSING, WEIGHTS)]
    elif name in PUBLISHED:
        paths = [_from_hub(name, file) for file in (CONFIG, PREPROCESSING, WEIGHTS)]
    else:
        raise CourseError(_unknown(name))
    return Files(name, _read_json(paths[0]), _read_json(paths[1]), paths[2])


def _unknown(name):
    near = difflib.get_close_matches(name, PUBLISHED, n=1)
    return (
        f'"{name}" is neither a folder here nor one of the published models that fit ours'
        + (f'. Did you mean "{near[0]}"?' if near else ".")
        + " There are:\n"
        + "\n".join(f"    {known}" for known in PUBLISHED)
        + f"\nAny other model in their layout works from a folder with its {CONFIG}, "
        f"{PREPROCESSING} and {WEIGHTS}: give the folder's path."
    )


def _in_folder(folder, file):
    path = folder / file
    if path.is_file():
        return path
    pickled = sorted(folder.glob("*.bin"))
    if file == WEIGHTS and pickled:
        raise CourseError(_only_pickled(str(folder), pickled[0].name))
    found = ", ".join(sorted(entry.name for entry in folder.iterdir())) or "nothing"
    raise CourseError(
        f"{folder} has no {file}. A model is {CONFIG}, {PREPROCESSING} and {WEIGHTS}, as "
        f"published; that folder holds {found}. Put the missing file there."
    )


def _only_pickled(name, pickled):
    text = CONVERT.format(name=name, folder="converted", preprocessing=PREPROCESSING)
    return (
        f"{name} holds its weights only as {pickled}, not as {WEIGHTS}. That is a pickled file: "
        f"loading it may run any program hidden inside, so we never do. {text}"
    )


def _from_hub(name, file):
    import huggingface_hub
    from huggingface_hub import errors

    where = {"repo_id": name, "filename": file, "revision": PUBLISHED[name]}
    cached = huggingface_hub.try_to_load_from_cache(**where)
    if isinstance(cached, str):  # published files stay as they are: do not even ask
        return Path(cached)
    try:
        return Path(huggingface_hub.hf_hub_download(**where))
    except errors.LocalEntryNotFoundError as error:
        raise CourseError(_no_network(name, file)) from error
    except errors.EntryNotFoundError as error:
        if file == WEIGHTS:
            raise CourseError(_only_pickled(name, "pytorch_model.bin")) from error
        raise CourseError(f"{name} no longer has a {file}. {_elsewhere()}") from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise CourseError(f"{name} is no longer on the hub as it was. {_elsewhere()}") from error
    except Exception as error:  # whatever the HTTP library of the day says, or the disk
        raise CourseError(
            f"{file} of {name} did not arrive: {_first_line(error)}. Try again: what has arrived "
            f"is kept. {_elsewhere()}"
        ) from error


def _no_network(name, file):
    return (
        f"{file} of {name} is not in the cache of this computer, and the Hugging Face hub cannot "
        f"be reached. Connect once, after which it stays cached. {_elsewhere()}"
    )


def _elsewhere():
    return (
        f"Or bring {CONFIG}, {PREPROCESSING} and {WEIGHTS} here in some other way and give the "
        "path of their folder instead of the name."
    )


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _read_json(path):
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(_damaged(path, what_is_wrong(path, error))) from error
    if not isinstance(read, dict):
        raise CourseError(_damaged(path, f"it is a {type(read).__name__}, not settings by name"))
    return read


def _damaged(path, wrong):
    return (
        f"{path} cannot be read: {wrong}. Most likely a download or a copy was cut short, or "
        "another file was saved under its name. Delete that file and load again."
    )


def read_weights(path: Path) -> dict:
    """Read all tensors of a safetensors file: name -> NumPy array."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except OSError as error:
        raise CourseError(f"{path} may not be read ({error.strerror}).") from error
    except (SafetensorError, ValueError) as error:
        raise CourseError(_damaged(path, what_is_wrong(path, error))) from error
