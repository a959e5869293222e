"""Exercise `cross_attend`: a few latents read many tokens."""

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import perceiver as reference

ROLES = ("query", "key", "value")


def cross_attend(latents, data, params):
    query = latents @ params["query"]  # (L, d)
    key = data @ params["key"]  # (B, N, d)
    value = data @ params["value"]  # (B, N, D)
    scores = query @ np.swapaxes(key, -1, -2) / query.shape[-1] ** 0.5  # (B, L, N)
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    weights = exponentials / exponentials.sum(-1, keepdims=True)
    output = weights @ value
    return output


def cross_cases(rng):
    def case(shows, *, batch=2, latents=5, dim=7, tokens=11, data_dim=13, width=3, sharp=1):
        kernels = {"query": (dim, width), "key": (data_dim, width), "value": (data_dim, dim)}
        inputs = {
            "latents": sharp * normal(rng, latents, dim),
            "data": sharp * normal(rng, batch, tokens, data_dim),
        }
        for role, shape in kernels.items():
            inputs[role] = 1.5 * normal(rng, *shape) / shape[0] ** 0.5
        return Case(shows, inputs)

    return [
        case("a few latents read many tokens"),
        case(
            "more latents than tokens", batch=3, latents=11, dim=5, tokens=7, data_dim=2, width=13
        ),
        case("a single latent, a single image", batch=1, latents=1),
        case("data, latents and queries of one width", dim=7, data_dim=7, width=7),
        case("as many latents as images", batch=5),
        case("very large scores", sharp=40),
    ]


EYE = {role: np.eye(2, dtype="float32") for role in ROLES}
LADDER = (
    by_hand(
        latents=np.float32([[0, 1]]),
        data=np.float32([[[np.log(1), 4], [np.log(3), 8]]]),
        **EYE | {"query": np.float32([[0], [1]]), "key": np.float32([[1], [0]])},
    ),
    by_hand(latents=np.float32([[0, 0], [2, 0]]), data=np.float32([[[1, 3], [3, 1]]]), **EYE),
    by_hand(
        latents=np.float32([[0, 0], [2, 0]]),
        data=numbered(2, 3, 2),
        **EYE | {"value": 3 * EYE["key"]},
    ),
)


def call_with_params(solution, inputs):
    """Call a solution with the kernels in a dictionary."""
    params = {role: inputs[role] for role in ROLES}
    return call(solution, {**{n: inputs[n] for n in ("latents", "data")}, "params": params})


NOT_REPEATED = (
    "Each image has an answer of its own: (B, L, D). The latents have no batch axis, so give the "
    "queries one of length 1, query[None] of shape (1, L, d): against keys (B, N, d) it repeats "
    "by itself."
)
SWAPPED = (
    "The roles are swapped: your result has a row for each token, (B, N, D). Here the latents ask "
    "and the data answer: queries are latents @ params['query'], keys and values come from the "
    "data."
)

