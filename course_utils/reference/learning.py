"""How a model is trained and judged: the learning rate over time, and accuracy with k guesses."""

import math

from keras import ops


def learning_rate(step: int, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Say how large a training step may be: up a line from 0 to the peak, down a half cosine to 0.

    step counts from 0; after total_steps the rate stays 0.
    Source: Loshchilov and Hutter, "SGDR" (2017), equation 5 with one cycle, for the cosine; Goyal
    et al., "Accurate, Large Minibatch SGD" (2017), section 2.2, for the warm-up.
    """
    if step >= total_steps:
        return 0.0
    if step < warmup_steps:
        return peak * step / warmup_steps
    way = (step - warmup_steps) / (total_steps - warmup_steps)  # from 0 to 1
    return peak * (1 + math.cos(math.pi * way)) / 2


def top_k_accuracy(logits, labels, k: int) -> float:
    """Say for which share of the images the right class is among the k highest logits.

    logits (B, K), labels (B,) -> a number from 0 to 1.
    """
    _, guesses = ops.top_k(ops.convert_to_tensor(logits), k)  # (B, k)
    labels = ops.cast(ops.convert_to_tensor(labels), guesses.dtype)
    found = ops.any(guesses == labels[:, None], axis=-1)  # (B,)
    return float(ops.mean(ops.cast(found, "float32")))
