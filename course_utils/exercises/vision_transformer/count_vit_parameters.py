"""Exercise `count_vit_parameters`: where 86 million numbers come from."""

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import vision_transformer as reference

NAMES = ("image_size", "patch_size", "dim", "depth", "mlp_dim", "num_classes", "channels")


def count_cases(rng):
    def case(shows, *sizes):
        inputs = dict(zip(NAMES, sizes, strict=False))
        given = ", ".join(f"{name}={value}" for name, value in inputs.items())
        return Case(shows, inputs, label=given)

    depth, classes = (int(n) for n in rng.choice([3, 5, 11, 13], size=2, replace=False))
    dim, mlp = (int(n) for n in rng.choice([17, 19, 23, 29], size=2, replace=False))
    return [
        case("ViT-B/16", 224, 16, 768, 12, 3072, 1000),
        case("small sizes", 21, 3, dim, depth, mlp, classes),
        case("small sizes", 10, 2, 4 * depth, 2, dim, classes),
        case("a single block", 35, 5, dim, 1, mlp, classes),
        case("one patch", 7, 7, dim, depth, mlp, classes),
        case("another number of channels", 21, 3, dim, depth, mlp, classes, 1),
        case("another number of channels", 10, 2, mlp, depth, dim, classes, 7),
    ]


