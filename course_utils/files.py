"""Files that appear whole or not at all: whoever reads, or kills, at whatever moment."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

HALF = ".half-"

# What often lies where a file should be, by how it begins.
IN_ITS_PLACE = {
    b"version https://git-lfs": "it is the pointer that Git LFS leaves in the place of a large file"
    " (`git lfs pull` fetches the file itself)",
    b"<!doctype html": "it is a web page: the link led to a page about the file",
    b"<html": "it is a web page: the link led to a page about the file",
}


def what_is_wrong(path: Path, error: Exception) -> str:
    """Say in a clause why a file of data, which is there, is none.

    NumPy's own words would advise allow_pickle, which runs whatever program a file holds.
    """
    with contextlib.suppress(OSError), open(path, "rb") as file:
        start = file.read(100).lstrip().lower()
        for beginning, words in IN_ITS_PLACE.items():
            if start.startswith(beginning):
                return words
    if "pickle" in str(error):
        return "what it holds are no arrays of numbers"
    text = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def keras_home() -> Path:
    """Where Keras keeps its settings and what it downloads, found as Keras finds it."""
    given = os.environ.get("KERAS_HOME")
    if given:
        return Path(os.path.expanduser(given))
    home = os.path.expanduser("~")  # Path.home raises where there is none
    return Path(home if os.access(home, os.W_OK) else "/tmp", ".keras")


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give another path to write to; what stands there takes the place of `path` in the end.

    The other path is in the same folder, with the same ending (Keras looks at it) and a name that
    no second process has. The file gets the rights that any new one gets here, or keeps its own.
    """
    path = Path(path).resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{HALF}{secrets.token_hex(4)}-{path.name[-24:]}")  # a name has its limit
    try:
        yield half
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, half)
        os.replace(half, path)
    finally:
        with contextlib.suppress(OSError):
            half.unlink()


def write_whole(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a text, in UTF-8 and with its line endings as they are, or bytes.

    private: where the file is new, nobody else on this machine may read it.
    """
    with whole(path) as half:
        half.touch(0o600 if private else 0o666)
        half.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def remove_halves(folder: Path) -> None:
    """Clear away what a kill left half written in a folder and those inside it."""
    for half in Path(folder).rglob(f"{HALF}*"):
        half.unlink(missing_ok=True)
