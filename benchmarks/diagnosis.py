"""What the checks say about every slip of one edit in the notebooks' own solutions.

    uv run python benchmarks/diagnosis.py [exercise …] [--list]

A mutant is a solution with one small change, made by rule. Each is run as in its notebook and
handed to the check with seed 0. "named": the check says which mistake it is. "shown": it shows a
case in numbers. "only an error": all it has is what Python said. "other words": a sentence about
what came, such as a None or a part that is never called. --list prints every mutant.

A mutant that is accepted should be right, and diagnosis_accepted.txt says why. One without a reason
there is listed, and the exit status is 1. A run over all exercises writes the table into README.md.
"""

import argparse
import ast
import collections
import contextlib
import copy
import difflib
import json
import linecache
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ACCEPTED = HERE / "diagnosis_accepted.txt"
README = HERE / "README.md"
BEGIN, END = "<!-- diagnosis.py writes here -->\n", "<!-- to here -->\n"

MEMORY = 8 * 2**30  # bytes of address space: a mutant that asks for more gets a MemoryError
SAYS = ("named", "shown", "only an error", "other words")

# The rules. Each takes a node of the syntax tree and gives what may stand in its place.

EXCHANGED = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div, ast.Mod],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
AXES = (-2, -1, 0, 1)


def operator(node: ast.AST) -> Iterator[ast.AST]:
    """+ for −, < for <=, `and` for `or`."""
    yield from (kind() for kind in EXCHANGED.get(type(node), ()))


def number(node: ast.AST) -> Iterator[ast.AST]:
    """One more, one less."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from (ast.Constant(node.value + step) for step in (1, -1))


def bound(node: ast.AST) -> Iterator[ast.AST]:
    """A slice that begins or ends one further or earlier; where it is a number, see above."""
    for name in ("lower", "upper") if isinstance(node, ast.Slice) else ():
        end = getattr(node, name)
        if end is not None and not isinstance(end, ast.Constant):
            for step in (ast.Add(), ast.Sub()):
                yield changed(node, **{name: ast.BinOp(end, step, ast.Constant(1))})


def axis(node: ast.AST) -> Iterator[ast.AST]:
    """Another axis."""
    if (
        isinstance(node, ast.keyword)
        and node.arg == "axis"
        and isinstance(node.value, ast.Constant)
    ):
        yield from (changed(node, value=ast.Constant(other)) for other in AXES)


def exchanged_neighbours(node: ast.AST) -> Iterator[ast.AST]:
    """Two neighbours in each other's place: arguments of a call, entries of a shape or a list."""
    name = "args" if isinstance(node, ast.Call) else "elts"
    items = getattr(node, name, [])
    for i in range(len(items) - 1):
        yield changed(node, **{name: [*items[:i], items[i + 1], items[i], *items[i + 2 :]]})


def dropped_argument(node: ast.AST) -> Iterator[ast.AST]:
    """A call without one of its arguments."""
    for name in ("args", "keywords") if isinstance(node, ast.Call) else ():
        given = getattr(node, name)
        yield from (changed(node, **{name: given[:i] + given[i + 1 :]}) for i in range(len(given)))


