"""Published models: from a folder or a cache, without a network; and everything that can be wrong.

The folders are made of the oracles' fixtures, which have the published layout.
"""

import json
import re
from functools import partial
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants, errors
from keras import ops
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from course_utils.errors import CourseError
from course_utils.reference import plain_vit, transformer
from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.training.official import PUBLISHED, load_official, published, vit
from course_utils.training.official.weights import assign

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_vision_transformer.py"
FIXTURES = Path(__file__).parent.parent / "oracles" / "fixtures"
NAME = "google/vit-base-patch16-224"
BYTES = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2]}
RECORDED = ("input", "tokens", "block.", "attention.", "logits")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def read(name):
    """A fixture's config, official weights, and what the other implementation made of them."""
    with safe_open(FIXTURES / f"{name}.safetensors", "np") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    recorded = {key: tensors.pop(key) for key in list(tensors) if key.startswith(RECORDED)}
    return config, tensors, recorded


def publish(folder, name="vit", *, config=None, tensors=None, preprocessing=None):
    """Lay a fixture into a folder as a model is published, with some entries changed."""
    official, weights, recorded = read(name)
    official |= config or {}
    height, width = official["image_size"]
    size = {"height": height, "width": width}
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"size": size, **BYTES} | (preprocessing or {})
    (folder / "config.json").write_text(json.dumps(official))
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    weights = {
        key: value for key, value in (weights | (tensors or {})).items() if value is not None
    }
    save_file(weights, folder / "model.safetensors")
    return recorded


def numpy(value):
    return np.array(ops.convert_to_numpy(value + 0))


def refusal(name, **options):
    with pytest.raises(CourseError) as caught:
        load_official(str(name), **options)
    return str(caught.value)


# --- what is loaded -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.safetensors")))
def test_a_folder_becomes_a_model_with_the_official_logits(tmp_path, name):
    recorded = publish(tmp_path, name)
    official = load_official(str(tmp_path))
    logits = official.model.predict(recorded["input"], verbose=0)
    np.testing.assert_allclose(logits, recorded["logits"], rtol=0, atol=1e-5)
    assert official.class_names == tuple(f"thing {number}" for number in range(13))
    assert official.preprocess.size == recorded["input"].shape[1:3]


def test_a_students_own_function_runs_on_official_weights(tmp_path):
    """The solution cell of notebook 4, as it stands there, on published weights."""
    recorded = publish(tmp_path, "vit")
    official = load_official(str(tmp_path))
    solutions = "".join(solution(name) for name in ("patchify", "add_class_token", "vit_logits"))
    scope = {
        "ops": ops,
        "dense": plain_vit.dense,
        "gelu": transformer.gelu,
        "layer_norm": partial(transformer.layer_norm, epsilon=official.config.norm_epsilon),
        "multi_head_attention": multi_head_attention,
    }
    exec(solutions, scope)
    weights = plain_vit.vit_weights(official.model)
    sizes = official.config.patch_size, official.config.num_heads
    logits = numpy(scope["vit_logits"](recorded["input"], weights, *sizes))
    np.testing.assert_allclose(logits, recorded["logits"], rtol=0, atol=1e-4)


def solution(name):
    """The text of a solution in the source of notebook 4."""
    source = NOTEBOOK.read_text(encoding="utf-8")
    return re.search(rf"^def {name}\(.*?(?=^# %%)", source, flags=re.M | re.S)[0]


def test_what_older_files_hold_beside_the_weights_is_left_alone(tmp_path):
    index = "swin.encoder.layers.0.blocks.0.attention.self.relative_position_index"
    publish(tmp_path / "swin", "swin_window3", tensors={index: np.zeros((9, 9), "int64")})
    load_official(str(tmp_path / "swin"))
    pooler = {"vit.pooler.dense.weight": np.zeros((33, 33)), "vit.pooler.dense.bias": np.zeros(33)}
    publish(tmp_path / "vit", tensors=pooler)
    load_official(str(tmp_path / "vit"))


