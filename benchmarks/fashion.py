"""Three exercises of Dive into Deep Learning, section 11.8, answered with a small ViT.

    uv run python benchmarks/fashion.py [--seed 4]

What does the size of the images cost, does the mean do as well as a class token, and which other
sizes and rates do better? Each row is 500 steps of 64 images of Fashion-MNIST, half a pass, and the
test is on all 10,000.
"""

import argparse
import time
from dataclasses import replace

import course_utils.training  # noqa: F401  loads Keras quietly, and is first therefore

import keras  # isort: skip
from keras import ops

from course_utils.reference.vision_transformer import ViTConfig, vision_transformer
from course_utils.training.data import load
from course_utils.training.images import scale
from course_utils.training.schedules import WarmupCosine

CLOTHES = ViTConfig(28, 7, dim=64, depth=4, num_heads=4, mlp_dim=128, num_classes=10, channels=1)
MEAN = replace(CLOTHES, pooling="mean")
STEPS, BATCH, UNCOUNTED = 500, 64, 20
HEADER = "what|tokens|seed|processor ms a step|right on new images".split("|")


def rows(seed: int):
    """What is compared: its name, the model's sizes, the seed, and the rate where SGD is asked."""
    for side in (14, 28, 56):
        yield f"{side} × {side} pixels", replace(CLOTHES, image_size=side), seed, None
    for other in (seed + 1, seed + 2):
        yield "class token", CLOTHES, other, None
    for other in (seed, seed + 1, seed + 2):
        yield "mean", MEAN, other, None
    yield "SGD, rate 0.1 from end to end", CLOTHES, seed, 0.1
    yield "mean, patches of 4", replace(MEAN, patch_size=4), seed, None
    stem = replace(MEAN, image_size=32, patch_size=8, stem="convolution")
    yield "mean, three convolutions", stem, seed, None


def train(data, config, seed, rate):
    """Train one model -> processor seconds a step, and what it gets right."""
    keras.utils.set_random_seed(seed)
    model = vision_transformer(config)
    climbing = WarmupCosine(0.002, STEPS // 10, STEPS)
    adamw = keras.optimizers.AdamW(climbing, weight_decay=0.05)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate) if rate else adamw, loss, metrics=["accuracy"])
    images = prepared(data.train.images[: STEPS * BATCH], config.image_size)
    labels = data.train.labels[: STEPS * BATCH]
    fixed = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    some = UNCOUNTED * BATCH  # compiling is not counted
    model.fit(images[:some], labels[:some], **fixed)
    before = time.process_time()
    model.fit(images[some:], labels[some:], **fixed)
    spent = (time.process_time() - before) / (STEPS - UNCOUNTED)
    test = prepared(data.test.images, config.image_size)
    return spent, model.evaluate(test, data.test.labels, batch_size=200, verbose=0)[1]


def prepared(images, side):
    """Bytes (B, 28, 28, 1) -> from -1 to 1, as large as the model wants them."""
    return ops.convert_to_numpy(ops.image.resize(scale(images), (side, side), antialias=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=4)
    data = load("fashion_mnist")
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|", flush=True)
    for what, config, seed, rate in rows(parser.parse_args().seed):
        spent, right = train(data, config, seed, rate)
        tokens = config.grid[0] * config.grid[1]
        row = [what, str(tokens), str(seed), f"{1000 * spent:.0f}", f"{right:.1%}"]
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
