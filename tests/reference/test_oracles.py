"""Our models against an independent implementation: the same weights, the same numbers.

The fixtures, and what is in them, are the work of tests/oracles/make.py.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from safetensors import safe_open

from course_utils.reference import perceiver as perceiver_module
from course_utils.reference import plain_perceiver, plain_swin, positional_encoding, windows
from course_utils.reference.attention import attention_scores, softmax
from course_utils.reference.multi_head_attention import (
    merge_heads,
    multi_head_attention,
    split_heads,
)
from course_utils.reference.swin_transformer import SwinConfig, swin_transformer
from course_utils.reference.transformer import gelu, internals, layer_norm
from course_utils.reference.windows import fit_window, pad_to_multiple
from course_utils.training.official.load import KINDS
from course_utils.training.official.preprocessing import sides
from course_utils.training.official.weights import assign, official_name

FIXTURES = Path(__file__).parent.parent / "oracles" / "fixtures"
ORACLES = sorted(path.stem for path in FIXTURES.glob("*.safetensors"))
TOLERANCE = 1e-5  # the largest absolute difference allowed, in float32
RECORDED = ("input", "tokens", "block.", "attention.", "logits")

# Our names of what a fixture calls "tokens", "block.0", "block.1" and so on.
STEPS = {
    "vit": ["dropout", "block_0", "block_1", "block_2"],
    "swin_window3": ["patch_embedding", *(f"block_{i}" for i in range(6))],
    "swin_window7": ["patch_embedding", "block_0", "block_1", "block_2"],
    "perceiver_learned": ["latents", "cross_0", *(f"block_{i}" for i in range(6)), "decoder"],
    "perceiver_fourier": ["latents", "cross_0", *(f"block_{i}" for i in range(6)), "decoder"],
}


def read(name):
    """A fixture's settings, its official weights, and what was recorded."""
    with safe_open(FIXTURES / f"{name}.safetensors", "np") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    recorded = {key: tensors.pop(key) for key in list(tensors) if key.startswith(RECORDED)}
    return config, tensors, recorded


def replay(name):
    """Our model with the fixture's weights, on its input: the names of the fixture -> ours."""
    config, tensors, recorded = read(name)
    kind = KINDS[config["model_type"]]
    ours = kind.our_config(config, sides(config["image_size"]))
    model = kind.build(ours)
    assign(model, kind.official_names(ours), tensors, file=name)
    inside = internals(model).predict(recorded["input"], verbose=0)
    first, *blocks = STEPS[name]
    found = {"logits": inside["head"], "tokens": tokens(inside[first])}
    for i, block in enumerate(blocks):
        x, found[f"attention.{i}"] = inside[block]
        found[f"block.{i}"] = tokens(x)
    return found, recorded


def tokens(x):
    """Our Swin keeps tokens on a map (B, H, W, D), the other one in a row (B, N, D)."""
    batch, dim = x.shape[0], x.shape[-1]
    return x.reshape(batch, -1, dim)  # (B, N, D)


@pytest.mark.parametrize("name", ORACLES)
def test_every_step_equals_the_oracle(name, record_property):
    found, recorded = replay(name)
    del recorded["input"]
    assert sum(key.startswith("block.") for key in recorded) == len(STEPS[name]) - 1
    differences = {}
    for key, expected in recorded.items():
        assert found[key].shape == expected.shape, key
        differences[key] = float(np.abs(found[key] - expected).max())
    worst = max(differences, key=differences.get)
    record_property("largest difference", differences[worst])
    print(f"{name}: logits differ by {differences['logits']:.1e}, ", end="")
    print(f"at most {differences[worst]:.1e} ({worst}) of {len(differences)} arrays")
    assert differences[worst] <= TOLERANCE, differences


def test_a_students_own_perceiver_reads_official_weights():
    """The solution cells of notebook 6 with the official latents, look and blocks.

    The published model ends in a decoder, and the exercise in the mean over the latents: norm and
    head are drawn, and work on the latents that the other implementation recorded.
    """
    config, tensors, recorded = read("perceiver_fourier")
    kind = KINDS[config["model_type"]]
    ours = kind.our_config(config, sides(config["image_size"]))
    official, model = kind.build(ours), kind.build(replace(ours, pooling="mean"))
    assign(official, kind.official_names(ours), tensors, file="perceiver_fourier")
    loaded, rng = {weight.path: weight for weight in official.weights}, np.random.default_rng(0)
    for weight in model.weights:
        known = not weight.path.startswith(("norm/", "head/"))
        weight.assign(loaded[weight.path] if known else rng.normal(0.5, 1, weight.shape))
    weights = plain_perceiver.perceiver_weights(model)
    sizes = ours.num_bands, ours.max_resolution, ours.iterations, ours.num_heads
    logits = student_of_notebook_6()(recorded["input"], weights, *sizes)
    latents = plain_perceiver.norm(recorded["block.6"], *weights["norm"])
    kernel, bias = weights["head"]
    expected = ops.convert_to_numpy(latents).mean(axis=1) @ kernel + bias
    np.testing.assert_allclose(
        ops.convert_to_numpy(logits), expected, rtol=0, atol=1e-4 * np.abs(expected).max()
    )


