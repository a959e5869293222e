"""The neighbours of an answer: the same code with one small thing done otherwise, by rule.

A mistake that nobody listed is often one of them. Its sentence says what the changed answer does,
and not what to type: another axis, a factor left out, two operands exchanged.
"""

import ast
import functools
import itertools
import sys
from collections.abc import Callable, Iterator

from course_utils.checking import sentences
from course_utils.checking.edits import source
from course_utils.checking.exercise import Exercise, Mistake

OTHER_OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Mod, ast.Div),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}
OTHER_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE),
    ast.LtE: (ast.Lt, ast.GtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE),
    ast.GtE: (ast.Gt, ast.LtE, ast.Lt),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
VERBS = {
    ast.Add: "adds",
    ast.Sub: "subtracts",
    ast.Mult: "multiplies",
    ast.Div: "divides",
    ast.FloorDiv: "divides with // (which rounds down)",
    ast.Mod: "takes the remainder",
    ast.Pow: "raises to a power",
    ast.MatMult: "takes a matrix product",
}
SIGNS = {
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.GtE: "≥",
    ast.Eq: "=",
    ast.NotEq: "≠",
    ast.Is: "'is'",
    ast.IsNot: "'is not'",
}
EXCHANGED = {
    ast.Sub: "it subtracts the other way round",
    ast.Div: "it divides the other way round",
    ast.FloorDiv: "it divides the other way round",
    ast.Mod: "it takes the remainder the other way round",
    ast.Pow: "base and exponent are exchanged",
    ast.MatMult: "the two sides of a matrix product are exchanged",
}
OTHER_FUNCTIONS = {
    "sum": ("mean", "max"),
    "mean": ("sum", "max"),
    "max": ("min", "sum", "mean"),
    "sin": ("cos",),
    "cos": ("sin",),
    "tril": ("triu",),
    "repeat": ("tile",),
    "tile": ("repeat",),
    "any": ("all",),
    "argsort": ("sort",),
    "eye": ("ones_like", "zeros_like"),
    "linspace": ("arange",),
}
# Variables of our answers that bear the field's own names: a student knows what they are.
NOTATION = frozenset(
    "scores weights output mask query key value queries keys values heads kernel bias tokens "
    "positions windows patches latents angles frequencies rows columns height width projections "
    "embedding blocks norm class_token places".split()
)
QUIET = ("float32", "float64", "int32", "int", "float", "len", "array", "arange")  # say no place
AXES = (-2, 0, 1, 2, -1, None)
AXIS_FIRST = ("sum", "mean", "max", "min", "any", "all")  # methods whose first argument is an axis

MOST = 1000

Change = tuple[ast.AST, str]  # what stands there instead, and what it does then


@functools.lru_cache(maxsize=64)
def neighbours(exercise: Exercise) -> tuple[Mistake, ...]:
    """All neighbours of an exercise's answer, the plainest changes first.

    None of a layer's, which would be built and run each, nor of an answer with more than MOST of
    them: a check has no time for that. None of a loop without a count: changed, it may never end.
    """
    if exercise.answer is None or isinstance(exercise.answer, type):
        return ()
    tree = ast.parse(source(exercise.answer))
    if any(isinstance(node, ast.While) for node in ast.walk(tree)):
        return ()
    function = tree.body[0]
    seen = {ast.unparse(tree)}
    found = []
    for rule in RULES:
        for node, put, place in slots(function):
            for new, says in rule(node, function):
                put(ast.copy_location(new, node))
                changed = compiled(exercise.answer, tree, seen)
                put(node)
                if changed:
                    known = not place or place.rpartition(" ")[2] in says.split()
                    change = says if known else f"{place}, {says}"
                    text = sentences.NEIGHBOUR.format(change=change)
                    found.append(Mistake(change, text, function=changed))
    return tuple(found) if len(found) <= MOST else ()


