"""A lesson goes on with the course's own functions: no cell may need what a student wrote.

Then a notebook runs to its end whatever its exercises hold. Looked up in the text, for all cells:
running every unsolved notebook would take as long as running every solved one.
"""

import re
import symtable

from nbformat import NotebookNode

from course_utils.authoring.source import is_check, marks, place


def dependence_faults(cells: list[NotebookNode]) -> list[str]:
    """Name each cell that reads something which only a solution cell has bound."""
    found, students = [], set()
    for cell in cells:
        if cell.cell_type != "code" or is_check(cell):
            continue
        table = names(cell.source)
        if table is None:
            continue  # running the notebook says better what is wrong
        if marks(cell).get("solution"):
            students |= bound(table)
            continue
        if needed := sorted(students & wanted(table) - bound(table)):
            found.append(
                f"{place(cells, cell)} needs '{needed[0]}', which the student writes: take the "
                "course's own from course_utils."
            )
        students -= bound(table)
    return found


def names(code: str) -> symtable.SymbolTable | None:
    """What Python itself knows about the names of a cell; None for what is no Python."""
    try:
        return symtable.symtable(without_magics(code), "cell", "exec")
    except SyntaxError:
        return None


def without_magics(code: str) -> str:
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", code, flags=re.M)


def bound(table: symtable.SymbolTable) -> set[str]:
    """The names that a cell gives a value: by assignment, import, def or class."""
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}


def wanted(table: symtable.SymbolTable) -> set[str]:
    """The global names that a cell reads, inside functions too."""
    top = table.get_type() == "module"
    here = {
        s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())
    }
    return here.union(*map(wanted, table.get_children()))
