"""Exercise `softmax`: scores become weights."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited, mistake
from course_utils.exercises.draw import normal
from course_utils.reference import attention as reference

WITH_LOGARITHM = (
    "keras.ops keras.ops.nn keras.activations tensorflow.nn jax.nn scipy.special".split()
)
BUILT_IN_SOFTMAX = frozenset(
    [f"{module}.{name}" for module in WITH_LOGARITHM for name in ("softmax", "log_softmax")]
    + ["keras.layers.Softmax", "keras.src.backend.nn.softmax", "keras.src.backend.nn.log_softmax"]
    + ["tensorflow.math.softmax", "tensorflow.math.log_softmax"]
    + ["tensorflow.raw_ops.Softmax", "tensorflow.raw_ops.LogSoftmax"]
    + [f"tensorflow.compat.v1.{place}.softmax" for place in ("nn", "math")]
    + [f"tensorflow.compat.v1.{place}.log_softmax" for place in ("nn", "math")]
    + ["torch.softmax", "torch.nn.functional.softmax"]
)


def softmax(scores):
    maximum = scores.max(-1, keepdims=True)
    exponentials = np.exp(scores - maximum)
    total = exponentials.sum(-1, keepdims=True)
    return exponentials / total


def softmax_cases(rng):
    # Steps of 1/8 are exact in float32 beside 1,000, and log(exp(a) + exp(b)) keeps four digits
    # there; beside 10,000 it does not, so the differences there are large.
    steps = rng.permuted(np.tile(np.arange(-16, 17) / 8, (5, 1)), axis=1)[:, :7]
    around = np.array([1e3, -1e3, 0, 990, -990])[:, None]
    far_apart = rng.permutation([1e4, -1e4, 0, 3e3, -7e3, 9e3, 5])
    return [
        Case("a square of scores", {"scores": normal(rng, 5, 5)}),
        Case("more columns than rows", {"scores": 3 * normal(rng, 5, 7)}),
        Case("a single row", {"scores": normal(rng, 7)}),
        Case("batches and heads in front", {"scores": 2 * normal(rng, 2, 3, 5, 7)}),
        Case("scores of 1,000 and -1,000", {"scores": (around + steps).astype("float32")}),
        Case("scores of 10,000 and -10,000", {"scores": far_apart.astype("float32")}),
    ]


LADDER = (
    by_hand(scores=np.float32(np.log([[1, 3], [1, 1]]))),
    by_hand(scores=np.float32(np.log([[[1, 2, 1]], [[2, 1, 1]]]))),
    by_hand(scores=np.float32([[1000, 1000], [0, 0]])),
)

NO_MAXIMUM = (" - maximum", "")
ONE_MAXIMUM = ("max(-1, keepdims=True)", "max()")
ONE_SUM = ("sum(-1, keepdims=True)", "sum()")
FLAT_SUM = ("sum(-1, keepdims=True)", "sum(-1)")

OVER_QUERIES = (
    "Your columns sum to 1. The last axis holds the keys that a query chooses among, so each row "
    "must sum to 1: use axis=-1."
)
OVER_ALL = (
    "All your entries together sum to 1. Each row is a choice of its own and must sum to 1: take "
    "maximum and sum along axis=-1."
)
WITHOUT_KEEPDIMS = (
    "The sum has lost its last axis, so an entry meets the sum of another row (and most shapes do "
    "not fit at all). Keep it: sum(…, axis=-1, keepdims=True)."
)


@mistake(
    "all to the largest",
    "You give the largest score everything. That is what softmax becomes for very large scores; "
    "here the smaller ones keep a share: exponentials, divided by their sum.",
)
def all_to_the_largest(scores):
    return (scores == scores.max(-1, keepdims=True)).astype("float32")


@mistake("all to the largest", all_to_the_largest.sentence)
def all_to_the_first_largest(scores):
    return np.eye(scores.shape[-1], dtype="float32")[scores.argmax(-1)]


@mistake(
    "sigmoid",
    "You squash each score by itself (a sigmoid). Weights compete: divide each exponential by the "
    "sum over its row.",
)
def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


SOFTMAX = Exercise(
    id="softmax",
    title="Scores become weights",
    points=2,
    reference=reference.softmax,
    answer=softmax,
    cases=softmax_cases,
    ladder=LADDER,
    outputs={"weights": "… N"},
    forbidden=BUILT_IN_SOFTMAX,
    hints=(
        "A weight says what share of the whole its exponential is. And adding the same number to "
        "a whole row changes no share: which number would keep exp from overflowing?",
        "The maximum and the sum are taken along the last axis only. Keep that axis, with length "
        "1, so that (…, N) and (…, 1) fit each other.",
        "Three lines: what is left of each row without its maximum, the exponentials of that, and "
        "these divided by … (one number for each row, so with keepdims=True).",
    ),
    mistakes=(
        *(
            edited("over axis -2", ("max(-1", f"max({axis}"), ("sum(-1", f"sum({axis}"))(
                OVER_QUERIES
            )
            for axis in ("-2 if scores.ndim > 1 else -1", "-2")
        ),
        edited("no maximum subtracted", NO_MAXIMUM)(
            "Right for small scores, but exp(10000) is infinity, and infinity divided by infinity "
            "is not a number. Subtract each row's maximum first: it changes no weight."
        ),
        edited("over axis 0", ("max(-1", "max(0"), ("sum(-1", "sum(0"))(
            "You take the sum along axis 0, the first one. Weights must sum to 1 along the last "
            "axis, whatever stands before it: use axis=-1."
        ),
        edited("over axis 1", ("max(-1", "max(1"), ("sum(-1", "sum(1"))(
            "axis=1 is the last axis of a matrix only. With batches in front it is another, and a "
            "single row has none: axis=-1 is the last one everywhere."
        ),
        edited("over all entries", ONE_MAXIMUM, ONE_SUM)(OVER_ALL),
        edited("over all entries", NO_MAXIMUM, ONE_SUM)(OVER_ALL),
        edited("one global maximum", ONE_MAXIMUM)(
            "You subtract one maximum for the whole array. In a row that lies far below it every "
            "exponential rounds to 0, and 0 divided by 0 is not a number: subtract each row's own "
            "maximum."
        ),
        edited("sum without keepdims", FLAT_SUM)(WITHOUT_KEEPDIMS),
        edited("sum without keepdims", NO_MAXIMUM, FLAT_SUM)(WITHOUT_KEEPDIMS),
        edited("maximum without keepdims", ("max(-1, keepdims=True)", "max(-1)"))(
            "The maximum has lost its last axis, so it is subtracted along the wrong one (and most "
            "shapes do not fit at all). Keep it: max(…, axis=-1, keepdims=True)."
        ),
        edited("maximum and sum without keepdims", ("max(-1, keepdims=True)", "max(-1)"), FLAT_SUM)(
            "Maximum and sum have lost their last axis, so both meet the wrong one (and most "
            "shapes do not fit at all). Keep it: keepdims=True in both."
        ),
        edited("scores cut off", ("scores - maximum", "np.clip(scores, -80, 80)"))(
            "You cut the scores off, so all beyond the limit count alike. Subtract each row's "
            "maximum instead: that changes no weight."
        ),
        edited("not divided by the sum", (" / total", ""))(
            "These are the exponentials. They become weights when each row is divided by its sum."
        ),
        edited("no exponential", ("np.exp(scores - maximum)", "scores"))(
            "You divide the scores themselves by their sum. A negative score would become a "
            "negative weight: take the exponential first."
        ),
        edited(
            "logarithm of the weights", ("exponentials / total", "np.log(exponentials / total)")
        )("These are the logarithms of the weights. Return the weights themselves."),
        edited(
            "divided by √N first",
            ("(scores - maximum)", "((scores - maximum) / scores.shape[-1] ** 0.5)"),
        )(
            "You divide the scores by the square root of their number. softmax takes them as they "
            "are: the scaling belongs to the scores, and is done where they are made."
        ),
        edited("powers of 2", ("np.exp(", "np.exp2("))(
            "You take powers of 2. softmax takes powers of e: np.exp."
        ),
        all_to_the_largest,
        all_to_the_first_largest,
        sigmoid,
    ),
)
