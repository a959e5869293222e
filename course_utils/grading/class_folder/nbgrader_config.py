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

# What happens to a submission before its code is run …
c.Autograde.sanitize_preprocessors = [
    course.RestoreCells,
    stock.ClearOutput,
    stock.OverwriteKernelspec,
    stock.OverwriteCells,
    stock.CheckCellMetadata,
]
# … and then.
c.Autograde.autograde_preprocessors = [
    course.ExecuteSubmission,
    course.SettleChecks,
    stock.IgnorePattern,
    ClearMetadataPreprocessor,
    stock.LimitOutput,
    stock.SaveAutoGrades,
    stock.AssignLatePenalties,
    stock.CheckCellMetadata,
]

# Seconds for one cell. A check stops a solution by itself after ten.
c.Execute.timeout = 120

# nbgrader calls a program of its environment by name: let it be found without activating that.
os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")

# TensorFlow talks about missing graphics cards; students' feedback need not.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
