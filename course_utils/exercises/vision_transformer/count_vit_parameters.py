"""Exercise `count_vit_parameters`: where 86 million numbers come from."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import vision_transformer as reference

NAMES = ("image_size", "patch_size", "dim", "depth", "mlp_dim", "num_classes", "channels")


def count_vit_parameters(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3):
    patches = (image_size // patch_size) ** 2
    embedding = patch_size**2 * channels * dim + dim
    class_token = dim
    positions = (1 + patches) * dim
    norms = 2 * 2 * dim
    qkv = 3 * dim * dim + 3 * dim
    projection = dim * dim + dim
    mlp = 2 * dim * mlp_dim + mlp_dim + dim
    block = norms + qkv + projection + mlp
    final_norm = 2 * dim
    head = dim * num_classes + num_classes
    return embedding + class_token + positions + depth * block + final_norm + head


def count_cases(rng):
    def case(shows, *sizes):
        inputs = dict(zip(NAMES, sizes, strict=False))
        given = ", ".join(f"{name}={value}" for name, value in inputs.items())
        return Case(shows, inputs, label=given)

    # So many sizes that no table holds the answers.
    depth, classes = int(rng.choice([3, 5, 11, 13])), int(rng.integers(14, 1000))
    dim, mlp = (int(n) for n in rng.choice(np.arange(17, 400), size=2, replace=False))
    return [
        case("ViT-B/16", 224, 16, 768, 12, 3072, 1000),
        case("small sizes", 21, 3, dim, depth, mlp, classes),
        case("small sizes", 10, 2, 4 * depth, 2, dim, classes),
        case("a single block", 35, 5, dim, 1, mlp, classes),
        case("one patch", 7, 7, dim, depth, mlp, classes),
        case("another number of channels", 21, 3, dim, depth, mlp, classes, 1),
        case("another number of channels", 10, 2, mlp, depth, dim, classes, 7),
    ]


LADDER = (
    by_hand(image_size=4, patch_size=2, dim=3, depth=1, mlp_dim=5, num_classes=7, channels=1),
    by_hand(image_size=6, patch_size=2, dim=5, depth=3, mlp_dim=7, num_classes=2, channels=2),
)


PATCH_BIAS = ("channels * dim + dim", "channels * dim")
QKV_BIAS = (" + 3 * dim", "")
OUTPUT_BIAS = ("projection = dim * dim + dim", "projection = dim * dim")
MLP_BIASES = (" + mlp_dim + dim", "")
HEAD_BIAS = (" + num_classes", "")
ALL_BIASES = (PATCH_BIAS, QKV_BIAS, OUTPUT_BIAS, MLP_BIASES, HEAD_BIAS)
NORMS = ("norms + ", "")
FINAL_NORM = (" + final_norm", "")
ONE_ROW_LESS = ("2 * 2 * dim", "2 * dim")

MISTAKES = (
    edited("class token or positions forgotten", (" + class_token", ""))(
        "D numbers are missing. Three rows of D are easily forgotten: the class token itself, its "
        "row in the table of positions, which has 1 + N, and the patch embedding's bias."
    ),
    edited("class token or positions forgotten", (" + positions", ""))(
        "The positions are missing: a table of 1 + N rows of D numbers, which is learned."
    ),
    edited("class token or positions forgotten", (" + class_token + positions", ""))(
        "Class token and positions are missing: D numbers, and a table of 1 + N rows of D."
    ),
    edited("qkv bias forgotten", QKV_BIAS)(
        "Each block is short of 3D: queries, keys and values have a bias each."
    ),
    edited("output bias forgotten", OUTPUT_BIAS)(
        "Each block is short of D: attention's output projection has a bias too."
    ),
    edited("norms of the blocks or biases of attention forgotten", NORMS)(
        "Each block is short of 4D. There are two things of that size: its two norms, each with a "
        "scale and a shift, and the biases of attention's four projections."
    ),
    edited("biases of the MLP forgotten", MLP_BIASES)(
        "Each block is short of the MLP's two biases: mlp_dim numbers and D numbers."
    ),
    edited("all biases forgotten", *ALL_BIASES)(
        "The kernels are right, the biases are missing: every dense layer here has one, as wide "
        "as what comes out of it."
    ),
    edited("bias of the head forgotten", HEAD_BIAS)(
        "The head's bias is missing: one number for each class."
    ),
    edited("final norm forgotten", FINAL_NORM)(
        "2D numbers are missing: the scale and shift of the norm after the last block. Or is "
        "yours a model without class token? Here it has one, and a position for it."
    ),
    edited("norms forgotten", NORMS, FINAL_NORM)(
        "The norms are missing. Each has a scale and a shift of D numbers: two norms in a block, "
        "and one after the last."
    ),
    edited("one norm in a block", ONE_ROW_LESS)(
        "Each block is short of 2D: it has two norms, one before attention and one before the MLP."
    ),
    edited("norms with a scale only", ONE_ROW_LESS, ("final_norm = 2 * dim", "final_norm = dim"))(
        "Each norm has two rows of D numbers, a scale and a shift."
    ),
    edited("output projection forgotten", (" + projection", ""))(
        "Each block is short of D·D + D: attention has four projections, and the fourth is the "
        "output's."
    ),
    edited("MLP always 4·D wide", ("2 * dim * mlp_dim + mlp_dim + dim", "8 * dim * dim + 5 * dim"))(
        "You take 4·D for the width of the MLP, as the paper's models have it. Here it may be any "
        "number: mlp_dim."
    ),
    edited("one layer in the MLP", ("mlp = 2 * dim", "mlp = dim"), ("mlp_dim + dim", "mlp_dim"))(
        "The MLP has two dense layers: one widens to mlp_dim, the other goes back to D."
    ),
    edited("one block", ("depth * block", "block"))(
        "This counts one block. There are depth of them, each with numbers of its own."
    ),
    edited("channels ignored", (" * channels", " * 3"))(
        "Right for three channels. A patch has P·P·C numbers: use channels."
    ),
    edited("channels forgotten", (" * channels", ""))(
        "The patch embedding reads P·P·C numbers: the channels are missing."
    ),
    edited("one row of patches", (") ** 2", ")"))(
        "image_size // patch_size is the number of patches along one side. There are so many rows "
        "of them as well: square it."
    ),
    edited("a head that flattens", ("head = dim", "head = (1 + patches) * dim"))(
        "Your head reads all tokens, one after another. It reads the class token alone: its "
        "kernel is (D, num_classes)."
    ),
    edited("a float", ("//", "/"))(
        "The number is right, but it is a float: / makes floats even of whole numbers. Use //."
    ),
)

COUNT = Exercise(
    id="count_vit_parameters",
    title="Where the numbers are",
    points=2,
    reference=reference.count_vit_parameters,
    answer=count_vit_parameters,
    cases=count_cases,
    ladder=LADDER,
    outputs={"count": ""},
    hints=(
        "Go through the model from image to logits and write down every array it learns: six "
        "kinds of things, of which one comes depth times.",
        "Patch embedding: (P·P·C, D) and (D,). Class token: (D,). Positions: (1 + N, D). A block: "
        "two norms of 2D, four projections of D·D + D, an MLP with kernels (D, mlp_dim), "
        "(mlp_dim, D) and a bias each. Then a norm, and the head (D, classes) with its bias.",
        "Give each a name: embedding, class_token, positions, block, norm, head. A block is a sum "
        "of norms, projections and mlp. Then add the six up, block depth times.",
    ),
    mistakes=MISTAKES,
)
