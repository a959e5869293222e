"""The one exception for what people can put right themselves, and any exception in one line."""

import re

LONGEST = 300
# Which operation, device and node of a graph it was: what TensorFlow puts round its sentence.
OF_TENSORFLOW = re.compile(r"\{\{function_node [^}]*\}\}|\[Op:\w+\]( name:\s*\w*)?")


class CourseError(Exception):
    """A sentence for the person at the keyboard: what is wrong, and what to do about it."""


def in_one_line(error: BaseException) -> str:
    """An exception's kind and the first line of its text, as Python ends a traceback."""
    try:
        text = str(error).strip().split("\n")[0]
    except Exception:  # an exception class of a student's own, with a fault in its __str__
        text = ""
    text = OF_TENSORFLOW.sub("", text).strip()
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return what if len(what) <= LONGEST else what[:LONGEST] + " …"
