"""Exercise `attention_scores`: queries meet keys."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import attention as reference

# Whole attention in one call. softmax and attention_scores stay allowed after their own exercises.
BUILT_IN_ATTENTION = frozenset(
    [f"keras.layers.{kind}Attention" for kind in ("", "MultiHead", "GroupQuery")]
    + [f"{place}.dot_product_attention" for place in ("keras.ops", "keras.ops.nn", "jax.nn")]
    + ["keras.src.backend.nn.dot_product_attention"]
    + ["torch.nn.functional.scaled_dot_product_attention"]
)


def attention_scores(query, key):
    scores = query @ np.swapaxes(key, -1, -2)
    divisor = np.float32(query.shape[-1] ** 0.5)
    return scores / divisor


def scores_cases(rng):
    def case(shows, query, key):
        return Case(shows, {"query": query, "key": key})

    return [
        case("one sequence", normal(rng, 5, 7), normal(rng, 11, 7)),
        case("as many queries as keys", normal(rng, 5, 13), normal(rng, 5, 13)),
        case("batches and heads in front", normal(rng, 2, 3, 5, 13), normal(rng, 2, 3, 7, 13)),
        case("very large and very small numbers", 300 * normal(rng, 3, 5), normal(rng, 7, 5)),
        case("very large and very small numbers", 1e-3 * normal(rng, 3, 5), normal(rng, 7, 5)),
    ]


LADDER = (
    by_hand(query=np.float32([[2, 0, 0, 0]]), key=np.float32([[3, 1, 1, 1]])),
    by_hand(query=np.float32([[2, 0, 0, 0], [0, 2, 2, 0]]), key=numbered(3, 4)),
    by_hand(query=np.float32([[[1, 0, 0, 0]], [[0, 1, 0, 0]]]), key=numbered(2, 2, 4)),
)

# What is said of keys whose axes are all turned round, in the line that does it.
TURNED = r"(matmul|shape|dimension|broadcast|einsum|dot).*code:.*(\.T\b|transpose\()"
THEN_SOFTMAX = """scores = scores / divisor
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)"""

ATTENTION_SCORES = Exercise(
    id="attention_scores",
    title="Queries meet keys",
    points=2,
    reference=reference.attention_scores,
    answer=attention_scores,
    cases=scores_cases,
    ladder=LADDER,
    outputs={"scores": "… Nq Nk"},
    forbidden=BUILT_IN_ATTENTION,
    hints=(
        "Each score is one dot product: of one query with one key. All of them at once are one "
        "matrix product.",
        "(…, Nq, d) and (…, Nk, d) should give (…, Nq, Nk): swap the last two axes of the keys, "
        "or name the axes in einsum. d is the length of the last axis.",
        "A matrix product of query and the turned keys (swapaxes, or an einsum whose letters end "
        "in qk), divided by … And which axis of query says how many terms a dot product has?",
    ),
    mistakes=(
        edited("not scaled", (" / divisor", ""))(
            "These are the bare dot products. Divide them by √d, or they grow with the width d "
            "and the softmax saturates."
        ),
        edited("divided by d", (" ** 0.5", ""))(
            "You divide by d. The spread of a dot product of d terms grows like √d, so √d is what "
            "keeps it at 1."
        ),
        edited("divided by √Nk", ("query.shape[-1]", "key.shape[-2]"))(
            "You divide by the square root of the number of keys. The sum in a dot product runs "
            "over the features: take d from the last axis, shape[-1]."
        ),
        edited("divided by √Nq", ("query.shape[-1]", "query.shape[-2]"))(
            "You divide by the square root of the number of queries. The sum in a dot product "
            "runs over the features: take d from the last axis, shape[-1]."
        ),
        *(
            edited(
                "a fixed divisor", ("np.float32(query.shape[-1] ** 0.5)", f"np.float32({root})")
            )(
                "You divide by the same number however wide the queries are. Their width d is the "
                "length of the last axis: query.shape[-1]."
            )
            for root in (2, 4, 8)
        ),
        edited(
            "axes 1 and 2",
            ("np.swapaxes(key, -1, -2)", "np.swapaxes(key, 1, 2)"),
            telling=r"axis|dimension|ncompatible|matmul",
        )(
            "Axes 1 and 2 are the last two only where exactly one stands in front of them. -1 and "
            "-2 are the last two everywhere."
        ),
        edited(
            "√d cut to a whole number", ("query.shape[-1] ** 0.5", "int(query.shape[-1] ** 0.5)")
        )(
            "You divide by √d without its fraction: int() cuts it off, and makes 2 of √5. Leave "
            "the root as it is."
        ),
        edited("multiplied by √d", ("/ divisor", "* divisor"))(
            "You multiply by √d. Dot products grow with d already: divide."
        ),
        edited("√ of the value width", ("query.shape[-1]", "3"))(
            "You divide by the square root of the width of the values (the notebook's variable "
            "value, perhaps). Values take no part in the scores: use the last axis of query."
        ),
        edited("all axes turned round", ("np.swapaxes(key, -1, -2)", "key.T"), telling=TURNED)(
            "Right for one sequence, but .T (or transpose without axes) turns round all axes of "
            "the keys, batches too. Swap the last two only: swapaxes(key, -1, -2)."
        ),
        edited(
            "key·queryᵀ", ("query @ np.swapaxes(key, -1, -2)", "key @ np.swapaxes(query, -1, -2)")
        )(
            "Your result has one row for each key. Rows belong to the queries: compute "
            "query @ keyᵀ, not key @ queryᵀ."
        ),
        edited(
            "key·queryᵀ, not scaled",
            ("query @ np.swapaxes(key, -1, -2)", "key @ np.swapaxes(query, -1, -2)"),
            (" / divisor", ""),
        )(
            "Your result has one row for each key, and it is not scaled. Compute query @ keyᵀ and "
            "divide by √d."
        ),
        edited(
            "cosine similarity",
            (
                "np.float32(query.shape[-1] ** 0.5)",
                "np.linalg.norm(query, axis=-1)[..., None]"
                " * np.linalg.norm(key, axis=-1)[..., None, :]",
            ),
        )(
            "You divide by the lengths of the vectors: that is the cosine of the angle. Here the "
            "length counts, a longer query asks more firmly. Divide by √d only."
        ),
        edited("d from axis 1", ("query.shape[-1]", "query.shape[1]"))(
            "shape[1] is d for a single sequence only; with batches in front it is another axis. "
            "shape[-1] is the last one everywhere."
        ),
        edited("d from axis 0", ("query.shape[-1]", "query.shape[0]"))(
            "shape[0] is not the width: it counts queries, or batches where there are some. Take d "
            "from the last axis, shape[-1]."
        ),
        edited("rounded down", ("/ divisor", "// divisor"))(
            "Your scores are whole numbers: // rounds down. Divide with /."
        ),
        edited("softmax applied already", ("return scores / divisor", THEN_SOFTMAX))(
            "These are the weights already. Here the scores are asked for, before the softmax."
        ),
    ),
)
