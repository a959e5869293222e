"""What each task of the scenes needs: accuracy with an ingredient, and without it.

    uv run python benchmarks/scenes.py [--seed 0]

Five passes over 10,000 scenes, with the same recipe and data for both of a pair. "side" needs
positions: without them, they stay 0. "same" needs a global view: four blocks of windows either
shift every second time or never do. Any model tells shapes, and how many there are. The test is on
1,000 other scenes.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace

import course_utils.training  # noqa: F401  loads Keras quietly, and is first therefore

import keras  # isort: skip
from keras import layers, ops

from course_utils.reference.swin_transformer import PatchEmbedding, SwinBlock
from course_utils.reference.vision_transformer import vision_transformer
from course_utils.training import models
from course_utils.training.augment import Batches
from course_utils.training.data import load
from course_utils.training.evaluation import evaluate
from course_utils.training.recipe import make_optimizer
from course_utils.training.recipes import SCENES, SCENES_VIT

HEADER = "task|model|test top-1|chance|seconds|processor seconds".split("|")


def vit(data, positions=True):
    model = vision_transformer(models.for_data(SCENES_VIT, data))
    if not positions:
        layer = model.get_layer("positions")
        layer.set_weights([0 * weight for weight in layer.get_weights()])
        layer.trainable = False
    return model


def windows(data, shifts):
    """Four blocks of one resolution, whose windows cover a quarter of the image each."""
    images = keras.Input((32, 32, 3))
    x = PatchEmbedding(4, 32)(images)  # (B, 8, 8, D)
    for shift in shifts:
        x = SwinBlock(32, 4, window=4, mlp_dim=64, shift=shift)(x)
    x = layers.LayerNormalization()(x)
    return keras.Model(images, layers.Dense(len(data.class_names))(ops.mean(x, (1, 2))))


ROWS = {
    ("side", "ViT without positions"): lambda data: vit(data, positions=False),
    ("side", "ViT"): vit,
    ("same", "windows that stay"): lambda data: windows(data, (0, 0, 0, 0)),
    ("same", "windows that shift"): lambda data: windows(data, (0, 2, 0, 2)),
    ("shape", "ViT"): vit,
    ("count", "ViT"): vit,
}


def one(number: int, seed: int) -> None:
    """Train one model in this process and print its row."""
    (task, name), build = list(ROWS.items())[number]
    data, recipe = load("scenes", task=task), replace(SCENES, seed=seed)
    began, before = time.perf_counter(), time.process_time()
    keras.utils.set_random_seed(seed)
    model, classes = build(data), len(data.class_names)
    batches = Batches(
        data.train,
        classes,
        batch_size=recipe.batch_size,
        augmentation=recipe.augmentation,
        seed=seed,
    )
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(make_optimizer(recipe, model, batches.steps), loss)
    for epoch in range(recipe.epochs):
        model.fit(batches.epoch(epoch), shuffle=False, verbose=0)
    seconds, processor = time.perf_counter() - began, time.process_time() - before
    top1 = evaluate(model, data.test, recipe.batch_size)["top1"]
    row = [task, name, f"{top1:.1%}", f"{1 / classes:.0%}", f"{seconds:.0f}", f"{processor:.0f}"]
    print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|", flush=True)
    for number in range(len(ROWS)):
        subprocess.run([sys.executable, __file__, "--one", str(number), str(seed)], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
