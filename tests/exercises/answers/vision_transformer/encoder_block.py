"""Answers to `encoder_block`: right, mistaken in another style, and wrong."""

import functools

import keras
import numpy as np
from keras import ops


def block(x, norm1, attention, norm2, mlp):
    x = x + attention(norm1(x))
    return x + mlp(norm2(x))


def block_named(x, norm1, attention, norm2, mlp):
    normed = norm1(x)
    attended = attention(normed)
    middle = x + attended
    normed = norm2(middle)
    thought = mlp(normed)
    return middle + thought


def block_in_a_line(x, norm1, attention, norm2, mlp):
    return (y := x + attention(norm1(x))) + mlp(norm2(y))


def block_loop(x, norm1, attention, norm2, mlp):
    for norm, sublayer in ((norm1, attention), (norm2, mlp)):
        x = x + sublayer(norm(x))
    return x


def block_keras(x, norm1, attention, norm2, mlp):
    x = ops.convert_to_tensor(x)
    x = ops.add(x, attention(norm1(x)))
    return ops.add(x, mlp(norm2(x)))


def block_layers(x, norm1, attention, norm2, mlp):
    x = keras.layers.Add()([x, attention(norm1(x))])
    return keras.layers.add([mlp(norm2(x)), x])


def block_copy(x, norm1, attention, norm2, mlp):
    x = np.copy(x)
    x += attention(norm1(x))
    x += mlp(norm2(x))
    return x


def block_skips(x, norm1, attention, norm2, mlp):
    skip = x
    x = attention(norm1(x))
    x = x + skip
    skip = x
    x = mlp(norm2(x))
    return x + skip


def block_sums(x, norm1, attention, norm2, mlp):
    parts = [x, attention(norm1(x))]
    parts.append(mlp(norm2(sum(parts))))
    return sum(parts)


def block_helper(x, norm1, attention, norm2, mlp):
    def beside(norm, sublayer):
        return lambda x: x + sublayer(norm(x))

    first, second = beside(norm1, attention), beside(norm2, mlp)
    return second(first(x))


class Block:
    def __call__(self, x, norm1, attention, norm2, mlp):
        return block(x, norm1, attention, norm2, mlp)


VARIANTS = [
    block_named,
    block_in_a_line,
    block_loop,
    block_keras,
    block_layers,
    block_copy,
    block_skips,
    block_sums,
    block_helper,
    Block(),
    functools.partial(block),
    lambda *, x, norm1, attention, norm2, mlp: block(x, norm1, attention, norm2, mlp),
    lambda x, a, b, c, d: np.stack([y := block(x, a, b, c, d)])[0] + 0 * y,
    lambda x, a, b, c, d: np.float64(block(np.float64(x), a, b, c, d)),
]


def post_norm_loop(x, norm1, attention, norm2, mlp):
    for norm, sublayer in ((norm1, attention), (norm2, mlp)):
        x = norm(ops.add(x, sublayer(x)))
    return x


def reused_name(x, norm1, attention, norm2, mlp):
    x = norm1(x)
    x = ops.add(attention(x), x)
    x = norm2(x)
    return ops.add(mlp(x), x)


def input_kept(x, norm1, attention, norm2, mlp):
    y = ops.add(x, attention(norm1(x)))
    y = mlp(norm2(y))
    return ops.add(x, y)


OTHER_STYLE = [
    ("post-norm", post_norm_loop),
    ("norm on the residual path", reused_name),
    ("the input added a second time", input_kept),
    (
        "second residual missing",
        lambda x, n1, a, n2, m: ops.convert_to_tensor(m(n2(x + a(n1(x))))),
    ),
    ("the same norm twice", lambda x, n1, a, n2, m: (y := a(n1(x)) + x) + m(n1(y))),
    ("mlp on the un-normed input", lambda x, n1, a, n2, m: m(y := ops.add(a(n1(x)), x)) + y),
]


def in_place(x, norm1, attention, norm2, mlp):
    x += attention(norm1(x))
    x += mlp(norm2(x))
    return x


def counts_calls():
    calls = []

    def once(x, norm1, attention, norm2, mlp):
        calls.append(1)
        return block(x, norm1, attention, norm2, mlp) if len(calls) == 1 else x

    return once


WRONG = [
    in_place,
    counts_calls(),
    lambda x, n1, a, n2, m: None,
    lambda x, n1, a, n2, m: n2(block(x, n1, a, n2, m)),
    lambda x, n1, a, n2, m: block(block(x, n1, a, n2, m), n1, a, n2, m),
    lambda x, n1, a, n2, m: 2 * x + a(n1(x)) + m(n2(x + a(n1(x)))),
    lambda x, n1, a, n2, m: a(n1(x)) + m(n2(x)),
    lambda x, n1, a, n2, m: n1(a(x)) + n2(m(x)),
    lambda x, n1, a, n2, m: (y := x + n1(a(x))) + n2(m(y)),
    lambda x, n1, a, n2, m: n2(n1(x + a(x)) + m(n1(x + a(x)))) + x,
    lambda x, n1, a, n2, m: (y := x + m(n1(x))) + a(n2(y)),
    lambda x, n1, a, n2, m: (y := x - a(n1(x))) - m(n2(y)),
    lambda x, n1, a, n2, m: block(x, n1, a, n2, m) / 2,
    lambda x, n1, a, n2, m: block(x, n1, a, n2, m)[:, 0],
    lambda x, n1, a, n2, m: (block(x, n1, a, n2, m), None),
    lambda x, n1, a, n2, m: (y := x + a(n1(n1(x)))) + m(n2(n2(y))),
    lambda x, n1, a, n2: x + a(n1(x)),
]
