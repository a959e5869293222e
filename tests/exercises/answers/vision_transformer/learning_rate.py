"""Answers to `learning_rate`: right, mistaken in another style, and wrong."""

import functools
import math

import keras
import numpy as np
from keras import ops


def rate_plain(step, peak, warmup_steps, total_steps):
    if step < warmup_steps:
        return peak * step / warmup_steps
    if step > total_steps:
        return 0
    way = (step - warmup_steps) / (total_steps - warmup_steps)
    return 0.5 * peak * (1 + math.cos(math.pi * way))


def rate_boundaries(step, peak, warmup_steps, total_steps):
    """The same at both joints, whichever side they are counted to."""
    if step <= warmup_steps and warmup_steps:
        return step * (peak / warmup_steps)
    if step >= total_steps:
        return np.float32(0)
    left = (total_steps - step) / (total_steps - warmup_steps)  # from 1 to 0
    return peak * (1 - np.cos(np.pi * left)) / 2


def rate_squared(step, peak, warmup_steps, total_steps):
    way = (step - warmup_steps) / (total_steps - warmup_steps)
    way = min(max(way, 0), 1)
    up = min(step / warmup_steps, 1) if warmup_steps else 1
    return peak * up * math.cos(math.pi / 2 * way) ** 2


def rate_numpy(step, peak, warmup_steps, total_steps):
    way = np.clip((step - warmup_steps) / (total_steps - warmup_steps), 0, 1)
    cosine = 0.5 * (1 + np.cos(np.pi * way))
    return np.where(step < warmup_steps, peak * step / max(warmup_steps, 1), peak * cosine)


def rate_interpolated(step, peak, warmup_steps, total_steps):
    angle = np.interp(step, [warmup_steps, total_steps], [0, np.pi])
    return float(np.interp(step, [0, warmup_steps], [0, peak]) * (np.cos(angle) + 1) / 2)


def rate_keras(step, peak, warmup_steps, total_steps):
    step = ops.cast(step, "float32")
    way = (step - warmup_steps) / (total_steps - warmup_steps)
    down = peak * 0.5 * (1.0 + ops.cos(math.pi * ops.clip(way, 0.0, 1.0)))
    return ops.where(step < warmup_steps, peak * step / warmup_steps, down)


def rate_schedule(step, peak, warmup_steps, total_steps):
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, total_steps - warmup_steps, warmup_target=peak, warmup_steps=warmup_steps
    )
    return schedule(step)


class Schedule:
    def __call__(self, step, peak, warmup_steps, total_steps):
        return rate_plain(step, peak, warmup_steps, total_steps)


VARIANTS = [
    rate_plain,
    rate_boundaries,
    rate_squared,
    rate_numpy,
    rate_interpolated,
    rate_keras,
    Schedule(),
    functools.partial(rate_plain),
    lambda *, step, peak, warmup_steps, total_steps: rate_plain(
        step, peak, warmup_steps, total_steps
    ),
    lambda s, p, w, t: np.float32(rate_plain(s, p, w, t)),
    lambda s, p, w, t: np.array(rate_plain(s, p, w, t), dtype="float32"),
]


def not_clipped(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + ops.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def whole_numbers(step, peak, warmup, total):
    if step >= total:
        return 0.0
    if step < warmup:
        return step // warmup * peak
    return peak * 0.5 * (1 + np.cos(np.pi * ((step - warmup) // (total - warmup))))


def full_period(step, peak, warmup, total):
    way = min((step - warmup) / (total - warmup), 1)
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + math.cos(2 * math.pi * way)) / 2 if step < total else 0


def from_step_0(step, peak, warmup, total):
    if step < warmup:
        return step * peak / warmup
    return peak * math.cos(math.pi * min(step / total, 1) / 2) ** 2


def never_warm(step, peak, warmup, total):
    return peak * (1 + math.cos(math.pi * min(step / total, 1))) / 2


OTHER_STYLE = [
    ("not clipped after the end", not_clipped),
    ("integer division", whole_numbers),
    ("full period", full_period),
    ("cosine restarted from step 0 at the end of warmup", from_step_0),
    ("no warmup", never_warm),
]


def forgets_a_branch(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    if step < total:
        return rate_plain(step, peak, warmup, total)


WRONG = [
    forgets_a_branch,
    lambda s, p, w, t: None,
    lambda s, p, w, t: 0.0,
    lambda s, p, w, t: p,
    lambda s, p, w, t: True,
    lambda s, p, w, t: [rate_plain(s, p, w, t)],
    lambda s, p, w, t: np.array([rate_plain(s, p, w, t)]),
    lambda s, p, w, t: str(rate_plain(s, p, w, t)),
    lambda s, p, w, t: (rate_plain(s, p, w, t),),
    lambda s, p, w, t: rate_plain(s + 1, p, w, t),
    lambda s, p, w, t: 2 * rate_plain(s, p, w, t),
    lambda s, p, w, t: -rate_plain(s, p, w, t),
    lambda s, p, w, t: max(rate_plain(s, p, w, t), p / 10),
    lambda s, p, w, t: rate_plain(s, p, w, t) ** 2,
    lambda s, p, w, t: rate_plain(t - s, p, w, t),
    lambda s, p, w, t: rate_plain(s, p, t - w, t),
    lambda s, p, w, t: p * (s / w) ** 2 if s < w else rate_plain(s, p, w, t),
    lambda s, p, w, t: p * 0.99**s,
    lambda s, p, w, t: math.nan if s > t else rate_plain(s, p, w, t),
    lambda s, p, w: rate_plain(s, p, w, 10 * w),
]
