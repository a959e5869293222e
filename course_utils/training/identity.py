"""What makes a training this one and no other, and with what it was begun."""

import platform
import sys
import zlib
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np


def identity(config, data, recipe):
    """What makes this training this one."""
    return {
        "model": {"config": type(config).__name__, **asdict(config)},
        "recipe": asdict(recipe),
        "data": {
            "images": [len(split.labels) for split in data[:3]],
            # Of all bytes: with other images or labels it would be another training.
            "checksums": [checksum(split) for split in data[:3]],
            "class_names": list(data.class_names),
        },
        "backend": keras.backend.backend(),
    }


def checksum(split):
    images, labels = (np.ascontiguousarray(array) for array in split)
    return zlib.crc32(labels, zlib.crc32(images))


def circumstances():
    """With what, and how, it was begun."""
    packages = ("keras", "tensorflow", "jax", "numpy", "vision-transformer-course")
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return {"versions": versions(packages), "command": command}


def versions(packages):
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except ModuleNotFoundError:
            continue
    return found
