"""The name of FeedbackExporter in class folders that an earlier version of the course made."""

from course_utils.grading.nbgrader.feedback import FeedbackExporter

__all__ = ["FeedbackExporter"]
