"""Every notebook through nbgrader: solved it earns full points, untouched none.

What can go wrong on the way, and nbgrader's own commands, are tested with the first notebook, in
test_round_trip.py. Students hand in what their exercises need, without the experiments: that is
allowed, and quick.
"""

from copy import deepcopy

import nbformat
import pytest

from course_utils.exercises import NOTEBOOKS
from course_utils.grading.classroom.new import new_class
from course_utils.grading.nbgrader.gradebook import Records
from course_utils.grading.submission.restoring import SUFFIX

FIRST, *OTHERS = NOTEBOOKS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("school") / "class"
    new_class(folder)
    return folder


@pytest.mark.parametrize("name", OTHERS)
def test_solved_and_untouched(name, folder):
    records = Records(folder)
    records.prepare(name)
    solved, released = (
        nbformat.read(folder / kind / name / f"{name}.ipynb", as_version=4)
        for kind in ("source", "release")
    )
    answers = {c.metadata.nbgrader.grade_id: c.source for c in solved.cells if marked(c)}
    imports = ("import ", "from ")
    released.cells = [c for c in released.cells if marked(c) or c.source.startswith(imports)]
    hand_in(records, name, "untouched", released)
    for cell in filter(marked, released.cells):
        cell.source = answers[cell.metadata.nbgrader.grade_id]
    hand_in(records, name, "solved", released)

    points = {f"{e.id}{SUFFIX}": e.points for e in NOTEBOOKS[name].EXERCISES}
    written = {cell_id: None for cell_id in answers if cell_id.endswith("_answer")}
    assert len(written) == 1
    standings = records.standings(name)
    assert {student: standing.automatic for student, standing in standings.items()} == {
        "solved": points | written,
        "untouched": dict.fromkeys(points, 0) | dict.fromkeys(written, 0),
    }


def marked(cell):
    return "nbgrader" in cell.metadata


def hand_in(records, name, student, notebook):
    path = records.folder / "submitted" / student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(deepcopy(notebook), path)
    result = records.api.autograde(name, student)
    assert result["success"], result["log"]
