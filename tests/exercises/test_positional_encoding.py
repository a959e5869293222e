"""The catalogue of notebook 03 tests itself: every mistake is refused and recognised as itself,
every variant (a right answer that looks different) is accepted, on twenty draws of the cases."""

import functools
import importlib
import math

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.checking import Exercise
from course_utils.exercises.positional_encoding import EXERCISES as LISTED
from course_utils.reference import positional_encoding as reference

judge = importlib.import_module("course_utils.checking.judge")  # not the function of that name

EXERCISES = {exercise.id: exercise for exercise in LISTED}
SEEDS, SOME_SEEDS = range(20), range(5)
BACKEND = keras.backend.backend()

# --- right answers, as students write them ------------------------------------------------------


def linear_plain(length, normalize=False):
    if normalize:
        return np.arange(length) / max(length - 1, 1)
    return np.arange(1, length + 1)


def linear_linspace(length, normalize=False):
    return np.linspace(0, 1, length) if normalize else np.linspace(1, length, length)


def linear_loop(length, normalize=False):
    positions = np.zeros(length)
    for i in range(length):
        positions[i] = i / (length - 1) if normalize and length > 1 else i * (not normalize)
        positions[i] += not normalize
    return positions


def linear_keras(length, normalize=False):
    positions = ops.arange(1, length + 1, dtype="float32")
    if normalize:
        positions = (positions - 1) / ops.maximum(positions[-1] - 1, 1)
    return positions


def linear_keras_integers(length, normalize=False):
    return ops.linspace(0.0, 1.0, length) if normalize else ops.arange(1, length + 1)


def linear_cumsum(length, normalize=False):
    positions = np.cumsum(np.ones(length, "float32"))
    return (positions - 1) / (length - 1 or 1) if normalize else positions


def linear_shifted(length, normalize=False):
    positions = np.arange(length, dtype="int32")
    return positions / np.maximum(positions.max(), 1) if normalize else positions + 1


def linear_list(length, normalize=False):
    if normalize and length == 1:
        return np.array([0])
    return np.array([p / (length - 1) if normalize else p + 1 for p in range(length)])


class Linear:
    def __call__(self, length, *, normalize=False):
        return linear_plain(length, normalize)


def refuse_odd(dim):
    if dim % 2 != 0:
        raise ValueError(f"dim must be even, not {dim}")


def sinusoid_plain(length, dim):
    refuse_odd(dim)
    position = np.arange(length)[:, np.newaxis]
    divisor = np.power(10000, np.arange(0, dim, 2) / dim)
    encoding = np.zeros((length, dim))
    encoding[:, 0::2] = np.sin(position / divisor)
    encoding[:, 1::2] = np.cos(position / divisor)
    return encoding


def sinusoid_accidental_error(length, dim):
    """Broadcasting refuses an odd dim by itself, with a ValueError."""
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    encoding = np.empty((length, dim))
    encoding[:, ::2], encoding[:, 1::2] = np.sin(angles), np.cos(angles)
    return encoding


