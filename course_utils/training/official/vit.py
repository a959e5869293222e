"""The names and sizes of published Vision Transformers, and ours.

Source: the layout of "google/vit-base-patch16-224" and its relatives.
"""

from course_utils.reference.positional_encoding import resize_positions
from course_utils.reference.vision_transformer import (
    ViTConfig,
    grid_of_patches,
    vision_transformer,
)
from course_utils.training.official.preprocessing import sides
from course_utils.training.official.published import Files
from course_utils.training.official.weights import array

build = vision_transformer
FIXED = {"hidden_act": "gelu", "num_channels": 3, "qkv_bias": True}
IGNORED = ("pooler.dense.weight", "pooler.dense.bias")  # of the training before, not of the head
POSITIONS = "vit.embeddings.position_embeddings"

BLOCK = {
    "norm1": "layernorm_before",
    "attention/query": "attention.attention.query",
    "attention/key": "attention.attention.key",
    "attention/value": "attention.attention.value",
    "attention/output": "attention.output.dense",
    "norm2": "layernorm_after",
    "mlp/widen": "intermediate.dense",
    "mlp/narrow": "output.dense",
}


def trained_size(files: Files) -> tuple[int, int]:
    """Height and width of the images that it was trained on."""
    return sides(files.config["image_size"])


def our_config(config: dict, size: tuple[int, int]) -> ViTConfig:
    """Our sizes, from those published."""
    return ViTConfig(
        image_size=size,
        patch_size=config["patch_size"],
        dim=config["hidden_size"],
        depth=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        mlp_dim=config["intermediate_size"],
        num_classes=len(config["id2label"]),
        norm_epsilon=config["layer_norm_eps"],
    )


def official_names(config: ViTConfig) -> dict[str, str]:
    """Our layers -> their official names."""
    found = {
        "patch_embedding": "vit.embeddings.patch_embeddings.projection",
        "class_token/token": "vit.embeddings.cls_token",
        "positions/table": POSITIONS,
        "norm": "vit.layernorm",
        "head": "classifier",
    }
    for i in range(config.depth):
        for ours, theirs in BLOCK.items():
            found[f"block_{i}/{ours}"] = f"vit.encoder.layer.{i}.{theirs}"
    return found


def fit_positions(tensors: dict, trained: tuple[int, int], config: ViTConfig) -> dict:
    """Stretch the positions (1, 1 + N, D) from the trained grid of patches to ours."""
    grid = grid_of_patches(trained, config.patch_size)
    table = tensors.get(POSITIONS)
    if grid == config.grid or table is None or table.shape[:-1] != (1, 1 + grid[0] * grid[1]):
        return tensors  # what is wrong with them, `assign` says
    return tensors | {POSITIONS: array(resize_positions(table[0], grid, config.grid))}
