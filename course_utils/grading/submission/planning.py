"""What of a notebook has to run to grade it: which cells, in which order, and where each exercise's
solution is looked up."""

from nbformat import NotebookNode

from course_utils.cell_names import reads_and_binds
from course_utils.grading.sandbox.steps import Plan
from course_utils.grading.submission.restoring import SUFFIX, grade_id


def plan(
    notebook: NotebookNode, exercises, released: NotebookNode | None, skip_experiments: bool = True
) -> Plan:
    """Plan a grading.

    The cells of ours that no student changed run only where a student's cell needs a name they
    make: a lesson's experiments take minutes and prove nothing. A student's text is not looked into
    here.
    """
    known = {exercise.id for exercise in exercises}
    given = {c.source for c in released.cells if not grade_id(c)} if released else set()
    steps, solutions, tests = [], {}, {}
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        name = grade_id(cell) or ""
        exercise = name.removesuffix(SUFFIX)
        if name != exercise and exercise in known:
            steps.append({"number": number, "check": exercise})
            continue
        steps.append({"number": number, "run": cell.source})
        if name in known:
            solutions[name] = number
        elif is_test(cell):
            tests[number] = name
        elif not name and skip_experiments and cell.source in given:
            reads, binds = reads_and_binds(cell.source)
            steps[-1] |= {"reads": sorted(reads), "binds": sorted(binds)}
    return Plan(steps, solutions, tests)


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is a test that the instructor wrote: graded, and no answer."""
    marks = cell.metadata.get("nbgrader", {})
    return bool(grade_id(cell) and marks.get("grade") and not marks.get("solution"))
