"""Make the oracles: tiny models of an independent implementation, with what they compute.

Each file in `fixtures` is one model in the official layout: random weights under the names that
`save_pretrained` gives them, the `config.json` of the model in the metadata, and beside them

    input            the images, (B, H, W, C)
    tokens           what the first block reads
    block.0, …       what each block returns, (B, N, D); all blocks of all stages in order
    attention.0, …   the weights of each block, where they are small
    logits           (B, classes)

PyTorch computes them in float64, with eager attention, and float32 must agree. The weights
are drawn so that nothing hides: no norm is the identity, no bias or position is zero. Sizes are
mostly primes, and neither images nor windows are square multiples of each other.

To run again (it needs PyTorch, which the course does not; the fixtures were made with Python 3.11,
torch 2.13.0, transformers 5.23.0, safetensors 0.8.0 on a CPU):

    pip install torch transformers safetensors
    python tests/oracles/make.py
"""

import json
import tempfile
from pathlib import Path

import safetensors.torch
import torch
import transformers
from transformers.models.perceiver import modeling_perceiver as perceiver

FIXTURES = Path(__file__).parent / "fixtures"
CLASSES = 13
COMMON = {"attn_implementation": "eager", "id2label": {i: f"thing {i}" for i in range(CLASSES)}}


# --- the models ---------------------------------------------------------------------------------


def vit(size, **sizes):
    """Blocks read their tokens from the embeddings and return tokens."""
    config = transformers.ViTConfig(image_size=size, **sizes, **COMMON)
    model = transformers.ViTForImageClassification(config)
    return model, list(model.vit.layers)


def swin(size, **sizes):
    config = transformers.SwinConfig(image_size=size, **sizes, **COMMON)
    model = transformers.SwinForImageClassification(config)
    stages = model.swin.encoder.layers
    return model, [block for stage in stages for block in stage.blocks]


class TinyPerceiver(perceiver.PerceiverPreTrainedModel):
    """The published image classifiers, but for numbers that those fix: 256 channels, 64 bands."""

    def __init__(self, config, **preprocessor):
        super().__init__(config)
        latent = {"num_channels": config.d_latents, "index_dims": 1}
        self.perceiver = perceiver.PerceiverModel(
            config,
            input_preprocessor=perceiver.PerceiverImagePreprocessor(
                config, spatial_downsample=1, **preprocessor
            ),
            decoder=perceiver.PerceiverClassificationDecoder(
                config,
                num_channels=config.d_latents,
                trainable_position_encoding_kwargs=latent,
                use_query_residual=True,
            ),
        )
        self.post_init()

    def forward(self, images):
        return self.perceiver(images)


def perceiver_blocks(model):
    encoder = model.perceiver.encoder
    decoder = model.perceiver.decoder.decoder
    return [encoder.cross_attention, *encoder.self_attends, decoder.decoding_cross_attention]


def perceiver_learned(size, position_dim, **sizes):
    config = transformers.PerceiverConfig(image_size=size, **sizes, **COMMON)
    positions = {"num_channels": position_dim, "index_dims": size[0] * size[1]}
    model = TinyPerceiver(
        config,
        prep_type="conv1x1",
        out_channels=position_dim,
        position_encoding_type="trainable",
        project_pos_dim=position_dim,
        trainable_position_encoding_kwargs=positions,
    )
    return model, perceiver_blocks(model)


def perceiver_fourier(size, num_bands, max_resolution, **sizes):
    config = transformers.PerceiverConfig(image_size=size, **sizes, **COMMON)
    model = TinyPerceiver(
        config,
        prep_type="pixels",
        fourier_position_encoding_kwargs={
            "num_bands": num_bands,
            "max_resolution": (max_resolution, max_resolution),
            "concat_pos": True,
            "sine_only": False,
        },
    )
    return model, perceiver_blocks(model)


PUBLISHED = {
    "perceiver_learned": perceiver.PerceiverForImageClassificationLearned,
    "perceiver_fourier": perceiver.PerceiverForImageClassificationFourier,
}
LATENTS = {
    "num_latents": 7,
    "d_latents": 20,
    "num_self_attends_per_block": 2,
    "num_blocks": 3,
    "num_self_attention_heads": 5,
    "num_cross_attention_heads": 1,
}

# name -> how to build it, height and width of its images
ORACLES = {
    "vit": (
        vit,
        (15, 35),  # 3 by 7 patches
        {
            "patch_size": 5,
            "hidden_size": 33,
            "num_hidden_layers": 3,
            "num_attention_heads": 3,
            "intermediate_size": 37,
        },
    ),
    # 11 by 17, 6 by 9 and 3 by 5 tokens: padding to the window in stages 1 and 3, to an even
    # number before each merge, shifts in stages 1 and 2, and none where a window spans the map.
    "swin_window3": (
        swin,
        (22, 34),
        {
            "patch_size": 2,
            "embed_dim": 8,
            "depths": [2, 2, 2],
            "num_heads": [4, 2, 8],
            "window_size": 3,
            "mlp_ratio": 2.0,
        },
    ),
    # Images padded to 26 by 34, 13 by 17 tokens padded to 14 by 21, then 7 by 9: the published
    # window, shifted by 3.
    "swin_window7": (
        swin,
        (25, 33),
        {
            "patch_size": 2,
            "embed_dim": 14,
            "depths": [2, 1],
            "num_heads": [2, 7],
            "window_size": 7,
            "mlp_ratio": 4.0,
        },
    ),
    "perceiver_learned": (perceiver_learned, (5, 11), {"position_dim": 17, **LATENTS}),
    "perceiver_fourier": (
        perceiver_fourier,
        (5, 11),
        {"num_bands": 3, "max_resolution": 13, **LATENTS, "cross_attention_widening_factor": 3,
         "self_attention_widening_factor": 2},
    ),
}  # fmt: skip


