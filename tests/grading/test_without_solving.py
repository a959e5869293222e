"""What earns points in a notebook without solving it: our own answers, found and called."""

import inspect
import json
from textwrap import indent

import pytest
from grading import attacks
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.exercises import EXERCISES, NOTEBOOKS
from course_utils.grading.sandbox.bubblewrap import why_not
from course_utils.grading.submission.grader import Grader

SEED = 20240229
WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
# What an honest student has solved beside it, in each notebook.
SOLVED = {
    "01_attention": "causal_mask",
    "02_multi_head_attention": "merge_heads",
    "03_positional_encoding": "linear_positions",
    "04_vision_transformer": "encoder_block",
    "05_swin_transformer": "cyclic_shift",
    "06_perceiver": "count_perceiver_parameters",
}


@pytest.fixture(scope="module")
def pool():
    with Grader(1) as pool:
        yield pool


def grade(pool, folder, notebook, *cells):
    path = folder / f"{notebook}.ipynb"
    path.write_text(json.dumps(new_notebook(cells=[new_code_cell(cell) for cell in cells])))
    return pool.grade(path, notebook, SEED)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_our_answers_are_nowhere_to_be_found(pool, tmp_path, notebook):
    solved = inspect.getsource(EXERCISES[SOLVED[notebook]].answer)
    honest = grade(pool, tmp_path, notebook, "import numpy as np", solved)
    passed = [name for name, report in honest.reports.items() if report["passed"]]
    assert passed == [SOLVED[notebook]] and honest.notes == ()
    for name, tools in attacks.GENERIC.items():
        cells = [tools]
        for exercise in NOTEBOOKS[notebook].EXERCISES:
            for ours in filter(None, (exercise.answer, exercise.reference)):
                line = f"{exercise.id} = find({ours.__module__!r}, {ours.__name__!r})"
                cells.append(f"try:\n{indent(line, '    ')}\nexcept BaseException:\n    pass")
        graded = grade(pool, tmp_path, notebook, *cells)
        earned = {n: report["earned"] for n, report in graded.reports.items() if report["earned"]}
        assert earned == {}, name
