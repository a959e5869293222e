"""What of a submission's text a person should look at. It takes no points: each has honest uses.

A student's process reads the text, as syntax, before it runs a line of it: so nothing of the
student's has a say, and a text that is too much for the reader is too much for its own notebook
only. Which trees are those of our answers is seen outside; the process sends what they hash to.
"""

import ast
import hashlib

from IPython.core.inputtransformer2 import TransformerManager

FLAGS = {
    "machinery": "imports or uses importlib, inspect, gc, marshal or ctypes",
    "modules": "looks into sys.modules",
    "texts": "runs a text: exec, eval, compile or __import__",
    "inside": "looks inside functions: __code__, __globals__, FunctionType and their like",
    "course": "uses course_utils.exercises, checking or grading for more than to check and hint",
    "literal": "holds a large literal",
    "unread": "could not be read as Python",
}
EQUAL = (
    "{name} is, but for its name, the course's own public answer. Honest answers that are as short "
    "as this are often equal."
)

MACHINERY = {"importlib", "inspect", "gc", "marshal", "ctypes"}
TEXTS = {"exec", "eval", "compile", "__import__"}
INSIDE = {"__code__", "__globals__", "__closure__", "__subclasses__", "__wrapped__", "FunctionType"}
COURSE = ("course_utils.exercises", "course_utils.checking", "course_utils.grading")
CHECKS = {"check", "hint", "progress", "yours_or_ours"}
LARGE = 2000  # characters, or entries
# Below this, nearly all who solve an exercise write the same.
NODES = 40


def flags_of(source: str) -> set[str]:
    """The kinds of FLAGS in a cell."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"unread"}
    return {kind for node in ast.walk(tree) if (kind := kind_of(node))}


def kind_of(node: ast.AST) -> str:
    if isinstance(node, ast.Import):
        return of_imports({alias.name for alias in node.names})
    if isinstance(node, ast.ImportFrom):
        return of_imports({f"{node.module}.{a.name}" for a in node.names if not lent(node, a)})
    if isinstance(node, ast.Attribute):
        if node.attr == "modules" and isinstance(node.value, ast.Name) and node.value.id == "sys":
            return "modules"
        return "inside" if node.attr in INSIDE else ""
    if isinstance(node, ast.Name):
        return "texts" if node.id in TEXTS else "inside" if node.id in INSIDE else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return "literal" if len(node.value) > LARGE else ""
    if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
        return "literal" if sum(1 for _ in ast.walk(node)) > LARGE else ""
    return ""


def lent(node: ast.ImportFrom, alias: ast.alias) -> bool:
    """Whether this is what every notebook imports."""
    return node.module == "course_utils.exercises" and alias.name in CHECKS


def of_imports(names: set[str]) -> str:
    if any(name.split(".")[0] in MACHINERY for name in names):
        return "machinery"
    if any(name.startswith(COURSE) for name in names):
        return "course"
    return "inside" if any(name.split(".")[-1] in INSIDE for name in names) else ""


def trees_of(source: str) -> dict[str, str]:
    """What the functions and classes of a cell hash to, if they are long enough to tell."""
    try:
        body = ast.parse(TransformerManager().transform_cell(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    kinds = ast.FunctionDef | ast.ClassDef
    return {
        node.name: found for node in body if isinstance(node, kinds) and (found := hashed(node))
    }


def hashed(node: ast.FunctionDef | ast.ClassDef) -> str:
    """A definition without its name, docstrings, comments and annotations."""
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(part):
            part.body = part.body[1:]
        if isinstance(part, ast.arg):
            part.annotation = None
        if isinstance(part, ast.FunctionDef):
            part.returns = None
    if sum(1 for _ in ast.walk(node)) < NODES:
        return ""
    arguments = ast.dump(node.args) if isinstance(node, ast.FunctionDef) else ""
    text = arguments + "".join(ast.dump(statement) for statement in node.body)
    return hashlib.sha256(text.encode()).hexdigest()
