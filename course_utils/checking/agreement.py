"""When two arrays are the same answer."""

import numpy as np

# Relative to the largest expected entry: float32 sums in any order stay far below it, every listed
# mistake lies far above it.
TOLERANCE = 1e-4


def agrees(expected: np.ndarray, got: np.ndarray | None) -> bool:
    """Whether two arrays are the same answer: shape, kind, and values up to float32 noise."""
    if got is None or got.shape != expected.shape or kind(got) != kind(expected):
        return False
    if kind(expected) != "float":
        return bool(np.array_equal(got, expected))
    expected, got = expected.astype("float64"), got.astype("float64")
    return bool(np.all(np.abs(got - expected) <= tolerance(expected)))


def worth(expected: np.ndarray, got: np.ndarray | None) -> float:
    """1 for the same answer, half for the same values in another type (numbers for a mask)."""
    if got is None or got.shape != expected.shape:
        return 0.0
    if kind(got) == kind(expected):
        return float(agrees(expected, got))
    return float(agrees(expected.astype("float64"), got.astype("float64"))) / 2


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether a listed mistake gives what a student's solution gave, NaN and infinity included."""
    if ours.shape != theirs.shape or kind(ours) != kind(theirs):
        return False
    ours, theirs = ours.astype("float64"), theirs.astype("float64")
    return bool(np.allclose(ours, theirs, rtol=0, atol=tolerance(ours), equal_nan=True))


def tolerance(expected: np.ndarray) -> float:
    finite = np.abs(expected[np.isfinite(expected)])
    return TOLERANCE * float(finite.max(initial=0.0)) or 1e-6


def kind(array: np.ndarray) -> str:
    return {"b": "bool", "i": "int", "u": "int", "f": "float"}[array.dtype.kind]