CROSS_ATTEND = Exercise(
    id="cross_attend",
    title="A few latents read many tokens",
    points=3,
    reference=reference.cross_attend,
    answer=cross_attend,
    cases=cross_cases,
    ladder=LADDER,
    outputs={"latents": "B L D"},
    driver=call_with_params,
    hints=(
        "It is attention as in notebook 1. Only the sources differ: who asks, and who answers?",
        "query = latents @ kernel (L, d); key (B, N, d) and value (B, N, D) come from the data. "
        "Scores (B, L, N), softmax over the tokens, times the values: (B, L, D).",
        "query = latents @ …;  key = data @ …;  value = data @ …;  scores (B, L, N), with what you "
        "know to divide by;  softmax;  times the values. The latents have no batch axis yet.",
    ),
    mistakes=(
        edited(
            "roles swapped",
            ("query = latents", "query = data"),
            ("key = data", "key = latents"),
            ("value = data", "value = latents"),
        )(SWAPPED),
        edited(
            "roles swapped",
            ("query @ np.swapaxes(key, -1, -2)", "key @ np.swapaxes(query, -1, -2)"),
            ("weights @ value", "weights @ latents"),
        )(SWAPPED),
        edited(
            "latents not repeated over the batch",
            ("    query =", "    data = data.reshape(-1, data.shape[-1])\n    query ="),
        )(NOT_REPEATED),
        edited(
            "latents not repeated over the batch",
            ("    query =", "    data = data[:1]\n    query ="),
        )(NOT_REPEATED),
        edited("latents lined up with the batch", ("latents @", "latents[:, None] @"))(
            NOT_REPEATED
        ),
        edited(
            "latents repeated in a row", ("latents @", "np.repeat(latents, len(data), axis=0) @")
        )(
            "You repeat the latents B times in a row, and every image sees all B·L of them. Repeat "
            "along a new axis in front: latents[None] is (1, L, D), and broadcasts to (B, L, D)."
        ),
        edited("scale by √E", ("query.shape[-1]", "data.shape[-1]"))(
            "You divide by the square root of the data's width E. The sum in a score runs over the "
            "features of query and key: divide by √d, the width of the queries."
        ),
        edited("scale by √D", ("query.shape[-1]", "latents.shape[-1]"))(
            "You divide by the square root of the latents' width D. The sum in a score runs over "
            "the features of query and key, after the kernels: divide by √d."
        ),
        edited("scale by √N", ("query.shape[-1]", "data.shape[1]"))(
            "You divide by the square root of the number of tokens. Divide by √d, the width of "
            "the queries."
        ),
        edited("no scale", (" / query.shape[-1] ** 0.5", ""))(
            "The scores are not divided by √d, the root of the width of the queries."
        ),
        edited("divided by d", (" ** 0.5", ""))(
            "Your scores are divided by d. Divide by √d, once. (If you call attend: it does that.)"
        ),
        edited("multiplied by √d", ("/ query.shape", "* query.shape"))(
            "Your scores are multiplied by √d: divide by it."
        ),
        edited("softmax over latents", ("max(-1", "max(-2"), ("sum(-1", "sum(-2"))(
            "For each token your weights sum to 1 over the latents. Each latent shares out its own "
            "attention among the tokens: softmax over the last axis of the scores (B, L, N)."
        ),
        edited("softmax over all entries", ("max(-1", "max((-2, -1)"), ("sum(-1", "sum((-2, -1)"))(
            "All weights of an image together sum to 1. Each latent shares out its own attention: "
            "softmax over the last axis alone."
        ),
        edited("softmax over the batch", ("max(-1", "max(0"), ("sum(-1", "sum(0"))(
            "Your weights sum to 1 over the images of the batch, which should know nothing of each "
            "other. Softmax over the last axis, the tokens."
        ),
        edited("no softmax", ("weights @", "scores @"))(
            "You mix the values by the scores themselves. Turn the scores into weights with the "
            "softmax first."
        ),
        edited("no maximum subtracted", (" - scores.max(-1, keepdims=True)", ""))(
            "Right for small scores, but the exponential of a large one is infinity. Use a softmax "
            "that subtracts each row's maximum, such as keras.ops.softmax."
        ),
        edited("values not projected", (' @ params["value"]', ""))(
            "You mix the tokens as they are. The values are data @ params['value']."
        ),
        edited("keys mixed", ("weights @ value", "weights @ key"))(
            "Your weights are right, but you mix the keys with them. Keys only say where to look; "
            "what is fetched are the values, data @ params['value']."
        ),
        edited(
            "kernels of query and key exchanged",
            ('latents @ params["query"]', 'latents @ params["key"]'),
            ('data @ params["key"]', 'data @ params["query"]'),
        )(
            "params['query'] makes queries out of latents, params['key'] makes keys out of data. "
            "You have exchanged them, which only runs where the widths happen to agree."
        ),
        edited(
            "the latents read themselves",
            (
                "    query =",
                "    data = np.broadcast_to(latents, (len(data), *latents.shape))\n    query =",
            ),
        )(
            "Your keys and values come from the latents, so the data have no say. They are "
            "data @ params['key'] and data @ params['value']."
        ),
        edited("latents added", ("return output", "return output + latents"))(
            "You add the latents to what they read. That residual path belongs to the block around "
            "this function; return what was read, and no more."
        ),
        edited("batch behind the latents", ("return output", "return output.swapaxes(0, 1)"))(
            "The numbers are right, but the axes are (L, B, D). The batch stays first: (B, L, D)."
        ),
        edited("features before latents", ("return output", "return output.swapaxes(1, 2)"))(
            "The numbers are right, but the axes are (B, D, L). It should be (B, L, D)."
        ),
        edited("averaged over the latents", ("return output", "return output.mean(axis=1)"))(
            "You average over the latents. Keep them apart: the result is (B, L, D)."
        ),
    ),
)
