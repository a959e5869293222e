"""What our models cost beside others of the same sizes, and how cost grows with the image.

    uv run --with keras-hub==0.32.0 python benchmarks/models.py
    uv run python benchmarks/models.py growth

Models of one group do the same work with the same sizes. They take turns, one step each, round
after round in one process, so that a busy machine slows all of them alike; the table gives the
median over the rounds as a ratio to ours. "processor" is the time of all cores together. Peak
memory is measured in a process of its own for each model, as growth over what was there before the
first step. KERAS_BACKEND chooses the backend.
"""

import statistics
import subprocess
import sys
import time
from functools import partial

import keras
import numpy as np
from keras import layers

import course_utils.reference  # noqa: F401  loads Keras quietly
from course_utils.reference import swin_transformer as swin
from course_utils.reference import vision_transformer as vit
from course_utils.reference.perceiver import PerceiverConfig, perceiver, perceiver_cost
from course_utils.reference.windows import attention_cost

BATCH, CLASSES, ROUNDS = 64, 100, 20

# 32 × 32 images: 64 tokens for ViT, and a map of 16 × 16 in windows of 4 × 4 for Swin.
VIT = vit.ViTConfig(32, 4, dim=128, depth=6, num_heads=4, mlp_dim=256, num_classes=CLASSES)
SWIN = swin.SwinConfig(
    32, 2, window=4, dim=48, depths=(2, 2), num_heads=(3, 6), mlp_ratio=2.0, num_classes=CLASSES
)


def our_vit():
    return vit.vision_transformer(VIT)


def our_swin():
    return swin.swin_transformer(SWIN)


def hub_vit():
    import keras_hub

    backbone = keras_hub.models.ViTBackbone(
        image_shape=(32, 32, 3),
        patch_size=VIT.patch_size,
        num_layers=VIT.depth,
        num_heads=VIT.num_heads,
        hidden_dim=VIT.dim,
        mlp_dim=VIT.mlp_dim,
    )
    return keras_hub.models.ViTImageClassifier(backbone, CLASSES, preprocessor=None)


def hub_swin():
    import keras_hub

    backbone = keras_hub.models.SwinTransformerBackbone(
        image_shape=(32, 32, 3),
        patch_size=SWIN.patch_size,
        embed_dim=SWIN.dim,
        depths=SWIN.depths,
        num_heads=SWIN.num_heads,
        window_size=SWIN.window,
        mlp_ratio=SWIN.mlp_ratio,
        drop_path=0.0,
    )
    return keras_hub.models.SwinTransformerImageClassifier(backbone, CLASSES, preprocessor=None)


