"""The catalogue of notebook 02 tests itself: every mistake is refused and recognised as itself,
every variant (a right answer that looks different) is accepted, on many draws of the cases."""

import functools
import importlib

import keras
import numpy as np
import pytest
from keras import layers, ops

from course_utils.checking import Exercise
from course_utils.exercises import multi_head_attention as notebook
from course_utils.exercises.multi_head_attention import wrong_layers as wrong
from course_utils.exercises.multi_head_attention.watch_layer import give, plainly, start, use
from course_utils.reference import multi_head_attention as reference
from course_utils.reference.attention import attend

judge = importlib.import_module("course_utils.checking.judge")  # not the function of that name

EXERCISES = {exercise.id: exercise for exercise in notebook.EXERCISES}
NAMES = list(EXERCISES)
split_heads, merge_heads = reference.split_heads, reference.merge_heads
mask_for_heads = reference.mask_for_heads


def seeds(name, count=20):
    """Many draws; few of the layer, whose every case builds a new one."""
    return range(3 if name == "MultiHeadAttention" else count)


# --- right answers, as students write them ------------------------------------------------------


def uneven(x, num_heads):
    if x.shape[-1] % num_heads != 0:
        raise ValueError(f"D = {x.shape[-1]} cannot be divided by h = {num_heads}")


