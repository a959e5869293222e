"""`course grade --demo`: a class of 30 that hands in all there is, graded before your eyes."""

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from itertools import islice
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.checking.edits import source, text_of
from course_utils.grading.classroom.grade_all import grade_class
from course_utils.grading.classroom.new import new_class
from course_utils.grading.demo import answers
from course_utils.grading.nbgrader.gradebook import Records

NOTEBOOK = "01_attention"
STUDENTS = 30


def demo(workers: int, sandbox: bool) -> int:
    """Make the class in a temporary folder and grade it."""
    folder = Path(tempfile.mkdtemp(prefix="course-demo-"))
    make_class(folder)
    print(f"A class of {STUDENTS}, in {folder}. Some of them mean harm.\n", flush=True)
    done = grade_class(folder, NOTEBOOK, workers, sandbox=sandbox)
    print(f"\nLook around: {folder}. Delete it when you have seen enough.")
    return 0 if done else 1


def make_class(folder: Path) -> None:
    """A class folder with a submission from each of 30 students."""
    with contextlib.redirect_stdout(io.StringIO()):
        new_class(folder)
        Records(folder).prepare(NOTEBOOK)
    released = nbformat.read(folder / "release" / NOTEBOOK / f"{NOTEBOOK}.ipynb", as_version=4)
    for student, text in submissions(released):
        path = folder / "submitted" / student / NOTEBOOK / f"{NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")


def submissions(released: NotebookNode) -> Iterator[tuple[str, str]]:
    """(student, text of the notebook) for 30 students: right, mistaken, and hostile."""
    named = {
        "right-loops": filled(released, answers.LOOPS),
        "right-einsum": filled(released, answers.EINSUM),
        "untouched": skipping(released),
        "forger": filled(released, answers.FORGER),
        "quitter": filled(released, answers.LOOPS | answers.QUITTER),
        "broken": filled(released, answers.LOOPS)[:5000],
    }
    mistaken = enumerate(mistaken_answers(), start=1)
    for number, texts in islice(mistaken, STUDENTS - len(named)):
        yield f"student-{number:02d}", filled(released, texts)
    yield from named.items()


def mistaken_answers() -> Iterator[dict[str, str]]:
    """One after another, answers with the next mistake of each exercise; then the right one."""
    from course_utils.exercises import NOTEBOOKS  # late: Keras takes seconds

    exercises = NOTEBOOKS[NOTEBOOK].EXERCISES
    rows = {e.id: iter(wrong_answers(e).values()) for e in exercises}
    plain = {e.id: source(e.answer) for e in exercises}  # where neither style has the exercise
    number = 0
    while True:
        number += 1
        right = plain | (answers.LOOPS, answers.EINSUM)[number % 2]
        yield {name: next(texts, right[name]) for name, texts in rows.items()}


def wrong_answers(exercise) -> dict[str, str]:
    """For each listed mistake of an exercise the text of a cell that makes it."""
    texts = {}
    for mistake in exercise.mistakes:  # of several forms of one mistake, the first
        texts.setdefault(mistake.name, text_of(exercise, mistake))
    return texts


def filled(released: NotebookNode, texts: dict[str, str]) -> str:
    """The released notebook with these answers in their cells, as the text of a file."""
    notebook = deepcopy(released)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in texts:
            cell.source = texts[name].strip()
    return json.dumps(notebook, indent=1)


def skipping(released: NotebookNode) -> str:
    """Nothing solved, and every cell marked to be left out when it is graded."""
    notebook = deepcopy(released)
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]
    return json.dumps(notebook, indent=1)