def parts(image_size, patch_size, dim, depth, mlp_dim, num_classes, channels=3) -> dict[str, int]:
    patches = (image_size // patch_size) ** 2
    return {
        "patch kernel": patch_size**2 * channels * dim,
        "patch bias": dim,
        "class token": dim,
        "positions": (1 + patches) * dim,
        "qkv kernels": depth * 3 * dim * dim,
        "qkv biases": depth * 3 * dim,
        "output kernel": depth * dim * dim,
        "output bias": depth * dim,
        "mlp kernels": depth * 2 * dim * mlp_dim,
        "mlp biases": depth * (mlp_dim + dim),
        "norms": depth * 4 * dim,
        "final norm": 2 * dim,
        "head kernel": dim * num_classes,
        "head bias": num_classes,
    }


def count(sizes, *forgotten, **changed):
    """The sum of the parts without those forgotten; changed ones are functions of the sizes."""
    given = dict(zip(NAMES, (*sizes, 3), strict=False))
    sizes = parts(*sizes)
    sizes |= {name.replace("_", " "): size(given) for name, size in changed.items()}
    return sum(size for name, size in sizes.items() if name not in forgotten)


def without(*forgotten, **changed):
    return lambda *sizes: count(sizes, *forgotten, **changed)


def patches(s):
    return (s["image_size"] // s["patch_size"]) ** 2


ALL_BIASES = ("patch bias", "qkv biases", "output bias", "mlp biases", "head bias")

COUNT = Exercise(
    id="count_vit_parameters",
    title="Where the numbers are",
    points=2,
    reference=reference.count_vit_parameters,
    cases=count_cases,
    outputs={"count": ""},
    hints=(
        "Go through the model from image to logits and write down every array it learns: five "
        "kinds of things, of which one comes depth times.",
        "Patch embedding: (P·P·C, D) and (D,). Class token: (D,). Positions: (1 + N, D). A block: "
        "two norms of 2D, four projections of D·D + D, an MLP with kernels (D, mlp_dim), "
        "(mlp_dim, D) and a bias each. Then a norm, and the head (D, classes) with its bias.",
        "n = (image_size // patch_size) ** 2;  start = P * P * C * D + D + D + (1 + n) * D;  "
        "block = 2 * 2 * D + 4 * (D * D + D) + D * mlp_dim + mlp_dim + mlp_dim * D + D;  "
        "return start + depth * block + 2 * D + D * classes + classes",
    ),
    mistakes=(
        Mistake(
            "class token or positions forgotten",
            without("class token"),
            "D numbers are missing. Three rows of D are easily forgotten: the class token itself, "
            "its row in the table of positions, which has 1 + N, and the patch embedding's bias.",
        ),
        Mistake(
            "class token or positions forgotten",
            without("positions"),
            "The positions are missing: a table of 1 + N rows of D numbers, which is learned.",
        ),
        Mistake(
            "class token or positions forgotten",
            without("class token", "positions"),
            "Class token and positions are missing: D numbers, and a table of 1 + N rows of D.",
        ),
        Mistake(
            "qkv bias forgotten",
            without("qkv biases"),
            "Each block is short of 3D: queries, keys and values have a bias each.",
        ),
        Mistake(
            "output bias forgotten",
            without("output bias"),
            "Each block is short of D: attention's output projection has a bias too.",
        ),
        Mistake(
            "norms of the blocks or biases of attention forgotten",
            without("norms"),
            "Each block is short of 4D. There are two things of that size: its two norms, each "
            "with a scale and a shift, and the biases of attention's four projections.",
        ),
        Mistake(
            "biases of the MLP forgotten",
            without("mlp biases"),
            "Each block is short of the MLP's two biases: mlp_dim numbers and D numbers.",
        ),
        Mistake(
            "all biases forgotten",
            without(*ALL_BIASES),
            "The kernels are right, the biases are missing: every dense layer here has one, as "
            "wide as what comes out of it.",
        ),
        Mistake(
            "bias of the head forgotten",
            without("head bias"),
            "The head's bias is missing: one number for each class.",
        ),
        Mistake(
            "final norm forgotten",
            without("final norm"),
            "2D numbers are missing: the scale and shift of the norm after the last block. Or is "
            "yours a model without class token? Here it has one, and a position for it.",
        ),
        Mistake(
            "norms forgotten",
            without("norms", "final norm"),
            "The norms are missing. Each has a scale and a shift of D numbers: two norms in a "
            "block, and one after the last.",
        ),
        Mistake(
            "one norm in a block",
            without(norms=lambda s: s["depth"] * 2 * s["dim"]),
            "Each block is short of 2D: it has two norms, one before attention and one before "
            "the MLP.",
        ),
        Mistake(
            "norms with a scale only",
            without(norms=lambda s: s["depth"] * 2 * s["dim"], final_norm=lambda s: s["dim"]),
            "Each norm has two rows of D numbers, a scale and a shift.",
        ),
        Mistake(
            "output projection forgotten",
            without("output kernel", "output bias"),
            "Each block is short of D·D + D: attention has four projections, and the fourth is the "
            "output's.",
        ),
        Mistake(
            "one layer in the MLP",
            without(
                mlp_kernels=lambda s: s["depth"] * s["dim"] * s["mlp_dim"],
                mlp_biases=lambda s: s["depth"] * s["mlp_dim"],
            ),
            "The MLP has two dense layers: one widens to mlp_dim, the other goes back to D.",
        ),
        Mistake(
            "one block",
            lambda image, patch, dim, depth, *rest: count((image, patch, dim, 1, *rest)),
            "This counts one block. There are depth of them, each with numbers of its own.",
        ),
        Mistake(
            "channels ignored",
            without(patch_kernel=lambda s: s["patch_size"] ** 2 * 3 * s["dim"]),
            "Right for three channels. A patch has P·P·C numbers: use channels.",
        ),
        Mistake(
            "channels forgotten",
            without(patch_kernel=lambda s: s["patch_size"] ** 2 * s["dim"]),
            "The patch embedding reads P·P·C numbers: the channels are missing.",
        ),
        Mistake(
            "one row of patches",
            without(positions=lambda s: (1 + s["image_size"] // s["patch_size"]) * s["dim"]),
            "image_size // patch_size is the number of patches along one side. There are so many "
            "rows of them as well: square it.",
        ),
        Mistake(
            "a head that flattens",
            without(head_kernel=lambda s: (1 + patches(s)) * s["dim"] * s["num_classes"]),
            "Your head reads all tokens, one after another. It reads the class token alone: its "
            "kernel is (D, num_classes).",
        ),
        Mistake(
            "a float",
            lambda *sizes: float(count(sizes)),
            "The number is right, but it is a float: / makes floats even of whole numbers. Use //.",
        ),
    ),
)
