"""Exercise `vit_logits`: the whole model, from images to logits."""

import math

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.inputs import ROLES
from course_utils.exercises.multi_head_attention.multi_head_attention import multi_head_attention
from course_utils.exercises.vision_transformer.add_class_token import add_class_token
from course_utils.exercises.vision_transformer.patchify import patchify
from course_utils.reference import plain_vit as reference


def vit_logits(images, weights, patch_size, num_heads):
    kernel, bias = weights["patch_embedding"]
    x = patchify(images, patch_size) @ kernel + bias
    x = add_class_token(x, weights["class_token"])
    x = x + weights["positions"]
    for block in weights["blocks"]:
        normed = norm(x, *block["norm1"])
        x = x + multi_head_attention(normed, normed, block["attention"], num_heads)[0]
        x = x + mlp(norm(x, *block["norm2"]), block["mlp"])
    x = norm(x, *weights["norm"])
    kernel, bias = weights["head"]
    return x[:, 0] @ kernel + bias


def norm(x, gamma, beta):
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(1e-6))
    return centred / spread * gamma + beta


def mlp(x, pairs, gelu=lambda x: x * (1 + np.vectorize(math.erf)(x / 2**0.5)) / 2):
    (wide, wide_bias), (narrow, narrow_bias) = pairs
    return gelu(x @ wide + wide_bias).astype("float32") @ narrow + narrow_bias


def tanh_gelu(x):
    return x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))) / 2


def relu(x):
    return np.maximum(x, 0)


def draw_weights(rng, patches, pixels, dim, mlp_dim, depth, classes):
    """A model's weights, one array a name, as a case holds them."""

    def dense(name, width, height):
        return {
            f"{name}.kernel": 1.5 * normal(rng, width, height) / width**0.5,
            f"{name}.bias": normal(rng, height),
        }

    def scaled(name):
        return {f"{name}.gamma": 1 + normal(rng, dim) / 2, f"{name}.beta": normal(rng, dim)}

    arrays = dense("patch_embedding", pixels, dim) | scaled("norm") | dense("head", dim, classes)
    arrays |= {"class_token": normal(rng, 1, 1, dim), "positions": normal(rng, 1 + patches, dim)}
    for i in range(depth):
        arrays |= scaled(f"{i}.norm1") | scaled(f"{i}.norm2")
        for role in ROLES:
            arrays |= dense(f"{i}.{role}", dim, dim)
        arrays |= dense(f"{i}.wide", dim, mlp_dim) | dense(f"{i}.narrow", mlp_dim, dim)
    return arrays


def pack(arrays):
    """The same arrays as the exercise hands them out."""

    def dense(name):
        return arrays[f"{name}.kernel"], arrays[f"{name}.bias"]

    def scaled(name):
        return arrays[f"{name}.gamma"], arrays[f"{name}.beta"]

    def block(i):
        return {
            "norm1": scaled(f"{i}.norm1"),
            "attention": {role: dense(f"{i}.{role}") for role in ROLES},
            "norm2": scaled(f"{i}.norm2"),
            "mlp": (dense(f"{i}.wide"), dense(f"{i}.narrow")),
        }

    depth = sum(name.endswith("norm1.gamma") for name in arrays)
    return {
        "patch_embedding": dense("patch_embedding"),
        "class_token": arrays["class_token"],
        "positions": arrays["positions"],
        "blocks": [block(i) for i in range(depth)],
        "norm": scaled("norm"),
        "head": dense("head"),
    }


def inputs(rng, batch, grid, patch, channels, heads, width, mlp_dim, depth, classes):
    rows, columns = grid
    weights = draw_weights(
        rng, rows * columns, patch**2 * channels, heads * width, mlp_dim, depth, classes
    )
    images = rng.uniform(-1, 1, (batch, rows * patch, columns * patch, channels)).astype("float32")
    return {"images": images, "patch_size": patch, "num_heads": heads, **weights}


def vit_cases(rng):
    def case(shows, *sizes):
        return Case(shows, inputs(rng, *sizes))

    return [
        case("one block", 2, (3, 5), 2, 3, 3, 5, 11, 1, 7),
        case("several blocks", 3, (2, 3), 3, 1, 2, 7, 13, 3, 5),
        case("several blocks", 2, (5, 2), 2, 3, 5, 3, 17, 2, 11),
        case("a single head", 3, (1, 4), 3, 2, 1, 7, 5, 2, 3),
    ]