def student_of_notebook_6():
    """`perceiver_logits` as the source of the notebook has it, with what it stands on there."""
    helpers = ("dense", "mlp", "norm", "with_one")
    scope = {name: getattr(plain_perceiver, name) for name in helpers} | {
        "np": np,
        "ops": ops,
        "multi_head_attention": multi_head_attention,
        "perceiver": perceiver_module,
        "positions": positional_encoding,
    }
    run_cells("06_perceiver", ("fourier_features", "perceive", "perceiver_logits"), scope)
    return scope["perceiver_logits"]


def run_cells(notebook, names, scope):
    """Run what the source of a notebook defines by these names."""
    source = Path(__file__).parents[2] / "notebooks" / f"{notebook}.py"
    text = source.read_text(encoding="utf-8")
    for name in names:
        exec(re.search(rf"^def {name}\(.*?(?=^# %%)", text, flags=re.M | re.S)[0], scope)


@pytest.mark.parametrize("name", ["swin_window3", "swin_window7"])
def test_a_students_own_swin_reads_official_weights(name):
    """The cells of notebook 5 with official weights, their maps padded as published models do."""
    config, tensors, recorded = read(name)
    kind = KINDS[config["model_type"]]
    ours = kind.our_config(config, sides(config["image_size"]))
    model = kind.build(ours)
    assign(model, kind.official_names(ours), tensors, file=name)
    scope = student_of_notebook_5()
    attention, merge = scope["window_attention"], scope["merge_patches"]

    def padded(x, params, window, shift, num_heads):
        height, width = x.shape[1:3]
        window, shift = fit_window(height, width, window, shift)
        whole = attention(pad_to_multiple(x, window), params, window, shift, num_heads)
        return whole[:, :height, :width]

    scope |= {
        "window_attention": padded,
        "merge_patches": lambda x: merge(pad_to_multiple(x, 2)),
    }
    images = pad_to_multiple(recorded["input"], ours.patch_size)
    weights = plain_swin.swin_weights(model)
    logits = scope["swin_logits"](images, weights, ours.window, ours.window // 2)
    np.testing.assert_allclose(ops.convert_to_numpy(logits), recorded["logits"], rtol=0, atol=1e-4)


def test_a_students_own_swin_is_ours():
    """Where no map has to be padded, and one of them is a single window, as in published sizes."""
    sizes = {"window": 3, "dim": 6, "depths": (2, 3, 2), "num_heads": (2, 3, 2), "num_classes": 5}
    model = swin_transformer(SwinConfig((24, 48), 2, **sizes))
    rng = np.random.default_rng(2)
    for weight in model.weights:
        weight.assign(rng.normal(0.3, 0.4, weight.shape))
    images = rng.uniform(-1, 1, (2, 24, 48, 3)).astype("float32")
    expected = ops.convert_to_numpy(model(images))
    weights = plain_swin.swin_weights(model)
    logits = ops.convert_to_numpy(student_of_notebook_5()["swin_logits"](images, weights, 3, 1))
    assert np.abs(logits - expected).max() <= 1e-4 * np.abs(expected).max()


def student_of_notebook_5():
    """A whole Swin as the source of the notebook has it, with all that it stands on there."""
    scope = {"np": np, "ops": ops, "dense": plain_swin.dense, "gelu": gelu, "softmax": softmax}
    scope |= {"attention_scores": attention_scores, "layer_norm": layer_norm}
    scope |= {"split_heads": split_heads, "merge_heads": merge_heads}
    names = ("window_partition", "window_reverse", "cyclic_shift", "shifted_window_mask")
    names += ("relative_position_index", "window_attention", "merge_patches")
    scope["windows"] = windows
    run_cells("05_swin_transformer", (*names, "swin_block", "swin_logits"), scope)
    return scope


# Sizes as published, and how many numbers the other implementation then learns.
THOUSAND = {"id2label": {str(number): "" for number in range(1000)}}
LATENTS = {
    "num_latents": 512,
    "d_latents": 1024,
    "num_blocks": 8,
    "num_self_attends_per_block": 6,
    "num_self_attention_heads": 8,
    "num_cross_attention_heads": 1,
    "self_attention_widening_factor": 1,
    "cross_attention_widening_factor": 1,
}
FULL_SIZE = {
    "vit-base-patch16-224": (
        86_567_656,
        {
            "model_type": "vit",
            "patch_size": 16,
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "layer_norm_eps": 1e-12,
        },
    ),
    "swin-tiny-patch4-window7-224": (
        28_288_354,
        {
            "model_type": "swin",
            "patch_size": 4,
            "window_size": 7,
            "embed_dim": 96,
            "depths": [2, 2, 6, 2],
            "num_heads": [3, 6, 12, 24],
            "mlp_ratio": 4.0,
            "layer_norm_eps": 1e-5,
        },
    ),
    "vision-perceiver-learned": (
        62_255_848,
        {
            "model_type": "perceiver",
            "architectures": ["PerceiverForImageClassificationLearned"],
            **LATENTS,
        },
    ),
    "vision-perceiver-fourier": (
        48_440_627,
        {
            "model_type": "perceiver",
            "architectures": ["PerceiverForImageClassificationFourier"],
            **LATENTS,
        },
    ),
}


@pytest.mark.counts
@pytest.mark.parametrize("name", FULL_SIZE)
def test_the_published_sizes_have_the_published_number_of_parameters(name):
    parameters, config = FULL_SIZE[name]
    kind = KINDS[config["model_type"]]
    ours = kind.our_config(config | THOUSAND, (224, 224))
    model = kind.build(ours)
    assert model.count_params() == parameters
    named = {official_name(weight.path, kind.official_names(ours)) for weight in model.weights}
    assert len(named) == len(model.weights)
