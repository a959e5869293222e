"""What the check of `MultiHeadAttention` does with a student's class: make a layer, give it the
case's kernels and biases, and use it."""

import contextlib
import inspect
import itertools
import warnings

import keras
import numpy as np
from keras import layers, ops

from course_utils.checking import sentences
from course_utils.checking.driver import Unusable, describe, fits
from course_utils.exercises.multi_head_attention.inputs import ROLES, pack
from course_utils.exercises.multi_head_attention.multi_head_attention import multi_head_attention
from course_utils.reference.multi_head_attention import MultiHeadAttention

LATEST = {}  # the layers that were made last, by class and sizes

DONE_ALREADY = (layers.MultiHeadAttention, layers.GroupQueryAttention, MultiHeadAttention)
NAME = "MultiHeadAttention"

STATE = ("trainable arrays", "same output twice", "output alone unless asked")
SHAPE = "shape inside a model"
# What a case asks for, and what of all that the driver returns it looks at.
OUTPUTS = {"output": "B Nq D", "weights": "B h Nq Nk", **dict.fromkeys((*STATE, SHAPE), "")}
ASKED = {"output": ("output",), "weights": ("output", "weights"), "state": STATE, "model": (SHAPE,)}
WANTED = (
    "After a call the layer should own four kernels of shape {kernel} and four biases of shape "
    "{bias}, a pair for each of its Dense layers. Yours owns {owned}. Does call use all four, as "
    "__init__ made them?"
)
NO_CALL = (
    "Your class has no method call. Is there a line `def call(self, query, …)`, with four spaces "
    "before it, so that it stands inside the class? And is the code below it eight spaces in?"
)
NO_SELF = "The first argument of call is the layer itself: `def call(self, query, …)`."
NO_PAIR = "With return_weights=True the layer should return a pair, (output, weights)."


def watch_layer(solution, inputs):
    """Make a layer and use it as the case asks: -> all OUTPUTS, zeros where not asked."""
    seen = dict.fromkeys(OUTPUTS, 0.0)
    with plainly():
        if inputs["asks"] in ("state", "model"):
            layer = make(solution, inputs)
            started = start(layer, inputs)
        else:
            layer, started = in_use(solution, inputs)
        if inputs["asks"] == "state":
            state = look_at_state(layer, inputs) if started else NO_STATE
            seen |= zip(STATE, state, strict=True)
        elif not started:
            raise Unusable("unfit", wanted(inputs, "nothing that it keeps"))
        else:
            give(layer, inputs)
            seen |= ask(layer, inputs)
    return tuple(seen.values())


def asked(inputs, arrays):
    return {name: arrays[name] for name in ASKED[inputs["asks"]]}


@contextlib.contextmanager
def plainly():
    """Let Keras raise what was raised, in its own words, and not warn of a mask or a build that
    this exercise asks for."""
    filtering = keras.config.is_traceback_filtering_enabled()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s)Layer .* mask attached")
        warnings.filterwarnings("ignore", r"(?s).build\(\). was called")
        try:
            keras.config.disable_traceback_filtering()
            yield
        finally:
            if filtering:
                keras.config.enable_traceback_filtering()


def make(solution, inputs):
    if isinstance(solution, layers.Layer):
        raise Unusable("type", f"Give check the class {NAME} itself, not a layer made from it.")
    sizes = {"dim": inputs["dim"], "num_heads": inputs["num_heads"]}
    layer = solution(**sizes) if fits(solution, **sizes) else solution(*sizes.values())
    if not isinstance(layer, layers.Layer):
        raise Unusable(
            "type",
            f"{NAME} should make a Keras layer, but it makes {describe(layer)}. Its first line "
            f"is: class {NAME}(layers.Layer).",
        )
    if type(layer).call is layers.Layer.call:
        raise Unusable("type", NO_CALL)
    if next(iter(inspect.signature(type(layer).call).parameters), "") == "query":
        raise Unusable("type", NO_SELF)
    if solution is not MultiHeadAttention:
        for part in layer._flatten_layers():  # the layer itself and all it is made of
            for kind in DONE_ALREADY:
                if isinstance(part, kind):
                    found = f"{kind.__module__.partition('.')[0]}'s {kind.__name__}"
                    text = sentences.FORBIDDEN.format(name=NAME, found=found)
                    raise Unusable("forbidden", text)
    return layer


def in_use(solution, inputs):
    """A layer for several cases of one size, as a training has one for all its steps, and whether
    it could be started. To make one takes longer than to call it."""
    key = solution, inputs["dim"], inputs["num_heads"]
    if key not in LATEST:
        layer = make(solution, inputs)
        started = start(layer, inputs)
        while len(LATEST) > 3:
            LATEST.pop(next(iter(LATEST)))
        LATEST[key] = layer, started
    return LATEST[key]


def use(layer, inputs, **more):
    tokens = [inputs[name] for name in ("query", "value") if name in inputs]
    return layer(*tokens, **({"mask": inputs["mask"]} if "mask" in inputs else {}), **more)


