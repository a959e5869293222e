"""What grading gave, kept by what went in: nothing is graded twice, and a kill loses nothing.

One small file for each result, in .course/results/ of the class. Its name is a hash of the
submission, the notebook that was released, the exercises' code and the class's seed: if any of
them changes, the result is another one.
"""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import course_utils
from course_utils.files import write_whole
from course_utils.grading.class_folder import own_folder

PACKAGE = Path(course_utils.__file__).parent

# What decides a score: the exercises and how they are checked, and how a submission is run.
DECIDES = (
    "cell_names.py",
    "checking",
    "errors.py",
    "exercises",
    "grading/sandbox",
    "grading/submission",
    "reference",
)


@dataclass(frozen=True)
class Graded:
    """What grading one submission gave.

    reports: exercise id -> a Report as plain data, for every exercise of the notebook; notes:
    sentences about the submission; seconds: how long it took; failure: why nothing could be graded,
    or None; others: grade id -> {"error", "value"} of graded cells that an instructor added; flags:
    sentences about its text for a person to follow up, which students are not shown.
    """

    reports: dict[str, dict]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    failure: str | None = None
    others: dict[str, dict] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @property
    def fingerprint(self) -> str:
        """Changes with anything that the gradebook or a page gets from it."""
        lasting = {**asdict(self), "seconds": 0}
        return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def from_json(cls, text: str) -> "Graded":
        data = json.loads(text)
        texts = {name: tuple(data[name]) for name in ("notes", "flags")}
        return cls(**{**data, **texts})


@functools.cache
def code_hash() -> str:
    """The version of everything of ours that decides a score."""
    digest = hashlib.sha256()
    for part in DECIDES:
        files = [PACKAGE / part] if part.endswith(".py") else (PACKAGE / part).rglob("*.py")
        for path in sorted(files):
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def key_of(submission: bytes, notebook: str, seed: int, released: bytes | None) -> str:
    """The name of a result: the same only for what must be graded the same."""
    parts = [
        code_hash().encode(),
        notebook.encode(),
        str(seed).encode(),
        released or b"",
        submission,
    ]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:40]


class Results:
    """The results of a class."""

    def __init__(self, folder: Path):
        self.folder = own_folder(folder) / "results"

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def load(self, key: str) -> Graded | None:
        """The result of that name, or None where there is none or it is damaged."""
        try:
            return Graded.from_json(self.path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def save(self, key: str, graded: Graded) -> None:
        write_whole(self.path(key), graded.to_json(), private=True)

    def find(self, submission: bytes, notebook: str, seed: int, released: bytes | None):
        """What this submission got, or None if it has not been graded yet."""
        return self.load(key_of(submission, notebook, seed, released))

    def keep(self, submission: bytes, notebook: str, seed: int, released: bytes | None, graded):
        self.save(key_of(submission, notebook, seed, released), graded)
