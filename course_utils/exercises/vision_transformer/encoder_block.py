"""Exercise `encoder_block`: two sublayers, each beside a residual path."""

import functools

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.reference import transformer as reference


def encoder_block(x, norm1, attention, norm2, mlp):
    x = x + attention(norm1(x))
    return x + mlp(norm2(x))


def block_cases(rng):
    def case(shows, scale, **changed):
        shapes = {"gain1": (7,), "gain2": (7,), "mix": (5, 5), "wide": (7, 11), "back": (11, 7)}
        inputs = {"x": scale * normal(rng, 2, 5, 7)}
        inputs |= {name: 1 + normal(rng, *shape) for name, shape in shapes.items()}
        return Case(shows, inputs | changed)

    off = {"mix": np.zeros((5, 5), "float32")}
    return [
        case("tokens of usual size", 1),
        case("large tokens", 30),
        case("small tokens", 0.03),
        case("a mute attention", 1, **off),
        case("a mute MLP", 1, back=np.zeros((11, 7), "float32")),
    ]


SMALL = {
    "x": np.float32([[[1, 2, 4], [3, 5, 1]]]),
    "gain1": np.float32([1, 2, 1]),
    "gain2": np.float32([2, 1, 1]),
    "wide": np.float32([[1, 0], [1, 1], [0, 2]]),
    "back": np.float32([[1, 0, 1], [0, 2, 0]]),
}
GIVEN = "x = [[[1, 2, 4], [3, 5, 1]]], and four callables that are all different"
LADDER = (
    by_hand(f"{GIVEN}; attention answers 0", **SMALL, mix=np.zeros((2, 2), "float32")),
    by_hand(GIVEN, **SMALL, mix=np.float32([[1, 1], [0, 2]])),
)


def run_block(solution, inputs):
    """Hand the solution four callables, all different, which take arrays and tensors alike."""
    four = {
        "norm1": functools.partial(norm, gain=inputs["gain1"], shift=0.5),
        "attention": functools.partial(mix_tokens, mix=inputs["mix"]),
        "norm2": functools.partial(norm, gain=inputs["gain2"], shift=-0.5),
        "mlp": functools.partial(two_layers, wide=inputs["wide"], back=inputs["back"]),
    }
    return call(solution, {"x": inputs["x"], **four})


def library(x):
    """The functions that fit x: NumPy's for an array, Keras' for a tensor."""
    if isinstance(x, np.ndarray):
        return np
    from keras import ops

    return ops


def norm(x, gain, shift):
    lib = library(x)
    x = x - lib.mean(x, axis=-1, keepdims=True)
    return gain * x / lib.sqrt(lib.mean(x * x, axis=-1, keepdims=True) + 1e-6) + shift


def mix_tokens(x, mix):
    lib = library(x)
    return lib.tanh(lib.einsum("qk,bkd->bqd", mix, x))


def two_layers(x, wide, back):
    lib = library(x)
    return lib.matmul(lib.tanh(lib.matmul(x, wide) / 4), back)


FIRST, SECOND = "x + attention(norm1(x))", "x + mlp(norm2(x))"
NORMED_FIRST = ("x + attention", "norm1(x) + attention")
NORMED_SECOND = ("x + mlp", "norm2(x) + mlp")
ATTENTION_ALONE, MLP_ALONE = ("x + attention", "attention"), ("x + mlp", "mlp")
NORM2_ALREADY, NORM1_AGAIN = ("norm1(x)", "norm2(x)"), ("mlp(norm2(x)", "mlp(norm1(x)")
ATTENTION_UNNORMED, MLP_UNNORMED = ("norm1(x)", "x"), ("norm2(x)", "x")
NO_FIRST, NO_SECOND = (FIRST, "x"), (SECOND, "x")
NORM_BEHIND = ((FIRST, "x + norm1(attention(x))"), (SECOND, "x + norm2(mlp(x))"))

