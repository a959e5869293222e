"""For each notebook a process in a sandbox, with Keras imported, that submissions are forked from.

Students' code runs there; what it gives is judged outside. Nothing heavy is imported until a Pool
is opened.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from course_utils.grading.sandbox.bubblewrap import SandboxProcess, require
from course_utils.grading.sandbox.limits import USUAL, Limits
from course_utils.grading.sandbox.questions import told

START_SECONDS = 180
UNSAFE = (
    "Students' code runs without a sandbox: it can read and change whatever you can. Grade people "
    "you do not know only with one."
)


class Pool:
    """Gives each submission a process of its own. turns: as many at a time as there are workers."""

    def __init__(self, workers: int = 1, *, sandbox: bool = True, limits: Limits = USUAL):
        self.workers, self.sandbox, self.limits = workers, sandbox, limits
        if not sandbox:
            warnings.warn(UNSAFE, stacklevel=2)
        self.turns = threading.BoundedSemaphore(workers)
        self.starting = threading.Lock()
        self.templates: dict[str, Template] = {}
        self.in_use: Counter[str] = Counter()

    def __enter__(self) -> Pool:
        if self.sandbox:  # it works, or says why not, before anything is graded
            require()
        return self

    def __exit__(self, *_) -> None:
        with self.starting:
            for template in self.templates.values():
                template.end()
            self.templates.clear()

    @contextlib.contextmanager
    def ready(self, notebook: str) -> Iterator[None]:
        """Have a template for a notebook, and end those of others that nobody uses."""
        with self.starting:
            self.in_use[notebook] += 1
        try:
            self.fork(notebook)
            yield
        finally:
            with self.starting:
                self.in_use[notebook] -= 1

    def fork(self, notebook: str, *sockets: socket.socket) -> None:
        """Start a process for a submission; without sockets, only see that it could be."""
        with self.starting:
            for last in (False, True):
                if notebook not in self.templates:
                    self.make_room()
                    self.templates[notebook] = Template(self.sandbox, self.limits, notebook)
                if not sockets:
                    return
                try:
                    return self.templates[notebook].fork(*sockets)
                except OSError:
                    self.templates.pop(notebook).end()
                    if last:
                        raise

    def make_room(self) -> None:
        """End the templates that nobody uses: each holds half a gigabyte."""
        for notebook in [name for name in self.templates if not self.in_use[name]]:
            self.templates.pop(notebook).end()


class Template:
    """The process that is forked: what worker.py calls by this name, from outside."""

    def __init__(self, sandbox: bool, limits: Limits, notebook: str):
        # Late: Keras takes seconds.
        from course_utils.grading.sandbox import tree

        self.control, theirs = socket.socketpair()
        settings = {
            "sandbox": sandbox,
            "memory": limits.memory,
            "disk": limits.disk,
            "seconds": int(2 * limits.seconds) + 1,
            "cell_seconds": limits.cell_seconds,
            "exercise_seconds": limits.exercise_seconds,
            "exercises": [told(exercise) for exercise in tree.exercises_of(notebook)],
        }
        command = [sys.executable, "-m", "course_utils.grading.sandbox.worker"]
        command += [str(theirs.fileno()), json.dumps(settings)]
        self.process = None
        self.folder = tempfile.TemporaryDirectory(prefix="course-")
        try:
            with theirs:
                tree.write(notebook, Path(self.folder.name))
                self.process = SandboxProcess(
                    command, [theirs.fileno()], Path(self.folder.name), sandbox
                )
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
        self.folder.cleanup()
