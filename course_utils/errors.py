"""The one exception for what people can put right themselves, and any exception in one line."""

LONGEST = 300


class CourseError(Exception):
    """A sentence for the person at the keyboard: what is wrong, and what to do about it."""


def in_one_line(error: BaseException) -> str:
    """An exception's kind and the first line of its text, as Python ends a traceback."""
    try:
        text = str(error).strip().split("\n")[0]
    except Exception:  # an exception class of a student's own, with a fault in its __str__
        text = ""
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return what if len(what) <= LONGEST else what[:LONGEST] + " …"
