"""Silence what compiled code writes to the console, beneath Python's own print."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def silenced():
    """Send the process's stdout and stderr (file descriptors 1 and 2) to a file nobody reads."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as sink:
        try:
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
            yield
        finally:
            for number, original in enumerate(saved, start=1):
                os.dup2(original, number)
                os.close(original)
