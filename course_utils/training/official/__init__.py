"""Published weights in our own models: a student's architecture classifies real photos."""

from course_utils.training.official.load import Official, load_official
from course_utils.training.official.published import PUBLISHED

__all__ = ["PUBLISHED", "Official", "load_official"]
