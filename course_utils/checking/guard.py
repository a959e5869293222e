"""Find solutions that call what does the whole exercise: the reference, or a library's built-in.

Two looks: at the names a function holds, before it runs, and at the library's own names while it
runs. Copying the reference's text is not found, and cannot be.
"""

import contextlib
import dis
import functools
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path

from course_utils.checking.exercise import Exercise

PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"
PYTHON = f"{sysconfig.get_path('stdlib')}{os.sep}"


class Forbidden(Exception):
    """Raised in a solution that calls a forbidden name while it runs."""


def forbidden_names(exercise: Exercise) -> set[str]:
    """The exercise's forbidden names, with those of our own solutions."""
    ours = (exercise.reference, exercise.answer)
    return {*exercise.forbidden, *(f"{f.__module__}.{f.__name__}" for f in ours if f)}


def loaded(exercise: Exercise) -> Iterator[tuple[str, types.ModuleType, object]]:
    """The forbidden names that exist in this process: (name, module, what it is)."""
    for name in sorted(forbidden_names(exercise)):
        module_name, _, attribute = name.rpartition(".")
        module = find_module(module_name)
        if module is not None and hasattr(module, attribute):
            yield name, module, getattr(module, attribute)


def find_module(name: str) -> types.ModuleType | None:
    """A module that has been imported, under that name or (tensorflow.nn) as an attribute."""
    if name in sys.modules or "." not in name:
        return sys.modules.get(name)
    parent, _, attribute = name.rpartition(".")
    return getattr(find_module(parent), attribute, None)


class Holders:
    """The modules that hold a function, under whatever name: looked for once in each module."""

    def __init__(self):
        self.looked_at: set[str] = set()
        self.found: dict[int, list[tuple[types.ModuleType, str]]] = {}

    def of(self, things: list) -> list[tuple[types.ModuleType, str, object]]:
        functions = [thing for thing in things if not isinstance(thing, type)]
        if not {id(thing) for thing in functions} <= self.found.keys():
            self.looked_at.clear()
            self.found |= {id(thing): [] for thing in functions}
        for name in sys.modules.keys() - self.looked_at:
            self.look_at(name, sys.modules[name])
        return [(module, name, it) for it in functions for module, name in self.found[id(it)]]

    def look_at(self, name: str, module) -> None:
        self.looked_at.add(name)
        if not isinstance(module, types.ModuleType):
            return
        # Libraries only. What a student's own names stand for is seen from the solution.
        place = str(vars(module).get("__file__") or "")
        if not place or place.startswith(PACKAGE) or is_students(place):
            return
        for attribute, thing in list(vars(module).items()):
            if id(thing) in self.found and (module, attribute) not in self.found[id(thing)]:
                self.found[id(thing)].append((module, attribute))


HOLDERS = Holders()


def everywhere(exercise: Exercise) -> list[tuple[str, types.ModuleType, str, object]]:
    """The forbidden things, by object: (name, a module that holds it, its name there, the thing).

    A function may be called from any module. A class is patched where students find it only:
    libraries ask what is an instance of it.
    """
    listed = list(loaded(exercise))
    names = {id(thing): name for name, _, thing in listed}
    held = [(names[id(it)], *rest, it) for *rest, it in HOLDERS.of([it for *_, it in listed])]
    return held + [(name, module, name.rpartition(".")[2], it) for name, module, it in listed]


def uses_forbidden(solution, exercise: Exercise) -> str | None:
    """Name the first forbidden thing that a function holds under whatever name, or None."""
    targets = {id(thing): name for name, _, thing in loaded(exercise)}
    codes = {code_of(thing): name for name, _, thing in loaded(exercise)}
    if solution in (exercise.reference, exercise.answer):  # the tests judge ours, too
        return None
    seen: set[int] = set()
    pending = [solution]
    while pending:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        for candidate in (thing, type(thing)):
            if id(candidate) in targets:
                return targets[id(candidate)]
        if code := code_of(thing):
            if code in codes:  # the same function once more, as types.FunctionType makes it
                return codes[code]
        pending += held(thing)
    return None


def code_of(thing) -> types.CodeType | None:
    """A function's own code. Not that of a wrapper, which many functions have in common."""
    code = getattr(thing, "__code__", None)
    own = isinstance(code, types.CodeType) and code.co_name == getattr(thing, "__name__", "")
    return code if own else None


def held(thing) -> list:
    """What a function can reach by name: its globals, closure, defaults and what it wraps."""
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, types.MethodType):
        return [thing.__func__, thing.__self__]
    if isinstance(thing, staticmethod | classmethod):
        return [thing.__func__]
    if isinstance(thing, list | tuple | set):
        return list(thing)
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, types.FunctionType):
        return held_by_function(thing)
    kind = thing if isinstance(thing, type) else type(thing)
    call = vars(kind).get("__call__")
    own = isinstance(call, types.FunctionType) and is_students(call.__code__.co_filename)
    if own or kind.__module__ == "__main__":
        return [*vars(kind).values(), *getattr(thing, "__dict__", {}).values()]
    return []


def held_by_function(function: types.FunctionType) -> list:
    if not is_students(function.__code__.co_filename):
        return []  # a reference may use other references, and a library all of itself
    cells = [cell.cell_contents for cell in function.__closure__ or () if cell_is_full(cell)]
    names = global_names(function.__code__)
    used = [function.__globals__[name] for name in names if name in function.__globals__]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return [*used, *cells, *defaults]


def is_students(filename: str) -> bool:
    """Whether a line of code is the student's, rather than ours, Python's own or a library's."""
    library = "site-packages" in filename or "dist-packages" in filename
    return not library and not filename.startswith((PACKAGE, PYTHON, "<frozen"))


def cell_is_full(cell) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name the enclosing function has not set yet
        return False


def global_names(code: types.CodeType) -> set[str]:
    """The global names that a function's code reads, functions inside it included."""
    read = ("LOAD_GLOBAL", "LOAD_NAME")
    found = {step.argval for step in dis.get_instructions(code) if step.opname in read}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= global_names(constant)
    return found


@contextlib.contextmanager
def guarded(exercise: Exercise, solution, hits: list[str]):
    """Make the forbidden names raise while a solution runs, and note each one that is called.

    The note stays even where the solution swallows the exception.
    """
    originals = everywhere(exercise)

    def guard(name):
        def refuse(*args, **kwargs):
            hits.append(name)
            raise Forbidden(name)

        return refuse

    try:
        if solution not in (exercise.reference, exercise.answer):
            for name, module, attribute, _ in originals:
                setattr(module, attribute, guard(name))
        yield
    finally:
        for _, module, attribute, thing in originals:
            setattr(module, attribute, thing)
