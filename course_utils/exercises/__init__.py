"""The exercises of the course, in course order, and what a student does with them."""

import course_utils.reference  # noqa: F401  loads Keras quietly, before any exercise does
from course_utils.checking.exercise import Exercise
from course_utils.checking.student import check, hand_over, hint, progress, yours_or_ours
from course_utils.exercises import (
    attention,
    multi_head_attention,
    perceiver,
    positional_encoding,
    swin_transformer,
    vision_transformer,
)

NOTEBOOKS = {
    "01_attention": attention,
    "02_multi_head_attention": multi_head_attention,
    "03_positional_encoding": positional_encoding,
    "04_vision_transformer": vision_transformer,
    "05_swin_transformer": swin_transformer,
    "06_perceiver": perceiver,
}

EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise for module in NOTEBOOKS.values() for exercise in module.EXERCISES
}

hand_over(EXERCISES)

__all__ = ["EXERCISES", "NOTEBOOKS", "check", "hint", "progress", "yours_or_ours"]
