"""A lesson goes on with the course's own functions: no cell may need what a student wrote.

Then a notebook runs to its end whatever its exercises hold. Looked up in the text, for all cells:
running every unsolved notebook would take as long as running every solved one. `yours_or_ours` may
be handed what a student wrote: where that does not pass, it gives the course's own.
"""

import re

from nbformat import NotebookNode

from course_utils.authoring.source import is_check, marks, place
from course_utils.cell_names import reads_and_binds

HANDED_OVER = re.compile(r'yours_or_ours\("(\w+)", \1\)')


def dependence_faults(cells: list[NotebookNode]) -> list[str]:
    """Name each cell that reads something which only a solution cell has bound."""
    found, students = [], set()
    for cell in cells:
        if cell.cell_type != "code" or is_check(cell):
            continue
        reads, binds = reads_and_binds(cell.source)
        if marks(cell).get("solution"):
            students |= binds
            continue
        if needed := sorted((students & reads) - set(HANDED_OVER.findall(cell.source))):
            found.append(
                f"{place(cells, cell)} needs '{needed[0]}', which the student writes: take the "
                "course's own from course_utils."
            )
        students -= binds
    return found
