"""The sizes of the models that the recipes train. Image size and classes follow the data."""

from dataclasses import replace

from course_utils.reference.cnn import CNNConfig
from course_utils.reference.perceiver import PerceiverConfig
from course_utils.reference.swin_transformer import SwinConfig
from course_utils.reference.vision_transformer import ViTConfig
from course_utils.training.models import Framed

# Two cores: few tokens, so that many images are seen. Three convolutions make 16 of them.
SMALL_VIT = ViTConfig(
    32,
    8,
    dim=128,
    depth=4,
    num_heads=4,
    mlp_dim=256,
    num_classes=100,
    stem="convolution",
    positions="sinusoids",
    pooling="mean",
)
# For a GPU: two convolutions make 64 tokens, and it is deeper and wider.
LARGE_VIT = ViTConfig(
    32,
    4,
    dim=256,
    depth=8,
    num_heads=4,
    mlp_dim=768,
    num_classes=100,
    stem="convolution",
    pooling="mean",
    drop_path=0.1,
)
# As the paper draws it, class token and all: the one that notebook 4 puts together by hand.
PLAIN_VIT = ViTConfig(32, 4, dim=96, depth=4, num_heads=4, mlp_dim=192, num_classes=100)
# For minutes: half as wide and as deep, three times as many images seen.
SHORT_VIT = replace(SMALL_VIT, dim=64, depth=2, mlp_dim=128)
FASHION_VIT = Framed(SHORT_VIT, side=32)
SCENES_VIT = ViTConfig(
    32, 4, dim=64, depth=3, num_heads=4, mlp_dim=128, num_classes=2, pooling="mean"
)
SMALL_SWIN = SwinConfig(
    32, patch_size=4, window=4, dim=64, depths=(2, 2), num_heads=(2, 4), mlp_ratio=2.0
)
# Four blocks on one map, every second one shifted: the one that notebook 5 runs over the wall.
PLAIN_SWIN = SwinConfig(
    32, patch_size=4, window=4, dim=32, depths=(4,), num_heads=(4,), mlp_ratio=2.0, num_classes=2
)
SMALL_PERCEIVER = PerceiverConfig(
    32,
    num_latents=32,
    dim=64,
    iterations=2,
    depth=2,
    num_heads=4,
    mlp_dim=128,
    cross_mlp_dim=64,
    num_classes=100,
)
# Fewer latents and waves, so five times the steps in the same time: the one that notebook 6 puts
# together by hand.
PLAIN_PERCEIVER = replace(SMALL_PERCEIVER, num_latents=16, num_bands=6)
SMALL_CNN = CNNConfig(32, widths=(16, 32, 64), blocks=(1, 1, 1), num_classes=100)
