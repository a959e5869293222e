"""Exercise `cross_attend`: a few latents read many tokens."""

import numpy as np

from course_utils.checking.driver import Unusable, call
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.attention.by_hand import softmax_of_axis
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.multi_head_attention import DICTIONARY
from course_utils.reference import perceiver as reference

ROLES = ("query", "key", "value")


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


def call_with_params(solution, inputs):
    """Call a solution with the kernels in a dictionary, which has to stay as it is."""
    params = {role: inputs[role] for role in ROLES}
    given = {"latents": inputs["latents"], "data": inputs["data"], "params": params}
    result = call(solution, given)
    if list(params) != list(ROLES) or any(params[role] is not inputs[role] for role in ROLES):
        raise Unusable("unfit", DICTIONARY)
    return result


def turned(x):
    return np.swapaxes(x, -1, -2)


def by_hand(latents, data, params, *, scale=None, axis=-1, values=None, finish=None):
    """Cross-attention with one thing changed: how most mistakes are written.

    scale: (latents, data, query) -> divisor; values: (data, params) -> what is mixed;
    finish: (weights, values, latents) -> the result.
    """
    query = latents @ params["query"]  # (L, d)
    key = data @ params["key"]  # (B, N, d)
    value = data @ params["value"] if values is None else values(data, params)
    divisor = query.shape[-1] ** 0.5 if scale is None else scale(latents, data, query)
    weights = softmax_of_axis(query @ turned(key) / divisor, axis)  # (B, L, N)
    return weights @ value if finish is None else finish(weights, value, latents)


def variant(**changed):
    return lambda latents, data, params: by_hand(latents, data, params, **changed)


def finished(function):
    """The right answer with something done to it: a function of output and latents."""
    return variant(finish=lambda weights, value, latents: function(weights @ value, latents))


def scaled(divisor):
    return variant(scale=lambda latents, data, query: divisor(latents, data, query))


def data_asks(latents, data, params):
    """The roles swapped: the kernel of the queries meets the data, that of the keys the latents."""
    query, key, value = data @ params["query"], latents @ params["key"], latents @ params["value"]
    return softmax_of_axis(query @ turned(key) / query.shape[-1] ** 0.5, -1) @ value


def tokens_share_latents(latents, data, params):
    """The scores turned round, so that each token gets a mixture of latents."""
    query, key = latents @ params["query"], data @ params["key"]
    return softmax_of_axis(key @ turned(query) / query.shape[-1] ** 0.5, -1) @ latents


def all_images_at_once(latents, data, params):
    return by_hand(latents, data.reshape(-1, data.shape[-1]), params)


def first_image_only(latents, data, params):
    return by_hand(latents, data[:1], params)


def a_latent_an_image(latents, data, params):
    """latents[:, None] lines the latents up with the batch: only one of them sees each image."""
    query, key = latents[:, None] @ params["query"], data @ params["key"]  # (L, 1, d)
    scores = query @ turned(key) / query.shape[-1] ** 0.5
    return softmax_of_axis(scores, -1) @ (data @ params["value"])


def repeated_in_a_row(latents, data, params):
    return by_hand(np.repeat(latents, len(data), axis=0), data, params)


def without_softmax(latents, data, params):
    query, key = latents @ params["query"], data @ params["key"]
    return query @ turned(key) / query.shape[-1] ** 0.5 @ (data @ params["value"])


def without_maximum(latents, data, params):
    query, key = latents @ params["query"], data @ params["key"]
    exponentials = np.exp(query @ turned(key) / query.shape[-1] ** 0.5)
    weights = exponentials / exponentials.sum(-1, keepdims=True)
    return weights @ (data @ params["value"])


def kernels_exchanged(latents, data, params):
    return by_hand(latents, data, {**params, "query": params["key"], "key": params["query"]})


