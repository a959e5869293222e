"""What a class folder's configuration adds to nbgrader's autograding. Nothing is patched.

SubmissionExporter reads what students handed in, RestoreCells comes first of all, and
GradeInSandbox stands where nbgrader would run students' code beside its own.
"""

import atexit
import functools
from dataclasses import replace
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool

from course_utils.checking.report import Report
from course_utils.grading.class_folder import secret_seed
from course_utils.grading.nbgrader.showing import presentable
from course_utils.grading.submission import reading
from course_utils.grading.submission.grader import Grader
from course_utils.grading.submission.restoring import SUFFIX, released_cells, restore
from course_utils.grading.submission.results import Graded, Results

NOT_GRADED = "Not graded: this course has no exercise '{exercise}'."
# A screenful.
NOTES = 20
NOT_RUN = "Not graded: this cell did not run."


class SubmissionExporter(NotebookExporter):
    """Reads a notebook of any version and in any state. What is none becomes an empty one, so that
    its student has a row in the gradebook and a feedback page that says what is wrong."""

    def from_filename(self, filename, resources=None, **kwargs):
        path = Path(filename)
        try:
            notebook = reading.read(path)
        except reading.Unreadable:
            notebook = new_notebook()
        resources = self._init_resources(resources)
        resources["metadata"].update(name=path.stem, path=str(path.parent))
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _preprocess(self, nb, resources):
        nb, resources = super()._preprocess(nb, resources)
        graded = any(isinstance(step, GradeInSandbox) for step in self._preprocessors)
        # What is kept of a graded notebook is for pages only: formgrader's, and feedback.
        return presentable(nb) if graded else nb, resources


class RestoreCells(NbGraderPreprocessor):
    """Put a submission back into the shape that was released."""

    def preprocess(self, nb, resources):
        given = resources["nbgrader"]
        with Gradebook(given["db_url"]) as gradebook:
            released = released_cells(
                gradebook.find_notebook(given["notebook"], given["assignment"])
            )
        course = CourseDirectory(parent=self)
        place = course.format_path(course.release_directory, ".", given["assignment"])
        for sentence in restore(nb, released, lesson(Path(place, f"{given['notebook']}.ipynb"))):
            self.log.warning("%s: cell %s", given["student"], sentence)
        return nb, resources


def lesson(path: Path) -> set[str] | None:
    """The texts of all cells that students were given; None where that notebook is gone."""
    try:
        return {cell.source for cell in reading.read(path).cells}
    except reading.Unreadable:
        return None


class GradeInSandbox(NbGraderPreprocessor):
    """Have a submission graded, and show in its check cells the Reports that came of it."""

    sandbox = Bool(True, help="False runs students' code with your rights.").tag(config=True)

    def preprocess(self, nb, resources):
        given = resources["nbgrader"]
        graded = self.graded(given["student"], given["assignment"], given["notebook"])
        for sentence in graded.notes:
            self.log.warning("%s: %s", given["student"], sentence)
        show(nb, graded)
        return nb, resources

    def graded(self, student: str, assignment: str, notebook: str) -> Graded:
        """What the class's results hold of a submission, or else what grading it gives."""
        course = CourseDirectory(parent=self)
        folder = Path(course.root)
        kinds = ((course.submitted_directory, student), (course.release_directory, "."))
        submitted, released = (
            Path(course.format_path(kind, who, assignment), f"{notebook}.ipynb")
            for kind, who in kinds
        )
        given = released.read_bytes() if released.is_file() else None
        try:
            key = reading.contents(submitted), notebook, secret_seed(folder), given
        except reading.Unreadable:
            return grader(self.sandbox).grade(submitted, notebook, secret_seed(folder), given)
        results = Results(folder)
        graded = results.find(*key)
        if graded is None:
            graded = grader(self.sandbox).grade(submitted, *key[1:])
            results.keep(*key, graded)
        return graded


@functools.cache
def grader(sandbox: bool) -> Grader:
    """One Grader for all that this process grades."""
    made = Grader(sandbox=sandbox).__enter__()
    atexit.register(made.__exit__)
    return made


def show(nb, graded: Graded) -> None:
    """Fill the outputs of a notebook's graded code cells, and of no others."""
    about = [*([graded.failure] if graded.failure else []), *graded.notes[:NOTES]]
    if len(graded.notes) > NOTES:
        about.append(f"And {len(graded.notes) - NOTES} more notes of this kind.")
    for number, cell in enumerate(nb.cells, start=1):
        if cell.cell_type != "code" or not is_grade(cell) or is_solution(cell):
            continue
        cell.execution_count = number
        cell.outputs = outputs(cell, graded)
        if about:  # once, where the student looks first
            cell.outputs.insert(0, new_output("stream", name="stdout", text="\n".join(about)))
            about = []


def outputs(cell, graded: Graded) -> list:
    name, points = cell.metadata.nbgrader["grade_id"], cell.metadata.nbgrader["points"]
    if not name.endswith(SUFFIX):
        return own_test(cell, graded.others.get(name))
    exercise = name.removesuffix(SUFFIX)
    if exercise not in graded.reports:
        return [earning(cell, 0, {"text/html": NOT_GRADED.format(exercise=exercise)})]
    report = Report.from_dict(graded.reports[exercise])
    # The points of the cell decide: an instructor may have changed them in source/.
    report = replace(report, points=points)
    return [earning(cell, report.earned, report._repr_mimebundle_())]


def own_test(cell, said: dict | None) -> list:
    """The outputs of a test that an instructor wrote: nbgrader's own rules go by them."""
    if said is None:
        return [earning(cell, 0, {"text/html": NOT_RUN})]
    if said["error"] is not None:
        return [new_output("error", ename="Error", evalue=said["error"], traceback=[said["error"]])]
    if said["value"] is None:
        return []
    return [new_output("execute_result", {"text/plain": said["value"]}, execution_count=1)]


def earning(cell, earned: float, bundle: dict):
    """A cell's result, with the number that nbgrader reads as points."""
    data = {**bundle, "text/plain": str(float(earned))}
    return new_output("execute_result", data, execution_count=cell.execution_count)
