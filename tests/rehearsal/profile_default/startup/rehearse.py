"""In the tests a notebook's trainings are rehearsed: two epochs at most, of two batches each, step
by step. (To compile a training takes longer than its first ten steps; other tests compile.)

What comes of a training is compared with nothing, and whole trainings are most of the time that the
notebooks take. COURSE_REHEARSAL=0 runs them whole.
"""

import os
import time

STEPS = 30  # of a loop that trains until its time is over


def rehearse():
    import keras

    import course_utils.reference  # noqa: F401  loads Keras quietly

    whole, compiled, step = keras.Model.fit, keras.Model.compile, keras.Model.train_on_batch

    def fit(self, x=None, y=None, *, batch_size=32, validation_data=None, epochs=1, **options):
        def cut(arrays):
            return keras.tree.map_structure(lambda array: array[: 2 * batch_size], arrays)

        if y is not None:
            x, y = cut(x), cut(y)
        if isinstance(validation_data, tuple):
            validation_data = cut(validation_data)
        options |= {"batch_size": batch_size, "validation_data": validation_data}
        return whole(self, x, y, epochs=min(epochs, 2), **options)

    def compile(self, *args, **options):
        return compiled(self, *args, **{"run_eagerly": True, **options})

    seconds, ahead = time.process_time, 0.0

    def train_on_batch(self, *args, **options):
        nonlocal ahead
        self.rehearsed = getattr(self, "rehearsed", 0) + 1
        if self.rehearsed >= STEPS:
            ahead += 3600
        return step(self, *args, **options)

    keras.Model.fit, keras.Model.compile = fit, compile
    keras.Model.train_on_batch = train_on_batch
    time.process_time = lambda: seconds() + ahead


if os.environ.get("COURSE_REHEARSAL", "1") != "0":
    rehearse()
