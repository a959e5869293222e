"""Look at what a student wrote in a process of its own, with limits of time and memory.

No line of a student's runs there: it is for our own code, and that of libraries, which some texts
keep busy for minutes or fill the memory with. One helper process has imported what is needed and is
forked for each piece of work, so a piece costs milliseconds. Its time is the processor's, not the
clock's: a busy machine costs nobody anything.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

# For one piece: seconds of the processor, bytes beyond what the helper itself has.
SECONDS = 10
MEMORY = 2**29
# Seconds by the clock after which a piece is given up, on however busy a machine.
PATIENCE = 20 * SECONDS
HEAD = struct.Struct(">Q")


class TooMuch(Exception):
    """A piece of work that did not end within its limits."""


def run(function: str, data: bytes, seconds: float = SECONDS):
    """Call "module:name" with some bytes in a process of its own, and return what it returns.

    That is plain data, as JSON has it. Raises TooMuch at a limit, and ValueError as it was raised.
    """
    if not hasattr(os, "fork"):
        return function_called(function)(data)
    with HELPERS.one() as helper:
        answer = helper.ask({"function": function, "seconds": seconds}, data)
    if "error" in answer:
        raise ValueError(answer["error"])
    if "value" not in answer:
        raise TooMuch
    return answer["value"]


def function_called(name: str):
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


@dataclass
class Helpers:
    """The helper processes that nobody uses just now: as many come to be as threads ask at once."""

    idle: list["Helper"] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def one(self):
        with self.lock:
            helper = self.idle.pop() if self.idle else Helper()
        try:
            yield helper
        except BaseException:
            helper.process.kill()
            raise
        with self.lock:
            self.idle.append(helper)


class Helper:
    """The process that is forked. It ends with ours, when its input does."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )

    def ask(self, question: dict, data: bytes) -> dict:
        send(self.process.stdin, json.dumps(question).encode())
        send(self.process.stdin, data)
        answer = receive(self.process.stdout)
        if answer is None:
            raise TooMuch
        return json.loads(answer)


HELPERS = Helpers()


@atexit.register
def end_helpers() -> None:
    for helper in HELPERS.idle:
        helper.process.kill()
        helper.process.communicate()


# In the helper.


def serve() -> None:
    """Answer questions until there are no more, each from a fork."""
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while (question := receive(asked)) is not None:
        question = json.loads(question)
        function = function_called(question["function"])  # imported once, before the fork
        send(answers, forked(function, receive(asked), question["seconds"]))


def forked(function, data: bytes, seconds: float) -> bytes:
    """What a function gives in a fork, as JSON; {} if it died or went on for too long."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        with open(theirs, "wb") as file:
            limit(seconds)
            gc.disable()  # it would walk all that is read, again and again
            try:
                answer = json.dumps({"value": function(data)})
            except ValueError as error:
                answer = json.dumps({"error": str(error)[:500]})
            except BaseException:  # out of memory, above all
                answer = "{}"
            with contextlib.suppress(BaseException):
                file.write(answer.encode())
                file.flush()
        os._exit(0)
    os.close(theirs)
    answer, end = bytearray(), time.monotonic() + PATIENCE
    while select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
        if not (piece := os.read(ours, 2**20)):
            break
        answer += piece
    os.close(ours)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        json.loads(answer)
    except ValueError:
        return b"{}"
    return bytes(answer)


def limit(seconds: float) -> None:
    import resource

    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # no /proc, or a system without this limit
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def send(file, data: bytes) -> None:
    file.write(HEAD.pack(len(data)) + data)
    file.flush()


def receive(file) -> bytes | None:
    """The next message; None where there are no more."""
    head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    return file.read(HEAD.unpack(head)[0])