MISTAKES = (
    edited("post-norm", (FIRST, "norm1(x + attention(x))"), (SECOND, "norm2(x + mlp(x))"))(
        "This is the block of 2017: the norm comes after each sum. Here it comes before each "
        "sublayer, and the sum itself is never normed: x + attention(norm1(x))."
    ),
    edited("norm2 after the sum", (SECOND, "norm2(x + mlp(x))"))(
        "norm2 comes after the second sum. The MLP reads what norm2 makes of x, and the sum itself "
        "is never normed: x + mlp(norm2(x))."
    ),
    edited("attention alone", (FIRST, "attention(norm1(x))"), (SECOND, "x"))(
        "This is attention(norm1(x)) alone. Add it to x; then norm2 and mlp do the same again."
    ),
    edited("norm on the residual path", NORMED_FIRST, NORMED_SECOND)(
        "You norm x and then add to the normed x, so the residual path is normed too. Keep x: "
        "only what attention reads goes through the norm, x + attention(norm1(x))."
    ),
    edited("norm on the residual path", NORMED_FIRST)(
        "In the first half you add to norm1(x). Add to x itself: x + attention(norm1(x))."
    ),
    edited("norm on the residual path", NORMED_SECOND)(
        "In the second half you add to norm2(x). Add to x itself: x + mlp(norm2(x))."
    ),
    edited("second residual missing", MLP_ALONE)(
        "The first half is right. The second returns what the MLP said alone: add it to x."
    ),
    edited("first residual missing", ATTENTION_ALONE)(
        "The second half is right. In the first you go on with what attention said alone: add it "
        "to x."
    ),
    edited("no residual", ATTENTION_ALONE, MLP_ALONE)(
        "Both residual paths are missing: what a sublayer says is added to x, twice."
    ),
    edited("the same norm twice", NORM1_AGAIN)(
        "You use norm1 in both halves. Each sublayer has a norm of its own: norm2 for the MLP."
    ),
    edited("the same norm twice", NORM2_ALREADY)(
        "You use norm2 in both halves. Each sublayer has a norm of its own: norm1 for attention."
    ),
    edited("norms exchanged", NORM2_ALREADY, NORM1_AGAIN)(
        "The two norms are exchanged: norm1 belongs to attention, norm2 to the MLP."
    ),
    edited("mlp on the un-normed input", MLP_UNNORMED)(
        "The first half is right. In the second the MLP reads x as it is: give it norm2(x)."
    ),
    edited("attention on the un-normed input", ATTENTION_UNNORMED)(
        "The second half is right. In the first, attention reads x as it is: give it norm1(x)."
    ),
    edited("no norm", ATTENTION_UNNORMED, MLP_UNNORMED)(
        "Neither norm is used. Each sublayer reads normed tokens: attention(norm1(x)), "
        "mlp(norm2(x))."
    ),
    edited("both sublayers side by side", (f"x = {FIRST}\n    return x", f"return {FIRST}"))(
        "Attention and MLP both read the block's input. Some models do that; here the MLP reads "
        "what attention has made: assign x = x + attention(norm1(x)) first."
    ),
    edited("the input added a second time", ("x = x", "y = x"), ("norm2(x)", "norm2(y)"))(
        "In the second half you add to the block's input, and what attention said is lost on the "
        "residual path. Add to the x that came out of the first half."
    ),
    edited("norm behind each sublayer", *NORM_BEHIND)(
        "You norm what each sublayer says. Swin v2 does that; here the norm is in front of it: "
        "attention(norm1(x))."
    ),
    edited("MLP first", (f"{FIRST}\n    return {SECOND}", f"{SECOND}\n    return {FIRST}"))(
        "The MLP comes first in yours. Attention first: tokens talk, then each thinks."
    ),
    edited("attention only", NO_SECOND)(
        "This is the first half. The second does the same with norm2 and mlp."
    ),
    edited("MLP only", NO_FIRST)(
        "This is the second half. The first does the same with norm1 and attention."
    ),
    edited("nothing done", NO_FIRST, NO_SECOND)(
        "This is x as it came. Add attention(norm1(x)), then mlp(norm2(x)) of the sum."
    ),
)

ENCODER_BLOCK = Exercise(
    id="encoder_block",
    title="A pre-norm block",
    points=2,
    reference=reference.encoder_block,
    answer=encoder_block,
    cases=block_cases,
    ladder=LADDER,
    outputs={"result": "B N D"},
    driver=run_block,
    hints=(
        "Twice the same figure: step aside, norm what you see, ask a sublayer, come back and add. "
        "What you add to is never normed.",
        "Follow the drawing from left to right. On the first way round x meets norm1, then "
        "attention; at the plus what comes back is added to x as it was. The second way round "
        "begins behind that plus. All shapes are (B, N, D).",
        "Two lines, each of them x = x + …. In the second, x is already what the first one made.",
    ),
    mistakes=MISTAKES,
)