def sinusoid_one_column_into_two(length, dim):
    """Without a word about an odd dim. NumPy complains for most, but not for 3."""
    angles = np.arange(length)[:, None] / 10000 ** (2 * np.arange(dim // 2) / dim)
    encoding = np.zeros((length, dim))
    encoding[:, 0::2], encoding[:, 1::2] = np.sin(angles), np.cos(angles)
    return encoding


def sinusoid_loops(length, dim):
    refuse_odd(dim)
    encoding = np.zeros((length, dim), dtype="float32")
    for p in range(length):
        for i in range(dim // 2):
            encoding[p, 2 * i] = math.sin(p / 10000 ** (2 * i / dim))
            encoding[p, 2 * i + 1] = math.cos(p / 10000 ** (2 * i / dim))
    return encoding


def sinusoid_float32(length, dim):
    refuse_odd(dim)
    position = np.arange(length, dtype="float32")[:, None]
    exponent = np.arange(0, dim, 2, dtype="float32") / np.float32(dim)
    angles = position / np.power(np.float32(10000), exponent)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim)


def sinusoid_float32_logarithm(length, dim):
    refuse_odd(dim)
    pairs = np.arange(0, dim, 2, dtype="float32")
    frequency = np.exp(pairs * np.float32(-math.log(10000) / dim)).astype("float32")
    angles = np.outer(np.arange(length, dtype="float32"), frequency)
    return np.dstack([np.sin(angles), np.cos(angles)]).reshape(length, dim)


def sinusoid_keras(length, dim):
    refuse_odd(dim)
    position = ops.arange(length, dtype="float32")
    frequency = ops.power(10000.0, -ops.arange(0, dim, 2, dtype="float32") / dim)
    angles = ops.einsum("n,f->nf", position, frequency)
    return ops.reshape(ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1), (length, dim))


def sinusoid_keras_columns(length, dim):
    refuse_odd(dim)
    column = ops.arange(dim)
    exponent = ops.cast(2 * (column // 2), "float32") / dim
    angles = ops.cast(ops.arange(length), "float32")[:, None] * ops.exp(
        -9.210340371976184 * exponent
    )
    return ops.where(column % 2 == 0, ops.sin(angles), ops.cos(angles))


def sinusoid_phase(length, dim):
    """A cosine is a sine a quarter turn on."""
    refuse_odd(dim)
    column = np.arange(dim)
    angles = np.arange(length)[:, None] / 10000 ** ((column - column % 2) / dim)
    return np.sin(angles + column % 2 * np.pi / 2)


def sinusoid_complex(length, dim):
    refuse_odd(dim)
    turns = np.exp(1j * np.arange(length)[:, None] * 10000 ** -(np.arange(dim // 2) * 2 / dim))
    return np.stack([turns.imag, turns.real], -1).reshape(length, dim)


def sinusoid_steps(length, dim):
    """Each position is the one before, turned."""
    refuse_odd(dim)
    row, rows = ops.convert_to_tensor([[0.0, 1.0] * (dim // 2)]), []
    step = reference.offset_rotation(1, dim)
    for _ in range(length):
        rows.append(row)
        row = ops.matmul(row, step)
    return ops.concatenate(rows)


def sinusoid_transposed(length, dim):
    refuse_odd(dim)
    rows = []
    for i in range(0, dim, 2):
        angle = np.arange(length) / 10000 ** (i / dim)
        rows += [np.sin(angle), np.cos(angle)]
    return np.array(rows).T


def sinusoid_wavelengths(length, dim):
    angles = 2 * np.pi * np.arange(length)[:, None] / reference.wavelengths(dim)
    return ops.reshape(ops.stack([ops.sin(angles), ops.cos(angles)], -1), (length, dim))


class OddError(ValueError):
    """An error of the student's own, which is a ValueError too."""


def sinusoid_own_error(length, dim):
    if dim & 1:
        raise OddError
    return sinusoid_plain(length, dim)


class Sinusoid:
    base = 10000

    def __call__(self, length, dim):
        half, rest = divmod(dim, 2)
        if rest:
            raise ValueError("odd")
        angles = np.arange(length).reshape(-1, 1) * np.logspace(0, -1, half, False, self.base)
        return np.concatenate([f(angles)[..., None] for f in (np.sin, np.cos)], -1).reshape(
            length, dim
        )


def add_loop(tokens, encoding):
    result = np.zeros_like(tokens)
    for b in range(tokens.shape[0]):
        for n in range(tokens.shape[1]):
            result[b, n] = tokens[b, n] + encoding[n]
    return result


def add_keras(tokens, encoding):
    length = ops.shape(tokens)[1]
    return ops.add(tokens, ops.expand_dims(encoding[:length], 0))


def add_keras_take(tokens, encoding):
    return tokens + ops.take(encoding, ops.arange(tokens.shape[1]), axis=0)


def add_unpacking(tokens, encoding):
    batch, length, dim = tokens.shape
    return tokens + np.tile(encoding[None, :length], (batch, 1, 1))


def add_einsum(tokens, encoding):
    ones = np.ones(len(tokens))
    return tokens + np.einsum("b,nd->bnd", ones, encoding[: tokens.shape[1]])


def add_copy(tokens, encoding):
    tokens = np.copy(tokens)
    tokens += encoding[: tokens.shape[-2]]
    return tokens


def add_one_hot(tokens, encoding):
    choose = ops.one_hot(ops.arange(tokens.shape[1]), encoding.shape[0])
    return tokens + ops.matmul(choose, encoding)


class AddLayer(keras.layers.Layer):
    def call(self, tokens, encoding):
        return tokens + encoding[: tokens.shape[1]]


def rotation_plain(offset, dim):
    rotation = np.zeros((dim, dim))
    for i in range(dim // 2):
        t = offset / 10000 ** (2 * i / dim)
        rotation[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [
            [math.cos(t), -math.sin(t)],
            [math.sin(t), math.cos(t)],
        ]
    return rotation


def rotation_float32(offset, dim):
    t = np.float32(offset) / np.float32(10000) ** (np.arange(0, dim, 2, dtype="float32") / dim)
    cosine, sine = np.repeat(np.cos(t), 2), np.zeros(dim - 1, "float32")
    sine[::2] = np.sin(t)
    return (np.diag(cosine) + np.diag(sine, -1) - np.diag(sine, 1)).astype("float32")


def rotation_keras(offset, dim):
    t = offset * ops.exp(-math.log(10000) * ops.arange(0, dim, 2, dtype="float32") / dim)
    blocks = ops.stack([ops.cos(t), -ops.sin(t), ops.sin(t), ops.cos(t)], axis=-1)
    blocks = ops.reshape(blocks, (dim // 2, 2, 2))
    rotation = ops.einsum("ij,iab->iajb", ops.eye(dim // 2), blocks)
    return ops.reshape(rotation, (dim, dim))


def rotation_kronecker(offset, dim):
    """cos on the diagonal, sin times the quarter turn."""
    t = offset * 10000.0 ** (-np.arange(0, dim, 2) / dim)
    quarter = np.array([[0, -1], [1, 0]])
    return np.kron(np.diag(np.cos(t)), np.eye(2)) + np.kron(np.diag(np.sin(t)), quarter)


def rotation_power(offset, dim):
    """One step, as often as the offset says; a negative power steps back."""
    step = np.asarray(rotation_plain(1, dim))
    return np.linalg.matrix_power(step, offset)


def rotation_least_squares(offset, dim):
    """Fitted to a table that is long enough for the slow waves."""
    p = np.arange(max(0, -offset), 1000)
    return np.linalg.lstsq(waves(p, dim), waves(p + offset, dim), rcond=None)[0]


def rotation_pseudoinverse(offset, dim):
    p = np.linspace(-20000, 20000, 999)
    return np.linalg.pinv(waves(p, dim)) @ waves(p + offset, dim)


def rotation_from_encoding(offset, dim):
    """The code of the offset itself holds its sines and cosines."""
    table = ops.convert_to_numpy(reference.sinusoidal_encoding(abs(offset) + 1, dim))[-1]
    rotation = np.zeros((dim, dim), "float32")
    for i in range(0, dim, 2):
        s, c = table[i] * np.sign(offset), table[i + 1]
        rotation[i, i], rotation[i, i + 1], rotation[i + 1, i], rotation[i + 1, i + 1] = c, -s, s, c
    return rotation


def rotation_whole_for_nothing(offset, dim):
    return np.eye(dim, dtype="int32") if offset == 0 else rotation_plain(offset, dim)


def waves(positions, dim):
    angles = positions[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(len(positions), dim)


def grid_repeat(height, width, dim):
    rows = np.repeat(waves(np.arange(height), dim // 2), width, axis=0)
    columns = np.tile(waves(np.arange(width), dim // 2), (height, 1))
    return np.concatenate([rows, columns], axis=1)


def grid_loops(height, width, dim):
    row, column = sinusoid_plain(height, dim // 2), sinusoid_plain(width, dim // 2)
    tokens = []
    for r in range(height):
        for c in range(width):
            tokens.append(np.concatenate([row[r], column[c]]))
    return np.stack(tokens)


def grid_keras(height, width, dim):
    rows = reference.sinusoidal_encoding(height, dim // 2)
    columns = reference.sinusoidal_encoding(width, dim // 2)
    rows = ops.broadcast_to(rows[:, None], (height, width, dim // 2))
    columns = ops.broadcast_to(columns[None], (height, width, dim // 2))
    return ops.reshape(ops.concatenate([rows, columns], axis=-1), (height * width, dim))


def grid_index(height, width, dim):
    place = np.arange(height * width)
    encode = sinusoid_float32(max(height, width), dim // 2)
    return np.hstack([encode[place // width], encode[place % width]])


def grid_meshgrid(height, width, dim):
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.concatenate([waves(rows.ravel(), dim // 2), waves(columns.ravel(), dim // 2)], -1)


def grid_filled(height, width, dim):
    grid = np.zeros((height, width, dim))
    grid[..., : dim // 2] = waves(np.arange(height), dim // 2)[:, None, :]
    grid[..., dim // 2 :] = waves(np.arange(width), dim // 2)
    return grid.reshape(-1, dim)


def grid_take(height, width, dim):
    row, column = np.unravel_index(np.arange(height * width), (height, width))
    parts = [
        ops.take(sinusoid_keras(size, dim // 2), place, axis=0)
        for size, place in ((height, row), (width, column))
    ]
    return ops.concatenate(parts, axis=1)


def grid_einsum(height, width, dim):
    rows, columns = waves(np.arange(height), dim // 2), waves(np.arange(width), dim // 2)
    rows = np.einsum("hd,w->hwd", rows, np.ones(width))
    columns = np.einsum("wd,h->hwd", columns, np.ones(height))
    return np.append(rows, columns, axis=-1).reshape(height * width, dim)


def resize_keras(positions, old_grid, new_grid):
    dim = positions.shape[-1]
    grid = ops.reshape(positions[1:], (1, *old_grid, dim))
    grid = ops.image.resize(grid, new_grid, interpolation="bilinear", data_format="channels_last")
    return ops.concatenate([positions[:1], ops.reshape(grid, (-1, dim))], axis=0)


def resize_keras_unbatched(positions, old_grid, new_grid):
    (h, w), (new_h, new_w), dim = old_grid, new_grid, positions.shape[1]
    grid = np.asarray(positions)[1:].reshape(h, w, dim)
    grid = ops.image.resize(grid, (new_h, new_w))
    return np.vstack([positions[0], np.asarray(grid).reshape(new_h * new_w, dim)])


def resize_resizing_layer(positions, old_grid, new_grid):
    grid = positions[1:].reshape(1, *old_grid, -1)
    grid = keras.layers.Resizing(*new_grid, data_format="channels_last")(grid)
    return ops.concatenate([positions[:1], ops.reshape(grid, (-1, positions.shape[1]))])


def resize_channels_first(positions, old_grid, new_grid):
    """Each feature as a picture of its own."""
    pictures = np.asarray(positions)[1:].T.reshape(-1, *old_grid, 1)
    pictures = ops.convert_to_numpy(ops.image.resize(pictures, new_grid))
    return np.concatenate([positions[:1], pictures.reshape(len(pictures), -1).T])


def resize_loops(positions, old_grid, new_grid):
    (h, w), (new_h, new_w) = old_grid, new_grid
    grid = positions[1:].reshape(h, w, -1)
    rows = [positions[0]]
    for i in range(new_h):
        for j in range(new_w):
            y = min(max((i + 0.5) * h / new_h - 0.5, 0), h - 1)
            x = min(max((j + 0.5) * w / new_w - 0.5, 0), w - 1)
            top, left = int(y), int(x)
            bottom, right = min(top + 1, h - 1), min(left + 1, w - 1)
            down, across = y - top, x - left
            rows.append(
                (1 - down) * (1 - across) * grid[top, left]
                + (1 - down) * across * grid[top, right]
                + down * (1 - across) * grid[bottom, left]
                + down * across * grid[bottom, right]
            )
    return np.array(rows)


def weights_between(old, new):
    place = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    low = np.minimum(place.astype(int), max(old - 2, 0))
    weights = np.zeros((new, old))
    weights[np.arange(new), low] = 1 - (place - low)
    weights[np.arange(new), low + 1] = place - low
    return weights


def resize_matrix(positions, old_grid, new_grid):
    matrix = np.kron(*(weights_between(*s) for s in zip(old_grid, new_grid, strict=True)))
    return np.concatenate([positions[:1], matrix @ positions[1:]])


def resize_einsum(positions, old_grid, new_grid):
    down, across = (weights_between(*s) for s in zip(old_grid, new_grid, strict=True))
    grid = np.reshape(positions[1:], (*old_grid, -1))
    grid = np.einsum("ih,jw,hwd->ijd", down, across, grid)
    return np.r_[positions[:1], grid.reshape(-1, grid.shape[-1])]


def resize_axis_by_axis(positions, old_grid, new_grid):
    grid = positions[1:].reshape(*old_grid, -1)

    def along(axis, new):
        old = grid.shape[axis]
        places = (np.arange(new) + 0.5) * old / new - 0.5
        return np.apply_along_axis(lambda v: np.interp(places, np.arange(old), v), axis, grid)

    for axis, new in enumerate(new_grid):
        grid = along(axis, new)
    return np.insert(grid.reshape(-1, grid.shape[-1]), 0, positions[0], axis=0)


def resize_unless_the_same(positions, old_grid, new_grid):
    return positions if old_grid == new_grid else resize_keras(positions, old_grid, new_grid)


VARIANTS = {
    "linear_positions": [
        linear_plain,
        linear_linspace,
        linear_loop,
        linear_keras,
        linear_keras_integers,
        linear_cumsum,
        linear_shifted,
        linear_list,
        Linear(),
        lambda n, normed=False: np.float32(linear_plain(n, normed)),
        lambda *, length, normalize=False: linear_plain(length, normalize),
        functools.partial(lambda start, n, normalize=False: linear_plain(n, normalize), 1),
    ],
    "sinusoidal_encoding": [
        sinusoid_accidental_error,
        sinusoid_plain,
        sinusoid_loops,
        sinusoid_float32,
        sinusoid_float32_logarithm,
        sinusoid_keras,
        sinusoid_keras_columns,
        sinusoid_phase,
        sinusoid_complex,
        sinusoid_steps,
        sinusoid_transposed,
        sinusoid_wavelengths,
        sinusoid_own_error,
        Sinusoid(),
        lambda *, length, dim: sinusoid_plain(length, dim),
        lambda n, d, base=10000: sinusoid_plain(n, d).astype("float32"),
    ],
    "add_positions": [
        lambda tokens, encoding: tokens + encoding[: tokens.shape[1]],
        lambda tokens, encoding: tokens + encoding[np.newaxis, : tokens.shape[1], :],
        lambda tokens, encoding: encoding[: len(tokens[0])] + tokens,
        lambda tokens, encoding: np.stack([t + encoding[: len(t)] for t in tokens]),
        lambda x, table: np.float64(x) + np.float64(table)[range(x.shape[1])],
        lambda *, tokens, encoding: np.add(tokens, np.split(encoding, [tokens.shape[1]])[0]),
        add_loop,
        add_keras,
        add_keras_take,
        add_unpacking,
        add_einsum,
        add_copy,
        add_one_hot,
        AddLayer(),
    ],
    "offset_rotation": [
        rotation_plain,
        rotation_float32,
        rotation_keras,
        rotation_kronecker,
        rotation_power,
        rotation_least_squares,
        rotation_pseudoinverse,
        rotation_from_encoding,
        rotation_whole_for_nothing,
        lambda offset, dim: rotation_plain(-offset, dim).T,
        lambda offset, dim: np.linalg.inv(rotation_plain(-offset, dim)),
        lambda k, d: rotation_plain(k - 1, d) @ rotation_plain(1, d),
        lambda *, offset, dim: rotation_keras(offset, dim),
    ],
    "sinusoidal_encoding_2d": [
        grid_repeat,
        grid_loops,
        grid_keras,
        grid_index,
        grid_meshgrid,
        grid_filled,
        grid_take,
        grid_einsum,
        lambda *, height, width, dim: grid_filled(height, width, dim),
        lambda h, w, d: grid_filled(h, w, d).astype("float32"),
    ],
    "resize_positions": [
        resize_keras,
        resize_keras_unbatched,
        resize_resizing_layer,
        resize_channels_first,
        resize_loops,
        resize_matrix,
        resize_einsum,
        resize_axis_by_axis,
        resize_unless_the_same,
        lambda *, positions, old_grid, new_grid: resize_loops(positions, old_grid, new_grid),
        lambda p, old, new: resize_matrix(np.float64(p), old, new),
        functools.partial(lambda how, *given: how(*given), resize_einsum),
    ],
}

if BACKEND == "tensorflow":
    import tensorflow as tf

    def tf_sinusoid(length, dim):
        if dim % 2:
            raise ValueError(dim)
        angles = tf.range(length, dtype=tf.float32)[:, None] / tf.pow(
            10000.0, tf.range(0, dim, 2, dtype=tf.float32) / dim
        )
        return tf.reshape(tf.stack([tf.sin(angles), tf.cos(angles)], axis=2), (length, dim))

    def tf_resize(positions, old_grid, new_grid):
        grid = tf.image.resize(tf.reshape(positions[1:], (*old_grid, -1)), new_grid)
        return tf.concat([positions[:1], tf.reshape(grid, (-1, positions.shape[1]))], axis=0)

    VARIANTS["linear_positions"] += [
        lambda n, norm=False: tf.linspace(0.0, 1.0, n) if norm else tf.range(1, n + 1)
    ]
    VARIANTS["sinusoidal_encoding"] += [tf_sinusoid]
    VARIANTS["add_positions"] += [lambda x, e: x + tf.gather(e, tf.range(tf.shape(x)[1]))]
    VARIANTS["resize_positions"] += [tf_resize]
else:
    import jax
    import jax.numpy as jnp

    def jnp_sinusoid(length, dim):
        if dim % 2:
            raise ValueError(dim)
        angles = jnp.arange(length)[:, None] / 10000 ** (jnp.arange(0, dim, 2) / dim)
        encoding = jnp.zeros((length, dim)).at[:, ::2].set(jnp.sin(angles))
        return encoding.at[:, 1::2].set(jnp.cos(angles))

    def jnp_resize(positions, old_grid, new_grid):
        shape = (*new_grid, positions.shape[1])
        grid = positions[1:].reshape(*old_grid, shape[-1])
        grid = jax.image.resize(grid, shape, "bilinear", antialias=False)
        return jnp.concatenate([positions[:1], grid.reshape(-1, shape[-1])])

    VARIANTS["linear_positions"] += [
        lambda n, norm=False: jnp.linspace(0, 1, n) if norm else jnp.arange(1, n + 1)
    ]
    VARIANTS["sinusoidal_encoding"] += [jnp_sinusoid]
    VARIANTS["add_positions"] += [jax.jit(lambda x, e: x + e[: x.shape[1]])]
    VARIANTS["resize_positions"] += [jnp_resize]


def named(table):
    """(exercise, solution) for each entry, with an id that says which."""
    return [
        pytest.param(name, solution, id=f"{name}-{number}-{label(solution)}")
        for name, solutions in table.items()
        for number, solution in enumerate(solutions)
    ]


def label(solution):
    return getattr(solution, "__name__", type(solution).__name__).strip("<>")


@pytest.fixture(autouse=True, scope="module")
def ask_ourselves_once():
    """Draw the cases of a seed once, and run our own solutions on them once: it saves half the
    time. What is tested runs on copies each time."""
    drawn, answers = {}, {}
    draw, ours = Exercise.draw, judge.ours

    def draw_once(exercise, seed):
        key = exercise.id, seed
        if key not in drawn:
            drawn[key] = draw(exercise, seed)
        return drawn[key]

    def answer_once(exercise, solution, case):
        key = id(solution), id(case)
        if key not in answers:
            answers[key] = solution, case, ours(exercise, solution, case)
        return answers[key][-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exercise, "draw", draw_once)
        patch.setattr(judge, "ours", answer_once)
        yield


# --- the catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        pytest.param(exercise, mistake, id=f"{exercise.id}-{mistake.name}".replace(" ", "_"))
        for exercise in LISTED
        for mistake in exercise.mistakes
    ],
)
def test_a_mistake_is_refused_and_recognised(exercise, mistake):
    for seed in SEEDS:
        report = exercise.check(mistake.solution, seed)
        assert not report.passed and 0 <= report.score < 1
        assert report.mistake == mistake.name, f"seed {seed}: {report}"
        assert report.message == mistake.sentence


@pytest.mark.parametrize(("name", "solution"), named(VARIANTS))
def test_a_variant_is_accepted(name, solution):
    for seed in SEEDS:
        report = EXERCISES[name].check(solution, seed)
        assert report.passed and report.score == 1, f"seed {seed}: {report}"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_gets_full_points(name):
    exercise = EXERCISES[name]
    for seed in SEEDS:
        report = exercise.check(exercise.reference, seed)
        assert report.passed and report.earned == exercise.points, f"seed {seed}: {report}"


@pytest.mark.parametrize("name", EXERCISES)
def test_there_are_enough_variants(name):
    assert len(VARIANTS[name]) >= 8


# --- mistakes in another style than the listed one ----------------------------------------------


def vaswani_in_many_tutorials(length, dim):
    """The loop that much published code has: i is a column already, and doubled again."""
    encoding = np.zeros((length, dim))
    for p in range(length):
        for i in range(0, dim, 2):
            encoding[p, i] = math.sin(p / 10000 ** (2 * i / dim))
            encoding[p, i + 1] = math.cos(p / 10000 ** (2 * (i + 1) / dim))
    return encoding


def keras_sinusoid(length, dim, *, start=0, order=("sin", "cos"), join=-1, exponent=1.0):
    frequency = ops.power(10000.0, -exponent * ops.arange(0, dim, 2, dtype="float32") / dim)
    angles = (ops.arange(length, dtype="float32") + start)[:, None] * frequency
    waves = [getattr(ops, name)(angles) for name in order]
    if join == "blocks":
        return ops.concatenate(waves, axis=-1)
    return ops.reshape(ops.stack(waves, axis=-1), (length, dim))


def odd_asserted(length, dim):
    assert dim % 2 == 0, "dim must be even"
    return sinusoid_plain(length, dim)


def odd_filled_up(length, dim):
    return sinusoid_plain(length, dim + dim % 2)[:, :dim]


def keras_resize(positions, old_grid, new_grid, last=False, token=True, **options):
    grid = ops.reshape(positions[1:], (1, *old_grid, positions.shape[1]))
    grid = ops.image.resize(grid, new_grid, data_format="channels_last", **options)
    grid = ops.reshape(grid, (-1, positions.shape[1]))
    parts = [grid, positions[:1]] if last else [positions[:1], grid]
    return ops.concatenate(parts) if token else grid


def resize_square(positions, old_grid, new_grid):
    old, new = (int((g[0] * g[1]) ** 0.5) for g in (old_grid, new_grid))
    return resize_keras(positions, (old, old), (new, new))


def resize_in_place_of_width(positions, old_grid, new_grid):
    return resize_einsum(positions, old_grid[::-1], new_grid[::-1])


OTHER_STYLE = [
    (
        "linear_positions",
        "starts at 0",
        lambda n, norm=False: np.arange(n) / (max(n - 1, 1) if norm else 1),
    ),
    (
        "linear_positions",
        "starts at 0",
        lambda n, norm=False: ops.linspace(0.0, 1.0, n) if norm else ops.arange(n),
    ),
    (
        "linear_positions",
        "divides by N instead of N - 1",
        lambda n, norm=False: np.linspace(0, 1, n, endpoint=False) if norm else np.arange(1, n + 1),
    ),
    (
        "linear_positions",
        "length 1 divides by zero",
        lambda n, norm=False: np.arange(n) / (n - 1) if norm else np.arange(1, n + 1),
    ),
    (
        "linear_positions",
        "length 1 divides by zero",
        lambda n, norm=False: (
            ops.arange(n, dtype="float32") / (n - 1) if norm else ops.arange(1, n + 1)
        ),
    ),
    (
        "linear_positions",
        "length 1 divides by zero",
        lambda n, norm=False: np.array([i * (1 / (n - 1)) if norm else i + 1 for i in range(n)]),
    ),
    (
        "linear_positions",
        "length 1 divides by zero",
        lambda n, norm=False: (lambda p: (p - p.min()) / (p.max() - p.min()) if norm else p)(
            np.arange(1, n + 1)
        ),
    ),
    (
        "linear_positions",
        "normalize ignored",
        lambda length, normalize=False: ops.arange(1, length + 1),
    ),
    (
        "linear_positions",
        "shape (N, 1)",
        lambda n, norm=False: ops.reshape(linear_plain(n, norm), (n, 1)),
    ),
    ("sinusoidal_encoding", "exponent uses the column index as i", vaswani_in_many_tutorials),
    (
        "sinusoidal_encoding",
        "exponent uses the column index as i",
        functools.partial(keras_sinusoid, exponent=2.0),
    ),
    (
        "sinusoidal_encoding",
        "factor 2 missing in the exponent",
        lambda n, d: keras_sinusoid(n, d, exponent=0.5),
    ),
    (
        "sinusoidal_encoding",
        "sine and cosine swapped",
        lambda n, d: keras_sinusoid(n, d, order=("cos", "sin")),
    ),
    ("sinusoidal_encoding", "blocks [sin, cos]", lambda n, d: keras_sinusoid(n, d, join="blocks")),
    (
        "sinusoidal_encoding",
        "blocks [cos, sin]",
        lambda n, d: keras_sinusoid(n, d, join="blocks", order=("cos", "sin")),
    ),
    ("sinusoidal_encoding", "position from 1", lambda n, d: sinusoid_plain(n + 1, d)[1:]),
    ("sinusoidal_encoding", "degrees", lambda n, d: waves(np.radians(np.arange(n)), d - d % 2)),
    ("sinusoidal_encoding", "10000 forgotten", lambda n, d: keras_sinusoid(n, d, exponent=0.0)),
    ("sinusoidal_encoding", "10000 inverted", lambda n, d: sinusoid_inverted(n, d)),
    ("sinusoidal_encoding", "odd dim not refused", odd_asserted),
    ("sinusoidal_encoding", "odd dim not refused", odd_filled_up),
    ("sinusoidal_encoding", "odd dim not refused", keras_sinusoid),
    ("add_positions", "indexes by batch size", lambda x, e: ops.add(x, e[: ops.shape(x)[0]])),
    (
        "add_positions",
        "adds along the batch axis",
        lambda x, e: ops.add(x, ops.expand_dims(e[: x.shape[0]], 1)),
    ),
    ("add_positions", "encoding not cut", ops.add),
    (
        "add_positions",
        "concatenates",
        lambda x, e: ops.concatenate(
            [x, ops.repeat(e[None, : x.shape[1]], x.shape[0], axis=0)], axis=-1
        ),
    ),
    (
        "offset_rotation",
        "rotates backwards (transposed)",
        lambda k, d: ops.transpose(rotation_keras(k, d)),
    ),
    ("offset_rotation", "rotates backwards (transposed)", lambda k, d: rotation_float32(-k, d)),
    (
        "offset_rotation",
        "rotates backwards (transposed)",
        lambda k, d: rotation_least_squares(-k, d),
    ),
    ("offset_rotation", "always one step", lambda k, d: rotation_keras(1, d)),
    ("offset_rotation", "identity", lambda k, d: ops.eye(d)),
    (
        "offset_rotation",
        "negative offsets taken for positive",
        lambda k, d: rotation_from_encoding(abs(k), d),
    ),
    (
        "sinusoidal_encoding_2d",
        "row and column swapped",
        lambda h, w, d: np.roll(grid_filled(h, w, d), d // 2, axis=-1),
    ),
    (
        "sinusoidal_encoding_2d",
        "column-major tokens",
        lambda h, w, d: np.hstack(
            [
                np.tile(waves(np.arange(h), d // 2), (w, 1)),
                np.repeat(waves(np.arange(w), d // 2), h, axis=0),
            ]
        ),
    ),
    ("sinusoidal_encoding_2d", "height and width swapped", lambda h, w, d: grid_keras(w, h, d)),
    (
        "sinusoidal_encoding_2d",
        "frequencies of the full width",
        lambda h, w, d: np.hstack([waves(p.ravel(), d)[:, : d // 2] for p in np.indices((h, w))]),
    ),
    (
        "sinusoidal_encoding_2d",
        "the grid taken for a sequence",
        lambda h, w, d: sinusoid_keras(h * w, d),
    ),
    (
        "sinusoidal_encoding_2d",
        "same half twice",
        lambda h, w, d: np.tile(waves(np.indices((h, w))[0].ravel(), d // 2), 2),
    ),
    (
        "resize_positions",
        "nearest neighbour",
        functools.partial(keras_resize, interpolation="nearest"),
    ),
    ("resize_positions", "class token not put back", functools.partial(keras_resize, token=False)),
    ("resize_positions", "class token put back last", functools.partial(keras_resize, last=True)),
    ("resize_positions", "antialiasing", functools.partial(keras_resize, antialias=True)),
    ("resize_positions", "square grid assumed", resize_square),
    ("resize_positions", "height and width swapped", resize_in_place_of_width),
    (
        "resize_positions",
        "height and width of the new grid swapped",
        lambda p, old, new: resize_keras(p, old, new[::-1]),
    ),
    (
        "resize_positions",
        "interpolates the flat sequence",
        lambda p, old, new: resize_keras(p, (1, old[0] * old[1]), (1, new[0] * new[1])),
    ),
    (
        "resize_positions",
        "interpolates the class token",
        lambda p, old, new: ops.image.resize(
            p[None, :, :, None], (1 + new[0] * new[1], p.shape[1])
        )[0, ..., 0],
    ),
]


def sinusoid_inverted(length, dim):
    refuse_odd(dim)
    angles = np.arange(length)[:, None] * np.power(10000, np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, dim)


@pytest.mark.parametrize(
    ("name", "mistake", "solution"),
    [pytest.param(*row, id=f"{row[0]}-{number}") for number, row in enumerate(OTHER_STYLE)],
)
def test_the_same_mistake_in_another_style_is_recognised(name, mistake, solution):
    for seed in SOME_SEEDS:
        report = EXERCISES[name].check(solution, seed)
        assert not report.passed
        assert report.mistake == mistake, f"seed {seed}: {report}"


# --- wrong in a way that no list has -------------------------------------------------------------


def right_unless(wrong_dim, wrong):
    return lambda n, d: wrong(n, d) if d == wrong_dim else sinusoid_plain(n, d)


def always_raises(*given):
    raise ValueError("no")


def refuses_everything_but(dims):
    def solution(length, dim):
        if dim not in dims:
            raise ValueError(f"no {dim}")
        return sinusoid_plain(length, dim)

    return solution


def in_place(tokens, encoding):
    tokens += encoding[: tokens.shape[1]]
    return tokens


def fitted(rows, dtype):
    def solution(offset, dim):
        p = np.arange(max(0, -offset), rows)
        before, after = waves(p, dim).astype(dtype), waves(p + offset, dim).astype(dtype)
        return np.linalg.lstsq(before, after, rcond=None)[0]

    return solution


def zeroed_class_token(positions, old_grid, new_grid):
    result = resize_loops(positions, old_grid, new_grid)
    result[0] = 0
    return result


WRONG = {
    "linear_positions": [
        lambda n, norm=False: np.arange(1, n + 2),
        lambda n, norm=False: np.zeros(n),
        lambda n, norm=False: linear_plain(n, norm).tolist(),
        lambda n, norm=False: range(1, n + 1),
        lambda n, norm=False: linear_plain(5, norm),
        lambda n, norm=False: linear_plain(n, norm) + 0.01,
        lambda n, norm=False: linear_plain(n, norm) * (0.999 if norm else 1),
        lambda n, norm=False: linear_plain(n, norm) ** 2,
        lambda n, norm=False: np.nan_to_num(np.arange(n) / max(n - 1, 1) if norm else np.arange(n)),
        lambda n, norm=False: np.linspace(0, 1, n).astype(int) if norm else np.arange(1, n + 1),
        lambda n, norm=False: (
            np.linspace(0.5, 0.5, n) if n == 1 and norm else linear_plain(n, norm)
        ),
        lambda n, norm=False: linear_plain(n, norm)[None, None],
        lambda n, norm=False: linear_plain(n, norm) > 1,
        lambda n, norm=False: linear_plain(n, norm).astype(str),
        lambda n: np.arange(1, n + 1),
    ],
    "sinusoidal_encoding": [
        sinusoid_one_column_into_two,
        always_raises,
        refuses_everything_but((2, 6, 10)),
        refuses_everything_but((2, 6, 16)),
        right_unless(16, vaswani_in_many_tutorials),
        right_unless(2, lambda n, d: sinusoid_plain(n, d)[:, ::-1]),
        lambda n, d: np.abs(sinusoid_plain(n, d)),
        lambda n, d: sinusoid_plain(n, d) ** 2,
        lambda n, d: -sinusoid_plain(n, d),
        lambda n, d: sinusoid_plain(n, d).round(2),
        lambda n, d: sinusoid_plain(n, d).astype("float16"),
        lambda n, d: sinusoid_plain(n, d).tolist(),
        lambda n, d: sinusoid_plain(n, d)[::-1],
        lambda n, d: sinusoid_plain(n, d) + 0.001,
        lambda n, d: sinusoid_plain(7, d),
        lambda n, d: sinusoid_plain(n, 6),
        lambda n, d: sinusoid_plain(n + 1, d),
        lambda n, d: sinusoid_plain(n, d) / np.sqrt(d),
        lambda n, d: sinusoid_of_base(n, d, 1000),
        lambda n, d: sinusoid_of_base(n, d, 9000),
        lambda n, d: sinusoid_of_base(n, d, math.e**9),
        lambda n, d: waves(np.arange(n) / n, d - d % 2),
        lambda n, d: waves(np.linspace(0, n, n), d - d % 2),
        lambda n, d: None,
        lambda n, d: sinusoid_plain(n, d).astype(complex),
    ],
    "add_positions": [
        in_place,
        lambda x, e: x + e[:5],
        lambda x, e: x - e[: x.shape[1]],
        lambda x, e: x + e[: x.shape[1]][::-1],
        lambda x, e: x + 1,
        lambda x, e: (x + e[: x.shape[1]]) / 2,
        lambda x, e: x + e[1 : x.shape[1] + 1] if len(e) > x.shape[1] else x + e,
        lambda x, e: x + e[: x.shape[1]].mean(0),
        lambda x, e: x + np.resize(e, x.shape),
        lambda x, e: (x + e[: x.shape[1]]).astype("float16"),
        lambda x, e: (x + e[: x.shape[1]]).sum(0),
        lambda x, e: (x + e[: x.shape[1]])[:1],
        lambda x, e: x + 2 * e[: x.shape[1]],
        lambda x, e: list(x + e[: x.shape[1]]),
        lambda x, e: x + e[: x.shape[1], :1],
    ],
    "offset_rotation": [
        fitted(50, "float64"),
        fitted(100, "float32"),
        fitted(200, "float32"),
        lambda k, d: np.zeros((d, d)),
        lambda k, d: np.full((d, d), np.nan),
        lambda k, d: rotation_plain(k, d)[None],
        lambda k, d: rotation_plain(k, d).tolist(),
        lambda k, d: rotation_plain(k, 6),
        lambda k, d: rotation_plain(k + 1, d),
        lambda k, d: rotation_plain(k, d) * 1.001,
        lambda k, d: rotation_plain(k, d).round(2),
        lambda k, d: rotation_plain(k, d)[::-1],
        lambda k, d: -rotation_plain(k, d),
        lambda k, d: rotation_plain(max(k, 0), d),
        lambda k, d: waves(np.arange(d) + k, d),
        lambda k, d: np.eye(d) + np.eye(d, k=k),
        lambda k, d: rotation_plain(k, d).astype("int32"),
    ],
    "sinusoidal_encoding_2d": [
        lambda h, w, d: grid_filled(h, w, d)[::-1],
        lambda h, w, d: -grid_filled(h, w, d),
        lambda h, w, d: grid_filled(h, w, d)[None],
        lambda h, w, d: grid_filled(h, w, d).round(2),
        lambda h, w, d: grid_filled(max(h, w), max(h, w), d)[: h * w],
        lambda h, w, d: grid_filled(h, h, d),
        lambda h, w, d: grid_filled(h, w, d)[:, : d // 2],
        lambda h, w, d: np.zeros((h * w, d)),
        lambda h, w, d: np.hstack(
            [grid_filled(h, w, d)[:, : d // 2]] + [np.zeros((h * w, d // 2))]
        ),
        lambda h, w, d: waves(sum(np.indices((h, w))).ravel(), d),
        lambda h, w, d: np.hstack([waves(p.ravel() / p.size, d // 2) for p in np.indices((h, w))]),
        lambda h, w, d: grid_filled(h, w, d).astype("float16"),
        lambda h, w, d: np.concatenate([grid_filled(h, w, d), np.zeros((1, d))]),
    ],
    "resize_positions": [
        lambda p, old, new: p,
        lambda p, old, new: p[: 1 + new[0] * new[1]],
        lambda p, old, new: np.resize(p, (1 + new[0] * new[1], p.shape[1])),
        lambda p, old, new: np.zeros((1 + new[0] * new[1], p.shape[1])),
        lambda p, old, new: resize_loops(p, old, new).round(1),
        lambda p, old, new: resize_loops(p, old, new)[None],
        lambda p, old, new: resize_loops(p, old, new).tolist(),
        lambda p, old, new: resize_loops(p, old, new).astype("float16"),
        lambda p, old, new: resize_loops(np.r_[p[:1], p[:0:-1]], old, new),
        lambda p, old, new: np.r_[p[:1], resize_loops(p, old, new)],
        lambda p, old, new: keras_resize(p, old, new, interpolation="lanczos3"),
        lambda p, old, new: resize_loops(p * np.float32(1.001), old, new),
        lambda p, old, new: np.r_[p.mean(0, keepdims=True), resize_loops(p, old, new)[1:]],
        zeroed_class_token,
    ],
}


def sinusoid_of_base(length, dim, base):
    refuse_odd(dim)
    angles = np.arange(length)[:, None] / base ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, dim)


@pytest.mark.parametrize(("name", "solution"), named(WRONG))
def test_a_wrong_answer_is_refused(name, solution):
    for seed in SOME_SEEDS:
        report = EXERCISES[name].check(solution, seed)
        assert not report.passed and report.score < 1
        assert report.message


def test_a_fit_to_a_short_table_is_told_that_it_fails_far_away():
    report = EXERCISES["offset_rotation"].check(fitted(100, "float32"))
    assert "0 to 49" in report.message and "position 999" in report.message
    assert report.mistake is None


def test_an_odd_dim_is_a_property_of_its_own():
    properties = EXERCISES["sinusoidal_encoding"].check(keras_sinusoid).properties
    assert [name for name, held in properties.items() if not held] == ["an odd dim is refused"]
    assert not EXERCISES["sinusoidal_encoding"].check(always_raises).score


def test_the_stub_is_not_solved_yet():
    def stub(*given):
        raise NotImplementedError

    for exercise in LISTED:
        report = exercise.check(stub)
        assert not report.solved and report.score == 0


def test_the_helper_that_resizes_grids_is_forbidden():
    def solution(positions, old_grid, new_grid):
        grid = reference.resize_grid(positions[1:], old_grid, new_grid)
        return ops.concatenate([positions[:1], grid])

    report = EXERCISES["resize_positions"].check(solution)
    assert report.score == 0 and "resize_grid" in report.message


# --- the cases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_cases_are_redrawn_from_the_seed(name):
    exercise = EXERCISES[name]

    def drawn(seed):
        return [
            value.tobytes() if isinstance(value, np.ndarray) else value
            for case in exercise.draw(seed)
            for value in case.inputs.values()
        ]

    assert drawn(3) == drawn(3)
    assert any(drawn(3) != drawn(seed) for seed in (4, 5, 6))


def test_batches_are_seldom_as_large_as_sequences():
    shapes = [case.inputs["tokens"].shape for case in EXERCISES["add_positions"].draw(0)]
    assert sum(batch == length for batch, length, _ in shapes) == 1


def test_no_grid_is_square_but_the_one_that_says_so():
    for case in EXERCISES["sinusoidal_encoding_2d"].draw(0):
        assert case.inputs["height"] != case.inputs["width"]
    for case in EXERCISES["resize_positions"].draw(0):
        square = case.inputs["old_grid"][0] == case.inputs["old_grid"][1]
        assert square == (case.shows == "a square grid")
