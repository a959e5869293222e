"""What an exercise's driver is made of: calling a solution, and refusing what it returned."""

import copy
import inspect
from collections.abc import Callable, Mapping

import numpy as np

from course_utils.checking import sentences

# What nobody raises on purpose: a name or an attribute that does not exist.
SLIPS = (NameError, AttributeError)
# What is said of an exception that is raised on purpose, or by a library: no slip of the pen.
# (JAX has a TypeError for a shape that does not fit.)
NO_SLIP = r"stopped with (?!NameError|UnboundLocalError|AttributeError|TypeError(?!.*reshape))"


class Unusable(Exception):
    """A solution returned something that is not what the exercise asks for."""

    def __init__(self, failure: str, sentence: str):
        super().__init__(sentence)
        self.failure = failure


def call(solution: Callable, inputs: Mapping[str, object]):
    """Hand a solution its inputs. Raises Unusable where it changes a list or a dictionary of them,
    or an array in one."""
    before = copy.deepcopy({n: v for n, v in inputs.items() if isinstance(v, list | dict)})
    result = call_as_it_is(solution, inputs)
    for name, value in before.items():
        if not unchanged(value, inputs[name]):
            kind = "dictionary" if isinstance(value, dict) else "list"
            raise Unusable("unfit", sentences.CHANGED_INSIDE.format(kind=kind, name=name))
    return result


def call_as_it_is(solution: Callable, inputs: Mapping[str, object]):
    """Call a solution by position, so that a student may name the arguments differently.

    By name where position does not fit: f(query, key, value, *, mask=None).
    """
    if fits(solution, *inputs.values()):
        return solution(*inputs.values())
    return solution(**inputs)


def unchanged(before, after) -> bool:
    """Whether what was handed over is as it was, down to the numbers in its arrays."""
    if isinstance(before, np.ndarray):
        same_kind = isinstance(after, np.ndarray) and before.dtype == after.dtype
        return same_kind and np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
    if isinstance(before, dict):
        same_keys = isinstance(after, dict) and list(before) == list(after)
        return same_keys and all(unchanged(value, after[key]) for key, value in before.items())
    if isinstance(before, list | tuple):
        same_length = isinstance(after, list | tuple) and len(before) == len(after)
        return same_length and all(map(unchanged, before, after))
    return hasattr(before, "shape") or before == after  # a tensor cannot be changed


def fits(solution: Callable, /, *arguments, **named_arguments) -> bool:
    """Whether a solution takes these arguments, as far as its signature says."""
    try:
        signature = inspect.signature(solution)
    except (TypeError, ValueError):  # some callables have no signature to look at
        return True
    try:
        signature.bind(*arguments, **named_arguments)
    except TypeError:
        return False
    return True


def describe(value) -> str:
    """Say what a value is, for a sentence: "a list", "an array of shape (2, 3)"."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return "an array of Python objects"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array of shape {tuple(value.shape)} and type {value.dtype}"
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