def keras_attention_vit(flatten=False):
    """The same ViT with Keras' own MultiHeadAttention; flatten: with the textbook's ending."""
    images = keras.Input((32, 32, 3))
    x = layers.Dense(VIT.dim)(vit.Patchify(VIT.patch_size)(images))
    if not flatten:
        x = vit.ClassToken()(x)
    x = vit.LearnedPositions()(x)
    for _ in range(VIT.depth):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.MultiHeadAttention(VIT.num_heads, VIT.dim // VIT.num_heads)(y, y)
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.Dense(VIT.dim)(layers.Dense(VIT.mlp_dim, activation="gelu")(y))
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    if flatten:
        x = layers.Flatten()(x)
        for width in (2048, 1024):
            x = layers.Dense(width, activation="gelu")(x)
    else:
        x = vit.FirstToken()(x)
    return keras.Model(images, layers.Dense(CLASSES)(x))


def textbook_vit():
    return keras_attention_vit(flatten=True)


GROUPS = {
    "ViT": {
        "ours": our_vit,
        "keras-hub": hub_vit,
        "Keras MultiHeadAttention": keras_attention_vit,
        "and the textbook's flattened head": textbook_vit,
    },
    "Swin": {"ours": our_swin, "keras-hub": hub_swin},
}


def prepared(build):
    """A built model, and functions for one forward pass and one training step on random images."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    images = rng.standard_normal((BATCH, 32, 32, 3)).astype("float32")
    labels = rng.integers(0, CLASSES, BATCH)
    model = build()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(1e-3), loss)
    return (
        model,
        lambda: model.predict_on_batch(images),
        lambda: model.train_on_batch(images, labels),
    )


def take_turns(steps: dict) -> dict:
    """Run each step once a round; return medians of wall and processor milliseconds by name."""
    for step in steps.values():
        step(), step()  # the first ones compile
    spent = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            wall, processor = time.perf_counter(), time.process_time()
            step()
            spent[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return {
        name: [1000 * statistics.median(column) for column in zip(*times, strict=True)]
        for name, times in spent.items()
    }


def peak_memory(group: str, name: str) -> float:
    """MiB that three training steps of a model add to a fresh process."""
    command = [sys.executable, __file__, "memory", group, name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.splitlines()[-1])


def memory(group, name):
    _, _, train = prepared(GROUPS[group][name])
    before = highest()
    for _ in range(3):
        train()
    print(highest() - before)


def highest() -> float:
    """The most MiB this process has had in memory. (getrusage would count its parent's, too.)"""
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def beside_others():
    print(f"{keras.backend.backend()}, batch {BATCH}, {ROUNDS} rounds; ratios are to ours")
    print(
        "| model | parameters | training step, processor ms | ratio | wall ms | ratio "
        "| forward, processor ms | ratio | memory MiB | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for group, builders in GROUPS.items():
        ready = {name: prepared(build) for name, build in builders.items()}
        train = take_turns({name: step for name, (_, _, step) in ready.items()})
        forward = take_turns({name: step for name, (_, step, _) in ready.items()})
        space = {name: peak_memory(group, name) for name in builders}
        for name, (model, _, _) in ready.items():
            cells = [f"{group}, {name}", f"{model.count_params():,}"]
            for value, ours in [
                (train[name][1], train["ours"][1]),
                (train[name][0], train["ours"][0]),
                (forward[name][1], forward["ours"][1]),
                (space[name], space["ours"]),
            ]:
                cells += [f"{value:.0f}", f"{value / ours:.2f}"]
            print("| " + " | ".join(cells) + " |", flush=True)


def growth():
    """Forward time against image size for three models, beside the multiplications of attention."""
    sizes, dim, depth = (32, 64, 96, 128), 64, 4
    print(
        f"{keras.backend.backend()}: forward pass of 8 images, processor ms; theory: attention's "
        "multiply-adds an image, in millions"
    )
    print("| side | tokens | ViT | theory | Swin | theory | Perceiver | theory |")
    print("|---|---|---|---|---|---|---|---|")
    for size in sizes:
        side = size // 4
        tokens = side * side
        models = {
            "ViT": vit.vision_transformer(
                vit.ViTConfig(size, 4, dim, depth, 4, 128, 10, pooling="mean")
            ),
            "Swin": swin.swin_transformer(
                swin.SwinConfig(size, 4, 4, dim, (depth,), (4,), 2.0, num_classes=10)
            ),
            "Perceiver": perceiver(
                PerceiverConfig(size, 32, dim, 1, depth, 4, 128, 128, 10, max_resolution=size)
            ),
        }
        images = np.zeros((8, size, size, 3), "float32")
        steps = {name: partial(model.predict_on_batch, images) for name, model in models.items()}
        spent = take_turns(steps)
        # The Perceiver reads pixels, not patches: that it can is its point.
        theory = {
            "ViT": depth * attention_cost(side, side, dim),
            "Swin": depth * attention_cost(side, side, dim, 4),
            "Perceiver": perceiver_cost(size * size, 32, dim, depth, 1),
        }
        cells = [f"{size}", f"{tokens}"]
        for name in models:
            cells += [f"{spent[name][1]:.0f}", f"{theory[name] / 1e6:.1f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["memory", group, name]:
            memory(group, name)
        case ["growth"]:
            growth()
        case _:
            beside_others()
