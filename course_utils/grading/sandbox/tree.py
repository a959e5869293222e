"""The course's package as the sandbox shows it: with nothing in it that answers the notebook.

While a notebook is graded, what earlier notebooks built is there, and the drivers of this one's
exercises, cut out of the files that hold the answers, mistakes and cases. For everything else there
are names without content (stand_ins.py). A lesson goes on with our answer after each exercise, and
so may a student: once an exercise is answered, ours is brought in for those that follow.
"""

import ast
import functools
from collections.abc import Iterable
from pathlib import Path

from course_utils.grading.sandbox.bubblewrap import PACKAGE

# A name of the package: (module, name in it).
Place = tuple[str, str]

# What each notebook builds, of our reference modules.
BUILT = {
    "01_attention": ("attention",),
    "02_multi_head_attention": ("multi_head_attention",),
    "03_positional_encoding": ("positional_encoding",),
    "04_vision_transformer": ("transformer", "vision_transformer", "learning", "cnn", "plain_vit"),
    "05_swin_transformer": ("windows", "swin_transformer", "plain_swin"),
    "06_perceiver": ("perceiver", "plain_perceiver"),
}
# What a lesson lends to its own exercises, and answers none.
LENT = {
    "course_utils.reference.multi_head_attention": ("mask_for_heads",),
    "course_utils.reference.transformer": ("layer_norm", "gelu"),
    "course_utils.reference.plain_vit": ("dense", "vit_weights"),
    "course_utils.reference.plain_perceiver": ("norm", "mlp", "with_one", "perceiver_weights"),
    "course_utils.reference.plain_swin": ("swin_weights",),
}
# Written for figures, but an answer all the same.
DRAWN = {"01_attention": [("course_utils.plots.explorer", "weigh")]}
# Whole models stand in the other files there; to read data is all that an exercise may want.
TRAINING = ("data", "devices", "images", "scenes")
# What runs a solution, and judges none.
WHOLE = (
    "*.py",
    "checking/driver.py",
    "checking/exercise.py",
    "checking/guard.py",
    "checking/run.py",
    "checking/sentences.py",
    "checking/stopping.py",
    "grading/__init__.py",
    "grading/sandbox/*.py",
)
NOT_SHOWN = ("cli.py", "grading/sandbox/tree.py", "grading/sandbox/pool.py")
CHECKS = '''"""Checks belong to a notebook: nothing is checked where it is graded."""


def check(*_, **__):
    return None


hint = progress = check


def yours_or_ours(name, solution):
    return solution
'''
STAND_INS = "from course_utils.grading.sandbox import stand_ins as _in_place\n"


class Module:
    """A file of the package, taken apart: what it defines, and what it imports under which name."""

    def __init__(self, path: Path):
        self.path = path
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        self.is_package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.is_package else parts)
        self.body = ast.parse(path.read_text(encoding="utf-8")).body
        self.defined = {name: node for node in self.body for name in names_of(node)}
        self.imported: dict[str, Place] = {}
        for node in self.body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = node.module or "", alias.name

    @property
    def made(self) -> list[str]:
        """The functions and classes that it defines: the rest are numbers and names."""
        kinds = ast.FunctionDef | ast.ClassDef
        return [name for name, node in self.defined.items() if isinstance(node, kinds)]

    def uses(self, name: str) -> set[Place]:
        """The names of the package that a definition reads, here or in another module."""
        node = self.defined.get(name)
        if node is None:
            return {self.imported[name]} if name in self.imported else set()
        found = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                module = ".".join(self.imported.get(part.value.id, ("", "")))
                found.add((module, part.attr))
            if isinstance(part, ast.Name):
                if part.id in self.defined:
                    found.add((self.name, part.id))
                elif part.id in self.imported:
                    found.add(self.imported[part.id])
        return found - {(self.name, name)}