def compiled(answer: Callable, tree: ast.Module, seen: set[str]) -> Callable | None:
    """The function of a changed tree, among the names of the answer's file; None for old ones."""
    text = ast.unparse(tree)
    if text in seen:
        return None
    seen.add(text)
    scope = dict(vars(sys.modules[answer.__module__]))
    try:
        exec(compile(text, "<neighbour>", "exec"), scope)
    except (SyntaxError, ValueError):
        return None
    return scope[answer.__name__]


def slots(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, Callable, str]]:
    """Every node of a function's body, how to put another in its place, and where that is."""
    for statement, put in list(children(function, fields=("body",))):
        yield from below(statement, put, arguments_of(function))


def below(statement: ast.stmt, put: Callable, arguments: list[str]):
    place = place_of(statement, arguments)
    yield statement, put, place
    for node, put_inside in list(children(statement)):
        if isinstance(node, ast.stmt):
            yield from below(node, put_inside, arguments)
        elif not isinstance(statement, ast.Raise):  # what it says is judged otherwise
            yield from expressions(node, put_inside, place)


def expressions(node: ast.AST, put: Callable, place: str):
    yield node, put, place
    for inner, put_inside in list(children(node)):
        yield from expressions(inner, put_inside, place)


def children(node: ast.AST, fields: tuple[str, ...] | None = None):
    """The nodes right below one, each with the function that puts another in its place."""
    for field in fields or node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield item, functools.partial(value.__setitem__, index)
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.arguments):
            yield value, functools.partial(setattr, node, field)


def place_of(statement: ast.stmt, arguments: list[str]) -> str:
    """Where a statement stands, in words that a reader knows: not the names of our variables."""
    if isinstance(statement, ast.Assign | ast.AugAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        if ast.unparse(target) in NOTATION:
            return f"where it makes '{ast.unparse(target)}'"
        calls = [called(node) for node in ast.walk(statement) if isinstance(node, ast.Call)]
        uses = [name for name in names_in(statement) if name in arguments]
        telling = [name for name in calls if name not in QUIET][:1] or [f"'{n}'" for n in uses[:1]]
        return f"where it uses {telling[0]}" if telling else ""
    if isinstance(statement, ast.If):
        return "where it asks what kind of input it has"
    if isinstance(statement, ast.For):
        return "in its loop"
    return "in what it returns" if isinstance(statement, ast.Return) else "in one of its steps"


def said(node: ast.AST, function: ast.FunctionDef) -> str:
    """A piece of code, if it is short enough to be read inside a sentence and says nothing of
    variables that only our answer has."""
    text = ast.unparse(node)
    return f"'{text}'" if len(text) <= 24 and not ours(node, function) else ""


def ours(node: ast.AST, function: ast.FunctionDef) -> bool:
    """Whether a node holds a variable of our answer. One or two letters are notation."""
    known = {*arguments_of(function), *NOTATION}
    own = set(names_of(function)) - known
    return any(name in own and len(name) > 2 for name in names_in(node))


def names_in(node: ast.AST) -> list[str]:
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]


def arguments_of(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


def operand_left_out(node, function) -> Iterator[Change]:
    if not isinstance(node, ast.BinOp):
        return
    parts = {ast.Add: "term", ast.Sub: "term", ast.Mult: "factor"}
    names = {ast.Div: "divisor", ast.Pow: "power", ast.FloorDiv: "divisor"}
    noun = {**parts, **names}.get(type(node.op), "operand")

    def what(part):
        text = said(part, function)
        return f"the {noun} {text}" if text else f"one {noun}"

    yield node.left, f"{what(node.right)} is left out"
    if isinstance(node.op, ast.Add | ast.Mult | ast.Sub | ast.MatMult):
        yield node.right, f"{what(node.left)} is left out"


def term_counted_twice(node, function) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for term in (node.right, node.left):
            if not isinstance(term, ast.BinOp) or not isinstance(term.op, ast.Add):
                text = said(term, function)
                says = f"the term {text} is there twice" if text else "one term is there twice"
                yield ast.BinOp(node, ast.Add(), term), says


def operands_exchanged(node, function) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and type(node.op) in EXCHANGED:
        yield ast.BinOp(node.right, node.op, node.left), EXCHANGED[type(node.op)]


def operator_exchanged(node, function) -> Iterator[Change]:
    if isinstance(node, ast.BinOp):
        for other in OTHER_OPERATORS.get(type(node.op), ()):
            says = f"it {VERBS[other]} where ours {VERBS[type(node.op)]}"
            yield ast.BinOp(node.left, other(), node.right), says
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand, "a sign is not turned round"


def grouped_otherwise(node, function) -> Iterator[Change]:
    """a · (b + c) read as a · b + c, and a / (b · c) as a / b · c."""
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.BinOp):
        inner = node.right
        regrouped = ast.BinOp(ast.BinOp(node.left, node.op, inner.left), inner.op, inner.right)
        yield regrouped, "a pair of brackets is missing"
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.BinOp):
        inner = node.left
        regrouped = ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, node.right))
        yield regrouped, "the brackets stand round something else"


