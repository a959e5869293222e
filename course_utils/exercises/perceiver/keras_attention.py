"""Exercise `keras_attention`: make a layer do what its name says."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.attention.by_hand import softmax_of_axis
from course_utils.exercises.draw import normal
from course_utils.reference import perceiver as reference


def keras_cases(rng):
    def case(shows, *, batch=2, queries=5, keys=7, width=3, value_width=11, sharp=1):
        return Case(
            shows,
            {
                "query": 2 * sharp * normal(rng, batch, queries, width),
                "key": sharp * normal(rng, batch, keys, width),
                "value": normal(rng, batch, keys, value_width),
            },
        )

    return [
        case("values of a width of their own"),
        case("values as wide as the keys", width=11),
        case("as many queries as keys", queries=7, width=11),
        case("more queries than keys", batch=3, queries=13, keys=2, width=5),
        case("very large scores", sharp=40),
    ]


def attention_layer(query, value, key=None):
    """What keras.layers.Attention computes, in its own order of arguments. No scale."""
    key = value if key is None else key
    return softmax_of_axis(query @ np.swapaxes(key, -1, -2), -1) @ value


def scaled(divisor):
    """The right order, with a divisor that is a function of the three arrays."""
    return lambda query, key, value: attention_layer(
        query / np.float32(divisor(query, key, value)), value, key
    )


def root(query):
    return np.float32(query.shape[-1] ** 0.5)


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
    cases=keras_cases,
    outputs={"output": "B Nq dv"},
    hints=(
        "Two things in the example differ from softmax(query · keyᵀ / √d) · value. Read what "
        "help(keras.layers.Attention) says about inputs, and about use_scale.",
        "The layer takes a list of three arrays, (B, Nq, d), (B, Nk, dv) and (B, Nk, d) in this "
        "order. It divides by nothing: the factor 1/√d can go into the queries before.",
        "layer = keras.layers.Attention();  "
        "return layer([query / query.shape[-1] ** 0.5, value, key])",
    ),
    mistakes=(
        Mistake(
            "passes [query, key, value]",
            lambda query, key, value: attention_layer(query / root(query), key, value),
            f"The scale is right. {ORDER}",
        ),
        Mistake(
            "passes [query, key, value], unscaled",
            lambda query, key, value: attention_layer(query, key, value),
            f"{ORDER} And the scores are not divided by √d: Keras divides by nothing, and the "
            "number of use_scale=True starts at 1.",
        ),
        Mistake(
            "unscaled, or use_scale=True taken for 1/√d",
            scaled(lambda query, key, value: 1),
            "The order is right. But the scores are not divided by √d: Keras' Attention divides by "
            "nothing. use_scale=True does not help, it multiplies by a number that is learned and "
            "starts at 1. Divide the queries by √d before you hand them over.",
        ),
        Mistake(
            "divided by d",
            scaled(lambda query, key, value: query.shape[-1]),
            "Your scores are divided by d. Divide by √d in all: queries or keys by √d, not both.",
        ),
        Mistake(
            "multiplied by √d",
            scaled(lambda query, key, value: query.shape[-1] ** -0.5),
            "Your scores are multiplied by √d: divide by it.",
        ),
        Mistake(
            "√ of the value width",
            scaled(lambda query, key, value: value.shape[-1] ** 0.5),
            "You divide by the root of the width of the values. The sum in a score runs over the "
            "features of query and key: take d from the last axis of query.",
        ),
        Mistake(
            "√ of the number of keys",
            scaled(lambda query, key, value: key.shape[1] ** 0.5),
            "You divide by the root of the number of keys. Take d from the last axis of query.",
        ),
        Mistake(
            "√ of the number of queries",
            scaled(lambda query, key, value: query.shape[1] ** 0.5),
            "You divide by the root of the number of queries. Take d from the last axis of query.",
        ),
        Mistake(
            "the result scaled",
            lambda query, key, value: attention_layer(query, value, key) / root(query),
            "You divide the result by √d, which only makes it smaller. Divide the scores: the "
            "queries before the layer.",
        ),
        Mistake(
            "key left out",
            lambda query, key, value: attention_layer(query / root(query), value),
            "You give the layer no key, so it takes the values for keys too. Hand over all three: "
            "[query, value, key].",
        ),
        Mistake(
            "value left out",
            lambda query, key, value: attention_layer(query / root(query), key),
            "You give the layer [query, key], and Keras takes the second for values and keys both. "
            "Hand over all three: [query, value, key].",
        ),
        Mistake(
            "passes [value, query, key]",
            lambda query, key, value: attention_layer(value / root(query), query, key),
            "You give the layer [value, query, key]. The query comes first: [query, value, key].",
        ),
        Mistake(
            "passes [key, value, query]",
            lambda query, key, value: attention_layer(key / root(query), value, query),
            "Query and key are exchanged: your keys ask, and the queries answer. Keras wants "
            "[query, value, key].",
        ),
        Mistake(
            "query added",
            lambda query, key, value: attention_layer(query / root(query), value, key) + query,
            "You add the query to what was read. That residual path belongs to the block around "
            "this function.",
        ),
    ),
)
