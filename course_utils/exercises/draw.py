"""Inputs for cases: random ones, and numbered ones in which every entry says where it came from."""

import math

import numpy as np


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw float32 numbers of mean 0 and spread 1."""
    return rng.standard_normal(shape).astype("float32")


def numbered(*shape: int) -> np.ndarray:
    """Count from 1, row after row, as float32."""
    return np.arange(1, 1 + math.prod(shape), dtype="float32").reshape(shape)
