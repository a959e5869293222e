"""Read what students handed in, from a zip file or a folder, without trusting any of it.

Nothing is unpacked: an entry's name never becomes a path, so it cannot lead out of anywhere.
"""

import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError

# A notebook with all its pictures has a few megabytes, but some print in a loop.
LARGEST_FILE = 128 * 2**20
LARGEST_ARCHIVE = 4 * 2**30
MOST_ENTRIES = 50_000

JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints"}

TOO_LARGE = f"it has more than {LARGEST_FILE // 2**20} MB: a file made to fill a disk?"


@dataclass(frozen=True)
class Entry:
    """One file as it was handed in. problem: why it is not read, or an empty text; owner: whose
    account the folder around it belongs to, where it is known."""

    name: str
    read: Callable[[], bytes]
    problem: str = ""
    owner: str = ""


def entries(path: Path) -> Iterator[Entry]:
    """All files of a zip file or folder, in the order of their names.

    Raises CourseError for what is neither, or is too large altogether.
    """
    if path.is_dir():
        yield from in_folder(path)
    elif path.is_file() and zipfile.is_zipfile(path):
        yield from in_zip(path)
    elif path.exists():
        raise CourseError(
            f"{path} should be a zip file or a folder, but it is neither. "
            "Was the download cut short? Fetch it again, or unpack it and name the folder."
        )
    else:
        raise CourseError(f"There is no {path}. Name the zip file or folder with the submissions.")


def in_folder(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if junk(name) or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            yield Entry(name, nothing, "it is a link to another file")
        elif not path.is_file():
            yield Entry(name, nothing, "it is no ordinary file")
        elif path.stat().st_size > LARGEST_FILE:
            yield Entry(name, nothing, TOO_LARGE)
        else:
            yield Entry(name, path.read_bytes, owner=owner_of(path.parent))


def owner_of(folder: Path) -> str:
    try:
        return folder.owner()
    except (KeyError, NotImplementedError):
        return "an unknown account"


def in_zip(path: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as archive:
        inside = [info for info in archive.infolist() if not info.is_dir()]
        if len(inside) > MOST_ENTRIES or sum(i.file_size for i in inside) > LARGEST_ARCHIVE:
            raise CourseError(
                f"{path} would unpack to {len(inside)} files of "
                f"{sum(i.file_size for i in inside) / 2**30:.1f} GB. No class hands in so much: "
                "look at what is in it (unzip -l) before anything else."
            )
        for info in sorted(inside, key=lambda info: info.filename):
            if not junk(info.filename):
                yield Entry(info.filename, reader(path, info), problem_of(info))


def inside(entry: Entry) -> list[Entry]:
    """The files of a zip file that a student handed in; what is none is given back as it is."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(entry.read()))
    except (CourseError, OSError, ValueError, zipfile.BadZipFile):
        return [entry]
    found = [info for info in archive.infolist() if not info.is_dir() and not junk(info.filename)]
    if len(found) > MOST_ENTRIES or sum(info.file_size for info in found) > LARGEST_FILE:
        return [Entry(entry.name, nothing, TOO_LARGE)]
    return [
        Entry(f"{entry.name}/{info.filename}", reader(archive, info), problem_of(info))
        for info in found
    ]


def problem_of(info: zipfile.ZipInfo) -> str:
    """Why an entry of a zip file is not read, or an empty text."""
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in parts[0]:
        return "its name leads out of the zip file"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link to another file"
    if info.flag_bits & 1:
        return "it needs a password"
    if info.file_size > LARGEST_FILE:
        return TOO_LARGE
    return ""


def reader(path: Path | zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    """Read an entry later. What an entry says of its own size is not believed."""

    def read() -> bytes:
        try:
            opened = zipfile.ZipFile(path) if isinstance(path, Path) else nullcontext(path)
            with opened as archive, archive.open(info) as file:
                content = file.read(LARGEST_FILE + 1)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError) as error:
            raise CourseError(f"it cannot be unpacked ({error})") from error
        if len(content) > LARGEST_FILE:
            raise CourseError(TOO_LARGE)
        return content

    return read


def nothing() -> bytes:
    return b""


def junk(name: str) -> bool:
    """What computers add to folders by themselves."""
    parts = PurePosixPath(name).parts
    return bool(JUNK & set(parts)) or parts[-1].startswith("._")