def comparison_exchanged(node, function) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        now = type(node.ops[0])
        for other in OTHER_COMPARISONS.get(now, ()):
            says = f"there is {SIGNS[other]} in place of {SIGNS[now]}"
            yield ast.Compare(node.left, [other()], node.comparators), says
    if isinstance(node, ast.BoolOp):
        other, word = (ast.Or, "or") if isinstance(node.op, ast.And) else (ast.And, "and")
        yield ast.BoolOp(other(), node.values), f"its conditions are joined by '{word}'"
        for index, value in enumerate(node.values):
            rest = [v for i, v in enumerate(node.values) if i != index]
            left = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            yield left, f"it does not ask about {said(value, function) or 'one of its conditions'}"


def another_axis(node, function) -> Iterator[Change]:
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    for keyword in node.keywords:
        if keyword.arg == "axis" and (now := whole(keyword.value)) is not None:
            for axis in AXES:
                if axis != now:
                    others = [k for k in node.keywords if k is not keyword]
                    new = ast.keyword("axis", ast.Constant(axis))
                    yield ast.Call(node.func, node.args, [*others, new]), along(name, axis)
    if name in AXIS_FIRST and node.args and (now := whole(node.args[0])) is not None:
        for axis in AXES:
            if axis != now:
                args = [ast.Constant(axis), *node.args[1:]]
                yield ast.Call(node.func, args, node.keywords), along(name, axis)
    if name == "transpose":
        yield from other_orders(node)


def along(name: str, axis: int | None) -> str:
    where = "over all entries at once" if axis is None else f"along axis {axis}"
    return f"{name} goes {where}"


def other_orders(node: ast.Call) -> Iterator[Change]:
    """Another order of the axes, two of them exchanged."""
    is_tuple = isinstance(node.args[-1], ast.Tuple)
    entries = node.args[-1].elts if is_tuple else node.args
    if not all(whole(entry) is not None for entry in entries):
        return
    now = [whole(entry) for entry in entries]
    orders = [list(order) for order in itertools.permutations(now)] if len(now) < 5 else []
    orders += [exchanged(now, i, j) for i, j in itertools.combinations(range(len(now)), 2)]
    for order in orders:
        axes = [ast.Constant(axis) for axis in order]
        args = [*node.args[:-1], ast.Tuple(axes, ast.Load())] if is_tuple else axes
        says = f"the axes are put in the order {tuple(order)}"
        yield ast.Call(node.func, args, node.keywords), says


def arguments_exchanged(node, function) -> Iterator[Change]:
    if isinstance(node, ast.Call):
        for i, j in itertools.combinations(range(len(node.args)), 2):
            first, second = said(node.args[i], function), said(node.args[j], function)
            says = f"{called(node)} is given {second} for {first} and {first} for {second}"
            if not first or not second:
                says = f"two inputs of {called(node)} are exchanged"
            yield ast.Call(node.func, exchanged(node.args, i, j), node.keywords), says
    if isinstance(node, ast.Tuple | ast.List) and 1 < len(node.elts) <= 8:
        gets = isinstance(node.ctx, ast.Store)
        what = "gets" if gets else "puts"
        for i, j in itertools.combinations(range(len(node.elts)), 2):
            new = exchanged(node.elts, i, j)
            parts = node.elts[i], node.elts[j]
            told = gets or not any(ours(part, function) for part in parts)
            both = " and ".join(f"'{ast.unparse(part)}'" for part in parts) if told else "two parts"
            yield type(node)(new, node.ctx), f"it {what} {both} in the wrong order"


