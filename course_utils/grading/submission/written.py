"""Written answers that a student may have put elsewhere than into the cell for them.

A cell loses its metadata on the way through Colab or the clipboard, an answer is typed into a new
cell below, an untouched copy comes after it. nbgrader would see an untouched cell, and give 0 with
nobody looking. So all that may have been meant stands in the cell, and a person reads it.
"""

from nbformat import NotebookNode

ELSEWHERE = "*Written in another cell of this notebook:*"


def grade_id(cell: NotebookNode) -> str | None:
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None


def is_written(cell: NotebookNode) -> bool:
    marks = cell.metadata.nbgrader
    return cell.cell_type == "markdown" and bool(marks.grade and marks.solution)


def meant(
    cells: list[NotebookNode], released: dict[str, NotebookNode], lesson: set[str] | None
) -> dict[str, str]:
    """The text of each written answer that has other texts beside its own, by grade id.

    cells: as handed in. lesson: the texts of all cells that were handed out; None where nobody
    knows them, and then only copies of the cell itself are seen.
    """
    questions = [name for name, cell in released.items() if is_written(cell)]
    own = {name: [c.source for c in cells if grade_id(c) == name] for name in questions}
    given = {name: released[name].source.strip() for name in questions}
    texts = {}
    for name in questions:
        *copies, last = own[name] or [""]
        copies = [text for text in copies if text.strip() not in ("", given[name], last.strip())]
        empty = last.strip() in ("", given[name])
        others = [*copies, *added(cells, name, questions, lesson, empty)]
        if others:
            first, *rest = others if empty else [last, *others]
            texts[name] = f"\n\n{ELSEWHERE}\n\n".join([first, *rest])
    return texts


def added(
    cells, name: str, questions: list[str], lesson: set[str] | None, empty: bool
) -> list[str]:
    """Texts that a student added: below an answer, and anywhere if its own cell is left empty."""
    if lesson is None:
        return []
    known = {text.strip() for text in lesson} | {""}
    found, current, below = [], questions[0], False
    for cell in cells:
        mark = grade_id(cell)
        if mark in questions:
            current, below = mark, True
        elif mark or cell.source.strip() in known:
            below = False
        elif current == name and (below or (empty and cell.cell_type != "code")):
            # A new cell is one for code, also where somebody writes prose into it.
            if cell.cell_type != "code":
                found.append(cell.source)
            elif empty:
                found.append(f"```\n{cell.source}\n```")
    return found
