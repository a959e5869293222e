"""The course's own notebooks: they keep the rules, they are up to date, and an unsolved one runs.

The solved ones are replayed by nbval, cell by cell.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course_utils.authoring import build, source
from course_utils.checking.report import MIME_TYPE
from course_utils.exercises import NOTEBOOKS

ROOT = Path(__file__).parents[1]
SOURCES = source.sources(ROOT)


def test_every_notebook_has_its_exercises():
    assert [path.stem for path in SOURCES] == list(NOTEBOOKS)


def test_the_sources_keep_the_rules_and_the_generated_notebooks_are_theirs():
    points = {
        name: {exercise.id: exercise.points for exercise in module.EXERCISES}
        for name, module in NOTEBOOKS.items()
    }
    assert build.check(ROOT, SOURCES, points) == []


def test_an_unsolved_notebook_runs_to_its_end(tmp_path):
    """The first one whole. That no cell needs a student's answer is a rule for all of them, and
    tests/grading hands in each one untouched."""
    path = SOURCES[0]
    notebook = nbformat.read(ROOT / "notebooks/student" / f"{path.stem}.ipynb", as_version=4)
    folder = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=folder).execute()

    checks = [cell for cell in notebook.cells if source.is_check(cell)]
    reports = [output.data for cell in checks for output in cell.outputs]
    assert len(reports) == len(checks) == len(NOTEBOOKS[path.stem].EXERCISES)
    for report in reports:
        assert report[MIME_TYPE]["earned"] == 0
        assert report["text/plain"] == "0.0"
        assert "not solved yet" in report["text/html"]

    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in shown if output.get("name") == "stderr"] == []