FIXED = np.random.default_rng(4)
LADDER = (
    by_hand("an image of 2 patches, no block", **inputs(FIXED, 1, (1, 2), 2, 1, 1, 2, 3, 0, 3)),
    by_hand("an image of 2 patches, one block", **inputs(FIXED, 1, (1, 2), 2, 1, 1, 2, 3, 1, 3)),
    by_hand(
        "2 images of 2 patches, two blocks of two heads",
        **inputs(FIXED, 2, (1, 2), 2, 1, 2, 2, 3, 2, 3),
    ),
)


SIZES = ("patch_size", "num_heads")


def call_with_weights(solution, given):
    """Hand over the weights in a dictionary, as the exercise has it."""
    arrays = {name: array for name, array in given.items() if name not in ("images", *SIZES)}
    sizes = {name: given[name] for name in SIZES}
    return call(solution, {"images": given["images"], "weights": pack(arrays), **sizes})


CLASS_TOKEN = '    x = add_class_token(x, weights["class_token"])\n'
POSITIONS = '    x = x + weights["positions"]\n'
LAST_NORM = ('    x = norm(x, *weights["norm"])\n', "")
ATTEND = "multi_head_attention(normed, normed, block["
FIRST_RESIDUAL = (f"x = x + {ATTEND}", f"x = {ATTEND}")
SECOND_RESIDUAL = ("x = x + mlp", "x = mlp")
READ = "x[:, 0] @"
NORMED = 'normed = norm(x, *block["norm1"])'

