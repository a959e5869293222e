"""A mistake as text: the exercise's answer with a few words changed, and the function it makes."""

import functools
import inspect
import linecache
import sys
import textwrap
import zlib
from collections.abc import Callable

from course_utils.checking.exercise import Exercise, Mistake

Edits = tuple[tuple[str, str], ...]


class Misfit(Exception):
    """An edit does not say which part of the answer it changes."""


def solution_of(exercise: Exercise, mistake: Mistake) -> Callable:
    """The wrong solution that a mistake stands for."""
    if mistake.function is not None:
        return mistake.function
    try:
        return edited_answer(exercise.answer, mistake.edits)
    except (Misfit, SyntaxError) as problem:
        raise Misfit(f"{exercise.id}, mistake '{mistake.name}': {problem}") from None


def text_of(exercise: Exercise, mistake: Mistake) -> str:
    """What a student would hand in who makes a mistake: a cell that defines the exercise's name."""
    if mistake.function is None:
        return apply(source(exercise.answer), mistake.edits)
    lines = source(mistake.function).splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.startswith(("def ", "class ")))
    return "".join(lines[start:]) + f"\n{exercise.id} = {mistake.function.__name__}\n"


@functools.cache
def edited_answer(answer: Callable, edits: Edits) -> Callable:
    """The function that an answer becomes by some edits, among the names of the answer's file."""
    text = apply(source(answer), edits)
    place = f"<{answer.__name__} {zlib.crc32(text.encode()):08x}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    scope = dict(vars(sys.modules[answer.__module__]))
    exec(compile(text, place, "exec"), scope)
    return scope[answer.__name__]


def apply(text: str, edits: Edits) -> str:
    """Change a text, one edit after another. Each old text must stand there exactly once."""
    for old, new in edits:
        if (times := text.count(old)) != 1:
            raise Misfit(f"'{old}' stands {times} times in the answer, and not once:\n{text}")
        text = text.replace(old, new)
    return text


@functools.cache
def source(thing: Callable) -> str:
    return textwrap.dedent(inspect.getsource(thing))