def dropped_operand(node: ast.AST) -> Iterator[ast.AST]:
    """One side of + − * / alone, and what stands behind a `not` or a minus."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        yield from (node.left, node.right)
    if isinstance(node, ast.UnaryOp):
        yield node.operand


def forgotten(node: ast.AST) -> Iterator[ast.AST]:
    """A statement that is not there."""
    if isinstance(node, ast.stmt):
        yield ast.Pass()


RULES = (
    operator,
    number,
    bound,
    axis,
    exchanged_neighbours,
    dropped_argument,
    dropped_operand,
    forgotten,
)


def changed(node: ast.AST, **fields) -> ast.AST:
    node = copy.copy(node)
    for name, value in fields.items():
        setattr(node, name, value)
    return node


# From a cell to its mutants.


def mutants(cell: str) -> tuple[str, list[str]]:
    """The text of a solution cell as `ast` writes it, and all its mutants."""
    lines = cell.splitlines()
    first, last = (
        next(i for i, line in enumerate(lines, start=1) if mark in line)
        for mark in ("### BEGIN SOLUTION", "### END SOLUTION")
    )
    tree = Negative().visit(ast.parse(cell))
    plain, found = ast.unparse(tree), {}
    for holder, key in list(sites(tree, first, last)):
        original = holder[key]
        for rule in RULES:
            for new in rule(original):
                holder[key] = new
                found[ast.unparse(tree)] = None
        holder[key] = original
    return plain, [text for text in found if text != plain and compiles(text)]


class Negative(ast.NodeTransformer):
    """Make -1 one number instead of a minus and a 1."""

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return ast.copy_location(ast.Constant(-node.operand.value), node)
        return node


def sites(node: ast.AST, first: int, last: int, inside: bool = False) -> Iterator[tuple]:
    """All places between two lines where a node may be changed, as (list or dictionary, key).

    Not inside a `raise`: nobody checks the words of an exception. Not a function's last return.
    """
    for name, value in ast.iter_fields(node):
        holder, inside_it = vars(node), [(name, value)]
        if isinstance(value, list):
            holder, inside_it = value, enumerate(value)
        for key, child in inside_it:
            if not isinstance(child, ast.AST):
                continue
            within = inside or first < getattr(child, "lineno", 0) < last
            if within and not ends_function(node, child):
                yield holder, key
            if not isinstance(child, ast.Raise):
                yield from sites(child, first, last, within)


def ends_function(node: ast.AST, child: ast.AST) -> bool:
    is_function = isinstance(node, ast.FunctionDef)
    return is_function and isinstance(child, ast.Return) and child is node.body[-1]


def compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def change(plain: str, mutant: str) -> str:
    """Say in one line what a mutant changes: before -> after."""
    lines = list(difflib.ndiff(plain.splitlines(), mutant.splitlines()))
    before, after = (" ¶ ".join(x[2:].strip() for x in lines if x[0] == sign) for sign in "-+")
    return f"{before}  ->  {after}"


# The process in which the mutants run.


def judge(names: list[str]) -> None:
    """Check all mutants of some exercises and print a line of JSON for each."""
    from course_utils.authoring.source import authored, course_root, grade_id, sources
    from course_utils.exercises import EXERCISES

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for path in sources(course_root()):
        scope = {"__name__": "__main__"}
        for cell in authored(path).cells:
            if cell.cell_type != "code":
                continue
            if grade_id(cell) in names:
                plain, found = mutants(cell.source)
                for mutant in found:
                    verdict, message = say(EXERCISES[grade_id(cell)], mutant, dict(scope))
                    row = grade_id(cell), change(plain, mutant), verdict, message
                    print(json.dumps(row), flush=True)
            define(cell.source, scope)


def define(cell: str, scope: dict) -> None:
    """Run what a cell imports and defines, and nothing that it draws or trains."""
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    for statement in ast.parse(cell).body:
        if isinstance(statement, kinds):
            with contextlib.suppress(NameError):  # a default that is drawn: no solution uses it
                exec(compile(ast.Module([statement], []), "<cell>", "exec"), scope)


def say(exercise, mutant: str, scope: dict) -> tuple[str, str]:
    """What the check says of a mutant: "accepted" or one of SAYS, and the message."""
    from course_utils.checking import check_exercise, sentences

    # As in a notebook, where the line that raised is known.
    linecache.cache["<mutant>"] = (len(mutant), None, mutant.splitlines(keepends=True), "<mutant>")
    try:
        exec(compile(mutant, "<mutant>", "exec"), scope)
    except Exception as error:  # a cell that fails says so by itself, and there is no check
        return "only an error", f"The cell itself: {error!r}"
    report = check_exercise(exercise, scope[exercise.id], seed=0)
    raised = (sentences.RAISED.split("{error}")[0], sentences.NAME_ERROR.split("{missing}")[0])
    if report.passed:
        return "accepted", ""
    if report.mistake is not None:
        return "named", report.mistake
    if getattr(report, "counterexample", ""):
        return "shown", report.message
    if report.message.startswith(tuple(text.format(name=exercise.id) for text in raised)):
        return "only an error", report.message
    return "other words", report.message


# The process that one starts.


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("exercises", nargs="*")
    options.add_argument("--list", action="store_true", help="print every mutant")
    options.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)
    args = options.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from course_utils.exercises import EXERCISES

    names = args.exercises or list(EXERCISES)
    if unknown := set(names) - set(EXERCISES):
        options.error(f"there is no exercise {', '.join(sorted(unknown))}")
    if args.judge:
        judge(names)
        return
    rows = []
    command = [sys.executable, __file__, "--judge", *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            rows.append(json.loads(line))
            if args.list:
                print("{}: {}\n    {}: {}".format(*rows[-1]), flush=True)
    if process.returncode:
        last = rows[-1][:2] if rows else "the start"
        raise SystemExit(f"The process of the mutants ended after {last}.")
    made = table(rows)
    print(made)
    if not args.exercises:
        before, _, rest = README.read_text().partition(BEGIN)
        README.write_text(before + BEGIN + made + END + rest.partition(END)[2])
    raise SystemExit(accepted(rows))


def table(rows: list[list[str]]) -> str:
    """Markdown: a row an exercise, in the order of the course, and one for all."""
    counts = collections.defaultdict(collections.Counter)
    for exercise, _, verdict, _ in rows:
        for name in (exercise, "all"):
            counts[name][verdict] += 1
    counts["all"] = counts.pop("all")  # to the end
    lines = [f"| exercise | mutants | refused | {' | '.join(SAYS)} |", "|---" * 7 + "|"]
    for name, count in counts.items():
        total, refused = count.total(), count.total() - count["accepted"]
        cells = [total, refused, *(count[verdict] for verdict in SAYS)]
        lines.append(f"| {' | '.join([name, *map(str, cells)])} |")
    shares = [f"{count[verdict] / refused:.0%}" for verdict in SAYS]
    lines.append(f"| of the refused | | | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


def accepted(rows: list[list[str]]) -> bool:
    """Print the accepted mutants by reason. Whether one has none."""
    reasons, unknown = known_reasons(), "no reason known"
    by_reason = collections.defaultdict(list)
    for exercise, edit, verdict, _ in rows:
        if verdict == "accepted":
            reason = reasons.get((exercise, edit), unknown)
            by_reason[reason].append(f"    {exercise}: {edit}")
    for reason, edits in sorted(by_reason.items(), key=lambda pair: pair[0] == unknown):
        print(f"\naccepted, {reason}", *edits, sep="\n")
    return unknown in by_reason


def known_reasons() -> dict[tuple[str, str], str]:
    """The reasons of a text file: a line for each, and indented below it the mutants it is for."""
    reasons, reason = {}, ""
    for line in ACCEPTED.read_text().splitlines():
        if line.startswith(" "):
            exercise, _, edit = line.strip().partition(": ")
            reasons[exercise, edit] = reason
        else:
            reason = line
    return reasons


if __name__ == "__main__":
    main()
