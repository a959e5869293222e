"""Read a notebook's source: a jupytext percent script that carries nbgrader metadata.

`authored` gives the cells as written. `read` adds the generated front cells: badges that open the
notebook elsewhere, and the line that installs the package on Colab.
"""

import re
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

import course_utils
from course_utils.errors import CourseError

# What a source may say about a cell. Anything else (editor state, titles) is not the course's.
CELL_METADATA = ("nbgrader", "tags")

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

ADDRESS = re.compile(
    r"(?:https://github\.com/)?"
    r"(?P<slug>[A-Za-z0-9](?:-?[A-Za-z0-9])*/(?!\.{1,2}(?:\.git)?/?$)[A-Za-z0-9._-]+?)(?:\.git)?/?"
)

FRONT = ("badges", "install")

BADGES = """\
[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]\
(https://colab.research.google.com/github/{slug}/blob/main/notebooks/student/{name}.ipynb)
[![Open in Binder](https://mybinder.org/badge_logo.svg)]\
(https://mybinder.org/v2/gh/{slug}/main?urlpath=lab/tree/notebooks/student/{name}.ipynb)"""

INSTALL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "git+https://github.com/{slug}\""""


def authored(path: Path) -> NotebookNode:
    """Read the cells of a source as their author wrote and numbered them."""
    import jupytext

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CourseError(f"There is no notebook source {path}.") from None
    notebook = jupytext.reads(text, fmt="py:percent")  # reads no configuration file
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, start=1):
        kept = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        cell.id = grade_id(cell) or f"cell-{number}"
    return notebook


def read(path: Path, slug: str | None = None) -> NotebookNode:
    """Read a source as a complete notebook, solutions included and front cells added.

    slug: OWNER/REPO on GitHub; by default the address in the pyproject.toml above the source.
    """
    notebook = authored(path)
    slug = slug or repository(path.resolve().parent.parent)
    badges, install = front_cells(path.stem, slug)
    first_code = next(
        (i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"),
        len(notebook.cells),
    )
    notebook.cells.insert(first_code, install)
    notebook.cells.insert(0, badges)
    return notebook


def front_cells(name: str, slug: str) -> tuple[NotebookNode, NotebookNode]:
    """Make the badges, and the cell that installs the package on Colab and idles elsewhere."""
    return (
        new_markdown_cell(BADGES.format(slug=slug, name=name), id="badges"),
        new_code_cell(INSTALL.format(slug=slug), id="install"),
    )


def parse(text: str) -> str:
    """Return OWNER/REPO from either way of writing a GitHub address."""
    match = ADDRESS.fullmatch(text)
    if match is None:
        raise CourseError(
            f"'{text}' is not a GitHub address. Write OWNER/REPO or https://github.com/OWNER/REPO."
        )
    return match["slug"]


def course_root() -> Path:
    """Return the folder of the repository that this package runs from, or is run in."""
    # pip puts the package elsewhere; who then starts it inside the repository means that one.
    here = Path.cwd()
    for root in (Path(course_utils.__file__).resolve().parent.parent, here, *here.parents):
        if all((root / name).exists() for name in ("notebooks", "course_utils", "pyproject.toml")):
            return root
    raise CourseError(
        "This installation has the package but not the notebooks. Clone the course's "
        "repository with git and run `uv run course lab` in it."
    )


def repository(root: Path) -> str:
    """Return OWNER/REPO from [project.urls] in a repository's pyproject.toml: the one setting."""
    try:
        with open(root / "pyproject.toml", "rb") as file:
            return parse(str(tomllib.load(file)["project"]["urls"]["repository"]))
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        raise CourseError(
            f"{root / 'pyproject.toml'} does not say where the course lives: "
            "it needs `repository` under [project.urls]."
        ) from None


def sources(root: Path) -> list[Path]:
    """List a repository's notebook sources in course order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.py"))


def choose(root: Path, names: list[str]) -> list[Path]:
    """Find the sources that people name: by name, by path, or none for all."""
    known = {path.stem: path for path in sources(root)}
    for name in names:
        if Path(name).stem not in known:
            raise CourseError(f"There is no notebook '{name}'. There are: {', '.join(known)}.")
    return [known[Path(name).stem] for name in names] or list(known.values())


def place(cells: list[NotebookNode], cell: NotebookNode) -> str:
    """Name a cell as its author counts: the generated ones have no number."""
    if cell.id in FRONT:
        return f"the {cell.id} cell"
    number = [other.id for other in cells if other.id not in FRONT].index(cell.id) + 1
    return f"cell {number} ({cell.id})" if grade_id(cell) else f"cell {number}"


def grade_id(cell: NotebookNode) -> str | None:
    return marks(cell).get("grade_id")


def marks(cell: NotebookNode) -> dict:
    """Return a cell's nbgrader metadata, empty for a cell that nbgrader does not know."""
    return cell.metadata.get("nbgrader", {})


def is_check(cell: NotebookNode) -> bool:
    """Whether a code cell earns points by what it shows, with no student's text in it."""
    meta = marks(cell)
    return bool(cell.cell_type == "code" and meta.get("grade") and not meta.get("solution"))