# --- weights in which nothing hides -------------------------------------------------------------


# What the first norm reads is as small as in a real model, where its epsilon counts.
SMALL = 0.02


@torch.no_grad()
def draw_weights(model, seed):
    """Give every parameter numbers that matter, in the order of their names."""
    generator = torch.Generator().manual_seed(seed)
    norms = {
        name for name, module in model.named_modules() if isinstance(module, torch.nn.LayerNorm)
    }
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        owner, kind = name.rpartition(".")[::2]
        if owner in norms:
            drawn = 1 + 0.3 * noise if kind == "weight" else 0.3 * noise
        elif kind == "weight":
            drawn = noise / parameter[0].numel() ** 0.5  # keeps the spread of what comes in
        elif kind == "bias":
            drawn = 0.3 * noise
        else:  # class token, positions, latents, relative position bias
            drawn = noise
        if parameter.ndim == 4 or kind in ("cls_token", "position_embeddings", "latents"):
            drawn = SMALL * drawn
        parameter.copy_(drawn)


# --- what they compute --------------------------------------------------------------------------


def record(model, blocks, images):
    """Run the model; note what every block reads and returns, by the prefixes above."""
    found, hooks = {}, []

    def note(block, inputs, outputs):
        hidden, weights = outputs if isinstance(outputs, tuple) else (outputs, None)
        index = sum(name.startswith("block.") for name in found)
        found.setdefault("tokens", inputs[0])
        found[f"block.{index}"] = hidden
        if weights is not None and weights.numel() < 6_000:
            found[f"attention.{index}"] = weights

    def ask_for_weights(block, arguments, keywords):
        return arguments, {**keywords, "output_attentions": True}

    for block in blocks:
        if isinstance(block, perceiver.PerceiverLayer):
            hooks.append(block.register_forward_pre_hook(ask_for_weights, with_kwargs=True))
        hooks.append(block.register_forward_hook(note))
    # Blocks of ViT keep their weights to themselves; the model tells them on request.
    request = {"output_attentions": True} if model.config.model_type == "vit" else {}
    with torch.no_grad():
        outputs = model(images.permute(0, 3, 1, 2), **request)
    found["logits"] = outputs.logits
    for index, weights in enumerate(outputs.attentions if request else ()):
        found[f"attention.{index}"] = weights
    for hook in hooks:
        hook.remove()
    return found


def official_names(model, folder):
    """The weights under the names that published files have, and the config as published."""
    model.save_pretrained(folder)
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    return weights, json.loads((folder / "config.json").read_text())


def assert_names_as_published(published, weights):
    """`TinyPerceiver` stands in for classes that cannot be small: the names must be theirs."""
    with torch.device("meta"):
        sizes = transformers.PerceiverConfig(**{**LATENTS, "d_latents": 40})
        names = published(sizes).state_dict()
    assert set(names) == set(weights)


def make(name, seed, folder):
    build, size, sizes = ORACLES[name]
    model, blocks = build(size, **sizes)
    model.eval()
    draw_weights(model, seed)
    weights, config = official_names(model, folder)
    if name in PUBLISHED:
        config["architectures"] = [PUBLISHED[name].__name__]
        assert_names_as_published(PUBLISHED[name], weights)
    # Fixed in the published code, and so not in a published config: entries of our own.
    ours = ("num_bands", "max_resolution", "position_dim")
    config |= {key: sizes[key] for key in ours if key in sizes}
    images = torch.randn((2, *size, 3), generator=torch.Generator().manual_seed(seed + 1))
    found = record(model, blocks, images)
    exact = record(model.double(), blocks, images.double())
    noise = max((exact[key] - found[key]).abs().max().item() for key in exact)
    spread = found["logits"].std().item()
    count = sum(weight.numel() for weight in weights.values())
    print(f"{name}: {count} parameters, float64 differs by {noise:.1e}, logits spread {spread:.2f}")
    assert noise < 1e-5, noise
    exact = {key: tensor.float() for key, tensor in exact.items()}
    return {**weights, "input": images, **exact}, config


def main():
    torch.set_num_threads(1)  # so that sums are taken in one order
    for seed, name in enumerate(ORACLES):
        with tempfile.TemporaryDirectory() as folder:
            tensors, config = make(name, 10 * seed, Path(folder))
        tensors = {key: tensor.contiguous() for key, tensor in tensors.items()}
        file = FIXTURES / f"{name}.safetensors"
        # One entry only: of two, safetensors writes now this one first, now that.
        safetensors.torch.save_file(tensors, file, {"config": json.dumps(config)})
        print(f"  {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
