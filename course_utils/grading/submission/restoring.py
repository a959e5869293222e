"""Put a student's notebook back into the shape that was released, before anything validates it.

A cell's grade id is all that is believed of its metadata. The rest comes from what was released
(the gradebook has it, or the notebook that was handed out), so that tags, lost versions and edited
points change nothing and no notebook can stop a batch.
"""

import copy

import nbformat
from nbformat import NotebookNode

from course_utils.grading.submission.reading import new_cell
from course_utils.grading.submission.written import grade_id, meant

# The check of the exercise "softmax" is the cell "softmax_check".
SUFFIX = "_check"


def released_cells(notebook) -> dict[str, NotebookNode]:
    """Read from the gradebook's entry of a notebook the cells that were released, by grade id."""
    points = {cell.name: cell.max_score for cell in [*notebook.grade_cells, *notebook.task_cells]}
    grades = {cell.name for cell in notebook.grade_cells}
    tasks = {cell.name for cell in notebook.task_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    cells = {}
    for cell in notebook.source_cells:
        marks = {
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
            "grade": cell.name in grades,
            "grade_id": cell.name,
            "locked": cell.locked,
            "schema_version": 3,
            "solution": cell.name in solutions,
            "task": cell.name in tasks,
        }
        if cell.name in points:
            marks["points"] = points[cell.name]
        cells[cell.name] = new_cell(cell.cell_type, cell.source, {"nbgrader": marks})
    return cells


def handed_out(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells of the notebook that students were given, by grade id."""
    named = ((grade_id(cell), cell) for cell in notebook.cells)
    return {name: released_cell(cell) for name, cell in named if name is not None}


def released_cell(cell: NotebookNode) -> NotebookNode:
    plain = {"grade": False, "locked": False, "schema_version": 3, "solution": False, "task": False}
    marks = {**plain, "cell_type": cell.cell_type, **cell.metadata.nbgrader}
    return new_cell(cell.cell_type, cell.source, {"nbgrader": marks})


def restore(
    notebook: NotebookNode, released: dict[str, NotebookNode], lesson: set[str] | None = None
) -> list[str]:
    """Give each cell the metadata it was released with, and say what had to be changed.

    lesson: the texts of all cells that were handed out, where they are known.
    """
    changes = []
    answers = meant(notebook.cells, released, lesson)
    cells, found = [], set()
    # Of cells with the same grade id the last one counts: it is what the student saw last when
    # running from top to bottom. Earlier copies still run, as ordinary code.
    for cell in reversed(notebook.cells):
        name = grade_id(cell)
        if name in found:
            changes.append(f"'{name}' is there more than once: the last one counts")
        if name in found or name not in released:
            cell.metadata = nbformat.from_dict({})
        else:
            found.add(name)
            cell = restored(cell, released[name])
        cells.insert(0, cell)
    for name, cell in released.items():
        marks = cell.metadata.nbgrader
        if name not in found and (marks.grade or marks.task):
            changes.append(f"'{name}' was deleted: it is put back as it was released")
            put_back(cells, cell)
    for cell in cells:
        if (name := grade_id(cell)) in answers:
            cell.source = answers[name]
            changes.append(f"'{name}' may be answered in another cell: both texts stand there now")
    # A pasted cell may carry the id of another, and old notebooks have none.
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(cells, start=1):
        cell.id = f"cell-{number}"
    notebook.cells = cells
    return changes


def restored(cell: NotebookNode, original: NotebookNode) -> NotebookNode:
    """The cell as released, with the student's text unless the cell is locked."""
    if original.metadata.nbgrader.locked or cell.cell_type != original.cell_type:
        text = original.source if original.metadata.nbgrader.locked else cell.source
        return new_cell(original.cell_type, text, original.metadata)
    cell.metadata = original.metadata
    return cell


def put_back(cells: list[NotebookNode], cell: NotebookNode) -> None:
    """Insert a deleted cell: a check right after its exercise, anything else at the end."""
    cell = copy.deepcopy(cell)
    exercise = cell.metadata.nbgrader.grade_id.removesuffix(SUFFIX)
    places = [place for place, other in enumerate(cells, start=1) if grade_id(other) == exercise]
    cells.insert(places[0] if places else len(cells), cell)
