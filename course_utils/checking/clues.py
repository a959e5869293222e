"""Guess from the numbers how a wrong array relates to the expected one."""

import itertools
from collections.abc import Mapping

import numpy as np

from course_utils.checking import sentences


def find(
    expected: np.ndarray, got: np.ndarray, tolerance: float, inputs: Mapping[str, object]
) -> str:
    """Return one sentence about how two arrays are related, or "" when nothing simple does it."""
    if got.shape != expected.shape:
        for name, value in inputs.items():
            if got.size > 1 and np.array_equal(got, value):
                return sentences.CLUE_INPUT.format(name=name)
        return other_shape(expected, got, tolerance)
    if expected.dtype.kind == "b":
        return sentences.CLUE_INVERTED if np.array_equal(got, ~expected) else ""
    kept_digits = np.finfo(got.dtype).precision if got.dtype.kind == "f" else None
    expected, got = expected.astype("float64"), got.astype("float64")
    if not np.isfinite(got).all() or not np.isfinite(expected).all():
        return ""

    def close(first, second):
        return np.allclose(first, second, rtol=0, atol=tolerance)

    if not expected.any() or expected.size == 1:
        return ""  # too little to see a relation in
    if not got.any():
        return sentences.CLUE_ZEROS
    given = {n: v for n, v in inputs.items() if np.shape(v) == expected.shape}
    for name, value in given.items():
        if close(got, value):
            return sentences.CLUE_INPUT.format(name=name)
        if close(got - value, expected):
            return sentences.CLUE_INPUT_ADDED.format(name=name)
    if expected.ndim >= 2 and expected.shape[-1] == expected.shape[-2]:
        if close(got, np.swapaxes(expected, -1, -2)):
            return sentences.CLUE_TRANSPOSED
    if close(got, -expected):
        return sentences.CLUE_SIGN
    if kept_digits == np.finfo("float16").precision and np.allclose(
        got, expected, rtol=0.02, atol=100 * tolerance
    ):
        return sentences.CLUE_FLOAT16
    squares = float(np.sum(expected * expected))
    factor = float(np.sum(got * expected)) / squares if squares else 0.0
    if factor and close(got / factor, expected):
        return sentences.CLUE_FACTOR.format(factor=factor)
    shift = float(np.mean(got - expected))
    if close(got - shift, expected):
        return sentences.CLUE_SHIFT.format(shift=shift)
    if np.abs(expected).max() >= 2 and close(got, np.trunc(expected)):
        return sentences.CLUE_CUT
    for digits in (1, 2, 3):
        if close(got, np.round(expected, digits)):
            return sentences.CLUE_ROUNDED.format(digits=digits)
    for axis in range(expected.ndim):
        if close(got, np.flip(expected, axis)):
            return sentences.CLUE_FLIPPED.format(axis=axis)
    if close(np.sort(got, axis=None), np.sort(expected, axis=None)):
        return sentences.CLUE_ANOTHER_ORDER
    if expected.ndim and close(expected.sum(-1), 1) and not close(got.sum(-1), 1):
        totals = np.ravel(got.sum(-1))
        return sentences.CLUE_ROWS.format(total=totals[np.argmax(np.abs(totals - 1))])
    return ""


def other_shape(expected: np.ndarray, got: np.ndarray, tolerance: float) -> str:
    """What an array of another shape has of the expected one."""
    if got.size != expected.size or expected.size < 2 or not expected.any():
        return ""

    def close(first, second):
        return np.allclose(first, second, rtol=0, atol=tolerance)

    if close(got.ravel(), expected.ravel()):
        return sentences.CLUE_FLAT
    if got.ndim == expected.ndim <= 5:
        for order in itertools.permutations(range(got.ndim)):
            if expected.transpose(order).shape == got.shape:
                if close(got, expected.transpose(order)):
                    return sentences.CLUE_AXES.format(order=order)
    return ""
