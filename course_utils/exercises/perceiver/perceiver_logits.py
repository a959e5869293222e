"""Exercise `perceiver_logits`: the whole model, from images to logits."""

import itertools  # noqa: F401  a mistake takes turns

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.inputs import ROLES
from course_utils.exercises.multi_head_attention.multi_head_attention import multi_head_attention
from course_utils.exercises.perceiver.cross_attend import cross_attend
from course_utils.exercises.perceiver.fourier_features import fourier_features
from course_utils.exercises.perceiver.perceive import perceive
from course_utils.exercises.vision_transformer.vit_logits import (  # noqa: F401  for mistakes, two
    mlp,
    relu,
    tanh_gelu,
)
from course_utils.reference import plain_perceiver as reference


def perceiver_logits(images, weights, num_bands, max_resolution, iterations, num_heads):
    batch, height, width, channels = images.shape
    rows, columns = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    places = fourier_features(grid.reshape(-1, 2), num_bands, max_resolution)
    places = np.repeat(places[None], batch, axis=0)
    pixels = images.reshape(batch, -1, channels)
    data = np.concatenate([pixels, places], axis=-1)
    latents = np.repeat(weights["latents"][None], batch, axis=0)

    def cross(latents, data):
        look = weights["cross"]
        asking = with_one(norm(latents, *look["norm1"]))
        asked = with_one(norm(data, *look["data_norm"]))
        latents = latents + cross_attend(asking, asked, look["attention"])
        return latents + mlp(norm(latents, *look["norm2"]), look["mlp"])

    def latent_transformer(latents):
        for block in weights["blocks"]:
            normed = norm(latents, *block["norm1"])
            found, _ = multi_head_attention(normed, normed, block["attention"], num_heads)
            latents = latents + found
            latents = latents + mlp(norm(latents, *block["norm2"]), block["mlp"])
        return latents

    latents = perceive(latents, data, cross, latent_transformer, iterations)
    latents = norm(latents, *weights["norm"])
    kernel, bias = weights["head"]
    return latents.mean(axis=1) @ kernel + bias


def norm(x, gamma, beta):
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(1e-5))
    return centred / spread * gamma + beta


def with_one(x):
    return np.concatenate([x, np.ones_like(x[..., :1])], axis=-1)


# --- cases ------------------------------------------------------------------------------------


def draw_weights(rng, tokens, latents, dim, width, mlp_dim, depth, classes):
    """A model's weights, one array a name, as a case holds them. tokens: their width E."""

    def kernel(rows, columns):
        return 1.5 * normal(rng, rows, columns) / rows**0.5

    def dense(name, rows, columns):
        return {f"{name}.kernel": kernel(rows, columns), f"{name}.bias": normal(rng, columns)}

    def scaled(name, dim=dim):
        return {f"{name}.gamma": 1 + normal(rng, dim) / 2, f"{name}.beta": normal(rng, dim)}

    def block(name):
        parts = scaled(f"{name}.norm1") | scaled(f"{name}.norm2")
        parts |= dense(f"{name}.wide", dim, mlp_dim) | dense(f"{name}.narrow", mlp_dim, dim)
        return parts

    arrays = {"latents": normal(rng, latents, dim)} | scaled("norm") | dense("head", dim, classes)
    arrays |= block("cross") | scaled("cross.data_norm", tokens)
    for role, shape in zip(ROLES, [(dim, width), (tokens, width), (tokens, dim)], strict=False):
        arrays[f"cross.{role}"] = kernel(shape[0] + 1, shape[1])
    for i in range(depth):
        arrays |= block(i)
        for role in ROLES:
            arrays |= dense(f"{i}.{role}", dim, dim)
    return arrays


def pack(arrays):
    """The same arrays as the exercise hands them out."""

    def dense(name):
        return arrays[f"{name}.kernel"], arrays[f"{name}.bias"]

    def scaled(name):
        return arrays[f"{name}.gamma"], arrays[f"{name}.beta"]

    def parts(name):
        pairs = dense(f"{name}.wide"), dense(f"{name}.narrow")
        return {
            "norm1": scaled(f"{name}.norm1"),
            "norm2": scaled(f"{name}.norm2"),
            "mlp": pairs,
        }

    def block(i):
        return {**parts(i), "attention": {role: dense(f"{i}.{role}") for role in ROLES}}

    depth = sum(name.endswith(".query.kernel") for name in arrays)
    return {
        "latents": arrays["latents"],
        "cross": {
            **parts("cross"),
            "data_norm": scaled("cross.data_norm"),
            "attention": {role: arrays[f"cross.{role}"] for role in ROLES[:3]},
        },
        "blocks": [block(i) for i in range(depth)],
        "norm": scaled("norm"),
        "head": dense("head"),
    }


