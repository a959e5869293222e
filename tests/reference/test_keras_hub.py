"""Our ViT and Swin against keras-hub's, where those are right: the same weights, the same logits.

The fixtures, and what is in them, are the work of tests/oracles/make_keras_hub.py.
"""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from course_utils.reference.swin_transformer import SwinConfig, swin_transformer
from course_utils.reference.vision_transformer import ViTConfig, vision_transformer

FIXTURES = Path(__file__).parent.parent / "oracles" / "fixtures" / "keras_hub"
TOLERANCE = 1e-5  # the largest absolute difference allowed, in float32

# keras-hub's epsilons: 1e-6 in its ViT, 1e-5 in its Swin, as in ours.
MODELS = {
    "vit": lambda: vision_transformer(
        ViTConfig((10, 15), 5, dim=12, depth=2, num_heads=3, mlp_dim=20, num_classes=7)
    ),
    "swin": lambda: swin_transformer(
        SwinConfig(24, 2, 3, dim=6, depths=(2, 1), num_heads=(2, 3), mlp_ratio=2.0, num_classes=7)
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_logits_equal_those_of_keras_hub(name):
    arrays = load_file(FIXTURES / f"{name}.safetensors")
    images, expected = arrays.pop("input"), arrays.pop("logits")
    model = MODELS[name]()
    assert sorted(arrays) == sorted(weight.path for weight in model.weights)
    for weight in model.weights:
        weight.assign(arrays[weight.path])
    difference = float(np.abs(model.predict(images, verbose=0) - expected).max())
    print(f"{name}: logits differ from keras-hub's by {difference:.1e}")
    assert np.abs(expected).max() > 0.5  # logits that say something
    assert difference <= TOLERANCE
