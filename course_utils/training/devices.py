"""What a training runs on: one device or several, and how exactly they compute."""

from contextlib import contextmanager

import keras


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
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=names))
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
