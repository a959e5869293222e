"""nbgrader's settings for this class. Run nbgrader's commands in this folder."""

import os
import sysconfig
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader import preprocessors as stock

from course_utils.grading import nbgrader_plugin as course

c = get_config()  # noqa: F821  (nbgrader defines it)
here = Path(__file__).resolve().parent

# One name for each class: it is a folder in the exchange.
c.CourseDirectory.course_id = "CLASS"
c.CourseDirectory.root = str(here)

# Notebooks travel to students and back through this folder. On a JupyterHub or a shared machine,
# name one that all can write to, such as "/srv/nbgrader/exchange", here and in the students'
# /etc/jupyter/nbgrader_config.py.
c.Exchange.root = str(here / "exchange")

# Of what a student hands in, the notebook and the exchange's time are taken: no other file, no
# link.
c.ExchangeFactory.collect = course.Collect
c.Autograde.pre_convert_hook = course.leave_others

# What students handed in is read whatever state it is in, brought back into the shape that was
# released …
c.Autograde.exporter_class = course.SubmissionExporter
c.Autograde.sanitize_preprocessors = [
    course.RestoreCells,
    stock.ClearOutput,
    stock.OverwriteKernelspec,
    stock.OverwriteCells,
    stock.CheckCellMetadata,
]
# … and graded: their code runs in a sandbox, and what it gives is judged outside.
c.Autograde.autograde_preprocessors = [
    course.GradeInSandbox,
    ClearMetadataPreprocessor,
    stock.LimitOutput,
    stock.SaveAutoGrades,
    stock.AssignLatePenalties,
    stock.CheckCellMetadata,
]

# Feedback pages are nbgrader's own, made faster, and without scripts. formgrader's page lets no
# script of a student's run: start `jupyter lab` in this folder, so that it reads this file.
c.GenerateFeedback.exporter_class = course.FeedbackExporter
c.HTMLExporter.preprocessors = [course.NothingRuns]

# Where there can be no sandbox (docs/grading.md says what it takes), this line lets students' code
# run with your rights: it can read and change all that you can.
# c.GradeInSandbox.sandbox = False

# nbgrader calls a program of its environment by name: let it be found without activating that.
os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")

# TensorFlow talks about missing graphics cards; students' feedback need not.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
