"""What a training runs on: one device or several, and how exactly they compute."""

import os
from contextlib import contextmanager

import keras

from course_utils.errors import CourseError

ADDRESS = "KERAS_DISTRIBUTION_JOB_ADDRESSES"


def has_gpu() -> bool:
    """Whether the backend finds a GPU."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    return any("cpu" not in name.lower() for name in keras.distribution.list_devices())


@contextmanager
def all_devices():
    """Inside, models are built for all devices of the best kind there is; gives their names.

    With more than one, each takes its share of every batch, and all keep the same weights. What
    dropout leaves to chance differs from that on one device, and on TensorFlow each device has its
    own statistics in batch norms; the rest is the same.
    """
    if keras.backend.backend() == "tensorflow":
        with tensorflow_devices() as names:
            yield names
        return
    names = keras.distribution.list_devices()
    before = keras.distribution.distribution()
    if len(names) > 1:
        # Each host takes its share of a batch in `Batches`: Keras cannot cut what is batched.
        spread = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
        keras.distribution.set_distribution(spread)
    try:
        yield names
    finally:
        keras.distribution.set_distribution(before)


@contextmanager
def tensorflow_devices():
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name.removeprefix("/device:") for device in found]
    if len(names) == 1:
        yield names
        return
    with tf.distribute.MirroredStrategy(names).scope():
        yield names


# --- several hosts ----------------------------------------------------------------------------


def join_hosts() -> None:
    """Train together with other machines, where Keras' environment variables name them.

    Raises CourseError on a backend that cannot.
    """
    if ADDRESS not in os.environ:
        return
    if keras.backend.backend() != "jax":
        raise CourseError(
            f"{ADDRESS} is set: several machines train together on JAX alone. Set "
            "KERAS_BACKEND=jax, or leave that variable out."
        )
    keras.distribution.initialize()


def host() -> tuple[int, int]:
    """Which host this is, from 0, and how many train together."""
    if keras.backend.backend() != "jax":
        return 0, 1
    import jax

    return jax.process_index(), jax.process_count()


def wait_for_hosts() -> None:
    """Go on when all hosts have come as far as this."""
    if host()[1] > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices("course_utils")


@contextmanager
def each_host_alone():
    """Inside, every host computes all of it and has the whole answer, not its share of one."""
    before = keras.distribution.distribution()
    if host()[1] > 1:
        keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        if host()[1] > 1:
            keras.distribution.set_distribution(before)


# --- how exactly ------------------------------------------------------------------------------


@contextmanager
def precision(wanted: str, devices: list[str]):
    """Inside, layers are made to compute in a precision; "auto" is half precision on GPUs."""
    if wanted == "auto":
        on_gpu = any("cpu" not in name.lower() for name in devices)
        # Float16 works on every GPU, where Keras scales the loss; bfloat16 only on recent ones.
        wanted = "mixed_float16" if on_gpu else "float32"
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(wanted)
    try:
        yield wanted
    finally:
        keras.config.set_dtype_policy(before)


def clip_together(grads: list, longest: float | None) -> list:
    """Clip what all devices found as one gradient, of this length at most; None leaves it.

    Keras on TensorFlow clips the part of each device, before it sums them: two devices would not
    learn what one learns. What is returned here is a device's share of the clipped sum.
    """
    if keras.backend.backend() != "tensorflow" or longest is None:
        return grads
    import tensorflow as tf

    here = tf.distribute.get_replica_context()
    if here is None or here.num_replicas_in_sync == 1:
        return grads
    grads, _ = tf.clip_by_global_norm(here.all_reduce(tf.distribute.ReduceOp.SUM, grads), longest)
    return [grad / here.num_replicas_in_sync for grad in grads]