VIT_LOGITS = Exercise(
    id="vit_logits",
    title="A whole Vision Transformer",
    points=4,
    reference=reference.vit_logits,
    answer=vit_logits,
    cases=vit_cases,
    ladder=LADDER,
    outputs={"logits": "B K"},
    driver=call_with_weights,
    seconds=30.0,
    hints=(
        "You have all its parts. Write down what x is after each of them, with its shape, from the "
        "images to the logits.",
        "patches (B, N, P·P·C) -> embedded (B, N, D) -> with the class token (B, 1 + N, D), as "
        "many rows as there are positions -> the blocks keep that shape -> norm -> the first token "
        "alone (B, D) -> head (B, K).",
        "x = patchify(…) @ kernel + bias;  class token;  positions;  for block in …: x = x + …, "
        "twice;  the last norm;  and the head, which reads x[:, …].",
    ),
    mistakes=(
        edited("positions forgotten", (POSITIONS, ""))(
            "The positions are missing: this model cannot tell one patch's place from another's. "
            "Add them once, after the class token is in front."
        ),
        edited(
            "positions before the class token",
            (CLASS_TOKEN + POSITIONS, '    x = x + weights["positions"][1:]\n' + CLASS_TOKEN),
        )(
            "The patches have their positions, the class token has none. It has a row of its own "
            "in the table, the first: join it before you add."
        ),
        edited(
            "positions before the class token",
            (CLASS_TOKEN + POSITIONS, '    x = x + weights["positions"][:-1]\n' + CLASS_TOKEN),
        )(
            "The patches got the positions of their neighbours: the table's first row is the class "
            "token's. Join it before you add."
        ),
        edited(
            "class token at the end", (CLASS_TOKEN, CLASS_TOKEN + "    x = np.roll(x, -1, 1)\n")
        )(
            "The class token stands behind the patches, so everybody has another one's position. "
            "It goes in front."
        ),
        edited("class token forgotten", (CLASS_TOKEN, ""), ('"positions"]', '"positions"][1:]'))(
            "There is no class token, so the head reads a patch. Join it in front of the patches, "
            "before the positions are added."
        ),
        edited("mean instead of class token", (READ, "x.mean(axis=1) @"))(
            "The head reads the mean of all tokens. In this model it reads the class token alone, "
            "x[:, 0]."
        ),
        edited("mean of the patches", (READ, "x[:, 1:].mean(axis=1) @"))(
            "The head reads the mean of the patches. In this model it reads the class token, "
            "x[:, 0]."
        ),
        edited("the last token read", (READ, "x[:, -1] @"))(
            "The head reads the last patch. The class token is the first: x[:, 0]."
        ),
        edited("head on all tokens", (READ, "x @"))(
            "You have logits for every token, (B, 1 + N, K). The head reads the class token "
            "alone: (B, K)."
        ),
        edited("last norm forgotten", LAST_NORM)(
            "The norm after the last block is missing: the head reads normed tokens."
        ),
        edited(
            "post-norm",
            (f"{NORMED}\n        x = x + {ATTEND}", f"x = x + {ATTEND}".replace("normed", "x")),
            (
                'num_heads)[0]\n        x = x + mlp(norm(x, *block["norm2"]), block["mlp"])',
                'num_heads)[0]\n        x = norm(x, *block["norm1"])\n'
                '        x = norm(x + mlp(x, block["mlp"]), *block["norm2"])',
            ),
        )(
            "This is post-norm: each norm comes after the sum. Here a sublayer reads normed "
            "tokens, and what it gives is added to the tokens as they were."
        ),
        edited("attention reads tokens that are not normed", (NORMED, "normed = x"))(
            "Attention reads the tokens as they are. It should read norm1's."
        ),
        edited("mlp reads tokens that are not normed", ('mlp(norm(x, *block["norm2"])', "mlp(x"))(
            "The MLP reads the tokens as they are. It should read norm2's."
        ),
        edited("norm on the residual path", (f"x = x + {ATTEND}", f"x = normed + {ATTEND}"))(
            "You add attention's result to the normed tokens. It is added to the tokens as they "
            "were: the residual path is never normed."
        ),
        edited("the same norm twice", ('"norm2"', '"norm1"'))(
            "Both sublayers read norm1's tokens. The MLP has a norm of its own, norm2."
        ),
        edited("first residual missing", FIRST_RESIDUAL)(
            "The first residual is missing: x + attention, and not attention alone."
        ),
        edited("second residual missing", SECOND_RESIDUAL)(
            "The second residual is missing: x + mlp, and not the MLP alone."
        ),
        edited("both residuals missing", FIRST_RESIDUAL, SECOND_RESIDUAL)(
            "Both residuals are missing: what a sublayer gives is added to x."
        ),
        edited(
            "attention only", ('        x = x + mlp(norm(x, *block["norm2"]), block["mlp"])\n', "")
        )("Your blocks have no MLP: after attention comes x = x + mlp(…)."),
        edited("blocks in reverse", ('weights["blocks"]', 'weights["blocks"][::-1]'))(
            "You go through the blocks from the last to the first. The first comes first."
        ),
        edited(
            "one block used for all",
            (
                'for block in weights["blocks"]:',
                'for block in weights["blocks"][:1] * len(weights["blocks"]):',
            ),
        )("Every round uses the first block. Each block has weights of its own."),
        edited("the last block only", ('weights["blocks"]', 'weights["blocks"][-1:]'))(
            "Only the last block is run. Each reads what the one before it made."
        ),
        edited("the first block only", ('weights["blocks"]', 'weights["blocks"][:1]'))(
            "Only the first block is run. Is the return inside the loop?"
        ),
        edited("tanh GELU", ('block["mlp"])', 'block["mlp"], tanh_gelu)'))(
            "Nearly there: your GELU is the quick one, with tanh. This model was trained with the "
            "exact one: gelu of the transformer module, or approximate=False in Keras."
        ),
        edited("ReLU for GELU", ('block["mlp"])', 'block["mlp"], relu)'))(
            "The MLP has a ReLU. In a ViT it is a GELU."
        ),
        edited("no GELU", ('block["mlp"])', 'block["mlp"], lambda x: x)'))(
            "Between the two layers of the MLP stands a GELU."
        ),
        edited(
            "the pair of multi_head_attention not taken apart",
            ("num_heads)[0]", "num_heads)"),
            telling=r"values\[0\]|inhomogeneous|tuple",
        )(
            "multi_head_attention returns two things, output and weights, and you go on with the "
            "pair. Take the first: multi_head_attention(…)[0]."
        ),
        edited("a single head", ("num_heads)[0]", "1)[0]"))(
            "Attention runs with one head. Hand num_heads on."
        ),
        edited(
            "embedding's bias forgotten", ("patch_size) @ kernel + bias", "patch_size) @ kernel")
        )("The patch embedding's bias is missing."),
        edited("head's bias forgotten", (f"{READ} kernel + bias", f"{READ} kernel"))(
            "The head's bias is missing."
        ),
        edited(
            "probabilities",
            (
                f"return {READ} kernel + bias",
                f"e = np.exp({READ} kernel + bias)\n    return e / e.sum(-1, keepdims=True)",
            ),
        )("These are probabilities. Return the logits, before softmax."),
    ),
)
