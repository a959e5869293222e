"""What the sandbox shows of the course's package: drivers that run, and nothing that answers."""

import ast
import inspect
import textwrap

import pytest

from course_utils.checking.edits import solution_of
from course_utils.exercises import NOTEBOOKS
from course_utils.grading.sandbox import tree
from course_utils.grading.sandbox.questions import asked, told

LATER = {name: list(NOTEBOOKS)[list(NOTEBOOKS).index(name) :] for name in NOTEBOOKS}


@pytest.fixture(scope="module", params=NOTEBOOKS)
def shown(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    tree.write(request.param, folder)
    return request.param, folder


def bodies(text: str) -> set[str]:
    """What the functions of a text do, whatever they are called."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            statements = node.body[1:] if ast.get_docstring(node) else node.body
            text = "\n".join(ast.dump(statement) for statement in statements)
            if not text.startswith("Return(value=Constant"):  # which is no answer to anything
                found.add(text)
    return found


def of(function) -> set[str]:
    return bodies(textwrap.dedent(inspect.getsource(function)))


def test_no_answer_of_this_notebook_or_a_later_one_is_there(shown):
    notebook, folder = shown
    there = set().union(*(bodies(path.read_text()) for path in folder.rglob("*.py")))
    assert len(there) > 100
    for name in LATER[notebook]:
        for exercise in NOTEBOOKS[name].EXERCISES:
            for ours in filter(None, (exercise.reference, exercise.answer)):
                assert not of(ours) & there, (exercise.id, ours.__module__)
            for mistake in exercise.mistakes:
                if mistake.function is not None:
                    assert not of(solution_of(exercise, mistake)) & there, mistake.name
                assert all(mistake.sentence not in p.read_text() for p in folder.rglob("*.py"))


def test_there_are_no_files_but_those(shown):
    _, folder = shown
    names = {path.relative_to(folder).parts[1] for path in folder.rglob("*.*") if path.is_file()}
    folders = {"checking", "exercises", "grading", "plots", "reference", "training"}
    assert folders <= names and not {"cli.py", "authoring"} & names
    inside = {path.relative_to(folder).parts[2] for path in folder.glob("course_utils/grading/*")}
    assert inside == {"__init__.py", "sandbox"}


def test_ours_comes_in_only_after_it_was_answered(shown):
    """And what an exercise's answer needs of a later exercise's waits for that."""
    notebook, _ = shown
    exercises = list(NOTEBOOKS[notebook].EXERCISES)
    brought = tree.brought_in(notebook)
    assert list(brought) == [exercise.id for exercise in exercises]
    for place, exercise in enumerate(exercises):
        early = set().union(*(bodies(text) for e in exercises[:place] for _, text in brought[e.id]))
        for ours in filter(None, (exercise.reference, exercise.answer)):
            assert not of(ours) & early, exercise.id
        now = set().union(*(bodies(text) for _, text in brought[exercise.id]))
        assert of(exercise.reference) & now


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_told_of_an_exercise_runs_a_solution_and_answers_nothing(name):
    for exercise in NOTEBOOKS[name].EXERCISES:
        same = asked(told(exercise))
        for field in ("id", "outputs", "driver", "forbidden", "seconds", "signature"):
            assert getattr(same, field) == getattr(exercise, field)
        assert not same.mistakes and not same.draw(0) and same.answer is None
        with pytest.raises(LookupError):
            same.reference()