def test_half_precision_is_taken(tmp_path):
    _, tensors, recorded = read("vit")
    publish(tmp_path, tensors={key: value.astype("float16") for key, value in tensors.items()})
    logits = load_official(str(tmp_path)).model.predict(recorded["input"], verbose=0)
    np.testing.assert_allclose(logits, recorded["logits"], atol=0.02)


def test_class_names_are_in_the_order_of_the_logits_and_not_of_the_alphabet(tmp_path):
    shuffled = {str(number): f"thing {number}" for number in (10, 2, 12, 0, 1, *range(3, 10), 11)}
    publish(tmp_path, config={"id2label": shuffled})
    names = load_official(str(tmp_path)).class_names
    assert names == tuple(f"thing {number}" for number in range(13))


def test_top_names_the_likeliest_classes(tmp_path, rng):
    publish(tmp_path)
    official = load_official(str(tmp_path))
    photo = rng.integers(0, 256, (17, 41, 3), dtype="uint8")
    logits = official.model.predict(official.preprocess(photo), verbose=0)[0].astype("float64")
    chances = np.exp(logits) / np.exp(logits).sum()
    top = official.top(photo, 3)
    assert [name for name, _ in top] == [f"thing {i}" for i in np.argsort(chances)[:-4:-1]]
    np.testing.assert_allclose([chance for _, chance in top], np.sort(chances)[:-4:-1], atol=1e-6)
    assert len(official.top(photo)) == 5 and len(official.top(photo, 99)) == 13


# --- images of another size ---------------------------------------------------------------------


def stretched(table, old, new):
    """Bilinear with half-pixel centres, as a product of two matrices, in float64."""

    def weights(before, after):
        place = (np.arange(after) + 0.5) * before / after - 0.5
        return np.maximum(0, 1 - np.abs(place.clip(0, before - 1)[:, None] - np.arange(before)))

    grid = np.float64(table).reshape(*old, -1)
    rows, columns = weights(old[0], new[0]), weights(old[1], new[1])
    return np.einsum("Hh,Ww,hwd->HWd", rows, columns, grid).reshape(new[0] * new[1], -1)


def test_vit_positions_are_stretched_to_another_image_size(tmp_path, rng):
    publish(tmp_path)
    official = load_official(str(tmp_path), image_size=(25, 55))  # from 3 by 7 to 5 by 11 patches
    table = read("vit")[1]["vit.embeddings.position_embeddings"][0]
    found = numpy(official.model.get_layer("positions").table)
    np.testing.assert_array_equal(found[0], table[0])
    np.testing.assert_allclose(found[1:], stretched(table[1:], (3, 7), (5, 11)), atol=1e-5)
    assert len(official.top(rng.integers(0, 256, (25, 55, 3), dtype="uint8"))) == 5
    assert load_official(str(tmp_path), image_size=20).model.input_shape == (None, 20, 20, 3)


def test_perceiver_positions_are_stretched_to_another_image_size(tmp_path):
    publish(tmp_path, "perceiver_learned")
    official = load_official(str(tmp_path), image_size=(7, 13))
    key = "perceiver.input_preprocessor.position_embeddings.position_embeddings"
    expected = stretched(read("perceiver_learned")[1][key], (5, 11), (7, 13))
    found = official.model.get_layer("tokens").table
    np.testing.assert_allclose(numpy(found), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["swin_window3", "perceiver_fourier"])
def test_without_learned_places_any_size_has_the_same_weights(tmp_path, name):
    publish(tmp_path, name)
    usual, other = load_official(str(tmp_path)), load_official(str(tmp_path), image_size=(23, 29))
    for before, after in zip(usual.model.weights, other.model.weights, strict=True):
        assert before.path == after.path
        np.testing.assert_array_equal(numpy(before), numpy(after))
    assert other.model.input_shape == (None, 23, 29, 3)


def test_an_image_size_that_patches_do_not_fill_is_refused(tmp_path):
    publish(tmp_path)
    message = refusal(tmp_path, image_size=24)
    assert "images of (24, 24)" in message and "patches of 5 by 5" in message


