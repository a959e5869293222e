"""Make the fixtures fixtures/keras_hub/*.safetensors: keras-hub's own ViT and Swin, small, at work.

    uv run --with keras-hub==0.32.0 python tests/oracles/make_keras_hub.py

Each file holds images, what keras-hub's model makes of them ("input", "logits"), and the model's
random weights under the names that they have in our model. Windows are square: keras-hub's index
of relative positions counts the tokens of other windows column by column, and is wrong for them.
The files here were made with keras-hub 0.32.0 and Keras 3.15.1.
"""

import re
from pathlib import Path

import keras
import keras_hub
import numpy as np
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent / "fixtures" / "keras_hub"
CLASSES = 7

VIT_NAMES = [
    (r"vit_patching_and_embedding/patch_embedding", "patch_embedding"),
    (r"vit_patching_and_embedding/class_token", "class_token/token"),
    (r"vit_patching_and_embedding/position_embedding/embeddings", "positions/table"),
    (r"mha/attention_output", "attention/output"),
    (r"mha/", "attention/"),
    (r"ln_(\d)/", r"norm\1/"),
    (r"mlp/dense_1", "mlp/widen"),
    (r"mlp/dense_2", "mlp/narrow"),
    (r"vit_encoder/ln/", "norm/"),
    (r"predictions", "head"),
]
SWIN_NAMES = [
    (r"conv_projection", "project"),
    (r"attn/relative_position_bias_table", "attention/bias_table"),
    (r"attn/attention_projection", "attention/attention/output"),
    (r"mlp/fc1", "mlp/widen"),
    (r"mlp/fc2", "mlp/narrow"),
    (r"stage_(\d)/downsample/reduction", r"merge_\1/reduce"),
    (r"stage_(\d)/downsample/norm", r"merge_\1/norm"),
    (r"predictions", "head"),
]


def vit():
    """A ViT of 2 by 3 patches, not square, and two blocks."""
    backbone = keras_hub.models.ViTBackbone(
        image_shape=(10, 15, 3),
        patch_size=5,
        num_layers=2,
        num_heads=3,
        hidden_dim=12,
        mlp_dim=20,
    )
    model = keras_hub.models.ViTImageClassifier(backbone, CLASSES, preprocessor=None)
    return model, vit_weights


def vit_weights(weights):
    for name, value in weights.items():
        # It counts its blocks from 1 and keeps the heads as an axis of their own.
        name = re.sub(r".*transformer_block_(\d+)", lambda m: f"block_{int(m[1]) - 1}", name)
        name = rename(name, VIT_NAMES)
        if "attention/output/kernel" in name:
            value = value.reshape(-1, value.shape[-1])  # (h, d, D) -> (D, D)
        elif "attention/" in name and "output" not in name:
            value = value.reshape(*value.shape[:-2], -1)  # (D, h, d) -> (D, D), (h, d) -> (D,)
        elif name == "patch_embedding/kernel":
            value = value.reshape(-1, value.shape[-1])  # (P, P, C, D) -> (P·P·C, D)
        yield name, value


def swin():
    """A Swin of two stages, with a shifted block in the first."""
    backbone = keras_hub.models.SwinTransformerBackbone(
        image_shape=(24, 24, 3),
        patch_size=2,
        embed_dim=6,
        depths=(2, 1),
        num_heads=(2, 3),
        window_size=3,
        mlp_ratio=2.0,
        drop_path=0.0,
    )
    model = keras_hub.models.SwinTransformerImageClassifier(backbone, CLASSES, preprocessor=None)
    return model, swin_weights


def swin_weights(weights):
    blocks = sorted({m[0] for m in map(re.compile(r"stage_\d/blocks_\d").match, weights) if m})
    for name, value in weights.items():
        for number, block in enumerate(blocks):
            name = name.replace(block, f"block_{number}")
        name = rename(name, SWIN_NAMES)
        if "attn/attention_qkv" in name:  # the three projections are one array, side by side
            for part, third in zip(("query", "key", "value"), np.split(value, 3, -1), strict=True):
                yield name.replace("attn/attention_qkv", f"attention/attention/{part}"), third
        else:
            yield name, value


def rename(name, rules):
    for pattern, ours in rules:
        name = re.sub(pattern, ours, name)
    return name


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for build in (vit, swin):
        rng = np.random.default_rng(0)
        model, convert = build()
        weights = {}
        for weight in model.weights:
            scale = 0.5 if weight.ndim < 2 else weight.shape[0] ** -0.5
            centre = 1.0 if weight.path.endswith("gamma") else 0.0
            weights[weight.path] = centre + scale * rng.standard_normal(weight.shape)
            weight.assign(weights[weight.path])
        images = rng.standard_normal((2, *model.input.shape[1:])).astype("float32")
        arrays = {name: np.ascontiguousarray(value, "float32") for name, value in convert(weights)}
        arrays |= {"input": images, "logits": model.predict(images, verbose=0)}
        save_file(arrays, FOLDER / f"{build.__name__}.safetensors")
        print(build.__name__, "logits", keras.ops.shape(arrays["logits"]))


if __name__ == "__main__":
    main()
