"""Every notebook through nbgrader's own commands: solved it earns full points, untouched none.

What can go wrong on the way is tested with the first notebook, in test_round_trip.py. Students hand
in what their exercises need, without the experiments: that is allowed, and quick.
"""

from copy import deepcopy

import nbformat
import pytest

from course_utils.exercises import NOTEBOOKS
from course_utils.grading.classroom import new_class
from course_utils.grading.submission import SUFFIX

FIRST, *OTHERS = NOTEBOOKS


@pytest.mark.parametrize("name", OTHERS)
def test_solved_and_untouched(name, school, tmp_path):
    room = school(tmp_path, name)
    new_class(room.folder)
    room.nbgrader("generate_assignment", name)
    solved = nbformat.read(room.folder / "source" / name / f"{name}.ipynb", as_version=4)
    released = nbformat.read(room.folder / "release" / name / f"{name}.ipynb", as_version=4)
    answers = {c.metadata.nbgrader.grade_id: c.source for c in solved.cells if marked(c)}
    released.cells = [c for c in released.cells if marked(c) or "import check" in c.source]
    hand_in(room, "untouched", released)
    for cell in filter(marked, released.cells):
        cell.source = answers[cell.metadata.nbgrader.grade_id]
    hand_in(room, "solved", released)
    room.nbgrader("autograde", name)

    points = {f"{e.id}{SUFFIX}": e.points for e in NOTEBOOKS[name].EXERCISES}
    written = {cell_id: None for cell_id in answers if cell_id.endswith("_answer")}
    assert len(written) == 1
    assert scores(room, name) == {
        "solved": points | written,
        "untouched": dict.fromkeys(points, 0) | dict.fromkeys(written, 0),
    }


def marked(cell):
    return "nbgrader" in cell.metadata


def hand_in(room, student, notebook):
    path = room.folder / "submitted" / student / room.notebook / f"{room.notebook}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(deepcopy(notebook), path)


def scores(room, name):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.folder / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score for grade in submission.notebooks[0].grades
            }
            for submission in gradebook.assignment_submissions(name)
        }
