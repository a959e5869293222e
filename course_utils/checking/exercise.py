"""What an exercise is: data that serves the student's check, the grader and the tests alike."""

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from course_utils.checking.judge import judge
from course_utils.checking.report import Report
from course_utils.checking.run import call, run


@dataclass(frozen=True)
class Case:
    """The drawn inputs of one trial.

    shows: what succeeding here is evidence for, in a few words. Cases with the same words are one
    property of the solution. inputs: names to NumPy arrays, numbers or strings. label: what a
    sentence calls this case, where `shows` is too coarse for that.
    """

    shows: str
    inputs: Mapping[str, object]
    label: str = ""


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people really write, with the sentence that helps them.

    telling: it raises in some cases and is right in the others, and which ones says enough.
    """

    name: str
    solution: Callable
    sentence: str
    telling: bool = False


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """Something a student writes and a check judges.

    outputs: names of what the solution returns, each with its axes ("… Nq Nk").
    driver: (solution, inputs) -> the solution's result; most exercises just call it.
    observe: (inputs, arrays) -> arrays, for exercises with many right answers: what is compared
    is what it sees in the answer, not the answer. It runs on plain arrays, never on student code.
    forbidden: dotted names of what does the whole exercise in one call.
    """

    id: str
    title: str
    points: int
    reference: Callable
    cases: Callable[[np.random.Generator], list[Case]]
    outputs: Mapping[str, str]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    driver: Callable = call
    observe: Callable | None = None
    forbidden: frozenset[str] = frozenset()
    seconds: float = field(default=10.0)

    def draw(self, seed: int) -> list[Case]:
        """Draw the cases of one check: the same for the same seed, different for each exercise."""
        return self.cases(np.random.default_rng([seed, zlib.crc32(self.id.encode())]))

    def check(self, solution: Callable, seed: int = 0) -> Report:
        """Judge a solution on freshly drawn cases. Never raises for what a solution does."""
        cases = self.draw(seed)
        return judge(self, cases, run(self, solution, cases))

    @property
    def notebook(self) -> str:
        """The notebook it belongs to: the package of exercises that `cases` is written in."""
        package = self.cases.__module__.rpartition(".")[0]
        return package.rpartition(".")[2]

    @property
    def signature(self) -> str:
        """What the solution should take, as a student reads it: (query, key, value, mask=None)."""
        return str(inspect.signature(self.reference))
