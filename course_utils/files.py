"""Files that appear whole or not at all: whoever reads, or kills, at whatever moment."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

HALF = ".half-"


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
