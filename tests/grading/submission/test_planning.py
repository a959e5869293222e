"""Which cells run, and which of a lesson's experiments do not."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

import course_utils
from course_utils.exercises import NOTEBOOKS
from course_utils.grading.sandbox.steps import needed
from course_utils.grading.submission.planning import plan
from course_utils.grading.submission.reading import read
from course_utils.grading.submission.restoring import handed_out, restore

STUDENT = Path(course_utils.__file__).parents[1] / "notebooks" / "student"


def marked(name, source, **marks):
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": name, **marks}})


def run_of(cells, released=()):
    """The texts of the cells that run, in order."""
    given = new_notebook(cells=[new_code_cell(source) for source in released])
    steps = plan(new_notebook(cells=cells), NOTEBOOKS["01_attention"].EXERCISES, given).steps
    numbers = needed(steps)
    return [step["run"] for step in steps if step["number"] in numbers]


GIVEN = [
    "import numpy as np\nrng = 1",
    "weights = np.ones(3)",
    "weights[0] = 2",
    "train_for_hours()",
]


def lesson(answer, *more):
    cells = [new_code_cell(source) for source in GIVEN]
    return run_of([*cells, marked("softmax", answer), *map(new_code_cell, more)], GIVEN)


def test_a_given_cell_runs_only_where_an_answer_needs_it():
    assert lesson("def softmax(x): return 1") == ["def softmax(x): return 1"]
    answer = "def softmax(weights): return np.exp(weights)"  # its own weights, not the lesson's
    assert lesson(answer) == [GIVEN[0], answer]


def test_what_is_needed_needs_others_in_turn():
    answer = "def softmax(x): return weights"
    assert lesson(answer) == [*GIVEN[:3], answer]


def test_cells_of_a_student_run_changed_or_new():
    assert lesson("", "train_for_seconds()") == ["", "train_for_seconds()"]


def test_all_cells_run_where_it_is_not_known_what_was_given():
    steps = plan(new_notebook(cells=[new_code_cell(s) for s in GIVEN]), (), None).steps
    assert needed(steps) == [1, 2, 3, 4]


@pytest.mark.parametrize("name", sorted(path.stem for path in STUDENT.glob("*.ipynb")))
def test_no_experiment_of_ours_runs_with_the_solutions(name):
    """Each answer and the cell with the imports: nothing else of a notebook is needed."""
    released = read(STUDENT / f"{name}.ipynb")
    solved = read(STUDENT.parent / "solutions" / f"{name}.ipynb")
    assert restore(solved, handed_out(released)) == []
    exercises = NOTEBOOKS[name].EXERCISES
    made = plan(solved, exercises, released)
    texts = {step["number"]: step.get("run") for step in made.steps}
    others = [texts[n] for n in needed(made.steps) if n not in made.solutions.values()]
    assert all("import" in text for text in others) and len(others) <= 2
