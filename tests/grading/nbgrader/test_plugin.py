"""What the plug-in does to single notebooks and cells."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade

from course_utils.checking.report import MIME_TYPE, Report
from course_utils.grading.nbgrader.plugin import NOT_RUN, SubmissionExporter, show
from course_utils.grading.submission.restoring import restore
from course_utils.grading.submission.results import Graded


def marks(name, **changed):
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**plain, "grade_id": name, "schema_version": 3, **changed}}


def released():
    """One exercise with its check, and one written answer, as nbgrader released them."""
    check = marks("softmax_check", grade=True, locked=True, points=2.0)
    answer = marks("answer", grade=True, solution=True, points=3.0)
    cells = [
        new_code_cell("raise NotImplementedError", metadata=marks("softmax", solution=True)),
        new_code_cell('check("softmax", softmax)', metadata=check),
        new_markdown_cell("YOUR ANSWER HERE", metadata=answer),
    ]
    return {cell.metadata.nbgrader.grade_id: cell for cell in cells}


def submitted():
    return new_notebook(cells=list(released().values()))


def restored(notebook):
    """What our preprocessor leaves must be what nbgrader and Jupyter accept."""
    told = restore(notebook, released())
    MetadataValidator().validate_nb(notebook)
    nbformat.validate(notebook)
    return [
        (c.source, c.metadata.get("nbgrader", {}).get("grade_id")) for c in notebook.cells
    ], told


# Restoring a submission.


def test_an_ordinary_submission_stays_as_it_is():
    notebook = submitted()
    notebook.cells[0].source = "def softmax(): ..."
    cells, told = restored(notebook)
    assert cells == [
        ("def softmax(): ...", "softmax"),
        ('check("softmax", softmax)', "softmax_check"),
        ("YOUR ANSWER HERE", "answer"),
    ]
    assert told == []


def test_of_cells_with_one_id_the_last_counts_and_all_still_run():
    notebook = submitted()
    notebook.cells[0].source = "first try"
    notebook.cells.insert(1, new_code_cell("second try", metadata=marks("softmax", solution=True)))
    cells, told = restored(notebook)
    assert cells[:2] == [("first try", None), ("second try", "softmax")]
    assert told == ["'softmax' is there more than once: the last one counts"]


def test_a_deleted_check_returns_after_its_exercise_and_an_answer_at_the_end():
    notebook = submitted()
    notebook.cells = [notebook.cells[0], new_code_cell("softmax = other")]
    cells, told = restored(notebook)
    assert [name for _, name in cells] == ["softmax", "softmax_check", None, "answer"]
    assert cells[3][0] == "YOUR ANSWER HERE"
    assert len(told) == 2


def test_an_empty_notebook_gets_all_graded_cells_back():
    cells, _ = restored(new_notebook())
    assert [name for _, name in cells] == ["softmax_check", "answer"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"nbgrader": {"grade_id": "softmax_check"}},
        marks("softmax_check", schema_version=99, grade=True),
        marks("softmax_check", schema_version="three"),
        marks("softmax_check", grade=False, solution=True, points=100),
        {**marks("softmax_check"), "tags": ["skip-execution"], "deletable": 3},
    ],
)
def test_of_a_cells_metadata_only_the_grade_id_is_believed(metadata):
    notebook = submitted()
    notebook.cells[1].metadata = nbformat.from_dict(metadata)
    restored(notebook)
    assert notebook.cells[1].metadata == released()["softmax_check"].metadata


@pytest.mark.parametrize(
    "strange", [{}, None, "text", 7, {"grade_id": 7}, {"grade_id": "nobody", "grade": True}]
)
def test_unknown_metadata_is_dropped(strange):
    notebook = submitted()
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": strange, "tags": ["x"]}))
    restored(notebook)
    assert notebook.cells[-1].metadata == {}


def test_a_check_turned_into_text_becomes_code_again_and_a_pasted_picture_stays():
    notebook = submitted()
    notebook.cells[1] = new_markdown_cell("!", metadata=notebook.cells[1].metadata)
    notebook.cells[2]["attachments"] = {"a.png": {"image/png": "iVBORw0KGgo="}}
    cells, _ = restored(notebook)
    assert notebook.cells[1].cell_type == "code"
    assert cells[1][0] == 'check("softmax", softmax)'
    assert "a.png" in notebook.cells[2].attachments


def test_repeated_and_missing_cell_ids_are_repaired():
    notebook = submitted()
    notebook.cells[1].id = notebook.cells[0].id
    del notebook.cells[2]["id"]
    notebook.nbformat_minor = 2
    restored(notebook)


# Showing what came of it.


def report(score=0.75, **changed):
    plain = {"exercise": "softmax", "title": "", "points": 2, "passed": score == 1}
    return Report(**{**plain, "score": score, "message": "Look at <row> 2.", **changed}).to_dict()


def shown(graded, name="softmax_check", points=2.0):
    """What nbgrader reads from a cell, and the cell."""
    cell = new_code_cell(metadata=marks(name, grade=True, points=points))
    notebook = new_notebook(cells=[new_code_cell("print(1)"), cell])
    show(notebook, graded)
    nbformat.validate(notebook)
    assert notebook.cells[0].outputs == []
    return determine_grade(cell)[0], cell


def test_a_report_becomes_points_and_its_page():
    points, cell = shown(Graded({"softmax": report()}))
    assert points == 1.5
    assert cell.outputs[0].data[MIME_TYPE]["earned"] == 1.5
    assert "Look at &lt;row&gt; 2." in cell.outputs[0].data["text/html"]


def test_no_cell_earns_more_than_its_points():
    assert shown(Graded({"softmax": report(1.0, points=100)}))[0] == 2
    assert shown(Graded({"softmax": report(1.0)}), points=1.0)[0] == 1


def test_a_check_without_a_report_earns_nothing():
    points, cell = shown(Graded({"softmax": report(1.0)}), name="attend_check")
    assert points == 0
    assert "no exercise 'attend'" in cell.outputs[0].data["text/html"]


def test_what_went_wrong_is_told_once_in_the_first_check():
    graded = Graded({"softmax": report()}, notes=("Cell 7 stopped.",), failure="Nothing works.")
    points, cell = shown(graded)
    assert points == 1.5
    assert cell.outputs[0].text == "Nothing works.\nCell 7 stopped."


@pytest.mark.parametrize(
    ("said", "points"),
    [
        ({"error": None, "value": None}, 2),
        ({"error": None, "value": "1.0"}, 1),
        ({"error": "AssertionError", "value": None}, 0),
        (None, 0),
    ],
)
def test_cells_that_are_no_check_of_ours_keep_nbgraders_rules_if_they_ran(said, points):
    others = {} if said is None else {"my_own_test": said}
    earned, cell = shown(Graded({}, others=others), name="my_own_test")
    assert earned == points
    assert said is not None or NOT_RUN in cell.outputs[0].data["text/html"]


# Reading what was handed in.


def exported(path):
    notebook, resources = SubmissionExporter().from_filename(str(path))
    assert resources["metadata"]["name"] == path.stem
    return nbformat.reads(notebook, as_version=4)


def test_a_file_that_is_no_notebook_becomes_an_empty_one(tmp_path):
    path = tmp_path / "01_attention.ipynb"
    path.write_text('{"cells": [{"cell_type": "co')
    assert exported(path).cells == []


def test_a_notebook_keeps_its_text_and_marks_and_loses_outputs(tmp_path):
    path = tmp_path / "01_attention.ipynb"
    notebook = submitted()
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="1")]
    path.write_text(json.dumps(notebook))
    cells = exported(path).cells
    assert [(c.cell_type, c.source, c.metadata) for c in cells] == [
        (c.cell_type, c.source, c.metadata) for c in notebook.cells
    ]
    assert cells[0].outputs == []
