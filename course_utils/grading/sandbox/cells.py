"""Run a notebook's code cells one after another, as a notebook does: errors are written down and
the next cell runs. Magics are understood where they matter and ignored elsewhere."""

import ast
import builtins
import contextlib
import linecache
import signal
import sys
import types
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

from course_utils.errors import in_one_line

VALUE_CHARACTERS = 1000
AGAIN = 0.25  # seconds between two attempts to stop a cell that catches everything

STOPPED = "TimeLimit: it was stopped after {seconds:g} seconds"


class CellTimeLimit(BaseException):
    """Raised in a cell that takes too long. No Exception, so that few cells catch it."""


@dataclass(frozen=True)
class CellResult:
    """What running a cell brought: an error in one line, or the value of its last expression."""

    error: str | None = None
    value: str | None = None


class Shell:
    """Stands in for IPython: runs what a magic wraps, and lets everything else pass."""

    def __init__(self, run):
        self.run = run

    def run_line_magic(self, name, line, *args, **kwargs):
        if name in ("time", "timeit", "prun", "memit"):
            self.run(line)

    def run_cell_magic(self, name, line, body, *args, **kwargs):
        if name in ("time", "timeit", "capture", "prun", "memit"):
            self.run(body)

    def system(self, command):
        return None

    def getoutput(self, command, *args, **kwargs):
        return []

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return None


class Notebook:
    """A notebook's namespace, and how its cells run in it."""

    def __init__(self):
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace = module.__dict__
        self.namespace["display"] = lambda *things, **options: None
        self.filename = "<cell>"
        shell = Shell(self.execute)
        builtins.get_ipython = lambda: shell

    def run(self, number: int, source: str, seconds: float) -> CellResult:
        """Run one cell, for so many seconds at most."""
        self.filename = f"<cell {number}>"
        try:
            with time_limit(seconds):
                value = self.execute(TransformerManager().transform_cell(source))
            return CellResult(value=shown(value))
        except CellTimeLimit:
            return CellResult(error=STOPPED.format(seconds=seconds))
        except BaseException as error:  # SystemExit too: the next cell still runs
            return CellResult(error=in_one_line(error))

    def execute(self, code: str):
        """Run code and return what its last expression gives."""
        lines = code.splitlines(keepends=True)
        linecache.cache[self.filename] = (len(code), None, lines, self.filename)
        tree = ast.parse(code, self.filename)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, self.filename, "exec"), self.namespace)
        if last is not None:
            expression = ast.Expression(last.value)
            return eval(compile(expression, self.filename, "eval"), self.namespace)


def shown(value) -> str | None:
    return None if value is None else repr(value)[:VALUE_CHARACTERS]


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raise CellTimeLimit in the body after so many seconds, again and again until it ends."""

    def ring(*_):
        raise CellTimeLimit

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
