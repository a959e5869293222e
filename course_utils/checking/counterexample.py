"""The smallest case in which a solution is wrong, with numbers to follow by hand."""

from dataclasses import dataclass

import numpy as np

from course_utils.checking import sentences
from course_utils.checking.agreement import agrees, kind, tolerance
from course_utils.checking.judge import Trial

MOST = 100  # entries of an array that are written out
DIGITS = range(3, 9)  # of a number; more than three only where the difference would not be seen


@dataclass(frozen=True)
class Counterexample:
    """A trial and the output that is wrong in it, with the first entry that differs."""

    trial: Trial
    output: str

    @property
    def expected(self) -> np.ndarray:
        return self.trial.expected[self.output]

    @property
    def got(self) -> np.ndarray:
        return self.trial.seen[self.output]

    @property
    def place(self) -> tuple[int, ...] | None:
        """Where the first entry stands that differs, or None where the shapes do."""
        if self.got.shape != self.expected.shape:
            return None
        if kind(self.expected) != "float" or kind(self.got) != "float":
            differs = self.got != self.expected
        else:
            gap = np.abs(self.got.astype("float64") - self.expected)
            differs = ~(gap <= tolerance(self.expected))
        places = np.argwhere(differs)
        return tuple(int(i) for i in places[0]) if len(places) else None

    @property
    def digits(self) -> int:
        """So many that expected and yours are told apart."""
        if not self.place and self.place != ():
            return DIGITS[0]
        pair = self.expected[self.place], self.got[self.place]
        apart = (digits for digits in DIGITS if len({number(x, digits) for x in pair}) == 2)
        return next(apart, DIGITS[-1])

    def entries(self) -> tuple[str, str]:
        """What is expected in the first entry that differs, and what yours is."""
        pair = self.expected[self.place], self.got[self.place]
        return tuple(number(x, self.digits) for x in pair)

    def __str__(self) -> str:
        """Inputs, expected and yours, the first entry that differs marked with an arrow."""
        case, digits, place = self.trial.case, self.digits, self.place
        rows = [(name, written(value)) for name, value in case.inputs.items()]
        if case.label and case.by_hand:  # words instead of inputs that nobody could read
            arrays = [row for row in rows if isinstance(case.inputs[row[0]], np.ndarray)]
            rows = [(sentences.CASE, case.label.rstrip(":"))]
            rows += arrays if case.label.endswith(":") else []
        both = sentences.EXPECTED, sentences.YOURS
        names = [f"{who} {self.output}" if self.output else who for who in both]
        rows.append((names[0], written(self.expected, digits, place)))
        point = kind(self.expected) == "int"  # so that a float is seen to be one
        rows.append((names[1], written(self.got, digits, place, point)))
        width = max(len(name) for name, _ in rows)
        indent = "\n" + " " * (width + 3)
        return "\n".join(
            f"{name:>{width}} = {text.replace(chr(10), indent)}" for name, text in rows
        )


def counterexamples(trials: list[Trial]) -> list[Counterexample]:
    """Every output that is wrong in a case, as far as there are values."""
    return [
        Counterexample(trial, output)
        for trial in trials
        if trial.seen is not None
        for output, expected in trial.expected.items()
        if output in trial.seen and not agrees(expected, trial.seen[output])
    ]


def smallest(trials: list[Trial]) -> Counterexample | None:
    """The first rung of the ladder that is wrong; where none is, the smallest other case."""
    wrong = counterexamples(trials)
    by_hand = [one for one in wrong if one.trial.case.by_hand]
    return next(iter(by_hand), None) or min(wrong, key=extent, default=None)


def extent(example: Counterexample) -> int:
    arrays = [*example.trial.case.inputs.values(), *example.trial.expected.values()]
    return sum(np.size(array) for array in arrays if isinstance(array, np.ndarray))


def written(
    value, digits: int = DIGITS[0], place: tuple[int, ...] | None = None, point: bool = False
) -> str:
    """A value as a person reads it: arrays in rows, short numbers, an arrow at the place."""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {written(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        parts = ", ".join(written(part) for part in value)
        return f"[{parts}]" if isinstance(value, list) else f"({parts})"
    if not isinstance(value, np.ndarray):
        return number(value, 6) if isinstance(value, float) else repr(value)
    if value.size > MOST and place:
        entry = number(value[place], digits)
        return sentences.LARGE_AT.format(shape=value.shape, place=list(place), entry=entry)
    if value.size > MOST:
        return sentences.LARGE.format(shape=value.shape)
    if value.ndim == 0:
        return number(value[()], digits, point)
    texts = np.empty(value.shape, dtype=object)
    for index in np.ndindex(value.shape):
        arrow = sentences.ARROW if index == place else ""
        texts[index] = arrow + number(value[index], digits, point)
    width = max(map(len, texts.flat), default=0)
    align = {"object": lambda text: text.rjust(width)}
    rows = np.array2string(texts, formatter=align, separator=" ", threshold=MOST + 1)
    return rows if value.size else sentences.LARGE.format(shape=value.shape)


def number(value, digits: int, point: bool = False) -> str:
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    value = float(value)  # half precision overflows where it is compared
    if abs(value) < 1e-6:
        return "0.0" if point else "0"  # or what rounding has left of it
    if value.is_integer() and abs(value) < 1e6:
        return f"{value:.1f}" if point else str(int(value))
    return f"{value:.{digits}g}"