def call_left_out(node, function) -> Iterator[Change]:
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    says = f"{name} is left out"
    if isinstance(node.func, ast.Attribute) and not is_module(node.func.value):
        yield node.func.value, says
    elif node.args and not isinstance(node.args[0], ast.Constant):
        yield node.args[0], says
    for keyword in node.keywords:
        rest = [k for k in node.keywords if k is not keyword]
        yield ast.Call(node.func, node.args, rest), f"{name} is not told {keyword.arg}"


def another_function(node, function) -> Iterator[Change]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        for other in OTHER_FUNCTIONS.get(node.attr, ()):
            says = f"there is {other} in place of {node.attr}"
            yield ast.Attribute(node.value, other, node.ctx), says


def another_number(node, function) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        now = node.value
        others = {int: (now + 1, now - 1, 2 * now), float: (now * 2, now / 2, -now, 0.0, 1.0)}
        for other in others[type(now)]:
            yield ast.Constant(other), f"there is {other:g} in place of {now:g}"


def another_name(node, function) -> Iterator[Change]:
    """A variable in place of another: an argument or one that the answer has made."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    own = names_of(function)
    if node.id in own:
        for other in own:
            if other != node.id:
                yield ast.Name(other, node.ctx), taken(other, node.id, function)


def taken(other: str, name: str, function: ast.FunctionDef) -> str:
    known = {*arguments_of(function), *NOTATION}
    computed = "a value that it has computed"
    if name not in known and other not in known:
        return f"it takes {computed} in place of another"
    mine, theirs = (f"'{one}'" if one in known else computed for one in (other, name))
    return f"it takes {mine} in place of {theirs}"


def step_left_out(node, function) -> Iterator[Change]:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield ast.Pass(), "this step is left out"
    if isinstance(node, ast.If):
        yield (
            ast.If(ast.Constant(False), node.body, node.orelse),
            "it never does what depends on it",
        )
        yield (
            ast.If(ast.Constant(True), node.body, node.orelse),
            "it always does what depends on it",
        )


def slice_moved(node, function) -> Iterator[Change]:
    if isinstance(node, ast.Slice):
        if node.upper and not node.lower:
            yield (
                ast.Slice(node.upper, None, node.step),
                "the slice takes the rest, and not the start",
            )
        if node.lower and not node.upper:
            yield (
                ast.Slice(None, node.lower, node.step),
                "the slice takes the start, and not the rest",
            )
        if node.step:
            yield ast.Slice(node.lower, node.upper, None), "the slice takes neighbours"
        if node.lower or node.upper:
            yield ast.Slice(None, None, node.step), "the slice takes all"


def return_in_the_loop(node, function) -> Iterator[Change]:
    final = function.body[-1]
    if isinstance(node, ast.For) and isinstance(final, ast.Return):
        body = [*node.body, final]
        yield (
            ast.For(node.target, node.iter, body, node.orelse),
            "it returns after the first round",
        )


RULES = (
    return_in_the_loop,
    operand_left_out,
    term_counted_twice,
    another_axis,
    operator_exchanged,
    operands_exchanged,
    grouped_otherwise,
    comparison_exchanged,
    call_left_out,
    another_function,
    slice_moved,
    step_left_out,
    arguments_exchanged,
    another_number,
    another_name,
)


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)


def is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "math", "ops", "layers", "rng")


def whole(node: ast.AST) -> int | None:
    """The number that a node is, minus signs included."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if type(value) is int else None


def exchanged(items: list, i: int, j: int) -> list:
    items = list(items)
    items[i], items[j] = items[j], items[i]
    return items


def names_of(function: ast.FunctionDef) -> list[str]:
    """Arguments and variables of a function, in the order in which they stand there."""
    arguments = arguments_of(function)
    made = [
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return list(dict.fromkeys([*arguments, *made]))