def latents_alone(latents, data, params):
    """Self-attention of the latents, image by image the same."""
    again = np.broadcast_to(latents, (len(data), *latents.shape))
    return by_hand(latents, again, params)


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
    cases=cross_cases,
    outputs={"latents": "B L D"},
    driver=call_with_params,
    hints=(
        "It is attention as in notebook 1. Only the sources differ: who asks, and who answers?",
        "query = latents @ kernel (L, d); key (B, N, d) and value (B, N, D) come from the data. "
        "Scores (B, L, N), softmax over the tokens, times the values: (B, L, D).",
        "query = (latents @ params['query'])[None];  key = data @ params['key'];  "
        "value = data @ params['value'];  "
        "weights = softmax(query @ swapaxes(key, 1, 2) / d ** 0.5);  return weights @ value",
    ),
    mistakes=(
        Mistake("roles swapped", data_asks, SWAPPED),
        Mistake("roles swapped", tokens_share_latents, SWAPPED),
        Mistake("latents not repeated over the batch", all_images_at_once, NOT_REPEATED),
        Mistake("latents not repeated over the batch", first_image_only, NOT_REPEATED),
        Mistake("latents lined up with the batch", a_latent_an_image, NOT_REPEATED),
        Mistake(
            "latents repeated in a row",
            repeated_in_a_row,
            "You repeat the latents B times in a row, and every image sees all B·L of them. Repeat "
            "along a new axis in front: latents[None] is (1, L, D), and broadcasts to (B, L, D).",
        ),
        Mistake(
            "scale by √E",
            scaled(lambda latents, data, query: data.shape[-1] ** 0.5),
            "You divide by the square root of the data's width E. The sum in a score runs over the "
            "features of query and key: divide by √d, the width of the queries.",
        ),
        Mistake(
            "scale by √D",
            scaled(lambda latents, data, query: latents.shape[-1] ** 0.5),
            "You divide by the square root of the latents' width D. The sum in a score runs over "
            "the features of query and key, after the kernels: divide by √d.",
        ),
        Mistake(
            "scale by √N",
            scaled(lambda latents, data, query: data.shape[1] ** 0.5),
            "You divide by the square root of the number of tokens. Divide by √d, the width of "
            "the queries.",
        ),
        Mistake(
            "no scale",
            scaled(lambda latents, data, query: 1),
            "The scores are not divided by √d, the root of the width of the queries.",
        ),
        Mistake(
            "divided by d",
            scaled(lambda latents, data, query: query.shape[-1]),
            "Your scores are divided by d. Divide by √d, and once: attend does it already.",
        ),
        Mistake(
            "multiplied by √d",
            scaled(lambda latents, data, query: query.shape[-1] ** -0.5),
            "Your scores are multiplied by √d: divide by it.",
        ),
        Mistake(
            "softmax over latents",
            variant(axis=-2),
            "For each token your weights sum to 1 over the latents. Each latent shares out its own "
            "attention among the tokens: softmax over the last axis of the scores (B, L, N).",
        ),
        Mistake(
            "softmax over all entries",
            variant(axis=(-2, -1)),
            "All weights of an image together sum to 1. Each latent shares out its own attention: "
            "softmax over the last axis alone.",
        ),
        Mistake(
            "softmax over the batch",
            variant(axis=0),
            "Your weights sum to 1 over the images of the batch, which should know nothing of each "
            "other. Softmax over the last axis, the tokens.",
        ),
        Mistake(
            "no softmax",
            without_softmax,
            "You mix the values by the scores themselves. Turn the scores into weights with the "
            "softmax first.",
        ),
        Mistake(
            "no maximum subtracted",
            without_maximum,
            "Right for small scores, but the exponential of a large one is infinity. Use a softmax "
            "that subtracts each row's maximum, such as keras.ops.softmax.",
        ),
        Mistake(
            "values not projected",
            variant(values=lambda data, params: data),
            "You mix the tokens as they are. The values are data @ params['value'].",
        ),
        Mistake(
            "keys mixed",
            variant(values=lambda data, params: data @ params["key"]),
            "Your weights are right, but you mix the keys with them. Keys only say where to look; "
            "what is fetched are the values, data @ params['value'].",
        ),
        Mistake(
            "kernels of query and key exchanged",
            kernels_exchanged,
            "params['query'] makes queries out of latents, params['key'] makes keys out of data. "
            "You have exchanged them, which only runs where the widths happen to agree.",
        ),
        Mistake(
            "the latents read themselves",
            latents_alone,
            "Your keys and values come from the latents, so the data have no say. They are "
            "data @ params['key'] and data @ params['value'].",
        ),
        Mistake(
            "latents added",
            finished(lambda output, latents: output + latents),
            "You add the latents to what they read. That residual path belongs to the block around "
            "this function; return what was read, and no more.",
        ),
        Mistake(
            "batch behind the latents",
            finished(lambda output, latents: output.swapaxes(0, 1)),
            "The numbers are right, but the axes are (L, B, D). The batch stays first: (B, L, D).",
        ),
        Mistake(
            "features before latents",
            finished(lambda output, latents: turned(output)),
            "The numbers are right, but the axes are (B, D, L). It should be (B, L, D).",
        ),
        Mistake(
            "averaged over the latents",
            finished(lambda output, latents: output.mean(axis=1)),
            "You average over the latents. Keep them apart: the result is (B, L, D).",
        ),
    ),
)
