"""Decide what a graded code cell earned, from what it shows after it was run.

nbgrader alone gives full points for a cell that shows nothing, and none for a cell with anything on
stderr. Here only a Report earns points, and stderr costs none.
"""

import math
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course_utils.checking.report import MIME_TYPE

# The check of the exercise "softmax" is the cell "softmax_check".
SUFFIX = "_check"

NOT_RUN = "Not graded: this check did not run."
STOPPED = "Not graded: this check did not run. It stopped with {error}."
NOT_ONE = (
    "Not graded: this cell should show one result, of the check '{exercise}'. It shows {shown}."
)


def settle(cell: NotebookNode) -> str:
    """Leave one number in the outputs of a graded code cell for nbgrader to read.

    Returns the reason why the cell is not graded, or an empty text. A cell that is not one of our
    checks keeps nbgrader's rules; it only has to have run.
    """
    name = cell.metadata.nbgrader["grade_id"]
    if not name.endswith(SUFFIX):
        return "" if cell.execution_count else refuse(cell, NOT_RUN)
    exercise = name.removesuffix(SUFFIX)
    if error := next((o for o in cell.outputs if o.output_type == "error"), None):
        told = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
        return refuse(cell, STOPPED.format(error=told))
    reports = [output for output in cell.outputs if is_report(output)]
    if not reports:
        return refuse(cell, NOT_RUN)
    if [output.data[MIME_TYPE]["exercise"] for output in reports] != [exercise]:
        shown = ", ".join(f"'{output.data[MIME_TYPE]['exercise']}'" for output in reports)
        return refuse(cell, NOT_ONE.format(exercise=exercise, shown=shown))
    earned = min(reports[0].data[MIME_TYPE]["earned"], cell.metadata.nbgrader["points"])
    reports[0].data["text/plain"] = str(float(earned))
    cell.outputs = harmless(cell, besides=reports[0]) + reports
    return ""


def is_report(output: NotebookNode) -> bool:
    """Whether an output is a cell's result and holds the data of a Report."""
    if output.output_type != "execute_result":
        return False
    data = output.data.get(MIME_TYPE)
    earned = data.get("earned") if isinstance(data, dict) else None
    if not isinstance(earned, int | float) or isinstance(earned, bool):
        return False
    return math.isfinite(earned) and earned >= 0 and isinstance(data.get("exercise"), str)


def refuse(cell: NotebookNode, sentence: str) -> str:
    """Give a cell 0 points, and the sentence that the feedback page shows."""
    html = f'<div style="border-left:5px solid #888888;padding:4px 12px">{escape(sentence)}</div>'
    verdict = new_output(
        "execute_result",
        {"text/plain": "0.0", "text/html": html},
        execution_count=cell.execution_count,
    )
    cell.outputs = [*harmless(cell), verdict]
    return sentence


def harmless(cell: NotebookNode, besides: NotebookNode | None = None) -> list[NotebookNode]:
    """Keep all else that a cell shows, in forms that nbgrader does not count.

    Text on stderr becomes ordinary text, and a result that is no Report is merely displayed.
    """
    kept = []
    for output in cell.outputs:
        if output is besides:
            continue
        if output.output_type == "execute_result":
            output = new_output("display_data", output.data, metadata=output.metadata)
        elif output.output_type == "stream":
            output = new_output("stream", name="stdout", text=output.text)
        kept.append(output)
    return kept
