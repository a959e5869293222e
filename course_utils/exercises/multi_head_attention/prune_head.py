"""Exercise `prune_head`: one head less. Judged by what attention gives with the new params."""

from collections.abc import Mapping

import numpy as np

from course_utils.checking.driver import Unusable, call_as_it_is, describe
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.exercises.multi_head_attention.inputs import (
    ROLES,
    draw_params,
    pack,
    plain_params,
)
from course_utils.exercises.multi_head_attention.multi_head_attention import multi_head_attention
from course_utils.reference import multi_head_attention as reference

KEPT = "the params given stay as they are"
NAMES = [f"{role}_{part}" for role in ROLES for part in ("kernel", "bias")]


def prune_head(params, head, num_heads):
    kernel, bias = (np.array(array) for array in params["output"])
    width = len(bias) // num_heads
    own = slice(head * width, (head + 1) * width)
    kernel[own] = 0
    return {**params, "output": (kernel, bias)}


def prune_cases(rng):
    def case(shows, head, num_heads):
        inputs = {"head": head, "num_heads": num_heads, **draw_params(rng, 15)}
        if shows != KEPT:  # what attention is tried on afterwards
            inputs |= {"query": normal(rng, 2, 5, 15), "value": normal(rng, 2, 7, 15)}
        return Case(shows, inputs)

    return [
        case("the first head", 0, 3),
        case("the last head", 2, 3),
        case("a head in between", int(rng.integers(1, 4)), 5),
        case(KEPT, 1, 3),
    ]


# One token, which every head looks at: so what a head says is its part of the value.
MIXING = plain_params(2, value_bias=[1, 1], output_kernel=[[1, 2], [3, 4]], output_bias=[5, 6])
WIDER = plain_params(4, output_kernel=numbered(4, 4))
LADDER = (
    by_hand(head=1, num_heads=2, **MIXING, query=numbered(1, 1, 2), value=numbered(1, 1, 2)),
    by_hand(head=1, num_heads=2, **WIDER, query=numbered(1, 1, 4), value=numbered(1, 1, 4)),
    by_hand("the params given, afterwards", head=1, num_heads=2, **MIXING),
)


def prune(solution, inputs):
    """Hand out params, and take the new ones apart: eight arrays, and whether the old are whole."""
    params = pack(inputs)
    given = {role: tuple(np.array(array) for array in pair) for role, pair in params.items()}
    numbers = {name: inputs[name] for name in ("head", "num_heads")}
    pruned = call_as_it_is(solution, {"params": params, **numbers})
    if pruned is None:
        return None
    whole = set(params) == set(given) and all(
        np.array_equal(np.array(mine), theirs)
        for role, pair in given.items()
        for mine, theirs in zip(params[role], pair, strict=False)
    )
    return (*taken_apart(pruned), whole)


def taken_apart(pruned):
    if not isinstance(pruned, Mapping):
        raise Unusable("type", f"{IS_PARAMS} Yours returned {describe(pruned)}.")
    pairs = []
    for role in ROLES:
        if role not in pruned:
            raise Unusable("type", f'{IS_PARAMS} Yours has no "{role}".')
        pair = pruned[role]
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise Unusable("type", f'{IS_PARAMS} Yours has {describe(pair)} for "{role}".')
        pairs += pair
    return pairs


def watch_attention(inputs, arrays):
    """See what attention gives with these params: there are several right ways to silence a head.

    In a case without tokens, see whether the params handed out are whole instead.
    """
    for name in NAMES:
        if arrays[name].shape != inputs[name].shape:
            text = f"The {name.replace('_', ' of ', 1)} has shape {arrays[name].shape}, expected "
            text += f"{inputs[name].shape}: a silent head keeps its place."
            raise Unusable("unfit", text)
    if "query" not in inputs:
        return {KEPT: arrays[KEPT]}
    new = pack({name: arrays[name].astype("float32") for name in NAMES})
    tokens = inputs["query"], inputs["value"]
    return {"output": multi_head_attention(*tokens, new, inputs["num_heads"])[0]}


IS_PARAMS = (
    'prune_head should return params: a dictionary with "query", "key", "value" and "output", each '
    "a pair of kernel and bias."
)


def instead(role):
    """Change another projection than the output's."""
    return ('params["output"]', f'params["{role}"]'), ('"output": (', f'"{role}": (')


