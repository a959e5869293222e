"""Grade submissions: untrusted notebooks in, Reports out.

    with Pool(workers=2) as pool:
        graded = pool.grade(path, "01_attention", seed)

One process in a sandbox has Keras imported and is forked for each submission. Students' code runs
there; what it gives is judged here. Nothing heavy is imported until a Pool is made.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

START_SECONDS = 180
UNSAFE = (
    "Students' code runs without a sandbox: it can read and change whatever you can. Grade people "
    "you do not know only with one."
)


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds (of a cell, of an exercise, in all) and bytes."""

    cell_seconds: float = 20.0
    exercise_seconds: float = 30.0
    seconds: float = 180.0
    memory: int = 3 * 2**30
    disk: int = 64 * 2**20

    def exercise(self, exercise) -> float:
        return min(self.exercise_seconds, exercise.seconds)


@dataclass(frozen=True)
class Graded:
    """What grading one submission gave.

    reports: exercise id -> a Report as plain data, for every exercise of the notebook; notes:
    sentences about the submission; seconds: how long it took; failure: why nothing could be graded,
    or None; others: grade id -> {"error", "value"} of graded cells that an instructor added.
    """

    reports: dict[str, dict]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    failure: str | None = None
    others: dict[str, dict] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Graded:
        data = json.loads(text)
        return cls(**{**data, "notes": tuple(data["notes"])})


class Pool:
    """Grades notebooks, each in a process of its own, from as many threads as there are workers."""

    def __init__(self, workers: int = 1, *, sandbox: bool = True, limits: Limits = Limits()):
        self.workers, self.sandbox, self.limits = workers, sandbox, limits
        if not sandbox:
            warnings.warn(UNSAFE, stacklevel=2)
        self.turns = threading.BoundedSemaphore(workers)
        self.starting = threading.Lock()
        self.template = None

    def __enter__(self) -> Pool:
        self.fork()  # the sandbox works, or says why not, before anything is graded
        return self

    def __exit__(self, *_) -> None:
        with self.starting:
            if self.template is not None:
                self.template.end()
            self.template = None

    def grade(
        self,
        path: Path,
        notebook: str,
        seed: int,
        released: bytes | None = None,
        skip_experiments: bool = True,
    ) -> Graded:
        """Grade the notebook in a file. Never raises for what a submission is or does.

        seed: what the cases are drawn from, a class's secret; released: the notebook that was
        handed out.
        """
        from course_utils.grading.grade import grade_file

        with self.turns:
            return grade_file(self, Path(path), notebook, seed, released, skip_experiments)

    def fork(self, *sockets: socket.socket) -> None:
        """Start a process for a submission; without sockets, only see that it could be."""
        with self.starting:
            for last in (False, True):
                if self.template is None:
                    self.template = Template(self.sandbox, self.limits)
                if not sockets:
                    return
                try:
                    return self.template.fork(*sockets)
                except OSError:
                    self.template.end()
                    self.template = None
                    if last:
                        raise


class Template:
    """The process that is forked: what worker.py calls by this name, from outside."""

    def __init__(self, sandbox: bool, limits: Limits):
        from course_utils.grading.sandbox import Started, environment

        self.control, theirs = socket.socketpair()
        settings = {
            "sandbox": sandbox,
            "memory": limits.memory,
            "disk": limits.disk,
            "seconds": int(2 * limits.seconds) + 1,
            "cell_seconds": limits.cell_seconds,
            "exercise_seconds": limits.exercise_seconds,
        }
        command = [sys.executable, "-m", "course_utils.grading.worker"]
        command += [str(theirs.fileno()), json.dumps(settings)]
        self.process = None
        try:
            with theirs:
                self.process = Started(command, [theirs.fileno()], environment(), sandbox)
            import course_utils.exercises  # noqa: F401  takes seconds, as it does over there

            self.wait()
        except BaseException:
            self.end()
            raise

    def wait(self) -> None:
        self.control.settimeout(START_SECONDS)
        try:
            ready = self.control.recv(1)
        except OSError:
            ready = b""
        self.control.settimeout(None)
        if not ready:
            raise self.process.trouble()

    def fork(self, *sockets: socket.socket) -> None:
        socket.send_fds(self.control, [b"f"], [end.fileno() for end in sockets])

    def end(self) -> None:
        self.control.close()
        if self.process is not None:
            self.process.end()
