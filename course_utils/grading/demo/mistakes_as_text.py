"""The listed mistakes of an exercise as the text a student would hand in.

Each is cut out of the exercise's source file, with whatever it uses from there.
"""

import ast
import builtins
import functools
import importlib
import inspect
from types import ModuleType

from course_utils.checking.exercise import Exercise


def mistakes_as_text(exercise: Exercise) -> dict[str, str]:
    """For each kind of mistake the text of a cell that defines it under the exercise's name.

    Mistakes that the file makes in a loop are left out: notebook 01 has none of those.
    """
    module = importlib.import_module(exercise.cases.__module__)
    texts = {}
    for node in ast.walk(source_of(module)[0]):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Mistake":
            name, solution = node.args[:2]
            if isinstance(name, ast.Constant) and name.value not in texts:
                texts[name.value] = cell(module, exercise.id, solution)
    return texts


def cell(module: ModuleType, name: str, solution: ast.expr) -> str:
    parts: dict[str, str] = {}
    collect(module, solution, parts)
    imports = [text for text in parts.values() if text.startswith(("import ", "from "))]
    others = [text for text in parts.values() if text not in imports]
    return "\n\n\n".join(["\n".join(imports), *others, f"{name} = {ast.unparse(solution)}"]).strip()


def collect(module: ModuleType, node: ast.AST, parts: dict[str, str]) -> None:
    """Add to parts what the names in a node mean, after what they in turn need."""
    tree, names = source_of(module)
    for used in ast.walk(node):
        if not isinstance(used, ast.Name) or used.id in parts or hasattr(builtins, used.id):
            continue
        found = names.get(used.id)
        if isinstance(found, ast.ImportFrom) and found.module.startswith("course_utils.exercises"):
            home = importlib.import_module(found.module)
            collect(home, ast.Name(used.id), parts)
        elif isinstance(found, ast.Import | ast.ImportFrom):
            parts[used.id] = ast.unparse(found)
        elif found is not None and found is not node:
            parts[used.id] = ""  # so that a function that calls itself comes to an end
            collect(module, found, parts)
            parts[used.id] = parts.pop(used.id) or ast.unparse(found)


@functools.cache
def source_of(module: ModuleType) -> tuple[ast.Module, dict[str, ast.stmt]]:
    """A module's syntax tree, and what defines each of its names."""
    tree = ast.parse(inspect.getsource(module))
    names: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = node
        elif isinstance(node, ast.Assign):
            names |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name: node for alias in node.names}
    return tree, names