def start(layer, inputs) -> bool:
    """Call a layer for the first time, which makes its kernels. False if it may not make them.

    Keras would first trace a layer without `build` on symbols, to find out what it owns, which
    takes ten times as long as the call; and it refuses layers that are made meanwhile. The call
    itself makes the same kernels, and what is new after it is seen here.
    """
    builds = type(layer).build is not layers.Layer.build
    known = {id(part) for part in layer._flatten_layers()}
    layer.built = not builds
    try:
        use(layer, inputs)
    except ValueError as error:
        if "new elements of state" not in str(error):
            raise
        return False
    return builds or all(id(part) in known for part in layer._flatten_layers())


NO_STATE = (0, False, True)


def look_at_state(layer, inputs):
    first, second = use(layer, inputs), use(layer, inputs)
    arrays = [ops.convert_to_numpy(output_of(result)) for result in (first, second)]
    same = np.array_equal(*arrays, equal_nan=True)
    return len(layer.trainable_weights), same, not isinstance(first, tuple | list)


def output_of(result):
    """What a layer returned, without the weights where it returned a pair."""
    return result[0] if isinstance(result, tuple | list) and result else result


def ask(layer, inputs):
    if inputs["asks"] == "model":
        return {SHAPE: shape_inside_a_model(layer, inputs)}
    if inputs["asks"] == "weights":
        pair = use(layer, inputs, return_weights=True)
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise Unusable("unfit", f"{NO_PAIR} Yours returned {describe(pair)}.")
        return {"output": pair[0], "weights": pair[1]}
    output = use(layer, inputs)
    if output is None:
        raise Unusable("none", sentences.NONE.format(name=f"{NAME}.call"))
    return {"output": output_of(output)}


def shape_inside_a_model(layer, inputs):
    """Use a layer as a model does, to be trained: on tensors that have no numbers yet, and not even
    a number of sequences, for which -1 stands in what is returned.

    NumPy cannot work on them. A step of training would show the same, and take far longer.
    """
    symbols = {
        name: keras.Input(array.shape[1:], dtype=keras.backend.standardize_dtype(array.dtype))
        for name, array in inputs.items()
        if name in ("query", "value", "mask")
    }
    try:
        output = use(layer, symbols)
    except Exception as error:
        # A TypeError: TensorFlow's NotImplementedError would read as "not solved yet".
        raise TypeError(cause(error)).with_traceback(error.__traceback__) from error
    return np.array([-1 if size is None else size for size in output_of(output).shape])


def cause(error: Exception) -> str:
    """What went wrong in a layer: the end of what Keras says, or what it failed to put in words."""
    text = str(error)
    if "Error encountered:" not in text and error.__context__:
        text = str(error.__context__)
    return text.rpartition("Error encountered:")[2].strip()


def give(layer, inputs) -> None:
    """Give a layer the case's kernels and biases, or say that it has no place for them."""
    denses = [getattr(layer, f"{role}_dense", None) for role in ROLES]
    stubs = [dense for dense in denses if isinstance(dense, layers.Dense)]
    owned = [weight for dense in stubs for weight in dense.weights]
    if len(stubs) == 4 and owned and len(owned) == len(layer.weights):
        pairs = [dense.weights for dense in denses]
    else:  # called otherwise, so perhaps in another order as well
        matrices = [weight for weight in layer.weights if len(weight.shape) == 2]
        vectors = [weight for weight in layer.weights if len(weight.shape) == 1]
        pairs = list(zip(matrices, vectors, strict=False))
        if len(pairs) != 4 or len(layer.weights) != 8:
            refuse(layer, inputs)
    assign(layer, pairs, inputs, ROLES)
    if len(stubs) < 4 and (order := order_of_roles(layer, inputs)):
        assign(layer, pairs, inputs, order)


def assign(layer, pairs, inputs, roles) -> None:
    """Give each pair of weights the numbers of a role."""
    params = pack(inputs)
    for pair, role in zip(pairs, roles, strict=True):
        for weight, array in zip(pair, params[role], strict=False):  # no bias, or not built
            if tuple(weight.shape) != array.shape:
                refuse(layer, inputs)
            weight.assign(array)


def order_of_roles(layer, inputs):
    """Find out by trying which of its parts a layer uses for what; None where nothing fits."""
    output = ops.convert_to_numpy(output_of(use(layer, inputs)))
    arrays = {n: ops.convert_to_numpy(a) if hasattr(a, "shape") else a for n, a in inputs.items()}
    query, params = arrays["query"], pack(arrays)
    rest = (inputs["num_heads"], arrays.get("mask"))
    for places in itertools.permutations(range(4)):
        shuffled = {role: params[ROLES[place]] for role, place in zip(ROLES, places, strict=True)}
        guess = multi_head_attention(query, arrays.get("value", query), shuffled, *rest)[0]
        if guess.shape == output.shape and np.allclose(guess, output, rtol=0, atol=1e-3):
            return [ROLES[places.index(place)] for place in range(4)]
    return None


def refuse(layer, inputs):
    owned = ", ".join(str(tuple(weight.shape)) for weight in layer.weights) or "nothing"
    raise Unusable("unfit", wanted(inputs, owned))


def wanted(inputs, owned: str) -> str:
    dim = inputs["dim"]
    return WANTED.format(kernel=(dim, dim), bias=(dim,), owned=owned)
