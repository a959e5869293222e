import keras
import pytest

from course_utils.training.devices import has_gpu


@pytest.mark.parametrize("found", [True, False])
def test_a_gpu_is_found_where_there_is_one(monkeypatch, found):
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = ["a GPU"] if found else []
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices)
    else:
        devices = ["cpu:0", "gpu:0"] if found else ["cpu:0"]
        monkeypatch.setattr(keras.distribution, "list_devices", lambda: devices)
    assert has_gpu() == found
