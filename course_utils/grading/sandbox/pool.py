"""One process in a sandbox, with Keras imported, that is forked for each submission.

Students' code runs there; what it gives is judged outside. Nothing heavy is imported until a Pool
is opened.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import warnings

from course_utils.grading.sandbox.bubblewrap import SandboxProcess, environment
from course_utils.grading.sandbox.limits import USUAL, Limits

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
        self.template = None

    def __enter__(self) -> Pool:
        self.fork()  # the sandbox works, or says why not, before anything is graded
        return self

    def __exit__(self, *_) -> None:
        with self.starting:
            if self.template is not None:
                self.template.end()
            self.template = None

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
        self.control, theirs = socket.socketpair()
        settings = {
            "sandbox": sandbox,
            "memory": limits.memory,
            "disk": limits.disk,
            "seconds": int(2 * limits.seconds) + 1,
            "cell_seconds": limits.cell_seconds,
            "exercise_seconds": limits.exercise_seconds,
        }
        command = [sys.executable, "-m", "course_utils.grading.sandbox.worker"]
        command += [str(theirs.fileno()), json.dumps(settings)]
        self.process = None
        try:
            with theirs:
                self.process = SandboxProcess(command, [theirs.fileno()], environment(), sandbox)
            # Late: it takes seconds, here and in the process that has just been started.
            import course_utils.exercises  # noqa: F401

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
