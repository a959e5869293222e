"""Solutions that call what does the whole exercise are found, however they hold it."""

import functools
import types

import keras
import numpy as np
import pytest
from keras import activations, ops
from keras.ops import softmax as borrowed
from keras.ops import softmax as sm

from course_utils.checking import check_exercise, guard
from course_utils.exercises import EXERCISES
from course_utils.exercises.attention.attention_scores import BUILT_IN_ATTENTION
from course_utils.exercises.attention.softmax import BUILT_IN_SOFTMAX
from course_utils.reference import attention as reference

SOFTMAX, ATTEND = EXERCISES["softmax"], EXERCISES["attend"]
TABLE = {"first": sm}
ROW = [print, sm]


def own_softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def helper(scores):
    return borrowed(scores)


def imports_inside(scores):
    from keras.ops import softmax

    return softmax(scores)


def imports_under_another_name(scores):
    import keras.ops as something

    return something.softmax(scores)


def swallows(scores):
    try:
        return ops.softmax(scores)
    except BaseException:
        return own_softmax(scores)


def getattr_of_a_string(scores):
    return getattr(ops, "soft" + "max")(scores)


def raw_op(scores):
    import tensorflow

    return tensorflow.raw_ops.Softmax(logits=scores)


def of_the_first_version(scores):
    import tensorflow

    return tensorflow.compat.v1.math.softmax(scores)


def from_where_it_is_written(scores):
    from tensorflow.python.ops import nn_ops

    return nn_ops.softmax_v2(scores)


def of_the_backend(scores):
    return keras.src.backend.nn.softmax(ops.convert_to_tensor(scores))


def of_kerass_own_modules(scores):
    return keras.src.activations.activations.softmax(scores)


def a_copy():
    copied = types.FunctionType(sm.__code__, sm.__globals__)
    return lambda scores: copied(scores)


def in_a_class():
    class Shelf:
        function = staticmethod(sm)

    Shelf.__module__ = "__main__"  # as it is in a notebook
    return lambda scores: Shelf.function(scores)


def in_an_object():
    class Shelf:
        def __init__(self):
            self.function = sm

    Shelf.__module__ = "__main__"
    shelf = Shelf()
    return lambda scores: shelf.function(scores)


def closure():
    function = sm
    return lambda scores: function(scores)


def nested(scores):
    def inner(x):
        return sm(x)

    return inner(scores)


def only_on_large_scores(scores):
    return own_softmax(scores) if np.max(scores) < 100 else ops.softmax(scores)


class Object:
    def __call__(self, scores):
        return sm(scores)


class Holder:
    def __init__(self):
        self.function = sm

    def __call__(self, scores):
        return self.function(scores)

    def method(self, scores):
        return sm(scores)


def in_a_default(scores, function=sm):
    return function(scores)


def in_a_keyword_default(scores, *, function=sm):
    return function(scores)


FORBIDDEN = {
    "the function itself": ops.softmax,
    "a layer": keras.layers.Softmax(),
    "attribute": lambda scores: ops.softmax(scores),
    "long attribute": lambda scores: keras.ops.softmax(scores),
    "other attribute": lambda scores: keras.ops.nn.softmax(scores),
    "activations": lambda scores: activations.softmax(ops.convert_to_tensor(scores)),
    "layer": lambda scores: keras.layers.Softmax()(scores),
    "exp of log_softmax": lambda scores: ops.exp(ops.log_softmax(scores)),
    "alias": lambda scores: sm(scores),
    "helper": lambda scores: helper(scores),
    "helper in a helper": lambda scores: (lambda x: helper(x))(scores),
    "partial": functools.partial(sm, axis=-1),
    "partial in a partial": functools.partial(functools.partial(helper)),
    "function in a partial": functools.partial(lambda f, x: f(x), sm),
    "keyword in a partial": functools.partial(lambda x, f: f(x), f=sm),
    "table": lambda scores: TABLE["first"](scores),
    "list": lambda scores: ROW[1](scores),
    "import inside": imports_inside,
    "module inside": imports_under_another_name,
    "try and except": swallows,
    "getattr": getattr_of_a_string,
    "closure": closure(),
    "nested": nested,
    "now and then": only_on_large_scores,
    "object": Object(),
    "attribute of an object": Holder(),
    "method": Holder().method,
    "default": in_a_default,
    "keyword default": in_a_keyword_default,
    "reference": lambda scores: reference.softmax(scores),
    "reference as a name": functools.partial(reference.softmax),
    "of the backend": of_the_backend,
    "of Keras' own modules": of_kerass_own_modules,
    "a copy": a_copy(),
    "in a class": in_a_class(),
    "in an object": in_an_object(),
    "a library's own use": lambda scores: keras.activations.get("softmax")(
        ops.convert_to_tensor(scores)
    ),
}
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    FORBIDDEN["tensorflow"] = lambda scores: tf.nn.softmax(scores)
    FORBIDDEN["tensorflow's math"] = lambda scores: tf.math.softmax(scores)
    FORBIDDEN["a raw operation"] = raw_op
    FORBIDDEN["tensorflow's first version"] = of_the_first_version
    FORBIDDEN["where it is written"] = from_where_it_is_written
    FORBIDDEN["tensorflow's keras"] = lambda scores: tf.keras.activations.softmax(scores)
