"""What a class's nbgrader_config.py names. These names stay, wherever the code moves to."""

from course_utils.grading.nbgrader.feedback import FeedbackExporter
from course_utils.grading.nbgrader.handing_in import Collect, leave_others
from course_utils.grading.nbgrader.plugin import GradeInSandbox, RestoreCells, SubmissionExporter
from course_utils.grading.nbgrader.policy import NothingRuns

__all__ = [
    "Collect",
    "FeedbackExporter",
    "GradeInSandbox",
    "NothingRuns",
    "RestoreCells",
    "SubmissionExporter",
    "leave_others",
]
