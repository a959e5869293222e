"""What a class's nbgrader_config.py names. These names stay, wherever the code moves to."""

from course_utils.grading.nbgrader.feedback import FeedbackExporter
from course_utils.grading.nbgrader.plugin import GradeInSandbox, RestoreCells, SubmissionExporter

__all__ = ["FeedbackExporter", "GradeInSandbox", "RestoreCells", "SubmissionExporter"]
