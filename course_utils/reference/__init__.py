"""The mathematics and the models of the course, one module a notebook."""

import os

from course_utils.console import silenced

# TensorFlow greets with lines about processors and missing GPUs, on stderr, where a notebook shows
# them in red and nbgrader takes points for them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silenced():
    import keras

# Keras' own settings, whatever this computer's keras.json says: with other ones the layers that
# lessons and answers use would mean something else, and most would not say so.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
