"""Answers to `MultiHeadAttention`: right, mistaken in another style, and wrong."""

import functools

import keras
from keras import layers, ops

from course_utils.checking.edits import edited_answer
from course_utils.exercises.multi_head_attention.MultiHeadAttention import MultiHeadAttention
from course_utils.reference import multi_head_attention as reference
from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import mask_for_heads, merge_heads, split_heads

SLOW = True  # every case builds a new layer


class Fewer(layers.Layer):
    """Other names than the stub's, in another order."""

    def __init__(self, dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.h = num_heads
        self.out, self.v, self.q, self.k = (layers.Dense(dim) for _ in range(4))

    def call(self, query, value=None, mask=None, return_weights=False):
        value = query if value is None else value
        parts = (split_heads(f(x), self.h) for f, x in
                 [(self.q, query), (self.k, value), (self.v, value)])  # fmt: skip
        output, weights = attend(*parts, mask_for_heads(mask))
        output = self.out(merge_heads(output))
        return [output, weights] if return_weights else output


class Listed(layers.Layer):
    def __init__(self, num_heads, dim):
        super().__init__(name="mine")
        self.num_heads = num_heads
        self.projections = [layers.Dense(dim, name=n) for n in "qkvo"]

    def call(self, query, value=None, mask=None, *, return_weights=False):
        if value is None:
            value = query
        q, k, v, o = self.projections
        d = query.shape[-1] // self.num_heads
        q, k, v = (
            ops.transpose(ops.reshape(x, (-1, x.shape[1], self.num_heads, d)), (0, 2, 1, 3))
            for x in (q(query), k(value), v(value))
        )
        scores = ops.einsum("bhqd,bhkd->bhqk", q, k) / d**0.5
        if mask is not None:
            scores = ops.where(ops.expand_dims(mask, -3), scores, -1e9)
        weights = ops.softmax(scores)
        output = ops.einsum("bhqk,bhkd->bqhd", weights, v)
        output = o(ops.reshape(output, (-1, query.shape[1], self.num_heads * d)))
        return (output, weights) if return_weights else output


class BuiltLate(MultiHeadAttention):
    """Makes its Dense layers in build, which runs once."""

    def __init__(self, dim, num_heads):
        layers.Layer.__init__(self)
        self.dim, self.num_heads = dim, num_heads

    def build(self, query_shape, *others):
        for role in ("query", "key", "value", "output"):
            dense = layers.Dense(self.dim)
            dense.build(query_shape)
            setattr(self, f"{role}_dense", dense)


class OwnWeights(layers.Layer):
    """No Dense layers: kernels and biases of its own, and the exercise's function."""

    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        roles = ("query", "key", "value", "output")
        self.kernels = [self.add_weight(shape=(dim, dim), name=f"{role}_kernel") for role in roles]
        self.biases = [self.add_weight(shape=(dim,), name=f"{role}_bias") for role in roles]

    def call(self, query, value=None, mask=None, return_weights=False):
        roles = ("query", "key", "value", "output")
        params = dict(zip(roles, zip(self.kernels, self.biases, strict=True), strict=True))
        pair = reference.multi_head_attention(
            query, query if value is None else value, params, self.num_heads, mask
        )
        return pair if return_weights else pair[0]


Own = edited_answer(MultiHeadAttention, ())  # a copy: the plain class itself is not to be used


def as_function(dim, num_heads):
    return Own(dim, num_heads)


VARIANTS = [
    Own,
    Fewer,
    Listed,
    BuiltLate,
    OwnWeights,
    as_function,
    functools.partial(Fewer, name="mine"),
    lambda **sizes: Own(**sizes),
]


class AlwaysItself(Listed):
    def call(self, query, value=None, mask=None, *, return_weights=False):
        return super().call(query, None, mask, return_weights=return_weights)


class SeesAll(Listed):
    def call(self, query, value=None, mask=None, *, return_weights=False):
        return super().call(query, value, return_weights=return_weights)


OTHER_STYLE = [
    ("value ignored", AlwaysItself),
    ("mask ignored", SeesAll),
]


def changed(old, new):
    return edited_answer(MultiHeadAttention, ((old, new),))


half_the_mask = changed(
    "mask_for_heads(mask)", "None if mask is None else mask_for_heads(mask)[..., :1, :]"
)
twice_the_output = changed("self.output_dense(", "2 * self.output_dense(")
shares_output = changed("self.query_dense(query)", "self.output_dense(query)")
activated = changed("split_heads(x", "split_heads(ops.relu(x)")


class Residual(MultiHeadAttention):
    def call(self, query, value=None, mask=None, return_weights=False):
        pair = super().call(query, value, mask, True)
        return (pair[0] + query, pair[1]) if return_weights else pair[0] + query


class FifthDense(MultiHeadAttention):
    def __init__(self, dim, num_heads):
        super().__init__(dim, num_heads)
        self.more = layers.Dense(dim)

    def call(self, query, value=None, mask=None, return_weights=False):
        output, weights = super().call(query, value, mask, True)
        output = output + 0 * self.more(output)
        return (output, weights) if return_weights else output


class Narrow(MultiHeadAttention):
    def __init__(self, dim, num_heads):
        super().__init__(dim // num_heads, num_heads)


class NotALayer:
    def __init__(self, dim, num_heads):
        self.inner = MultiHeadAttention(dim, num_heads)

    def __call__(self, *args, **kwargs):
        return self.inner(*args, **kwargs)


class Borrowed(layers.Layer):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.inner = layers.MultiHeadAttention(num_heads, dim // num_heads)

    def call(self, query, value=None, mask=None, return_weights=False):
        value = query if value is None else value
        return self.inner(query, value, None, None, None, mask, return_weights)


class Inherited(reference.MultiHeadAttention):
    def __init__(self, dim, num_heads):
        super().__init__(dim, num_heads)


WRONG = [
    half_the_mask,
    twice_the_output,
    shares_output,
    activated,
    Residual,
    FifthDense,
    Narrow,
    NotALayer,
    Borrowed,
    Inherited,
    layers.Dense,
    MultiHeadAttention(15, 3),
    lambda dim, num_heads: keras.layers.MultiHeadAttention(num_heads, dim // num_heads),
    lambda dim, num_heads: reference.MultiHeadAttention(dim, num_heads),
]
