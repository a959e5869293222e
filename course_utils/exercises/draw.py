"""Random inputs for cases."""

import numpy as np


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw float32 numbers of mean 0 and spread 1."""
    return rng.standard_normal(shape).astype("float32")