def split_numpy(x, num_heads):
    uneven(x, num_heads)
    batch, length, dim = x.shape
    return np.reshape(x, (batch, length, num_heads, dim // num_heads)).transpose(0, 2, 1, 3)


def split_keras(x, num_heads):
    uneven(x, num_heads)
    batch, length, dim = ops.shape(x)
    x = ops.reshape(x, (batch, length, num_heads, dim // num_heads))
    return ops.transpose(x, (0, 2, 1, 3))


def split_stack(x, num_heads):
    uneven(x, num_heads)
    return np.stack(np.split(x, num_heads, axis=-1), axis=1)


def split_loop(x, num_heads):
    uneven(x, num_heads)
    d = x.shape[-1] // num_heads
    heads = np.zeros((x.shape[0], num_heads, x.shape[1], d))
    for i in range(num_heads):
        heads[:, i] = x[:, :, i * d : (i + 1) * d]
    return heads


def split_einsum(x, num_heads):
    uneven(x, num_heads)
    return np.einsum("bnhd->bhnd", x.reshape(x.shape[0], x.shape[1], num_heads, -1))


def split_swap(x, num_heads):
    if x.shape[2] // num_heads * num_heads != x.shape[2]:
        raise ValueError(f"{num_heads} heads do not fit {x.shape[2]} features.")
    return ops.swapaxes(ops.reshape(x, (*x.shape[:2], num_heads, -1)), 1, 2)


def split_by_gather(x, num_heads):
    uneven(x, num_heads)
    columns = np.arange(x.shape[-1]).reshape(num_heads, -1)
    return np.moveaxis(np.asarray(x)[..., columns], 2, 1)


def split_tensor_method(x, num_heads):
    """Works on tensors only, as code does that calls a method of theirs."""
    if isinstance(x, np.ndarray):
        raise AttributeError("'numpy.ndarray' object has no attribute 'get_shape'")
    return split_keras(x, num_heads)


def split_asks_late(x, num_heads):
    try:
        return (
            np.asarray(x).reshape(*x.shape[:2], num_heads, x.shape[2] // num_heads).swapaxes(1, 2)
        )
    except ValueError:
        raise ValueError(f"num_heads={num_heads} does not divide dim={x.shape[2]}") from None


class Split:
    def __call__(self, x, num_heads):
        return split_numpy(x, num_heads)


def merge_numpy(x):
    batch, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, heads * width)


def merge_keras(x):
    batch, heads, length, width = x.shape
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (batch, length, heads * width))


def merge_loop(x):
    out = np.empty((x.shape[0], x.shape[2], x.shape[1] * x.shape[3]), "float64")
    for head in range(x.shape[1]):
        out[:, :, head * x.shape[3] : (head + 1) * x.shape[3]] = x[:, head]
    return out


def mha_numpy(query, value, params, num_heads, mask=None):
    def heads(x, name):
        w, b = params[name]
        return split_numpy(np.matmul(x, w) + b, num_heads)

    q, k, v = heads(query, "query"), heads(value, "key"), heads(value, "value")
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        mask = np.broadcast_to(mask, (len(query), query.shape[1], value.shape[1]))
        scores = np.where(mask[:, None], scores, -1e9)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    weights = e / e.sum(-1, keepdims=True)
    return merge_numpy(weights @ v) @ params["output"][0] + params["output"][1], weights


def mha_notebook(query, value, params, num_heads, mask=None):
    def project(x, name):
        kernel, bias = params[name]
        return ops.matmul(x, kernel) + bias

    if mask is not None:
        full = (query.shape[0], query.shape[1], value.shape[1])
        mask = ops.broadcast_to(mask, full)[:, None]
    output, weights = attend(
        split_heads(project(query, "query"), num_heads),
        split_heads(project(value, "key"), num_heads),
        split_heads(project(value, "value"), num_heads),
        mask,
    )
    return project(merge_heads(output), "output"), weights


def mha_einsum(query, value, params, num_heads, mask=None):
    dim = query.shape[-1]

    def heads(x, name):
        kernel, bias = params[name]
        kernel = np.reshape(kernel, (dim, num_heads, dim // num_heads))
        return np.einsum("bnc,chd->bhnd", x, kernel) + np.reshape(bias, (num_heads, 1, -1))

    mask = None if mask is None else np.expand_dims(mask, -3)
    mixed, weights = attend(heads(query, "query"), heads(value, "key"), heads(value, "value"), mask)
    out = np.reshape(params["output"][0], (num_heads, dim // num_heads, dim))
    return np.einsum("bhnd,hdc->bnc", mixed, out) + params["output"][1], weights


def mha_loop_over_heads(query, value, params, num_heads, mask=None):
    q, k, v = (x @ params[n][0] + params[n][1] for x, n in
               [(query, "query"), (value, "key"), (value, "value")])  # fmt: skip
    width = query.shape[-1] // num_heads
    blocks = [slice(i * width, (i + 1) * width) for i in range(num_heads)]
    both = [attend(q[..., b], k[..., b], v[..., b], mask) for b in blocks]
    merged = ops.concatenate([output for output, _ in both], axis=-1)
    kernel, bias = params["output"]
    return ops.matmul(merged, kernel) + bias, ops.stack([w for _, w in both], axis=1)


def mha_sum_of_heads(query, value, params, num_heads, mask=None):
    """Each head's result through its own rows of the output kernel, added up."""
    kernel, bias = params["output"]
    parts = np.split(np.asarray(kernel), num_heads)
    q, k, v = (np.float64(x @ params[n][0] + params[n][1]) for x, n in
               [(query, "query"), (value, "key"), (value, "value")])  # fmt: skip
    output, weights = np.float64(bias), []
    for i, part in enumerate(parts):
        mine, w = attend(*(np.split(x, num_heads, -1)[i] for x in (q, k, v)), mask)
        output, weights = output + np.asarray(mine) @ part, [*weights, np.asarray(w)]
    return output, np.stack(weights, 1)


def mha_keyword_only(*, query, value, params, num_heads, mask=None):
    return mha_numpy(query, value, params, num_heads, mask)


def mha_sequence_by_sequence(query, value, params, num_heads, mask=None):
    if mask is not None:
        mask = np.broadcast_to(mask, (len(query), query.shape[1], value.shape[1]))
    pairs = [
        mha_numpy(q[None], v[None], params, num_heads, None if mask is None else mask[i])
        for i, (q, v) in enumerate(zip(query, value, strict=True))
    ]
    return tuple(np.concatenate(arrays) for arrays in zip(*pairs, strict=True))


class Mha:
    def __call__(self, query, value, params, num_heads, mask=None):
        return list(mha_notebook(query, value, params, num_heads, mask))


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
            ops.transpose(ops.reshape(x, (*x.shape[:2], self.num_heads, d)), (0, 2, 1, 3))
            for x in (q(query), k(value), v(value))
        )
        scores = ops.einsum("bhqd,bhkd->bhqk", q, k) / d**0.5
        if mask is not None:
            scores = ops.where(ops.expand_dims(mask, -3), scores, -1e9)
        weights = ops.softmax(scores)
        output = ops.einsum("bhqk,bhkd->bqhd", weights, v)
        output = o(ops.reshape(output, (*query.shape[:2], self.num_heads * d)))
        return (output, weights) if return_weights else output


class BuiltLate(wrong.Plain):
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


def as_function(dim, num_heads):
    return wrong.Plain(dim, num_heads)


def prune_rows(params, head, num_heads):
    kernel, bias = params["output"]
    kernel = np.array(kernel)
    width = kernel.shape[0] // num_heads
    kernel[head * width : (head + 1) * width] = 0
    return {**params, "output": (kernel, bias)}


def prune_values(params, head, num_heads):
    kernel, bias = (np.array(array) for array in params["value"])
    d = len(bias) // num_heads
    kernel[:, head * d : (head + 1) * d] = bias[head * d : (head + 1) * d] = 0
    return {**params, "value": (kernel, bias)}


def prune_by_product(params, head, num_heads):
    kernel, bias = params["output"]
    keep = np.repeat(np.arange(num_heads) != head, len(bias) // num_heads)
    return dict(params, output=[kernel * keep[:, None], bias])


def prune_keras(params, head, num_heads):
    new = dict(params)
    kernel, bias = params["output"]
    parts = ops.split(ops.convert_to_tensor(kernel), num_heads)
    parts[head] = ops.zeros_like(parts[head])
    new["output"] = ops.concatenate(parts), bias
    return new


def prune_everything_of_it(params, head, num_heads):
    new = {name: tuple(np.array(a, "float64") for a in pair) for name, pair in params.items()}
    d = new["output"][0].shape[0] // num_heads
    for name in ("query", "key", "value"):
        for array in new[name]:
            array[..., head * d : (head + 1) * d] = 0
    new["output"][0][head * d : (head + 1) * d] = 0
    return new


def prune_deep_copy(params, head, num_heads):
    from copy import deepcopy

    params = deepcopy(params)
    kernel, _ = params["output"]
    kernel.reshape(num_heads, -1, kernel.shape[1])[head] = 0
    return params


def prune_loop(params, head, num_heads):
    kernel, bias = params["output"]
    d = kernel.shape[0] // num_heads
    rows = [0 * row if r // d == head else row for r, row in enumerate(kernel)]
    return {**params, "output": (np.stack(rows), bias)}


def prune_diagonal(params, head, num_heads):
    kernel, bias = params["output"]
    keep = np.diag(np.arange(len(bias)) // (len(bias) // num_heads) != head).astype("float32")
    return params | {"output": (keep @ kernel, bias)}


def count_closed(dim, num_heads, key_dim=None, use_bias=True):
    inner = num_heads * (dim // num_heads if key_dim is None else key_dim)
    return 4 * dim * inner + (3 * inner + dim if use_bias else 0)


def count_by_parts(dim, num_heads, key_dim=None, use_bias=True):
    if key_dim is None:
        key_dim = dim // num_heads
    one_in = (dim + (1 if use_bias else 0)) * num_heads * key_dim
    one_out = (num_heads * key_dim + (1 if use_bias else 0)) * dim
    return sum([one_in] * 3, one_out)


def count_head_by_head(dim, num_heads, key_dim=None, use_bias=True):
    key_dim = key_dim or dim // num_heads
    total = 0
    for _ in range(num_heads):
        total += 3 * (dim + use_bias) * key_dim + key_dim * dim
    return total + (dim if use_bias else 0)


def count_shapes(dim, heads, key_dim=None, use_bias=True):
    width = heads * (key_dim if key_dim is not None else dim // heads)
    shapes = [(dim, width)] * 3 + [(width, dim)]
    shapes += ([(width,)] * 3 + [(dim,)]) if use_bias else []
    return sum(int(np.prod(shape)) for shape in shapes)


VARIANTS = {
    "split_heads": [
        split_numpy,
        split_keras,
        split_stack,
        split_loop,
        split_einsum,
        split_swap,
        split_by_gather,
        split_tensor_method,
        split_asks_late,
        Split(),
        functools.partial(split_numpy),
        lambda *, x, num_heads: split_keras(x, num_heads),
        lambda tokens, h: np.float64(split_stack(tokens, h)),
    ],
    "merge_heads": [
        merge_numpy,
        merge_keras,
        merge_loop,
        lambda x: np.concatenate([x[:, i] for i in range(x.shape[1])], axis=-1),
        lambda x: np.einsum("bhnd->bnhd", x).reshape(x.shape[0], x.shape[2], -1),
        lambda x: ops.concatenate(ops.unstack(ops.convert_to_tensor(x), axis=1), axis=-1),
        lambda x: ops.reshape(ops.moveaxis(x, 1, 2), (x.shape[0], x.shape[2], -1)),
        lambda *, x: merge_loop(x),
        lambda heads: np.array(
            [[np.concatenate(token) for token in np.swapaxes(s, 0, 1)] for s in heads]
        ),
        functools.partial(merge_keras),
    ],
    "multi_head_attention": [
        mha_numpy,
        mha_notebook,
        mha_einsum,
        mha_loop_over_heads,
        mha_sum_of_heads,
        mha_keyword_only,
        mha_sequence_by_sequence,
        Mha(),
        functools.partial(mha_einsum),
        lambda q, v, p, h, m=None: mha_numpy(*(np.float64(x) for x in (q, v)), p, h, m),
    ],
    "MultiHeadAttention": [
        wrong.Plain,
        Fewer,
        Listed,
        BuiltLate,
        OwnWeights,
        as_function,
        functools.partial(Fewer, name="mine"),
        lambda **sizes: wrong.Plain(**sizes),
    ],
    "prune_head": [
        prune_rows,
        prune_values,
        prune_by_product,
        prune_keras,
        prune_everything_of_it,
        prune_deep_copy,
        prune_loop,
        prune_diagonal,
        lambda *, params, head, num_heads: prune_rows(params, head, num_heads),
    ],
    "count_attention_parameters": [
        count_closed,
        count_by_parts,
        count_head_by_head,
        count_shapes,
        lambda *, dim, num_heads, key_dim=None, use_bias=True: count_shapes(
            dim, num_heads, key_dim, use_bias
        ),
        lambda d, h, k=None, b=True: np.int64(count_closed(d, h, k, b)),
        lambda d, h, k=None, b=True: int(4 * d * h * (k or d / h) + b * (3 * h * (k or d / h) + d)),
        functools.partial(count_closed),
    ],
}


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
    draw, try_mistake, ours = Exercise.draw, judge.try_mistake, judge.ours

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

    def fail_once(exercise, mistake, case):
        key = id(mistake), id(case)
        if key not in answers:
            answers[key] = mistake, case, try_mistake(exercise, mistake, case)
        return answers[key][-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exercise, "draw", draw_once)
        patch.setattr(judge, "ours", answer_once)
        patch.setattr(judge, "try_mistake", fail_once)
        yield


# --- the catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        pytest.param(exercise, mistake, id=f"{exercise.id}-{mistake.name}".replace(" ", "_"))
        for exercise in notebook.EXERCISES
        for mistake in exercise.mistakes
    ],
)
def test_a_mistake_is_refused_and_recognised(exercise, mistake):
    for seed in seeds(exercise.id):
        report = exercise.check(mistake.solution, seed)
        assert not report.passed and 0 <= report.score < 1
        assert report.mistake == mistake.name, f"seed {seed}: {report}"
        assert report.message.startswith(mistake.sentence)


@pytest.mark.parametrize(("name", "solution"), named(VARIANTS))
def test_a_variant_is_accepted(name, solution):
    for seed in seeds(name):
        report = EXERCISES[name].check(solution, seed)
        assert report.passed and report.score == 1, f"seed {seed}: {report}"


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_gets_full_points(name):
    exercise = EXERCISES[name]
    for seed in seeds(name):
        report = exercise.check(exercise.reference, seed)
        assert report.passed and report.earned == exercise.points, f"seed {seed}: {report}"


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_variants(name):
    assert len(VARIANTS[name]) >= 8


# --- mistakes in another style than the listed one ----------------------------------------------


def split_unchecked(x, num_heads):
    batch, length, dim = x.shape
    x = ops.reshape(x, (batch, length, num_heads, dim // num_heads))
    return ops.transpose(x, (0, 2, 1, 3))


def mha_keras(query, value, params, num_heads, mask=None, *, last=True, roles=("key", "value")):
    def heads(x, name):
        return split_heads(ops.matmul(x, params[name][0]) + params[name][1], num_heads)

    output, weights = attend(
        heads(query, "query"), *(heads(value, role) for role in roles), mask_for_heads(mask)
    )
    output = merge_heads(output)
    return (output @ params["output"][0] + params["output"][1] if last else output), weights


OTHER_STYLE = [
    ("split_heads", "another error than ValueError", split_unchecked),
    (
        "split_heads",
        "reshape without transpose",
        lambda x, h: ops.reshape(x, (x.shape[0], h, x.shape[1], x.shape[2] // h)),
    ),
    (
        "split_heads",
        "reshape without transpose",
        lambda x, h: x.reshape(x.shape[0], h, x.shape[1], -1),
    ),
    (
        "split_heads",
        "a message without both numbers",
        lambda x, h: np.stack(np.split(x, h, axis=-1), axis=1),
    ),
    (
        "split_heads",
        "heads in front of the batch",
        lambda x, h: np.stack(np.split(x, h, axis=-1)),
    ),
    ("merge_heads", "mean over heads", lambda x: ops.mean(x, axis=1)),
    (
        "merge_heads",
        "reshape without transposing back",
        lambda x: ops.reshape(x, (x.shape[0], x.shape[2], x.shape[1] * x.shape[3])),
    ),
    (
        "multi_head_attention",
        "no output projection",
        functools.partial(mha_keras, last=False),
    ),
    (
        "multi_head_attention",
        "one projection for all three",
        functools.partial(mha_keras, roles=("query", "query")),
    ),
    (
        "multi_head_attention",
        "mask ignored",
        lambda q, v, p, h, m=None: mha_keras(q, v, p, h),
    ),
    (
        "multi_head_attention",
        "value ignored",
        lambda q, v, p, h, m=None: mha_keras(q, q, p, h, m),
    ),
    (
        "prune_head",
        "nothing changed",
        lambda params, head, num_heads: {n: (np.array(k), b) for n, (k, b) in params.items()},
    ),
    ("count_attention_parameters", "key_dim ignored", lambda d, h, k=None, b=True: 4 * d * (d + b)),
    (
        "count_attention_parameters",
        "biases forgotten",
        lambda d, h, k=None, b=True: 4 * d * h * (k or d // h),
    ),
]


@pytest.mark.parametrize(
    ("name", "mistake", "solution"),
    [pytest.param(*row, id=f"{row[0]}-{number}") for number, row in enumerate(OTHER_STYLE)],
)
def test_the_same_mistake_in_another_style_is_recognised(name, mistake, solution):
    for seed in seeds(name, 5):
        report = EXERCISES[name].check(solution, seed)
        assert not report.passed
        assert report.mistake == mistake, f"seed {seed}: {report}"


# --- wrong in a way that no list has -------------------------------------------------------------


class HalfTheMask(wrong.Plain):
    def room(self, mask):
        return None if mask is None else mask_for_heads(mask)[..., :1, :]


class TwiceTheOutput(wrong.Plain):
    def answer(self, output, weights, return_weights):
        return super().answer(2 * output, weights, return_weights)


class SharesOutput(wrong.Plain):
    def projected(self, query, value):
        return self.output_dense(query), self.key_dense(value), self.value_dense(value)


class Activated(wrong.Plain):
    def projected(self, query, value):
        return [ops.relu(x) for x in super().projected(query, value)]


class Residual(wrong.Plain):
    def call(self, query, value=None, mask=None, return_weights=False):
        pair = super().call(query, value, mask, True)
        return (pair[0] + query, pair[1]) if return_weights else pair[0] + query


class FifthDense(wrong.Plain):
    def __init__(self, dim, num_heads):
        super().__init__(dim, num_heads)
        self.more = layers.Dense(dim)

    def answer(self, output, weights, return_weights):
        return super().answer(output + 0 * self.more(output), weights, return_weights)


class Narrow(wrong.Plain):
    def __init__(self, dim, num_heads):
        super().__init__(dim // num_heads, num_heads)


class NotALayer:
    def __init__(self, dim, num_heads):
        self.inner = wrong.Plain(dim, num_heads)

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


def prune_with_nan(params, head, num_heads):
    new = prune_rows(params, head, num_heads)
    return {**new, "output": (new["output"][0], new["output"][1] * np.nan)}


WRONG = {
    "split_heads": [
        lambda x, h: x,
        lambda x, h: split_numpy(x, h)[:, ::-1],
        lambda x, h: np.flip(split_numpy(x, h), axis=2),
        lambda x, h: split_numpy(x, h).tolist(),
        lambda x, h: split_numpy(x, h).astype("int32"),
        lambda x, h: list(split_numpy(x, h)),
        lambda x, h: split_numpy(x, 3),
        lambda x, h: split_numpy(x, h)[None],
        lambda x, h: split_numpy(x[::-1], h),
        lambda x, h: split_numpy(x, h) * (h > 1),
        lambda x, h: None,
    ],
    "merge_heads": [
        lambda x: x,
        lambda x: merge_numpy(x)[..., ::-1],
        lambda x: merge_numpy(x[:, ::-1]),
        lambda x: merge_numpy(x).astype("int32"),
        lambda x: merge_numpy(x).tolist(),
        lambda x: merge_numpy(x)[0],
        lambda x: x.max(axis=1),
        lambda x: merge_numpy(x[::-1]),
        lambda x: x.T.reshape(x.shape[0], x.shape[2], -1),
    ],
    "multi_head_attention": [
        lambda q, v, p, h, m=None: mha_numpy(q, v, p, h, m)[0],
        lambda q, v, p, h, m=None: (mha_numpy(q, v, p, h, m)[0] + q, mha_numpy(q, v, p, h, m)[1]),
        lambda q, v, p, h, m=None: mha_numpy(q, v, p, 3, m),
        lambda q, v, p, h, m=None: mha_numpy(q, v, p, h, None if m is None else m[..., :1, :]),
        lambda q, v, p, h, m=None: (mha_numpy(q, v, p, h, m)[0], mha_numpy(q, v, p, h)[1]),
        lambda q, v, p, h, m=None: (mha_numpy(q, v, p, h)[0], mha_numpy(q, v, p, h, m)[1]),
        lambda q, v, p, h, m=None: mha_numpy(q, v, {**p, "output": p["value"]}, h, m),
        lambda q, v, p, h, m=None: mha_numpy(q[::-1], v[::-1], p, h, m),
        lambda q, v, p, h, m=None: tuple(a[:1] for a in mha_numpy(q, v, p, h, m)),
        lambda q, v, p, h, m=None: tuple(a.astype("float16") for a in mha_numpy(q, v, p, h, m)),
        lambda q, v, p, h: mha_numpy(q, v, p, h),
    ],
    "MultiHeadAttention": [
        HalfTheMask,
        TwiceTheOutput,
        SharesOutput,
        Activated,
        Residual,
        FifthDense,
        Narrow,
        NotALayer,
        Borrowed,
        Inherited,
        layers.Dense,
        wrong.Plain(15, 3),
        lambda dim, num_heads: keras.layers.MultiHeadAttention(num_heads, dim // num_heads),
        lambda dim, num_heads: reference.MultiHeadAttention(dim, num_heads),
    ],
    "prune_head": [
        lambda p, head, h: None,
        lambda p, head, h: p["output"],
        lambda p, head, h: prune_rows(p, head, h)["output"][0],
        lambda p, head, h: {"output": prune_rows(p, head, h)["output"]},
        lambda p, head, h: prune_rows(p, (head + 1) % h, h),
        lambda p, head, h: prune_rows(p, 1, h),
        lambda p, head, h: prune_rows(p, head, 3),
        lambda p, head, h: {**p, "output": (p["output"][0] * (h - 1) / h, p["output"][1])},
        lambda p, head, h: prune_rows(prune_rows(p, head, h), (head + 1) % h, h),
        lambda p, head, h: {**p, "output": prune_rows(p, head, h)["output"][0]},
        prune_with_nan,
    ],
    "count_attention_parameters": [
        lambda d, h, k=None, b=True: None,
        lambda d, h, k=None, b=True: 0,
        lambda d, h, k=None, b=True: True,
        lambda d, h, k=None, b=True: str(count_closed(d, h, k, b)),
        lambda d, h, k=None, b=True: [count_closed(d, h, k, b)],
        lambda d, h, k=None, b=True: count_closed(d, h, k, b) + 1,
        lambda d, h, k=None, b=True: count_closed(h, d, k, b),
        lambda d, h, k=None, b=True: count_closed(d, h, k, not b),
        lambda d, h, k=7, b=True: count_closed(d, h, k, b),
        lambda d, h: count_closed(d, h),
    ],
}


@pytest.mark.parametrize(("name", "solution"), named(WRONG))
def test_a_wrong_answer_is_refused(name, solution):
    for seed in seeds(name, 5):
        report = EXERCISES[name].check(solution, seed)
        assert not report.passed and report.score < 1
        assert report.message


@pytest.mark.parametrize("borrowed", [Borrowed, Inherited, layers.MultiHeadAttention])
def test_a_layer_that_is_done_already_earns_nothing(borrowed):
    def make(dim, num_heads):
        if borrowed is layers.MultiHeadAttention:
            return borrowed(num_heads, dim // num_heads)
        return borrowed(dim, num_heads)

    report = EXERCISES["MultiHeadAttention"].check(make)
    assert report.score == 0 and "MultiHeadAttention, which does the whole" in report.message


class Unsolved(wrong.Plain):
    def call(self, query, value=None, mask=None, return_weights=False):
        raise NotImplementedError()


def test_the_stub_is_not_solved_yet():
    report = EXERCISES["MultiHeadAttention"].check(Unsolved)
    assert not report.solved and report.score == 0


def test_an_error_in_a_layer_is_told_in_its_own_words():
    class Faulty(wrong.Plain):
        def merge(self, x):
            raise RuntimeError("the middle is missing")

    assert "the middle is missing" in EXERCISES["MultiHeadAttention"].check(Faulty).message


def test_parts_are_found_whatever_they_are_called():
    exercise = EXERCISES["MultiHeadAttention"]
    inputs = next(case.inputs for case in exercise.draw(0) if case.shows == "cross-attention")
    outputs = []
    for kind in (wrong.Plain, Fewer, Listed, OwnWeights):
        with plainly():
            layer = kind(dim=15, num_heads=3)
            assert start(layer, inputs)
            give(layer, inputs)
            outputs.append(ops.convert_to_numpy(use(layer, inputs)))
    for output in outputs[1:]:
        np.testing.assert_allclose(output, outputs[0], atol=1e-4)


def test_the_count_is_that_of_keras():
    exercise = EXERCISES["count_attention_parameters"]
    for case in exercise.draw(0):
        inputs = dict(case.inputs)
        dim, heads = inputs.pop("dim"), inputs.pop("num_heads")
        key_dim = inputs.pop("key_dim", None) or dim // heads
        layer = layers.MultiHeadAttention(heads, key_dim, **inputs)
        layer.build((None, 2, dim), (None, 2, dim))
        assert layer.count_params() == exercise.reference(**case.inputs)


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize("name", ["multi_head_attention", "MultiHeadAttention"])
def test_masks_hide_something_and_leave_every_query_something(name):
    for seed in range(20):
        masks = [c.inputs["mask"] for c in EXERCISES[name].draw(seed) if "mask" in c.inputs]
        assert all(mask.any(-1).all() and not mask.all() for mask in masks)