# --- folders in which something is wrong --------------------------------------------------------


def test_an_unknown_name_is_told_the_known_ones():
    message = refusal("google/vit-base-patch16-242")
    assert f'Did you mean "{NAME}"?' in message
    assert all(name in message for name in PUBLISHED)
    assert "Did you mean" not in refusal("nobody/nothing")


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path, file):
    publish(tmp_path)
    (tmp_path / file).unlink()
    assert f"{tmp_path} has no {file}" in refusal(tmp_path)


def test_a_pickled_checkpoint_is_not_loaded_but_told_how_to_convert(tmp_path):
    publish(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    message = refusal(tmp_path)
    assert "pytorch_model.bin" in message and "never" in message
    assert f"from_pretrained('{tmp_path}')" in message
    assert 'load_official("converted")' in message


@pytest.mark.parametrize("kept", [0, 5, 100, 0.5, -1])
def test_a_file_cut_short_is_named(tmp_path, kept):
    publish(tmp_path)
    path = tmp_path / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    message = refusal(tmp_path)
    assert f"{path} cannot be read" in message and "Delete that file" in message


@pytest.mark.parametrize("text", ["", '{"model_type": "vi', "[1, 2]", '"vit"'])
@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
def test_settings_that_are_none_are_named(tmp_path, file, text):
    publish(tmp_path)
    (tmp_path / file).write_text(text)
    assert f"{tmp_path / file} cannot be read" in refusal(tmp_path)


def test_tensors_that_do_not_fit_are_named_a_handful_of_each(tmp_path):
    tensors = read("vit")[1]
    block = [key for key in sorted(tensors) if ".layer.1." in key]
    changes = {key: None for key in block}
    changes |= {f"other.{i}": np.zeros(2) for i in range(2)}
    changes["vit.layernorm.weight"] = np.ones(32, "float32")
    changes["classifier.weight"] = tensors["classifier.weight"].T.copy()
    publish(tmp_path, tensors=changes)
    message = refusal(tmp_path)
    assert len(block) == 16 and f"missing: {', '.join(block[:5])} and 11 more\n" in message
    assert "not in this model: other.0, other.1\n" in message
    assert "of an unexpected shape: classifier.weight (33, 13), vit.layernorm.weight (32,)" in (
        message
    )
    assert "more" not in message.split("not in this model")[1]


def renamed(tensors, change):
    """The changes that give each tensor another name."""
    return {name: None for name in tensors} | {
        change(name): value for name, value in tensors.items() if change(name) is not None
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda name: f"model.{name}", "an additional 'model.'"),
        (lambda name: None if "classifier" in name else name, "It has no head"),
        (
            lambda name: None if "classifier" in name else name.removeprefix("vit."),
            "lack the 'vit.' at their beginning",
        ),
    ],
)
def test_known_ways_to_save_too_little_or_too_much_are_named(tmp_path, change, said):
    publish(tmp_path, tensors=renamed(read("vit")[1], change))
    message = refusal(tmp_path)
    assert said in message and "different models" not in message
    assert ("no head" in message) == ("additional" not in message)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS"),
        (b"<!DOCTYPE html><html>Not found</html>", "web page"),
    ],
)
@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_what_lies_in_the_place_of_a_file_is_named(tmp_path, file, content, said):
    publish(tmp_path)
    (tmp_path / file).write_bytes(content)
    assert said in refusal(tmp_path)


def test_a_refused_file_leaves_the_model_as_it_was(tmp_path):
    publish(tmp_path)
    official = load_official(str(tmp_path))
    before = [numpy(weight) for weight in official.model.weights]
    tensors = {key: value + 1 for key, value in load_file(tmp_path / "model.safetensors").items()}
    del tensors["vit.layernorm.bias"]
    with pytest.raises(CourseError, match="missing: vit.layernorm.bias"):
        assign(official.model, vit.official_names(official.config), tensors, file="this")
    for weight, value in zip(official.model.weights, before, strict=True):
        np.testing.assert_array_equal(numpy(weight), value)


