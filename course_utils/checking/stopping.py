"""Keep a running solution within bounds: of time, and of what it prints."""

import contextlib
import contextvars
import ctypes
import io
import logging
import math
import sys
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


class TimeLimit(Exception):
    """A solution took too long and was stopped."""


def limited(function: Callable, seconds: float):
    """Call a function and return its result, or stop it after so many seconds: TimeLimit.

    The function runs in a thread of its own, so that what is raised in it to stop it can never
    arrive in the caller, and so that nobody waits for a call which cannot be stopped.
    """
    outcome, done = {}, threading.Event()

    def work():
        try:
            outcome["result"] = function()
        except BaseException as error:
            outcome["error"] = error
        done.set()

    usual = threading.stack_size(STACK)
    try:
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,), daemon=True)
        thread.start()
    finally:
        threading.stack_size(usual)
    end, in_time = time.monotonic() + seconds, False
    try:
        while not in_time and (left := end - time.monotonic()) > 0:
            in_time = done.wait(min(left, 0.1))  # not every system interrupts a longer wait
    finally:
        if not in_time:  # after KeyboardInterrupt too
            stop(thread)
    if "result" in outcome:
        return outcome["result"]
    raise outcome["error"] if in_time else TimeLimit


def stop(thread: threading.Thread, patience: float | None = None) -> None:
    """Make a thread end: with SystemExit, the one exception that ends a thread without a word.

    Again and again, because a bare `except:` in a loop may swallow many. Whoever called waits no
    longer than GRACE for it; another thread goes on trying.
    """
    end = time.monotonic() + (GRACE if patience is None else patience)
    while thread.is_alive():
        if time.monotonic() > end:
            forever = threading.Thread(target=stop, args=(thread, math.inf), daemon=True)
            forever.start()
            return
        raise_in(thread, SystemExit)
        thread.join(0.02)


def end_without_a_word(unraisable, otherwise=sys.unraisablehook) -> None:
    """Keep Python from reporting a SystemExit that reached a thread inside a callback.

    A thread ends silently by SystemExit, but while it cleans up behind itself the exception can
    arrive where nobody can catch it. Python would write about it to stderr.
    """
    in_main = threading.get_ident() == threading.main_thread().ident
    if in_main or unraisable.exc_type is not SystemExit:
        otherwise(unraisable)


sys.unraisablehook = end_without_a_word


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
        # About how Keras and NumPy meet. A student has not printed it, and can do nothing about it.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        logging.disable(logging.CRITICAL)
        try:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                yield caught
        finally:
            logging.disable(disabled)
    lines = [f"{w.category.__name__}: {w.message}" for w in warned]
    text = "\n".join(filter(None, [stream.text.rstrip(), *dict.fromkeys(lines)]))
    caught.text = text[:PRINTED_CHARACTERS] + " …" * (len(text) > PRINTED_CHARACTERS)
