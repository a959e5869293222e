"""A class of mutated notebooks: nothing crashes, nobody is lost, each has a result."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from grading import fake_grader, fuzz

from course_utils.errors import CourseError
from course_utils.exercises import NOTEBOOKS
from course_utils.grading.classroom.grade_all import grade_class
from course_utils.grading.demo import students
from course_utils.grading.nbgrader.gradebook import Records
from course_utils.grading.submission.grader import Grader
from course_utils.grading.submission.results import Graded

EXERCISES = {exercise.id: exercise for exercise in NOTEBOOKS[students.NOTEBOOK].EXERCISES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("school") / "class"
    students.make_class(folder)
    for path in (folder / "submitted").glob("*/*/*.ipynb"):
        path.unlink()
    return folder


@pytest.fixture(scope="module")
def released(folder):
    return folder / "release" / students.NOTEBOOK / f"{students.NOTEBOOK}.ipynb"


def test_the_same_seed_makes_the_same_notebooks(released):
    notebook = nbformat.read(released, as_version=4)
    first, again, other = (list(fuzz.mutations(notebook, 50, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({data for _, data in first}) > 45


def test_every_mutated_notebook_has_a_result(released, tmp_path, request):
    try:
        grader = Grader(2).__enter__()
    except CourseError as error:
        pytest.skip(str(error))
    notebook = nbformat.read(released, as_version=4)
    paths = []
    count = 12 * request.config.getoption("draws")
    for student, data in fuzz.mutations(notebook, count, seed=3):
        paths.append(tmp_path / f"{student}.ipynb")
        paths[-1].write_bytes(data)
    given = released.read_bytes()
    with ThreadPoolExecutor(2) as threads:
        every = list(threads.map(lambda p: grader.grade(p, students.NOTEBOOK, 5, given), paths))
    grader.__exit__(None, None, None)
    for path, graded in zip(paths, every, strict=True):
        assert set(graded.reports) == set(EXERCISES), path.name
        for name, report in graded.reports.items():
            assert 0 <= report["earned"] <= EXERCISES[name].points, path.name
            assert report["message"], path.name
        assert Graded.from_json(graded.to_json()) == graded
    some = sum(any(r["passed"] for r in graded.reports.values()) for graded in every)
    assert count / 8 < some < count


def test_every_mutated_notebook_reaches_the_gradebook(folder, released, monkeypatch):
    monkeypatch.setattr("course_utils.grading.classroom.engines.Grader", fake_grader.FakeGrader)
    notebook = nbformat.read(released, as_version=4)
    handed_in = set()
    shutil.rmtree(folder / "submitted", ignore_errors=True)  # folders without a notebook have rows
    for student, data in fuzz.mutations(notebook, 20, seed=4):
        path = folder / "submitted" / student / students.NOTEBOOK / f"{students.NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        handed_in.add(student)
    assert grade_class(folder, students.NOTEBOOK)
    standings = Records(folder).standings(students.NOTEBOOK)
    assert set(standings) == handed_in
    for standing in standings.values():
        given = {name for name in standing.automatic if name.endswith("_check")}
        assert {name.removesuffix("_check") for name in given} == set(EXERCISES)
        assert None not in [standing.automatic[name] for name in given]
