"""What training on a processor buys: accuracy after the same processor time, model by model.

    uv run python benchmarks/training.py [--seconds 120] [--seed 0] [MODEL-RECIPE-DATA …]

Each training has a process of its own. Its budget is processor time, all cores together: a busy
machine takes longer, but does nearly the same work for it. The first step, in which the model is
compiled, and the test are not counted. Each training follows one of our recipes or a published one,
except for its length: the budget ends it, and a cosine ends with the budget. Data that is not there
is downloaded (see `course_utils.training.data`). KERAS_BACKEND chooses the backend.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from itertools import count

import course_utils.training  # noqa: F401  loads Keras quietly, and is first therefore

import keras  # isort: skip

from course_utils.reference.learning import learning_rate
from course_utils.training import fit, models, recipes
from course_utils.training.data import load

TRAININGS = (
    "vit-short-cifar100",
    "vit-course-cifar100",
    "swin-course-cifar100",
    "perceiver-course-cifar100",
    "cnn-course-cifar100",
    "vit-published-cifar100",
    "vit-fashion-fashion_mnist",
    "vit-published_d2l-fashion_mnist",
)
HEADER = "training|parameters|steps|epochs|processor ms a step|top-1|top-5".split("|")


def train(model, batches, recipe, seconds) -> tuple[int, float]:
    """Train until the processor time is spent; return how many steps that took, and how long."""
    began, spent = None, 0.0
    for steps, (images, targets) in enumerate(endless(batches)):
        if began is None and steps > 0:  # the first one compiles
            began = time.process_time()
        if began is not None:
            spent = time.process_time() - began
        if spent >= seconds:
            return steps - 1, spent
        model.optimizer.learning_rate = rate(recipe, spent / seconds)
        model.train_on_batch(images, targets)


def endless(batches):
    for epoch in count():
        yield from batches.epoch(epoch)


def rate(recipe, share):
    """The learning rate when a share of the budget is spent."""
    if recipe.schedule != "cosine":
        return recipe.learning_rate
    # Not 0 at the very beginning: there the formula does not know yet how long a step takes.
    return learning_rate(max(share, 1e-3), recipe.learning_rate, recipe.warmup, 1)


def one(name: str, seconds: float, seed: int) -> None:
    """Train one model in this process and print its row."""
    kind, way, source = name.split("-")
    config, recipe = recipes.find(kind, way.replace("_", "-"))
    data = load(source)
    # The rate is ours to set, step by step.
    constant = replace(recipe, schedule="constant", seed=seed)
    model, batches = fit.prepare(models.for_data(config, data), data, constant)
    steps, spent = train(model, batches, recipe, seconds)
    judged = fit.evaluate(model, data.test, recipe.batch_size)
    row = [
        name,
        f"{model.count_params():,}",
        f"{steps}",
        f"{steps / batches.steps:.2f}",
        f"{1000 * spent / steps:.0f}",
        f"{judged['top1']:.1%}",
        f"{judged['top5']:.1%}",
    ]
    print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trainings", nargs="*", default=TRAININGS, metavar="MODEL-RECIPE-DATA")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"{keras.backend.backend()}, {args.seconds:g} processor seconds each, seed {args.seed}")
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|", flush=True)
    for name in args.trainings:
        command = [sys.executable, __file__, "--one", name, str(args.seconds), str(args.seed)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