else:
    import jax

    FORBIDDEN["jax"] = lambda scores: jax.nn.softmax(scores)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_call_gets_no_points_and_is_named(name):
    report = check_exercise(SOFTMAX, FORBIDDEN[name])
    assert report.score == 0 and not report.passed and report.mistake is None
    assert report.solved
    assert "which does the whole exercise" in report.message
    assert "softmax" in report.message.split(" uses ")[1].lower()


@pytest.mark.parametrize(
    "solution",
    [
        lambda q, k, v, mask=None: (ops.dot_product_attention(q, k, v), None),
        lambda q, k, v, mask=None: (keras.layers.Attention()([q, v, k]), None),
        lambda q, k, v, mask=None: keras.layers.MultiHeadAttention(1, 3)(q, v, k),
        lambda q, k, v, mask=None: reference.attend(q, k, v, mask),
    ],
)
def test_whole_attention_is_forbidden_in_attend(solution):
    report = check_exercise(ATTEND, solution)
    assert report.score == 0 and "which does the whole exercise" in report.message


def test_the_pieces_stay_allowed_in_attend():
    def attend(query, key, value, mask=None):
        scores = reference.attention_scores(query, key)
        mask = ops.ones_like(scores, dtype="bool") if mask is None else mask
        weights = ops.where(mask, sm(ops.where(mask, scores, -1e9)), 0.0)
        return weights @ value, weights

    assert check_exercise(ATTEND, attend).passed


def test_the_reference_may_be_checked():
    assert check_exercise(SOFTMAX, SOFTMAX.reference).passed


def softmax(scores):  # noqa: F811
    """Of the same name as something forbidden, and a name that is an attribute elsewhere."""
    return own_softmax(scores)


def test_a_name_alone_is_no_offence():
    assert check_exercise(SOFTMAX, softmax).passed


def mentions(scores):
    class Thing:
        sm = 3

    return own_softmax(scores) if Thing().sm else None


def test_an_attribute_that_shares_a_name_with_a_global_is_no_offence():
    assert check_exercise(SOFTMAX, mentions).passed


def recursive(scores):
    return np.stack([recursive(row) for row in scores]) if scores.ndim > 1 else own_softmax(scores)


def test_recursion_ends():
    assert check_exercise(SOFTMAX, recursive).passed


@pytest.mark.parametrize("name", ["passes", "fails", "is forbidden"])
def test_the_library_is_as_before_afterwards(name):
    before = {name: thing for name, _, thing in guard.loaded(SOFTMAX)}
    solution = {"passes": own_softmax, "fails": None, "is forbidden": swallows}[name]
    check_exercise(SOFTMAX, solution)
    assert {name: thing for name, _, thing in guard.loaded(SOFTMAX)} == before
    assert keras.ops.softmax is sm


def test_an_unfinished_closure_does_not_disturb():
    def outer():
        def solution(scores):
            return later if scores is None else own_softmax(scores)

        report = check_exercise(SOFTMAX, solution)
        later = 1
        return report, later

    assert outer()[0].passed


def test_every_forbidden_name_of_an_installed_library_exists():
    """A name that does not exist protects from nothing."""
    import jax.nn  # noqa: F401
    import scipy.special  # noqa: F401

    expected = {
        name
        for name in BUILT_IN_SOFTMAX | BUILT_IN_ATTENTION
        if not name.startswith(("torch", "tensorflow"))
    }
    found = {name for exercise in (SOFTMAX, ATTEND) for name, _, _ in guard.loaded(exercise)}
    assert expected <= found
