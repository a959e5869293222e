"""What a class folder's configuration adds to nbgrader's autograding. Nothing is patched.

RestoreCells comes first of all, ExecuteSubmission stands in for Execute, SettleChecks follows it.
"""

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

from course_utils.grading.submission import released_cells, restore
from course_utils.grading.verdict import settle


class RestoreCells(NbGraderPreprocessor):
    """Put a submission back into the shape that was released."""

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            released = released_cells(
                gradebook.find_notebook(names["notebook"], names["assignment"])
            )
        for sentence in restore(nb, released):
            self.log.warning("%s: cell %s", names["student"], sentence)
        return nb, resources


class ExecuteSubmission(Execute):
    """Run a notebook; if its kernel dies, keep what was run until then.

    nbgrader would drop the whole submission, with the points that were earned before.
    """

    def preprocess(self, nb, resources, km=None):
        try:
            return super().preprocess(nb, resources, km)
        except (DeadKernelError, CellTimeoutError) as error:
            student = resources.get("nbgrader", {}).get("student", "a notebook")
            self.log.warning("%s: stopped early: %s", student, error)
            return nb, resources


class SettleChecks(NbGraderPreprocessor):
    """Leave in each check cell the points that its Report says, or the reason why it has none."""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            if reason := settle(cell):
                student, name = resources["nbgrader"]["student"], cell.metadata.nbgrader.grade_id
                self.log.warning("%s: %s: %s", student, name, reason)
        return cell, resources