@pytest.mark.parametrize("size", [None, (25, 35)])
def test_positions_of_another_image_size_are_refused(tmp_path, size):
    publish(tmp_path, tensors={"vit.embeddings.position_embeddings": np.zeros((1, 23, 33))})
    message = refusal(tmp_path, image_size=size)
    assert "unexpected shape: vit.embeddings.position_embeddings (1, 23, 33)" in message


def test_variations_that_ours_does_not_have_are_refused(tmp_path):
    publish(tmp_path, config={"model_type": "resnet"})
    assert "is a resnet, and we have vit, swin, perceiver" in refusal(tmp_path)
    publish(tmp_path, config={"hidden_act": "relu"})
    assert "hidden_act = 'relu'" in refusal(tmp_path)
    publish(tmp_path, config={"qkv_bias": False})
    assert "qkv_bias = False" in refusal(tmp_path)
    publish(tmp_path, preprocessing={"size": {"shortest_edge": 35}})
    assert "shortest_edge" in refusal(tmp_path)
    publish(tmp_path, "swin_window3", config={"use_absolute_embeddings": True})
    assert "use_absolute_embeddings = True" in refusal(tmp_path)
    conv = ["PerceiverForImageClassificationConvProcessing"]
    publish(tmp_path, "perceiver_learned", config={"architectures": conv})
    assert conv[0] in refusal(tmp_path)


def test_a_setting_that_is_not_there_is_named(tmp_path):
    publish(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["hidden_size"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "have no 'hidden_size'" in refusal(tmp_path)
    publish(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("{}")
    assert "have no 'image_mean'" in refusal(tmp_path)


# --- the hub, without one -----------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub's, and no way to the hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # where nobody listens
    return tmp_path / "cache"


def test_no_network_is_told_from_everything_else(cache):
    message = refusal(NAME)
    assert f"config.json of {NAME} is not in the cache" in message
    assert "cannot be reached" in message and "folder" in message


def test_a_cached_model_needs_no_network(cache):
    repository = cache / f"models--{NAME.replace('/', '--')}"
    recorded = publish(repository / "snapshots" / "0123")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    logits = load_official(NAME).model.predict(recorded["input"], verbose=0)
    np.testing.assert_allclose(logits, recorded["logits"], rtol=0, atol=1e-5)


def test_every_file_is_asked_for_at_the_revision_that_has_safetensors(cache, tmp_path, monkeypatch):
    publish(tmp_path)
    asked = []

    def download(repo_id, filename, revision):
        asked.append((repo_id, filename, revision))
        return str(tmp_path / filename)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    for name, revision in PUBLISHED.items():
        found = published.find_files(name)
        assert found.weights == tmp_path / "model.safetensors"
        assert asked[-3:] == [
            (name, "config.json", revision),
            (name, "preprocessor_config.json", revision),
            (name, "model.safetensors", revision),
        ]


def failing(error, on):
    def download(repo_id, filename, revision):
        if filename == on:
            raise error
        return str(FIXTURES / filename)

    return download


def of_kind(kind, text):
    """An error of the hub's; it is told its text only, as its constructor wants a response."""
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    return error


@pytest.mark.parametrize(
    ("error", "file", "sentence"),
    [
        (errors.EntryNotFoundError("404"), "model.safetensors", "only as pytorch_model.bin"),
        (errors.EntryNotFoundError("404"), "config.json", "no longer has a config.json"),
        (of_kind(errors.RepositoryNotFoundError, "404"), "config.json", "is no longer on the hub"),
        (of_kind(errors.RevisionNotFoundError, "404"), "config.json", "is no longer on the hub"),
        (OSError("disk full.\nmore"), "model.safetensors", "did not arrive: disk full. Try"),
        (ConnectionError("reset"), "model.safetensors", "did not arrive: reset. Try again"),
    ],
)
def test_what_goes_wrong_on_the_hub_is_told(cache, monkeypatch, error, file, sentence):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", failing(error, file))
    assert sentence in refusal(NAME)
