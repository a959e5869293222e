"""Answers to `perceive`: right, mistaken in another style, and wrong."""

import copy
import functools
import itertools

import keras
import numpy as np
from keras import layers, ops


def loop(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        latents = cross(latents, data)
        latents = latent_transformer(latents)
    return latents


def one_line(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        latents = latent_transformer(cross(latents, data))
    return latents


def recursive(latents, data, cross, latent_transformer, iterations):
    if iterations == 0:
        return latents
    latents = latent_transformer(cross(latents, data))
    return recursive(latents, data, cross, latent_transformer, iterations - 1)


def backwards_recursive(latents, data, cross, latent_transformer, iterations):
    if iterations == 0:
        return latents
    latents = backwards_recursive(latents, data, cross, latent_transformer, iterations - 1)
    return latent_transformer(cross(latents, data))


def while_loop(latents, data, cross, latent_transformer, iterations):
    done = 0
    while done < iterations:
        latents, done = latent_transformer(cross(latents, data)), done + 1
    return latents


def first_round_apart(latents, data, cross, latent_transformer, iterations):
    x = latent_transformer(cross(latents, data)) if iterations else latents
    for _ in range(iterations - 1):
        x = latent_transformer(cross(x, data))
    return x


def reduced(latents, data, cross, latent_transformer, iterations):
    def step(x, _):
        return latent_transformer(cross(x, data))

    return functools.reduce(step, range(iterations), latents)


def by_name(latents, data, cross, latent_transformer, iterations):
    for _ in itertools.repeat(None, iterations):
        latents = latent_transformer(latents=cross(latents=latents, data=data))
    return latents


def list_of_parts(latents, data, cross, latent_transformer, iterations):
    for part in [lambda x: cross(x, data), latent_transformer] * iterations:
        latents = part(latents)
    return latents


def keras_loop(latents, data, cross, latent_transformer, iterations):
    def step(_, x):
        return latent_transformer(cross(x, data))

    return ops.fori_loop(0, iterations, step, ops.convert_to_tensor(latents))


def image_by_image(latents, data, cross, latent_transformer, iterations):
    parts = [
        loop(latents[i : i + 1], data[i : i + 1], cross, latent_transformer, iterations)
        for i in range(len(data))
    ]
    return ops.concatenate(parts)


def last_of_all(latents, data, cross, latent_transformer, iterations):
    states = [latents]
    for _ in range(iterations):
        states.append(latent_transformer(cross(states[-1], data)))
    return np.array(states[-1])


class Block(layers.Layer):
    def __init__(self, cross, latent_transformer):
        super().__init__()
        self.steps = (cross, latent_transformer)

    def call(self, latents, data):
        cross, latent_transformer = self.steps
        return latent_transformer(cross(latents, data))


def as_a_layer(latents, data, cross, latent_transformer, iterations):
    block = Block(cross, latent_transformer)
    for _ in range(iterations):
        latents = block(latents, data)
    return latents


VARIANTS = [
    loop,
    one_line,
    recursive,
    backwards_recursive,
    while_loop,
    first_round_apart,
    reduced,
    by_name,
    list_of_parts,
    keras_loop,
    image_by_image,
    last_of_all,
    as_a_layer,
    functools.partial(loop),
    lambda *, latents, data, cross, latent_transformer, iterations: loop(
        latents, data, cross, latent_transformer, iterations
    ),
]

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def traced(latents, data, cross, latent_transformer, iterations):
        return tf.function(lambda x, y: loop(x, y, cross, latent_transformer, iterations))(
            latents, data
        )
else:
    import jax

    def traced(latents, data, cross, latent_transformer, iterations):
        return jax.jit(lambda x, y: loop(x, y, cross, latent_transformer, iterations))(
            latents, data
        )


VARIANTS += [traced]


def forgets_the_data(latents, data, cross, latent_transformer, iterations):
    latents = cross(latents, data)
    for _ in range(iterations):
        latents = latent_transformer(latents)
    return latents


def always_the_first(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        result = latent_transformer(cross(latents, data))
    return result


def copies_from_the_start(latents, data, cross, latent_transformer, iterations):
    crosses = [copy.deepcopy(cross) for _ in range(iterations)]
    transformers = [copy.deepcopy(latent_transformer) for _ in range(iterations)]
    for look, think in zip(crosses, transformers, strict=True):
        latents = think(look(latents, data))
    return latents


def layers_of_its_own(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        read = ops.mean(layers.Dense(latents.shape[-1])(data), axis=1, keepdims=True)
        latents = layers.Dense(latents.shape[-1])(latents + read)
    return latents


def thinks_first(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        latents = cross(latent_transformer(latents), data)
    return latents


def adds_each_round(latents, data, cross, latent_transformer, iterations):
    for _ in range(iterations):
        latents = layers.Add()([latents, latent_transformer(cross(latents, data))])
    return latents


OTHER_STYLE = [
    ("data forgotten after the first round", forgets_the_data),
    ("starts again from the first latents", always_the_first),
    ("new weights each round", copies_from_the_start),
    ("new weights each round", layers_of_its_own),
    ("order reversed", thinks_first),
    ("a round too few", lambda x, d, c, t, n: loop(t(c(x, d)), d, c, t, n - 2)),
    ("a round too many", lambda x, d, c, t, n: recursive(t(c(x, d)), d, c, t, n)),
    ("starts again from the first latents", lambda x, d, c, t, n: t(c(x, d))),
    ("cross(data, latents)", lambda x, d, c, t, n: loop(x, d, lambda a, b: c(b, a), t, n)),
    ("a residual path around a round", adds_each_round),
]


def second_look_copied(latents, data, cross, latent_transformer, iterations):
    looks = [cross] + [copy.copy(cross) for _ in range(iterations - 1)]
    for look in looks:
        latents = latent_transformer(look(latents, data))
    return latents


WRONG = [
    second_look_copied,
    lambda x, d, c, t, n: None,
    lambda x, d, c, t, n: x,
    lambda x, d, c, t, n: c(x, d),
    lambda x, d, c, t, n: t(x),
    lambda x, d, c, t, n: [loop(x, d, c, t, n)],
    lambda x, d, c, t, n: (loop(x, d, c, t, n), x),
    lambda x, d, c, t, n: loop(x, d, c, t, n)[None],
    lambda x, d, c, t, n: loop(x, d, c, t, 3),
    lambda x, d, c, t, n: loop(x, d, c, t, n) * 1.01,
    lambda x, d, c, t, n: loop(x[::-1], d, c, t, n),
    lambda x, d, c, t, n: loop(x[:1].repeat(len(x), axis=0), d, c, t, n),
    lambda x, d, c, t, n: loop(x, d[:, :-1], c, t, n),
    lambda x, d, c, t, n: loop(x, d, c, lambda y: t(t(y)), n),
    lambda x, d, c, t, n: loop(x, d, lambda y, e: c(c(y, e), e), t, n),
    lambda x, d, c, t, n: loop(np.zeros_like(x), d, c, t, n),
    lambda x, d, c, t, n: loop(x, d, lambda y, e: c(y, e) + y, t, n),
    lambda x, d, c, t, n: np.mean([loop(x, d, c, t, i + 1) for i in range(n)], axis=0),
    lambda x, d, c, t: loop(x, d, c, t, 1),
]