def names_of(node: ast.stmt) -> list[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return [part.id for t in targets if t for part in ast.walk(t) if isinstance(part, ast.Name)]


@functools.cache
def modules() -> dict[str, Module]:
    folders = ("reference", "training", "plots", "exercises")
    paths = (path for folder in folders for path in (PACKAGE / folder).rglob("*.py"))
    return {module.name: module for module in map(Module, paths)}


def reach(places: Iterable[Place], stop: frozenset[Place] = frozenset()) -> set[Place]:
    """All names of the package that these need. Beyond those of `stop` it does not look."""
    found: set[Place] = set()
    pending = list(places)
    while pending:
        place = pending.pop()
        if place in found or place[0] not in modules():
            continue
        found.add(place)
        if place not in stop:
            pending += modules()[place[0]].uses(place[1])
    return found


def place_of(ours) -> Place:
    return ours.__module__, ours.__name__


def exercises_of(notebook: str) -> tuple:
    """The exercises of a notebook; of one that is not the course's, none."""
    from course_utils.exercises import NOTEBOOKS

    return NOTEBOOKS[notebook].EXERCISES if notebook in NOTEBOOKS else ()


class Shown:
    """What of the package is shown while a notebook is graded. One that is not the course's, with
    its instructor's own tests, sees all that the course built."""

    def __init__(self, notebook: str):
        from course_utils.exercises import NOTEBOOKS

        names = list(NOTEBOOKS)
        later = names[names.index(notebook) :] if notebook in names else []
        self.exercises = exercises_of(notebook)
        to_come = [exercise for name in later for exercise in exercises_of(name)]
        self.answers = {
            exercise.id: [place_of(ours) for ours in (exercise.reference, exercise.answer) if ours]
            for exercise in to_come
        }
        hidden = {place for places in self.answers.values() for place in places}
        hidden |= {place for name in later for place in DRAWN.get(name, ())}
        for name in later:
            for module in (f"course_utils.reference.{part}" for part in BUILT[name]):
                kept = LENT.get(module, ()) if name == notebook else ()
                hidden |= {(module, n) for n in modules()[module].made if n not in kept}
        if later:
            keep = {f"course_utils.training.{name}" for name in TRAINING}
            hidden |= {
                (module.name, name)
                for module in modules().values()
                if module.name.startswith("course_utils.training") and module.name not in keep
                for name in module.made
            }
        self.hidden = frozenset(hidden)

    @functools.cached_property
    def driving(self) -> set[Place]:
        """What the drivers of this notebook's exercises need, with answers that come in later."""
        return reach(place_of(exercise.driver) for exercise in self.exercises)

    def shows(self, place: Place) -> bool:
        """Whether a name has its content: it is not hidden, and neither is what it needs."""
        if place in self.hidden:
            return False
        module, name = place
        lent = name in LENT.get(module, ())
        return lent or not (reach([place], self.hidden) & self.hidden)

    def text(self, module: Module) -> str:
        """A module with stand-ins for what is not shown."""
        if module.name == "course_utils.exercises":
            return CHECKS
        drives = module.name.startswith("course_utils.exercises.")
        wanted = {name for place, name in self.driving if place == module.name}
        read = {alias for name in wanted for alias in read_by(module.defined.get(name))}
        lines, stood = [], False
        for node in module.body:
            names = names_of(node)
            if drives and not names and not (imports(node) & read):
                continue
            if drives and names and not (wanted & set(names)):
                continue
            if drives and isinstance(node, ast.Import | ast.ImportFrom):
                node.names = [a for a in node.names if (a.asname or a.name.split(".")[0]) in read]
            if not names or all(self.keeps((module.name, name), drives) for name in names):
                if names and not drives and only_helps(module, names, self):
                    continue
                lines.append(ast.unparse(node))
                continue
            stood = True
            kind = "kind" if isinstance(node, ast.ClassDef) else "function"
            given = isinstance(node, ast.ClassDef | ast.FunctionDef)
            for name in names:
                empty = f"_in_place.{kind}(__name__, {name!r})" if given else "None"
                lines.append(f"{name} = {empty}")
        return "\n".join([*([STAND_INS] * stood), *lines]) + "\n"

    def keeps(self, place: Place, drives: bool) -> bool:
        return place not in self.hidden if drives else self.shows(place)

    def brought_in(self) -> dict[str, list[tuple[str, str]]]:
        closed = {exercise.id for exercise in self.exercises}
        known: set[Place] = set()
        texts = {}
        for exercise in self.exercises:
            closed.discard(exercise.id)
            stop = frozenset(place for name in self.answers if name in closed
                             for place in self.answers[name])  # fmt: skip
            needed = reach(self.answers[exercise.id], stop) - stop - known
            known |= needed
            texts[exercise.id] = [
                (module, ast.unparse(modules()[module].defined[name]))
                for module, name in sorted(needed)
                if self.is_stood_for(module, name)
            ]
        return texts

    def is_stood_for(self, module: str, name: str) -> bool:
        if name not in modules()[module].defined:
            return False
        if module.startswith("course_utils.exercises."):
            return (module, name) in self.driving & self.hidden
        return not self.shows((module, name)) or name.startswith("_")


def imports(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return set()
    return {alias.asname or alias.name.split(".")[0] for alias in node.names}


def read_by(node: ast.AST | None) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node else set()


def only_helps(module: Module, names: list[str], shown: Shown) -> bool:
    """Whether these are private names that only what is not shown makes use of."""
    if not all(name.startswith("_") and not name.startswith("__") for name in names):
        return False
    places = {(module.name, name) for name in names}
    users = [name for name in module.defined if places & module.uses(name)]
    return not any(shown.shows((module.name, user)) for user in users)


@functools.cache
def brought_in(notebook: str) -> dict[str, list[tuple[str, str]]]:
    """What a student's process may have once an exercise is answered, by its id, in the course's
    order: (module, text)."""
    return Shown(notebook).brought_in()


def write(notebook: str, folder: Path) -> None:
    """Write the package as it is shown for a notebook: a folder `course_utils` in `folder`."""
    shown = Shown(notebook)
    texts = {module.path: shown.text(module) for module in modules().values()}
    texts[PACKAGE / "checking/__init__.py"] = ""
    for pattern in WHOLE:
        for path in PACKAGE.glob(pattern):
            if path.relative_to(PACKAGE).as_posix() not in NOT_SHOWN:
                texts[path] = path.read_text(encoding="utf-8")
    for path, text in texts.items():
        to = folder / "course_utils" / path.relative_to(PACKAGE)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
        to.chmod(0o644)  # whoever reads it there is another user than who writes it here
        to.parent.chmod(0o755)
