"""Put one notebook's exercises to a student's process, however that behaves: -> Answers.

A process that dies or hangs is replaced by another, without the cell or exercise it fell over. What
it says wrongly ends only its own grading.
"""

from __future__ import annotations

import functools
import inspect
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from course_utils.checking import sentences
from course_utils.checking.exercise import Case, Exercise
from course_utils.checking.run import Outcome
from course_utils.grading.sandbox.flags import EQUAL, FLAGS, trees_of
from course_utils.grading.sandbox.limits import Limits
from course_utils.grading.sandbox.protocol import (
    Channel,
    Ended,
    Malformed,
    decode_outcomes,
    encode_cases,
    text,
)
from course_utils.grading.sandbox.stand_ins import NotInGrading
from course_utils.grading.sandbox.steps import Plan

LIVES = 3
# In the place of a cell's number: the process looks at all cells, to find out which it needs.
READING = 0
NOT_THERE = f"{NotInGrading.__name__}:"
# Seconds that a process gets to end a cell or a solution by itself, before it is ended.
GRACE = 3.0
START_SECONDS = 60
CELL_CHARACTERS = 1100

NOT_READY = "A process for a student's code ended before it was ready{how}. Is there memory left?"
DIED = "The process ended while it ran your {name}{how}."
HUNG = "Your {name} was still running after its time and had to be stopped."
NOT_REACHED = "Not graded: the notebook's time or its process had ended before {name} was tried."
MALFORMED = "Not graded: what came back from this notebook's process was no honest answer ({why})."
CELL_DIED = "Cell {number} ended the whole process{how}. It was left out."
CELL_HUNG = "Cell {number} was still running after {seconds:g} seconds and was stopped."
CELL_RAISED = "Cell {number} stopped with {error}"
FLAGGED = "{cells}: {what}."
TIME_UP = "Stopped: the notebook took longer than {seconds:g} seconds in all."


@dataclass
class Answers:
    """outcomes: by exercise; notes: sentences about cells; tests: what an instructor's own graded
    cells gave, by number of the cell: (error, value). flags: what a person should look at."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tests: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


class StudentProcess:
    """One student's process, as the grader sees it."""

    def __init__(self, fork: Callable, deadline: float):
        self.end, theirs = socket.socketpair()
        self.life, wardens = socket.socketpair()
        try:
            with theirs, wardens:
                fork(theirs, wardens)
        except BaseException:
            self.end.close(), self.life.close()
            raise
        self.channel = Channel(self.end)
        self.deadline = deadline

    def hear(self, seconds: float) -> tuple[dict, bytes]:
        """The next message; TimeoutError after so many seconds, or at the notebook's deadline."""
        self.channel.deadline = min(time.monotonic() + seconds, self.deadline)
        return self.channel.receive()

    def send(self, header: dict, block: bytes = b"") -> None:
        self.channel.deadline = min(time.monotonic() + GRACE, self.deadline)
        self.channel.send(header, block)

    def dismiss(self) -> dict:
        """End the process with all that it started, and say how it ended."""
        self.end.close()
        self.life.shutdown(socket.SHUT_WR)
        self.life.settimeout(60)
        with self.life, self.life.makefile("rb") as said:
            return json.loads(said.read() or b"{}")


