"""Exercise `keras_attention`: make a layer do what its name says."""

import numpy as np
from keras import layers

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.reference import perceiver as reference


def keras_attention(query, key, value):
    divisor = query.shape[-1] ** 0.5
    return layers.Attention()([query / divisor, value, key])


def keras_cases(rng):
    def case(shows, *, batch=2, queries=5, keys=7, width=3, value_width=11, sharp=1):
        query = 2 * sharp * normal(rng, batch, queries, width)
        key = sharp * normal(rng, batch, keys, width)
        value = normal(rng, batch, keys, value_width)
        return Case(shows, {"query": query, "key": key, "value": value})

    return [
        case("values of a width of their own"),
        case("values as wide as the keys", width=11),
        case("as many queries as keys", queries=7, width=11),
        case("more queries than keys", batch=3, queries=13, keys=2, width=5),
        case("very large scores", sharp=40),
    ]


ASKED = {
    "query": np.float32([[[2, 0, 0, 0]]]),
    "key": np.float32(np.log([[[1, 1, 1, 1], [3, 1, 1, 1]]])),
}
LADDER = (
    by_hand(**ASKED, value=np.float32([[[4, 0, 0, 0], [8, 0, 0, 0]]])),
    by_hand(**ASKED, value=np.float32([[[4], [8]]])),
)


ORDER = (
    "You give the layer [query, key, value]. Keras wants [query, value, key]: the value second, "
    "the key last. So it compares queries with values, and mixes keys; no error says so where the "
    "widths agree."
)

KERAS_ATTENTION = Exercise(
    id="keras_attention",
    title="A layer that does what its name says",
    points=2,
    reference=reference.keras_attention,
    answer=keras_attention,
    cases=keras_cases,
    ladder=LADDER,
    outputs={"output": "B Nq dv"},
    hints=(
        "Two things in the example differ from softmax(query · keyᵀ / √d) · value. Read what "
        "help(keras.layers.Attention) says about inputs, and about use_scale.",
        "The layer takes a list of three arrays, (B, Nq, d), (B, Nk, dv) and (B, Nk, d) in this "
        "order. It divides by nothing: the factor 1/√d can go into the queries before.",
        "layer = keras.layers.Attention();  layer([query / …, …, …]): three arrays in the order "
        "that the layer wants, and not the one you would choose.",
    ),
    mistakes=(
        edited("passes [query, key, value]", ("value, key]", "key, value]"))(
            f"The scale is right. {ORDER}"
        ),
        edited(
            "passes [query, key, value], unscaled",
            ("value, key]", "key, value]"),
            (" / divisor", ""),
        )(
            f"{ORDER} And the scores are not divided by √d: Keras divides by nothing, and the "
            "number of use_scale=True starts at 1."
        ),
        edited("unscaled, or use_scale=True taken for 1/√d", (" / divisor", ""))(
            "The order is right. But the scores are not divided by √d: Keras' Attention divides by "
            "nothing. use_scale=True would not help, it multiplies by a number that is learned and "
            "starts at 1. Divide the queries by √d before you hand them over."
        ),
        edited("divided by d", (" ** 0.5", ""))(
            "Your scores are divided by d. Divide by √d in all: queries or keys by √d, not both."
        ),
        edited("divided by d²", ("** 0.5", "** 2"))(
            "Your scores are divided by d². Divide by √d: query.shape[-1] ** 0.5."
        ),
        *(
            edited("a fixed divisor", ("query.shape[-1] ** 0.5", f"{width}**0.5"))(
                "You divide by the same number however wide the queries are. Take d from the last "
                "axis of query."
            )
            for width in (4, 16, 64)
        ),
        edited("additive attention", ("Attention()", 'Attention(score_mode="concat")'))(
            'score_mode="concat" scores with tanh(query + key), and not with a product. The '
            'default, "dot", is the product.'
        ),
        edited("multiplied by √d", ("/ divisor", "* divisor"))(
            "Your scores are multiplied by √d: divide by it."
        ),
        edited("√ of the value width", ("query.shape[-1]", "value.shape[-1]"))(
            "You divide by the root of the width of the values. The sum in a score runs over the "
            "features of query and key: take d from the last axis of query."
        ),
        edited("√ of the number of keys", ("query.shape[-1]", "key.shape[1]"))(
            "You divide by the root of the number of keys. Take d from the last axis of query."
        ),
        edited("√ of the number of queries", ("query.shape[-1]", "query.shape[1]"))(
            "You divide by the root of the number of queries. Take d from the last axis of query."
        ),
        edited("the result scaled", (" / divisor", ""), ("key])", "key]) / divisor"))(
            "You divide the result by √d, which only makes it smaller. Divide the scores: the "
            "queries before the layer."
        ),
        edited("key left out", (", key]", "]"))(
            "You give the layer no key, so it takes the values for keys too. Hand over all three: "
            "[query, value, key]."
        ),
        edited("value left out", ("value, key]", "key]"))(
            "You give the layer [query, key], and Keras takes the second for values and keys both. "
            "Hand over all three: [query, value, key]."
        ),
        edited("passes [value, query, key]", ("query / divisor, value", "value / divisor, query"))(
            "You give the layer [value, query, key]. The query comes first: [query, value, key]."
        ),
        edited(
            "passes [key, value, query]",
            ("query / divisor, value, key", "key / divisor, value, query"),
        )(
            "Query and key are exchanged: your keys ask, and the queries answer. Keras wants "
            "[query, value, key]."
        ),
        edited("query added", ("key])", "key]) + query"))(
            "You add the query to what was read. That residual path belongs to the block around "
            "this function."
        ),
    ),
)
