"""A mistake as text: the exercise's answer with a few words changed, and the function it makes."""

import functools
import inspect
import itertools
import linecache
import re
import sys
import textwrap
import zlib
from collections.abc import Callable

from course_utils.checking import sentences
from course_utils.checking.exercise import Exercise, Mistake

Edits = tuple[tuple[str, str], ...]


PRAISE = re.compile(r"\b([Rr]ight|Nearly|Almost)\b")


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


@functools.lru_cache(maxsize=64)
def pairs(exercise: Exercise) -> tuple[Mistake, ...]:
    """Every two listed mistakes that can be made at once, as one, on different lines of the answer:
    two changes of one line are often a third mistake. Not those whose sentence says what is right:
    beside another mistake it may not be.

    None of a layer's: each would be built and run, and a check has no time for that.
    """
    if exercise.answer is None or isinstance(exercise.answer, type):
        return ()
    text, found, seen = source(exercise.answer), [], set()
    edited_ones = [mistake for mistake in exercise.mistakes if mistake.edits]
    singles = [one for one in edited_ones if not PRAISE.search(one.sentence)]
    seen.update(apply(text, mistake.edits) for mistake in edited_ones)
    for first, second in itertools.combinations(singles, 2):
        edits = (*first.edits, *second.edits)
        if first.name == second.name or lines_of(text, first) & lines_of(text, second):
            continue
        try:
            both = apply(text, edits)
        except Misfit:  # they change the same words
            continue
        if both not in seen:
            seen.add(both)
            sentence = sentences.TWO_AT_ONCE.format(first=first.sentence, second=second.sentence)
            found.append(Mistake(f"{first.name}, and {second.name}", sentence, edits))
    return tuple(found)


def lines_of(text: str, mistake: Mistake) -> set[int]:
    """The lines of an answer that a mistake changes."""
    lines = set()
    for old, _ in mistake.edits:
        before, _, _ = text.partition(old)
        lines.update(range(before.count("\n"), before.count("\n") + old.count("\n") + 1))
    return lines


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