@dataclass
class Session:
    """What is asked in one grading, and where it stands.

    asked: exercise id -> (exercise, cases), in the course's order. answered: what of ours may be
    there after each exercise (tree.brought_in).
    """

    plan: Plan
    asked: dict[str, tuple[Exercise, list[Case]]]
    limits: Limits
    answered: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    left_out: set[int] = field(default_factory=set)
    now: int | str | None = None  # the cell or the exercise that runs at the moment

    def run(self, fork: Callable) -> Answers:
        deadline = time.monotonic() + self.limits.seconds
        for _ in range(LIVES):
            student = StudentProcess(fork, deadline)
            self.now = None
            trouble, ended = None, {}
            try:
                self.ask(student)
            except (Ended, TimeoutError, Malformed) as problem:
                trouble = problem
            finally:
                ended = student.dismiss()
            if trouble is None:
                return self.answers
            if not self.goes_on(trouble, how(ended), time.monotonic() >= deadline):
                break
        if self.now is None:
            raise OSError(NOT_READY.format(how=how(ended))) from trouble
        for name in self.asked:
            self.fail(name, "not reached", NOT_REACHED.format(name=name))
        return self.answers

    def ask(self, student: StudentProcess) -> None:
        """Have the cells run, then the exercises that have no outcome yet."""
        ready, _ = student.hear(START_SECONDS)
        if "trouble" in ready:
            raise OSError(NOT_READY.format(how=f": {ready['trouble']}"))
        for number in self.needed(student):
            self.now = number
            said, _ = student.hear(self.limits.cell_seconds + GRACE)
            self.note(number, said)
        there: set[str] = set()
        for name, (exercise, cases) in self.asked.items():
            if name in self.answers.outcomes:
                continue
            self.now = name
            plain, block = encode_cases(cases)
            ours = list(self.before(name, there))
            student.send({"exercise": name, "cases": plain, "answered": ours}, block)
            seconds = self.limits.exercise(exercise)
            said, block = student.hear(seconds + GRACE)
            outcomes = decode_outcomes(exercise, cases, said, block)
            self.answers.outcomes[name] = [in_our_words(o, name, seconds) for o in outcomes]

    def before(self, name: str, there: set[str]) -> Iterator[tuple[str, str]]:
        """Ours for the exercises before this one. This process has answered them, or will not be
        asked."""
        for earlier, texts in self.answered.items():
            if earlier == name:
                return
            if earlier not in there:
                there.add(earlier)
                yield from texts

    def needed(self, student: StudentProcess) -> list[int]:
        """Hand over the cells. The process says which of them it needs, before it runs one."""
        self.now = READING
        steps = [step for step in self.plan.steps if step["number"] not in self.left_out]
        cells = [step["number"] for step in steps if "run" in step]
        student.send({"steps": steps, "needed": cells if READING in self.left_out else None})
        said, _ = student.hear(self.limits.cell_seconds + GRACE)
        if not isinstance(said.get("needed"), list):
            raise Malformed("no list of cells")
        self.answers.flags = flags_in_words(said, self.asked)
        return [number for number in cells if number in said["needed"]]

    def note(self, number: int, said: dict) -> None:
        if said.get("ran") != number:
            raise Malformed("a word about a cell that is not running")
        error, value = (
            None if said.get(key) is None else text(said[key], CELL_CHARACTERS)
            for key in ("error", "value")
        )
        if number in self.plan.tests:
            self.answers.tests[number] = error, value
        if error is not None:
            self.answers.errors[number] = error
            # What needs the lesson's own models is an experiment, and proves nothing here.
            experiment = error.startswith(NOT_THERE)
            if number not in self.plan.given and number not in self.plan.tests and not experiment:
                self.remark(CELL_RAISED.format(number=number, error=error))

    def goes_on(self, trouble: Exception, how: str, late: bool) -> bool:
        """Write down what a process fell over, and say whether another one should go on."""
        if self.now is None:  # nothing of the student's has run yet: another may have better luck
            return True
        if isinstance(trouble, Malformed):
            for name in self.asked:
                self.fail(name, "not reached", MALFORMED.format(why=trouble))
            self.remark(MALFORMED.format(why=trouble))
            return False
        if late:
            self.remark(TIME_UP.format(seconds=self.limits.seconds))
            return False
        hung = isinstance(trouble, TimeoutError)
        if self.now == READING:
            self.left_out.add(READING)
        elif isinstance(self.now, int):
            sentence = CELL_HUNG if hung else CELL_DIED
            seconds = self.limits.cell_seconds
            self.remark(sentence.format(number=self.now, seconds=seconds, how=how))
            self.left_out.add(self.now)
        else:
            sentence = (HUNG if hung else DIED).format(name=self.now, how=how)
            self.fail(self.now, "died", sentence)
        return True

    def fail(self, name: str, failure: str, sentence: str) -> None:
        """Give an exercise this outcome in every case, unless it has outcomes already."""
        outcome = Outcome(failure=failure, sentence=sentence)
        self.answers.outcomes.setdefault(name, [outcome] * len(self.asked[name][1]))

    def remark(self, sentence: str) -> None:
        """Write a sentence about the notebook down, once."""
        if sentence not in self.answers.notes:
            self.answers.notes.append(sentence)


def flags_in_words(said: dict, asked: dict) -> list[str]:
    """What a process found in the text, before it ran any of it, as sentences of ours."""
    cells: dict[str, list[int]] = {}
    for number, kind in pairs(said.get("flags"), int):
        if kind not in FLAGS:
            raise Malformed("a flag that is none")
        cells.setdefault(kind, []).append(number)
    ours = {name: known_trees(exercise) for name, (exercise, _) in asked.items()}
    equal = {name: 1 for name, tree in pairs(said.get("trees"), str) if tree in ours.get(name, ())}
    found = [FLAGGED.format(cells=listed(cells[k]), what=FLAGS[k]) for k in FLAGS if k in cells]
    return found + [EQUAL.format(name=name) for name in equal]


def pairs(things, kind: type) -> Iterator[tuple]:
    if not isinstance(things, list):
        raise Malformed("no list of flags")
    for pair in things:
        if not isinstance(pair, list) or [type(part) for part in pair] != [kind, str]:
            raise Malformed("a flag that is none")
        yield tuple(pair)


def listed(cells: list) -> str:
    named = ", ".join(str(number) for number in sorted(cells)[:5])
    more = f" and {len(cells) - 5} more" if len(cells) > 5 else ""
    return f"Cell {named}{more}" if len(cells) == 1 else f"Cells {named}{more}"


@functools.cache
def known_trees(exercise: Exercise) -> frozenset[str]:
    """What our own answers to an exercise hash to."""
    ours = (f for f in (exercise.answer, exercise.reference) if f is not None)
    return frozenset(tree for f in ours for tree in trees_of(inspect.getsource(f)).values())


def in_our_words(outcome: Outcome, name: str, seconds: float) -> Outcome:
    """An outcome whose sentence is ours again, where nothing of the student's belongs in it."""
    said = {
        "missing": "",
        "time": sentences.TIME.format(name=name, seconds=seconds),
        "unsolved": sentences.NOT_SOLVED,
    }
    if outcome.failure not in said:
        return outcome
    return Outcome(failure=outcome.failure, sentence=said[outcome.failure])


def how(ended: dict) -> str:
    """How a process ended, for a sentence."""
    status = ended.get("status", 0)
    number = status & 0x7F
    if number in (signal.SIGKILL, signal.SIGXCPU):
        return ", by using up its time or memory"
    if number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGTRAP):
        return ", by a crash: often too much memory"
    return ""