OWN = "head * width, (head + 1) * width"
NEW = '{**params, "output": (kernel, bias)}'
COPY_FORGOTTEN = ('(np.array(array) for array in params["output"])', 'params["output"]')
COLUMNS = ("[own]", "[:, own]")
BIAS_TOO = ("= 0", "= bias[own] = 0")
IN_PLACE = (
    "The head is silent, but the params handed to you have changed as well: who called you still "
    "needs them. Copy before you write: np.array(kernel), and a new dictionary."
)
UNIFORM = (
    "With its queries or keys at zero a head scores all tokens alike. It is not silent then, it "
    "takes their mean. Zero what it says, not what it asks: its rows of the output kernel."
)

PRUNE_HEAD = Exercise(
    id="prune_head",
    title="One head less",
    points=2,
    reference=reference.prune_head,
    answer=prune_head,
    cases=prune_cases,
    ladder=LADDER,
    outputs={**dict.fromkeys(NAMES, ""), KEPT: ""},
    driver=prune,
    observe=watch_attention,
    hints=(
        "The output projection reads the merged heads, D features. Which of them come from this "
        "head, and how do you make the projection deaf to them?",
        "Row r of the output kernel (D, D) is multiplied with feature r of the merged heads. Head "
        "i has the rows i·d to (i + 1)·d - 1, with d = D // h.",
        'Take params["output"] apart, copy its kernel, and set rows … to … of the copy to 0, with '
        "d = D // num_heads. Then a new dictionary: all of params, but your pair for the output.",
    ),
    mistakes=(
        edited("columns instead of rows", COLUMNS)(
            "You zero columns of the output kernel. Columns are what comes out, and mix all "
            "heads; what goes in from this head are rows."
        ),
        edited("changes params in place", COPY_FORGOTTEN)(IN_PLACE),
        edited(
            "changes params in place",
            (f"return {NEW}", 'params["output"] = kernel, bias\n    return params'),
        )(IN_PLACE),
        edited("wrong slice (interleaved)", (OWN, "head, None, num_heads"))(
            "You zero every h-th row, a few of each head. A head's features stand together: rows "
            "head·d to (head + 1)·d - 1."
        ),
        edited("h and d exchanged", (OWN, "head * num_heads, (head + 1) * num_heads"))(
            "You zero num_heads rows. num_heads is how many heads there are; each has d = D // "
            "num_heads rows."
        ),
        edited("one row only", ("[own]", "[head]"))(
            "You zero one row. A head has d = D // num_heads of them: from head·d on."
        ),
        edited("counted from 1", (OWN, "(head - 1) * width, head * width"))(
            "You silence the head before (for head 0, none at all). Heads are counted from 0: its "
            "rows are head·d to (head + 1)·d - 1."
        ),
        edited("zeroes the query only", *instead("query"), COLUMNS, BIAS_TOO)(UNIFORM),
        edited("zeroes the query only", *instead("key"), COLUMNS)(UNIFORM),
        edited("zeroes the query's kernel only", *instead("query"), COLUMNS)(
            "With its query kernel at zero a head asks the same whatever the token is. It is not "
            "silent then. Zero what it says, not what it asks: its rows of the output kernel."
        ),
        edited("value bias left", *instead("value"), COLUMNS)(
            "Nearly: its value kernel is zero, but its value bias still speaks, the same to every "
            "token. Zero that block of the bias too, or the head's rows of the output kernel."
        ),
        edited("value rows", *instead("value"))(
            "You zero rows of the value kernel: they read features of the input, for all heads. A "
            "head's own are columns there, and rows in the output kernel."
        ),
        edited("also zeroes the output bias", ("(kernel, bias)}", "(kernel, 0 * bias)}"))(
            "The head is silent, but you took the output bias as well. It belongs to no head: "
            "leave it."
        ),
        edited("also zeroes a block of the output bias", BIAS_TOO)(
            "The head is silent, but you took a block of the output bias as well. That bias "
            "belongs to no head: leave it."
        ),
        edited("all others silenced", ("kernel[own]", "kernel[: own.start] = kernel[own.stop :]"))(
            "You have kept this head and silenced all others. It is the other way round."
        ),
        edited("all silenced", ("[own]", "[:]"))(
            "You have silenced all heads: only the output bias is left. Zero the rows of one head."
        ),
        edited("nothing changed", (NEW, "dict(params)"))(
            "The head speaks as before: the params you return say the same as those you got. Do "
            "they hold your new kernel?"
        ),
        edited("head cut out", ("kernel[own] = 0", "kernel = np.delete(kernel, own, axis=0)"))(
            "You have changed the shape of a kernel or a bias. A silent head keeps its place, for "
            "num_heads stays the same: set numbers to 0 instead of taking them out."
        ),
    ),
)