SIZES = ("num_bands", "max_resolution", "iterations", "num_heads")


def inputs(rng, image, bands, resolution, iterations, heads, head_dim, **sizes):
    *_, channels = image
    tokens = channels + 2 * (2 * bands + 1)
    given = dict(zip(SIZES, (bands, resolution, iterations, heads), strict=True))
    images = rng.uniform(-1, 1, image).astype("float32")
    weights = draw_weights(rng, tokens, dim=heads * head_dim, **sizes)
    return {"images": images, **given, **weights}


def logits_cases(rng):
    def case(shows, image, bands, resolution, iterations, heads, head_dim, *sizes):
        names = ("latents", "width", "mlp_dim", "depth", "classes")
        sizes = dict(zip(names, sizes, strict=True))
        return Case(
            shows, inputs(rng, image, bands, resolution, iterations, heads, head_dim, **sizes)
        )

    return [
        case("one look, one block", (2, 3, 5, 1), 3, 8, 1, 2, 3, 5, 7, 11, 1, 13),
        case("several looks", (3, 5, 2, 3), 2, 11, 3, 3, 2, 7, 5, 13, 2, 5),
        case("several looks", (2, 3, 7, 2), 4, 17, 2, 3, 5, 3, 11, 7, 3, 2),
        case("as many latents as images", (3, 2, 5, 3), 3, 5, 2, 1, 7, 3, 5, 11, 2, 17),
    ]


def halves(given):
    """The same inputs, rounded: small numbers are easy to follow."""
    return {
        name: np.round(2 * value) / 2 if isinstance(value, np.ndarray) else value
        for name, value in given.items()
    }


FIXED = np.random.default_rng(6)
SMALL = {"heads": 1, "head_dim": 3, "width": 2, "mlp_dim": 2, "classes": 3}
LADDER = (
    by_hand(
        "an image of 4 pixels, one latent, one look and no block",
        **halves(inputs(FIXED, (1, 2, 2, 1), 1, 2, 1, latents=1, depth=0, **SMALL)),
    ),
    by_hand(
        "an image of 6 pixels, two latents, one look and one block",
        **halves(inputs(FIXED, (1, 2, 3, 1), 1, 3, 1, latents=2, depth=1, **SMALL)),
    ),
    by_hand(
        "2 images of 6 pixels, two latents, two looks",
        **halves(inputs(FIXED, (2, 2, 3, 1), 1, 3, 2, latents=2, depth=2, **SMALL)),
    ),
)


def call_with_weights(solution, given):
    """Hand over the weights in a dictionary, as the exercise has it."""
    arrays = {name: array for name, array in given.items() if name not in ("images", *SIZES)}
    sizes = {name: given[name] for name in SIZES}
    return call(solution, {"images": given["images"], "weights": pack(arrays), **sizes})


# --- mistakes ---------------------------------------------------------------------------------

DATA = "np.concatenate([pixels, places], axis=-1)"
LATENTS = 'np.repeat(weights["latents"][None], batch, axis=0)'
LOOK = "latents = latents + cross_attend("
LOOK_MLP = 'return latents + mlp(norm(latents, *look["norm2"]), look["mlp"])'
FOUND = "latents = latents + found"
BLOCK_MLP = 'latents = latents + mlp(norm(latents, *block["norm2"]), block["mlp"])'
BLOCKS = 'weights["blocks"]:'
PERCEIVE = "perceive(latents, data, cross, latent_transformer, iterations)"
LAST_NORM = '    latents = norm(latents, *weights["norm"])\n'
READ = "latents.mean(axis=1) @"
NO_FOUND, NO_X = (FOUND, "latents = found"), (BLOCK_MLP, BLOCK_MLP.replace("latents + mlp", "mlp"))
NO_PLACES = (
    "The places count for nothing: a picture is a bag of pixels. Put the Fourier features of each "
    "pixel's place beside its colours."
)


def other_gelu(name):
    """Another function between the two layers of both MLPs."""
    return ('look["mlp"])', f'look["mlp"], {name})'), ('block["mlp"])', f'block["mlp"], {name})')


