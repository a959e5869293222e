"""The names and sizes of published Swin Transformers, and ours.

Source: the layout of "microsoft/swin-tiny-patch4-window7-224" and its relatives.
"""

from course_utils.reference.swin_transformer import SwinConfig, swin_transformer
from course_utils.training.official.preprocessing import sides
from course_utils.training.official.published import Files

build = swin_transformer
FIXED = {
    "hidden_act": "gelu",
    "num_channels": 3,
    "qkv_bias": True,
    "use_absolute_embeddings": False,
}
IGNORED = ("relative_position_index",)  # computed from the window, in older files kept

BLOCK = {
    "norm1": "layernorm_before",
    "attention/bias_table": "attention.self.relative_position_bias_table",
    "attention/attention/query": "attention.self.query",
    "attention/attention/key": "attention.self.key",
    "attention/attention/value": "attention.self.value",
    "attention/attention/output": "attention.output.dense",
    "norm2": "layernorm_after",
    "mlp/widen": "intermediate.dense",
    "mlp/narrow": "output.dense",
}


def trained_size(files: Files) -> tuple[int, int]:
    """Height and width of the images that it was trained on."""
    return sides(files.config["image_size"])


def our_config(config: dict, size: tuple[int, int]) -> SwinConfig:
    """Our sizes, from those published."""
    return SwinConfig(
        image_size=size,
        patch_size=config["patch_size"],
        window=config["window_size"],
        dim=config["embed_dim"],
        depths=tuple(config["depths"]),
        num_heads=tuple(config["num_heads"]),
        mlp_ratio=config["mlp_ratio"],
        num_classes=len(config["id2label"]),
        norm_epsilon=config["layer_norm_eps"],
    )


def official_names(config: SwinConfig) -> dict[str, str]:
    """Our layers -> their official names. Theirs count blocks anew in each stage."""
    found = {
        "patch_embedding/project": "swin.embeddings.patch_embeddings.projection",
        "patch_embedding/norm": "swin.embeddings.norm",
        "norm": "swin.layernorm",
        "head": "classifier",
    }
    block = 0
    for stage, depth in enumerate(config.depths):
        official = f"swin.encoder.layers.{stage}"
        found[f"merge_{stage}/norm"] = f"{official}.downsample.norm"
        found[f"merge_{stage}/reduce"] = f"{official}.downsample.reduction"
        for i in range(depth):
            for ours, theirs in BLOCK.items():
                found[f"block_{block}/{ours}"] = f"{official}.blocks.{i}.{theirs}"
            block += 1
    return found


def fit_positions(tensors: dict, trained: tuple[int, int], config: SwinConfig) -> dict:
    """Change nothing: positions are offsets in a window, and any map has windows."""
    return tensors
