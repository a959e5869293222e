"""What an exercise is: plain data that serves student, grader and tests alike."""

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.checking import sentences
from course_utils.checking.driver import call


@dataclass(frozen=True)
class Case:
    """The drawn inputs of one trial.

    shows: what succeeding here is evidence for, in a few words. Cases with the same words are one
    property of the solution. inputs: names to NumPy arrays, numbers or strings. label: what a
    sentence calls this case, where `shows` is too coarse for that. corner: a limit where one and
    the same mistake may do this or that, so that it is recognised by the other cases alone.
    by_hand: small enough to be shown whole, inputs and result, and followed on paper.
    shapes: what is said of the inputs' shapes after an error, where the arrays would not say it.
    """

    shows: str
    inputs: Mapping[str, object]
    label: str = ""
    corner: bool = False
    by_hand: bool = False
    shapes: str = ""


def by_hand(label: str = "", **inputs) -> Case:
    """A small case, as a rung of an exercise's ladder. label: what says it where inputs cannot;
    with a colon at its end, the arrays are shown as well."""
    return Case(sentences.BY_HAND, inputs, label, by_hand=True)


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people really write, with the sentence that helps them.

    edits: what of the exercise's answer is written otherwise, as (old text, new text). function:
    the solution itself, where it is another idea and no changed answer. telling: for one that
    raises in some cases and is right in the others, a pattern that what is said of the exception
    must hold: its kind, its text and the line that raised it.
    """

    name: str
    sentence: str
    edits: tuple[tuple[str, str], ...] = ()
    function: Callable | None = None
    telling: str = ""


def edited(name: str, *edits: tuple[str, str], telling: str = ""):
    """A mistake that changes the answer: edited(name, (old text, new text), …)(sentence)."""
    return lambda sentence: Mistake(name, sentence, edits=edits, telling=telling)


def mistake(name: str, sentence: str, telling: str = ""):
    """Make a mistake of the function below: for one that is no changed answer."""
    return lambda function: Mistake(name, sentence, function=function, telling=telling)


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """Something a student writes and a check judges.

    outputs: names of what the solution returns, each with its axes ("… Nq Nk").
    answer: a right solution in plain NumPy, whose text the mistakes edit.
    ladder: cases by hand, the smallest first, always the same: where a wrong answer is shown.
    mistakes: the first is the exercise's headline, what it is about.
    driver: (solution, inputs) -> the solution's result; most exercises just call it.
    observe: (inputs, arrays) -> arrays, for exercises with many right answers: what is compared
    is what it sees in the answer, not the answer. It runs on plain arrays, never on student code.
    forbidden: dotted names of what does the whole exercise in one call.
    seconds: how long a solution may take over all cases.
    """

    id: str
    title: str
    points: int
    reference: Callable
    cases: Callable[[np.random.Generator], list[Case]]
    outputs: Mapping[str, str]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    ladder: tuple[Case, ...] = ()
    answer: Callable | None = None
    driver: Callable = call
    observe: Callable | None = None
    forbidden: frozenset[str] = frozenset()
    seconds: float = 10.0

    def draw(self, seed: int) -> list[Case]:
        """Draw the cases of one check: the same for the same seed, different for each exercise."""
        rng = np.random.default_rng([seed, zlib.crc32(self.id.encode())])
        return [*self.cases(rng), *self.ladder]

    @property
    def notebook(self) -> str:
        """The notebook it belongs to: the package of exercises that `cases` is written in."""
        package = self.cases.__module__.rpartition(".")[0]
        return package.rpartition(".")[2]

    @property
    def signature(self) -> str:
        """What the solution should take, as a student reads it: (query, key, value, mask=None)."""
        return str(inspect.signature(self.reference))
