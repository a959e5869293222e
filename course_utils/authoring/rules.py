"""The habits that keep a notebook readable, as far as a machine can check them."""

import ast
import re
from collections.abc import Mapping

from nbformat import NotebookNode

from course_utils.authoring.dependence import dependence_faults
from course_utils.authoring.source import grade_id, is_check, marks, place

WORDS = 120
CODE_LINES = 20
SOLUTION_LINES = 30
LONG_CODE = 6
COLUMNS = 100  # of the source file, as ruff formats it; a line of text starts with "# "

TAGS = {"skip-execution", "raises-exception", "hide-input"}
NBGRADER_KEYS = {"grade", "grade_id", "locked", "schema_version", "solution"}


def faults(notebook: NotebookNode, exercises: Mapping[str, int]) -> list[str]:
    """List what a notebook as its author wrote it breaks, one sentence each.

    exercises: ids with points, for every exercise that belongs in this notebook.
    """
    cells = notebook.cells
    found = [] if cells and cells[0].source.startswith("# ") else ["cell 1 should be the title."]
    for cell in cells:
        rules = text_faults if cell.cell_type == "markdown" else code_faults
        broken = [*rules(cell), *metadata_faults(cell)]
        found += [f"{place(cells, cell)} {fault}" for fault in broken]
    found += neighbour_faults(cells) + exercise_faults(cells, exercises)
    return found + dependence_faults(cells)


def text_faults(cell: NotebookNode) -> list[str]:
    found = []
    words = count_words(cell.source)
    if words > WORDS and not marks(cell).get("solution"):  # model answers are for the teacher
        found.append(f"has {words} words; {WORDS} is the limit.")
    headings = [line for line in outside_fences(cell.source) if re.match(r"#{1,6}\s", line)]
    if len(headings) > 1:
        found.append(f"has {len(headings)} headings; one a cell.")
    # A table row or a link cannot be broken.
    free = [line for line in cell.source.splitlines() if not re.search(r"^\||://|data:", line)]
    found += too_wide(free, COLUMNS - 2)
    if re.search(r"!\[\s*\]\(|<img(?![^>]*\balt=)", cell.source):
        found.append("shows a picture without saying in words what it shows.")
    return found


def count_words(text: str) -> int:
    """Count what is read: a formula on its own line, a tag or a link's target is not a word."""
    text = re.sub(r"\$\$.*?\$\$|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.S)
    text = re.sub(r"\$[^$]*\$", " formula ", text)
    return sum(1 for word in text.split() if re.search(r"\w", word))


def outside_fences(text: str) -> list[str]:
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M).splitlines()


def code_faults(cell: NotebookNode) -> list[str]:
    lines = cell.source.splitlines()
    limit = SOLUTION_LINES if marks(cell).get("solution") else CODE_LINES
    found = [f"has {len(lines)} lines; {limit} is the limit."] if len(lines) > limit else []
    found += too_wide(lines, COLUMNS)
    if ends_silently(cell.source):
        found.append("ends with an assignment; end with something to look at.")
    return found


def too_wide(lines: list[str], columns: int) -> list[str]:
    wide = [line for line in lines if len(line) > columns]
    return [f"has a line of {len(wide[0])} columns; {columns} fit: {wide[0][:40]}…"] if wide else []


def ends_silently(code: str) -> bool:
    """Whether code ends in a bare assignment, in a cell that sets up or defines nothing."""
    try:
        body = ast.parse(without_magics(code)).body
    except SyntaxError:
        return False  # running the notebook says it better
    settings = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    if not body or any(isinstance(statement, settings) for statement in body):
        return False
    return isinstance(body[-1], ast.Assign | ast.AugAssign | ast.AnnAssign)


def without_magics(code: str) -> str:
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", code, flags=re.M)


def metadata_faults(cell: NotebookNode) -> list[str]:
    tags = cell.metadata.get("tags", [])
    found = [
        f"has the tag '{tag}', which no tool here knows."
        for tag in tags
        if tag not in TAGS and not tag.startswith("nbval-")
    ]
    meta = marks(cell)
    if not meta:
        return found + ["has a solution without nbgrader metadata."] * ("### BEGIN" in cell.source)
    if missing := sorted(NBGRADER_KEYS - set(meta)):
        return [*found, f"lacks {', '.join(missing)} in its nbgrader metadata."]
    if meta["schema_version"] != 3:
        found.append(f"has nbgrader schema {meta['schema_version']}; the course writes 3.")
    if list(meta) != sorted(meta):
        found.append("has nbgrader keys out of alphabetical order.")
    if meta["grade"] and "points" not in meta:
        found.append("is graded but has no points.")
    if is_check(cell) and tags:
        found.append("is a check, and a tag there can keep it from being graded.")
    return found


def neighbour_faults(cells: list[NotebookNode]) -> list[str]:
    """Two long code cells in a row need a word between them; a grade id names one cell."""
    found = []
    for number, pair in enumerate(zip(cells, cells[1:], strict=False), start=1):
        if all(c.cell_type == "code" and c.source.count("\n") >= LONG_CODE for c in pair):
            found.append(f"cells {number} and {number + 1} are long code without a word between.")
    ids = [grade_id(cell) for cell in cells if grade_id(cell)]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    return found + [f"the grade id '{name}' names more than one cell." for name in repeated]


def exercise_faults(cells: list[NotebookNode], exercises: Mapping[str, int]) -> list[str]:
    """Every exercise has its solution, its check directly below, and its points; and no other."""
    found = []
    below = {grade_id(cell): after for cell, after in zip(cells, [*cells[1:], None], strict=True)}
    for name, points in exercises.items():
        if name not in below:
            found.append(f"the exercise '{name}' has no solution cell.")
            continue
        check = below[name]
        if check is None or grade_id(check) != f"{name}_check" or not is_check(check):
            found.append(f"the exercise '{name}' has no check cell '{name}_check' right below it.")
        elif check.source != f'check("{name}", {name})':
            found.append(f"the check of '{name}' should say check(\"{name}\", {name}) and no more.")
        elif marks(check)["points"] != points:
            wrong = marks(check)["points"]
            found.append(f"the check of '{name}' gives {wrong} points, its exercise {points}.")
    known = {*exercises, *(f"{name}_check" for name in exercises)}
    strangers = [cell for cell in cells if is_answer_or_check(cell) and cell.id not in known]
    found += [f"'{cell.id}' is graded, but no exercise has this id." for cell in strangers]
    solutions = [cell for cell in cells if is_answer_or_check(cell) and not is_check(cell)]
    return found + [
        f"the solution '{cell.id}' needs one region ### BEGIN SOLUTION to ### END SOLUTION."
        for cell in solutions
        if [cell.source.count(f"### {word} SOLUTION") for word in ("BEGIN", "END")] != [1, 1]
    ]


def is_answer_or_check(cell: NotebookNode) -> bool:
    """Whether a code cell takes part in an exercise; written answers are markdown."""
    return cell.cell_type == "code" and bool(
        marks(cell).get("solution") or marks(cell).get("grade")
    )
