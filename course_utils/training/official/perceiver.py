"""The names and sizes of published Perceivers for images, and ours.

Source: the layout of "deepmind/vision-perceiver-learned" and "deepmind/vision-perceiver-fourier".
"""

from course_utils.errors import CourseError
from course_utils.reference.perceiver import PerceiverConfig, perceiver
from course_utils.reference.positional_encoding import resize_grid
from course_utils.training.official.preprocessing import sides
from course_utils.training.official.published import Files
from course_utils.training.official.weights import array

build = perceiver
FIXED = {
    "hidden_act": "gelu",
    "use_query_residual": True,
    "cross_attention_shape_for_attention": "kv",
    "qk_channels": None,
    "v_channels": None,
}
IGNORED = ()
PIXELS = "perceiver.input_preprocessor"
POSITIONS = f"{PIXELS}.position_embeddings.position_embeddings"
KINDS = {
    "PerceiverForImageClassificationLearned": "learned",
    "PerceiverForImageClassificationFourier": "fourier",
}

BLOCK = {
    "norm1": "attention.self.layernorm1",
    "data_norm": "attention.self.layernorm2",
    "attention/query": "attention.self.query",
    "attention/key": "attention.self.key",
    "attention/value": "attention.self.value",
    "attention/output": "attention.output.dense",
    "norm2": "layernorm",
    "mlp/widen": "mlp.dense1",
    "mlp/narrow": "mlp.dense2",
}


def trained_size(files: Files) -> tuple[int, int]:
    """Height and width of the images that it was trained on.

    With Fourier features nothing in config.json depends on it, so there it may say anything.
    """
    if positions_of(files.config) == "learned":
        return sides(files.config["image_size"])
    return sides(files.preprocessing["size"])


def positions_of(config: dict) -> str:
    """Tell the two published kinds apart. Raises CourseError for others, as that with a CNN."""
    kind = config["architectures"][0]
    if kind not in KINDS:
        raise CourseError(f"It is a {kind}, and ours are {' and '.join(KINDS)}.")
    return KINDS[kind]


def our_config(config: dict, size: tuple[int, int]) -> PerceiverConfig:
    """Our sizes, from those published; from code what the published code alone says."""
    dim = config["d_latents"]
    return PerceiverConfig(
        image_size=size,
        num_classes=len(config["id2label"]),
        num_latents=config["num_latents"],
        dim=dim,
        iterations=1,
        depth=config["num_self_attends_per_block"],
        repeats=config["num_blocks"],
        num_heads=config["num_self_attention_heads"],
        cross_heads=config["num_cross_attention_heads"],
        mlp_dim=config["self_attention_widening_factor"] * dim,
        cross_mlp_dim=config["cross_attention_widening_factor"] * dim,
        positions=positions_of(config),
        num_bands=config.get("num_bands", 64),
        max_resolution=config.get("max_resolution", 224),
        position_dim=config.get("position_dim", 256),
        pooling="decoder",
    )


def official_names(config: PerceiverConfig) -> dict[str, str]:
    """Our layers -> their official names."""
    decoder = "perceiver.decoder.decoder"
    found = {
        "tokens/colours": f"{PIXELS}.convnet_1x1",
        "tokens/places": f"{PIXELS}.positions_projection",
        "tokens/table": POSITIONS,
        "latents/array": "perceiver.embeddings.latents",
        "query/array": f"{decoder}.output_position_encodings.position_embeddings",
        "head": f"{decoder}.final_layer",
    }
    blocks = {
        "cross_attention_0": "perceiver.encoder.cross_attention",
        "decoder": f"{decoder}.decoding_cross_attention",
    }
    for i in range(config.depth):
        blocks[f"latent_block_{i}"] = f"perceiver.encoder.self_attends.{i}"
    for block, official in blocks.items():
        for ours, theirs in BLOCK.items():
            found[f"{block}/{ours}"] = f"{official}.{theirs}"
    return found


def fit_positions(tensors: dict, trained: tuple[int, int], config: PerceiverConfig) -> dict:
    """Stretch learned positions (N, E) from the trained grid of pixels to ours."""
    table = tensors.get(POSITIONS)
    if trained == config.image_size or table is None or len(table) != trained[0] * trained[1]:
        return tensors  # what is wrong with them, `assign` says
    return tensors | {POSITIONS: array(resize_grid(table, trained, config.image_size))}