PERCEIVER_LOGITS = Exercise(
    id="perceiver_logits",
    title="A whole Perceiver",
    points=4,
    reference=reference.perceiver_logits,
    answer=perceiver_logits,
    cases=logits_cases,
    ladder=LADDER,
    outputs={"logits": "B K"},
    driver=call_with_weights,
    seconds=30.0,
    hints=(
        "You have all its parts. Write down what goes into perceive: the latents, the data, and "
        "the two callables, each with its shapes.",
        "Pixels (B, N, C) beside the features of their places, the same for each image: data "
        "(B, N, E). Latents (L, D), the same for each image: (B, L, D). perceive keeps that shape; "
        "then norm, mean over the latents (B, D), head (B, K).",
        "data = concatenate([pixels, places]);  cross adds cross_attend(…) to the latents, and "
        "then mlp(…);  latent_transformer is a loop over weights['blocks'];  perceive(…);  the "
        "last norm;  and the head, which reads the mean over … .",
    ),
    mistakes=(
        edited("features of positions forgotten", (DATA, "pixels"))(NO_PLACES),
        edited("features of positions forgotten", (DATA, DATA.replace("places", "0 * places")))(
            NO_PLACES
        ),
        edited("places before the colours", ("[pixels, places]", "[places, pixels]"))(
            "The colours of a pixel come first, then the features of its place: these weights were "
            "trained so."
        ),
        edited("places column by column", ('columns, indexing="ij")', "columns)"))(
            "Pixels and places do not go together: the pixels come row by row, your places column "
            "by column. grid_positions((H, W)) gives them row by row."
        ),
        edited(
            "places of a picture that lies on its side",
            (
                "np.linspace(-1, 1, height), np.linspace(-1, 1, width)",
                "np.linspace(-1, 1, width), np.linspace(-1, 1, height)",
            ),
        )(
            "Your places are those of a picture W high and H wide. Height comes first: images have "
            "the shape (B, H, W, C), and grid_positions takes (H, W)."
        ),
        edited("column before row", ("grid.reshape(-1, 2)", "grid.reshape(-1, 2)[:, ::-1]"))(
            "Your places are (column, row). They are (row, column), as grid_positions gives them."
        ),
        edited(
            "places from 0 to 1",
            ("np.linspace(-1, 1, height)", "np.linspace(0, 1, height)"),
            ("np.linspace(-1, 1, width)", "np.linspace(0, 1, width)"),
        )("Your places go from 0 to 1. They go from -1 to 1: grid_positions((H, W))."),
        edited(
            "the picture's own resolution", ("num_bands, max_resolution)", "num_bands, height)")
        )(
            "Your highest frequency follows the picture at hand. It is fixed when the model is "
            "trained: hand max_resolution on."
        ),
        edited(
            "latents repeated in a row",
            (
                LATENTS,
                'np.repeat(weights["latents"], batch, axis=0)\n'
                "    latents = latents.reshape(batch, -1, latents.shape[-1])",
            ),
        )(
            "Each image gets a few of the latents, several times. It should get all of them: "
            "repeat along a new axis in front, latents[None]."
        ),
        edited("latents lined up with the images", (LATENTS, 'weights["latents"][:, None]'))(
            "Latents line up with images: image 2 is read by latent 2 alone. All of them read each "
            "image: the new axis is in front, latents[None]."
        ),
        edited("the first image alone", (DATA, DATA + "[:1]"))(
            "All images get what the latents read in the first one. Each has data of its own."
        ),
        edited("iterations forgotten", (PERCEIVE, PERCEIVE.replace("iterations", "1")))(
            "This is a single look. Hand iterations on to perceive."
        ),
        edited(
            "data forgotten after the first look",
            (
                PERCEIVE,
                PERCEIVE.replace("iterations", "1") + "\n    for _ in range(iterations - 1):\n"
                "        latents = latent_transformer(latents)",
            ),
        )("You look once, and then only think. Each iteration looks at the data again."),
        edited(
            "iterations with new weights",
            ("    def cross(", '    turn = itertools.cycle(weights["blocks"])\n\n    def cross('),
            (BLOCKS, "itertools.islice(turn, 1):"),
        )(
            "Each iteration runs another block, as if it had weights of its own. They share them: "
            "every iteration runs all blocks."
        ),
        edited("latent transformer forgotten", (BLOCKS, "[]:"))(
            "The latents look and never think: each iteration runs all of weights['blocks'] after "
            "the look."
        ),
        edited("the first block alone", (BLOCKS, 'weights["blocks"][:1]:'))(
            "Only the first block is run. Is the return inside the loop?"
        ),
        edited("the last block alone", (BLOCKS, 'weights["blocks"][-1:]:'))(
            "Only the last block is run. Each reads what the one before it made."
        ),
        edited("blocks in reverse", (BLOCKS, 'weights["blocks"][::-1]:'))(
            "You go through the blocks from the last to the first. The first comes first."
        ),
        edited(
            "one block used for all", (BLOCKS, '[weights["blocks"][0] for _ in weights["blocks"]]:')
        )("Every step uses the first block. Each block has weights of its own."),
        edited("residual around the look missing", (LOOK, "latents = cross_attend("))(
            "After a look you go on with what was read alone. It is added to the latents."
        ),
        edited("no MLP after the look", (LOOK_MLP, "return latents"))(
            "The look ends with an MLP of its own: return latents + mlp(…)."
        ),
        edited(
            "residual around the look's MLP missing", (LOOK_MLP, LOOK_MLP.replace("latents + ", ""))
        )("The look ends with latents + mlp(…), and not with the MLP alone."),
        edited("latents ask as they are", ('norm(latents, *look["norm1"])', "latents"))(
            "The latents ask as they are. What asks is normed first, by norm1."
        ),
        edited("data not normed", ('norm(data, *look["data_norm"])', "data"))(
            "The data answer as they are. They are normed first, by data_norm."
        ),
        edited(
            "the look's MLP reads latents that are not normed",
            ('norm(latents, *look["norm2"])', "latents"),
        )("The MLP after the look reads the latents as they are. It should read norm2's."),
        edited("the same norm twice in the look", ('look["norm2"]', 'look["norm1"]'))(
            "The look's MLP has a norm of its own, norm2."
        ),
        edited(
            "norm on the residual path of the look",
            (LOOK, "latents = asking[..., :-1] + cross_attend("),
        )("You add what was read to the normed latents. It is added to the latents as they were."),
        edited("attention's residual missing", NO_FOUND)(
            "In the latent transformer, a residual is missing: latents + attention, and not "
            "attention alone."
        ),
        edited("the MLP's residual missing", NO_X)(
            "In the latent transformer, a residual is missing: latents + mlp, and not the MLP "
            "alone."
        ),
        edited("both residuals missing", NO_FOUND, NO_X)(
            "Both residuals of a block are missing: what a sublayer gives is added to the latents."
        ),
        edited("blocks without MLP", (f"            {BLOCK_MLP}\n", ""))(
            "Your blocks have no MLP: after attention comes latents + mlp(…)."
        ),
        edited(
            "attention reads latents that are not normed",
            ('norm(latents, *block["norm1"])', "latents"),
        )("Attention in a block reads the latents as they are. It should read norm1's."),
        edited(
            "a block's MLP reads latents that are not normed",
            ('norm(latents, *block["norm2"])', "latents"),
        )("The MLP of a block reads the latents as they are. It should read norm2's."),
        edited("the same norm twice in a block", ('block["norm2"]', 'block["norm1"]'))(
            "Both sublayers of a block read norm1's latents. The MLP has a norm of its own, norm2."
        ),
        edited("norm on the residual path of a block", (FOUND, "latents = normed + found"))(
            "You add attention's result to the normed latents. It is added to the latents as they "
            "were."
        ),
        edited("a single head", ('block["attention"], num_heads)', 'block["attention"], 1)'))(
            "The latents attend to each other with one head. Hand num_heads on."
        ),
        edited("tanh GELU", *other_gelu("tanh_gelu"))(
            "Nearly there: your GELU is the quick one, with tanh. This model was trained with the "
            "exact one: gelu of the transformer module, or approximate=False in Keras."
        ),
        edited("ReLU for GELU", *other_gelu("relu"))("The MLPs have a ReLU. Here it is a GELU."),
        edited("no GELU", *other_gelu("lambda x: x"))(
            "Between the two layers of an MLP stands a GELU."
        ),
        edited("last norm forgotten", (LAST_NORM, ""))(
            "The last norm is missing: weights['norm'], before the mean."
        ),
        edited(
            "mean before the last norm",
            (LAST_NORM, "    latents = latents.mean(axis=1)\n" + LAST_NORM),
            (READ, "latents @"),
        )("You take the mean first, and norm it then. Each latent is normed before the mean."),
        edited("mean over the wrong axis", (READ, "latents.mean(axis=0) @"))(
            "You average over the images, which should know nothing of each other. The mean goes "
            "over the latents, axis 1 of (B, L, D)."
        ),
        edited("sum instead of mean", (READ, "latents.sum(axis=1) @"))(
            "The head reads the sum of the latents. It reads their mean."
        ),
        edited("the first latent read", (READ, "latents[:, 0] @"))(
            "The head reads the first latent. There is no class token here: it reads the mean of "
            "all latents."
        ),
        edited("head on all latents", (READ, "latents @"))(
            "You have logits for every latent, (B, L, K). The head reads their mean: (B, K)."
        ),
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
