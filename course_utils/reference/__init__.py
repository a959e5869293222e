"""The mathematics and the models of the course, one module a notebook."""

import os

from course_utils.console import silenced

# TensorFlow greets with lines about processors and missing GPUs, on stderr, where a notebook shows
# them in red and nbgrader takes points for them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silenced():
    import keras  # noqa: F401
