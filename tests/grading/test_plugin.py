"""What the plug-in does to single notebooks and cells."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade

from course_utils.checking.report import MIME_TYPE, Report
from course_utils.grading.nbgrader_plugin import ExecuteSubmission, SettleChecks
from course_utils.grading.submission import restore
from course_utils.grading.verdict import NOT_RUN, settle


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


# Settling what a check cell earned.


def report(earned=1.5, exercise="softmax", data=None):
    said = Report(exercise=exercise, title="", points=2, score=earned / 2, passed=earned == 2)
    bundle = said._repr_mimebundle_()
    bundle[MIME_TYPE] = {**bundle[MIME_TYPE], **(data or {})}
    return new_output("execute_result", bundle, execution_count=1)


def number(text):
    return new_output("execute_result", {"text/plain": text}, execution_count=1)


STDERR = new_output("stream", name="stderr", text="E0000 no graphics card")
ERROR = new_output("error", ename="NameError", evalue="name 'softmax' is not defined", traceback=[])


def settled(*outputs, name="softmax_check", points=2.0, count=1):
    cell = new_code_cell(metadata=marks(name, grade=True, points=points), execution_count=count)
    cell.outputs = list(outputs)
    reason = settle(cell)
    nbformat.validate(new_notebook(cells=[cell]))
    return determine_grade(cell)[0], reason, cell


def test_a_report_earns_its_points():
    points, reason, cell = settled(report(1.5))
    assert (points, reason) == (1.5, "")
    assert "text/html" in cell.outputs[0].data


def test_stderr_costs_nothing_and_is_still_shown():
    points, _, cell = settled(STDERR, report(2), STDERR)
    assert points == 2
    assert [o.text for o in cell.outputs if o.output_type == "stream"] == [STDERR.text] * 2


def test_no_cell_earns_more_than_its_points():
    assert settled(report(2, data={"earned": 100}))[0] == 2
    assert settled(report(2), points=1.0)[0] == 1


def test_a_plain_number_beside_the_report_does_not_count():
    assert settled(number("2.0"), report(0.5))[0] == 0.5
    assert settled(report(0.5), number("2.0"))[0] == 0.5
    forged = report(0.5)
    forged.data["text/plain"] = "2.0"
    assert settled(forged)[0] == 0.5


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        [STDERR],
        [number("2.0")],
        [ERROR],
        [ERROR, report(2)],
        [report(2), report(2)],
        [report(2, exercise="attend")],
        [report(2, exercise="attend"), report(2)],
        [new_output("display_data", report(2).data)],
        [report(2, data={"earned": "2"})],
        [report(2, data={"earned": True})],
        [report(2, data={"earned": float("nan")})],
        [report(2, data={"earned": -1})],
        [report(2, data={"exercise": None})],
    ],
)
def test_anything_else_is_not_graded_and_says_so(outputs):
    points, reason, cell = settled(*outputs)
    assert points == 0
    assert reason.startswith("Not graded: ")
    assert "Not graded: " in cell.outputs[-1].data["text/html"]


def test_a_failed_check_tells_its_error():
    _, reason, cell = settled(ERROR)
    assert reason == f"{NOT_RUN} It stopped with NameError: name 'softmax' is not defined."
    assert "name &#x27;softmax&#x27; is not defined" in cell.outputs[-1].data["text/html"]


def test_cells_that_are_no_check_of_ours_keep_nbgraders_rules_if_they_ran():
    assert settled(name="my_own_test")[0] == 2
    assert settled(number("1.0"), name="my_own_test")[0] == 1
    assert settled(STDERR, name="my_own_test")[0] == 0
    assert settled(name="my_own_test", count=None)[:2] == (0, NOT_RUN)


# In nbgrader's chain.


def test_what_was_earned_before_the_kernel_died_is_kept():
    text = "from IPython.display import publish_display_data\nclass R:\n    def _repr_mimebundle_"
    text += f"(self, **_): return {dict(report(2).data)!r}\nR()"
    notebook = submitted()
    notebook.cells[0].source = "1 + 1"
    notebook.cells[1].source = text
    death = new_code_cell("import os\nos._exit(1)")
    late = new_code_cell("1", metadata=marks("attend_check", grade=True, points=4.0))
    notebook.cells += [death, late]
    resources = {"nbgrader": {"student": "ann"}, "metadata": {}}
    for preprocessor in (ExecuteSubmission(), SettleChecks()):
        notebook, resources = preprocessor.preprocess(notebook, resources)
    assert determine_grade(notebook.cells[1])[0] == 2
    assert determine_grade(late)[0] == 0
    assert NOT_RUN in late.outputs[-1].data["text/html"]
    assert "outputs" not in notebook.cells[2]  # the written answer is a person's to grade
