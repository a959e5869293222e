"""The one exception for what people can put right themselves."""


class CourseError(Exception):
    """A sentence for the person at the keyboard: what is wrong, and what to do about it."""
