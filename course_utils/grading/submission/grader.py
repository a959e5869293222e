"""Grade submissions: untrusted notebooks in, Reports out.

with Grader(workers=2) as grader:
    graded = grader.grade(path, "01_attention", seed)
"""

from pathlib import Path

from course_utils.grading.sandbox.pool import Pool
from course_utils.grading.submission.results import Graded


class Grader(Pool):
    """Grades notebooks, each in a process of its own, from as many threads as there are workers."""

    def grade(
        self,
        path: Path,
        notebook: str,
        seed: int,
        released: bytes | None = None,
        skip_experiments: bool = True,
    ) -> Graded:
        """Grade the notebook in a file. Never raises for what a submission is or does.

        seed: what the cases are drawn from, a class's secret; released: the notebook that was
        handed out.
        """
        # Late: it imports Keras, which takes seconds, and by now the pool has done so.
        from course_utils.grading.submission.grade_one import grade_file

        with self.turns, self.ready(notebook):
            return grade_file(self, Path(path), notebook, seed, released, skip_experiments)
