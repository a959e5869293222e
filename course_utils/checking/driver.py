"""What an exercise's driver is made of: calling a solution, and refusing what it returned."""

import inspect
from collections.abc import Callable, Mapping

import numpy as np


class Unusable(Exception):
    """A solution returned something that is not what the exercise asks for."""

    def __init__(self, failure: str, sentence: str):
        super().__init__(sentence)
        self.failure = failure


def call(solution: Callable, inputs: Mapping[str, object]):
    """Call a solution by position, so that a student may name the arguments differently.

    By name where position does not fit: f(query, key, value, *, mask=None).
    """
    if fits(solution, *inputs.values()):
        return solution(*inputs.values())
    return solution(**inputs)


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
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
