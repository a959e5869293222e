"""Keep a running solution within bounds: of time, and of what it prints."""

import contextlib
import contextvars
import ctypes
import io
import logging
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from course_utils.console import silenced

PRINTED_CHARACTERS = 2000
# How long a solution that is told to stop may take over it before nobody waits any longer.
GRACE = 1.0
STACK = 16 * 2**20  # bytes: some systems give a thread so little that deep recursion would crash


class TimeLimit(SystemExit):
    """Raised inside a solution that takes too long.

    No `except Exception` stops it, and a thread that ends by it ends without a word.
    """


def limited(function: Callable, seconds: float):
    """Call a function and return its result, or raise TimeLimit after so many seconds.

    The function runs in a thread of its own, so that what is raised in it to stop it can never
    arrive in the caller, and so that nobody waits for a call which cannot be stopped.
    """
    outcome = {}

    def work():
        try:
            outcome["result"] = function()
        except BaseException as error:
            outcome["error"] = error

    usual = threading.stack_size(STACK)
    try:
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,), daemon=True)
        thread.start()
    finally:
        threading.stack_size(usual)
    try:
        wait(thread, time.monotonic() + seconds)
    finally:  # after KeyboardInterrupt too
        stop(thread)
    if "result" in outcome:
        return outcome["result"]
    raise outcome.get("error") or TimeLimit


def wait(thread: threading.Thread, until: float) -> None:
    """Wait for a thread in short steps: not every system interrupts a long one."""
    while thread.is_alive() and (left := until - time.monotonic()) > 0:
        thread.join(min(left, 0.1))


def stop(thread: threading.Thread) -> None:
    """Raise TimeLimit in a thread until it ends: a bare `except:` may swallow the first ones."""
    patience = time.monotonic() + GRACE
    while thread.is_alive():
        raise_in(thread, TimeLimit)
        thread.join(0.02)
        if time.monotonic() > patience:
            threading.Thread(target=stop, args=(thread,), daemon=True).start()
            return


def raise_in(thread: threading.Thread, exception: type[BaseException]) -> None:
    """Make an exception due in a thread. It arrives when the thread is back from compiled code."""
    ident = ctypes.c_ulong(thread.ident)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(exception))


@dataclass
class Printed:
    """What a solution printed, once it is done."""

    text: str = ""


class Beginning(io.TextIOBase):
    """A stream that keeps the beginning of what is written, however much more comes."""

    def __init__(self):
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text[: PRINTED_CHARACTERS + 1 - len(self.text)]
        return len(text)


@contextlib.contextmanager
def quiet():
    """Catch all a solution prints, logs or warns about, down to what C++ writes to the console.

    nbgrader gives no points to a check cell with anything on stderr, and a student's `print` should
    not bury the Report.
    """
    caught = Printed()
    stream = Beginning()
    disabled = logging.root.manager.disable
    with silenced(), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        logging.disable(logging.CRITICAL)
        try:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                yield caught
        finally:
            logging.disable(disabled)
    lines = [f"{w.category.__name__}: {w.message}" for w in warned]
    text = "\n".join(filter(None, [stream.text.rstrip(), *dict.fromkeys(lines)]))
    caught.text = text[:PRINTED_CHARACTERS] + " …" * (len(text) > PRINTED_CHARACTERS)
