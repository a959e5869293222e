"""nbgrader's side of a class: the gradebook filled and the feedback made by its own converters.

All in this process, one student after another: what goes wrong with one stops nobody else.
"""

import contextlib
import hashlib
import json
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

from nbformat.v4 import new_notebook
from nbgrader import api as nbgrader
from nbgrader.apps import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import SAWarning

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.grading.class_folder import own_folder, read_json
from course_utils.grading.nbgrader.feedback import FeedbackExporter
from course_utils.grading.nbgrader.handing_in import leave_others

CONFIGURATION = (
    "{folder}/nbgrader_config.py cannot be used: {error}. Compare it with the one that "
    "`course class new` writes into another folder."
)


@dataclass
class Standing:
    """What the gradebook says of one submission, as plain data.

    grades: cell -> [points by the check, by hand, extra, whether somebody has to look];
    comments: cell -> [by nbgrader, by hand]; due: when it was due for this student.
    """

    grades: dict[str, list] = field(default_factory=dict)
    comments: dict[str, list] = field(default_factory=dict)
    penalty: float | None = None
    due: str = ""

    @property
    def automatic(self) -> dict[str, float | None]:
        return {name: grade[0] for name, grade in self.grades.items()}

    @property
    def waiting(self) -> int:
        """How many answers a person has to read."""
        return sum(bool(grade[3]) for grade in self.grades.values())

    @property
    def fingerprint(self) -> str:
        """Changes when anything does that a feedback page shows."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Score:
    """One line of grades.csv; empty texts and zeros for who has not handed in."""

    assignment: str
    duedate: str
    timestamp: str
    student_id: str
    last_name: str
    first_name: str
    email: str
    raw_score: float
    late_submission_penalty: float
    score: float
    max_score: float
    handed_in: bool
    by_hand: float = 0.0
    to_read: int = 0

    @property
    def status(self) -> str:
        """Empty for what is final."""
        if not self.handed_in:
            return "not handed in"
        return f"not final: {self.to_read} to be graded by hand" if self.to_read else ""


class Records:
    """The gradebook of a class folder, with that folder's nbgrader_config.py."""

    def __init__(self, folder: Path):
        self.folder = Path(folder).resolve()
        # Said by nbgrader's own code, at each new submission.
        warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")
        app = NbGrader()
        app.log_level = logging.CRITICAL
        # As nbgrader comes, it would go on with settings of its own, which run students' code here.
        app.raise_config_file_errors = True
        with contextlib.chdir(self.folder):
            try:
                app.initialize([])
            except Exception as error:
                raise CourseError(CONFIGURATION.format(folder=self.folder, error=error)) from error
        refuse_stock(app.config, self.folder)
        app.config.CourseDirectory.root = str(self.folder)
        # Whatever an older class's settings say.
        app.config.Autograde.pre_convert_hook = leave_others
        app.config.GenerateFeedback.exporter_class = FeedbackExporter
        self.api = NbGraderAPI(config=app.config)

    def prepare(self, notebook: str) -> None:
        """Have nbgrader know the notebook: it does once it made the students' version."""
        with self.api.gradebook as gradebook:
            known = {assignment.name for assignment in gradebook.assignments}
        if notebook in known:
            return
        print(f"Making the students' version of {notebook} first, in release/.", flush=True)
        result = self.api.generate_assignment(notebook)
        if not result["success"]:
            raise CourseError(
                f"nbgrader could not make the students' version of {notebook}: "
                f"{last_line(result)} Run `nbgrader generate_assignment {notebook}` in "
                f"{self.folder} to see all of it."
            )

    def record(self, student: str, notebook: str, key: str) -> str:
        """Bring one student's result into the gradebook and make the feedback page.

        key: the name of the result. What is there already is left as it is. Returns what went
        wrong, or an empty text.
        """
        place = own_folder(self.folder) / "recorded" / notebook / f"{student}.json"
        marker = read_json(place, {})
        standing = self.standings(notebook, student).get(student, Standing())
        stamp = self.stamp(student, notebook)
        if not self.is_recorded(marker, student, notebook, key, standing, stamp):
            result = self.api.autograde(notebook, student)
            if not result["success"]:
                return last_line(result)
            marker = {}
        self.extend(student, notebook)
        self.penalise(student, notebook)
        standing = self.standings(notebook, student)[student]
        page = self.folder / "feedback" / student / notebook / f"{notebook}.html"
        if marker.get("feedback") != standing.fingerprint or not page.is_file():
            result = self.api.generate_feedback(notebook, student)
            if not result["success"]:
                return f"No feedback page: {last_line(result)}"
        marker = {
            "key": key,
            "stamp": stamp,
            "automatic": standing.automatic,
            "feedback": standing.fingerprint,
        }
        write_whole(place, json.dumps(marker), private=True)
        return ""

    def extend(self, student: str, notebook: str) -> None:
        """Give the extension that `course class extend` noted: formgrader has no field for it."""
        hours = read_json(own_folder(self.folder) / "extensions.json", {}).get(notebook, {})
        if student not in hours:
            return
        with self.api.gradebook as gradebook:
            submission = gradebook.find_submission(notebook, student)
            due = submission.assignment.duedate  # without one, nbgrader has nothing to add it to
            submission.extension = timedelta(hours=hours[student]) if due else None
            gradebook.db.commit()

    def penalise(self, student: str, notebook: str) -> None:
        """Work out the late penalty from the rule, the deadline and the points as they are now.

        nbgrader does it only when it grades: points given by hand later would escape it.
        """
        chain = self.api.config.Autograde.autograde_preprocessors
        if not any(
            getattr(step, "__name__", step).endswith("AssignLatePenalties") for step in chain
        ):
            return
        given = {"notebook": notebook, "assignment": notebook, "student": student}
        given["db_url"] = self.api.coursedir.db_url
        step = AssignLatePenalties(config=self.api.config)
        step.log = logging.getLogger("course.penalties")
        step.log.setLevel(logging.CRITICAL)
        step.preprocess(new_notebook(), {"nbgrader": given})

    def is_recorded(self, marker, student, notebook, key, standing: Standing, stamp: str) -> bool:
        """Whether this very result is in the gradebook."""
        graded = self.folder / "autograded" / student / notebook / f"{notebook}.ipynb"
        then = [marker.get(name) for name in ("key", "stamp", "automatic")]
        return then == [key, stamp, standing.automatic] and graded.is_file()

    def stamp(self, student: str, notebook: str) -> str:
        """When it was handed in, as nbgrader noted it; empty if it did not."""
        path = self.folder / "submitted" / student / notebook / "timestamp.txt"
        return path.read_text(errors="replace").strip() if path.is_file() else ""

    def standings(self, notebook: str, student: str | None = None) -> dict[str, Standing]:
        """What the gradebook says of all submissions of a notebook, or of one student's."""
        standings: dict[str, Standing] = {}
        with self.api.gradebook as gradebook:
            for name, cell, *grade, penalty, extension, due in rows_of(
                gradebook, notebook, student, nbgrader.Grade, GRADE
            ):
                standing = standings.setdefault(name, Standing(penalty=penalty))
                standing.due = f"{due} + {extension}" if due else ""
                standing.grades[cell] = grade
            for name, cell, *comment, _, _, _ in rows_of(
                gradebook, notebook, student, nbgrader.Comment, COMMENT
            ):
                standings[name].comments[cell] = comment
        return standings

    def scores(self) -> Iterator[Score]:
        """Everybody's points in every assignment, by name, with late penalties taken off."""
        with self.api.gradebook as gradebook:
            # The gradebook itself keeps those without a name in the order they came.
            students = sorted(
                gradebook.students, key=lambda s: (s.last_name or "", s.first_name or "", s.id)
            )
            for assignment in gradebook.assignments:
                handed_in = {s.student_id: s for s in assignment.submissions}
                for student in students:
                    yield score_of(assignment, student, handed_in.get(student.id))


GRADE = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade")
COMMENT = ("auto_comment", "manual_comment")


def rows_of(gradebook, notebook: str, student: str | None, table, columns):
    """One query for all cells: student, cell, the columns, penalty, extension, due date."""
    submission, part = nbgrader.SubmittedAssignment, nbgrader.SubmittedNotebook
    query = (
        gradebook.db.query(
            submission.student_id,
            nbgrader.BaseCell.name,
            *(getattr(table, name) for name in columns),
            part.late_submission_penalty,
            submission.extension,
            nbgrader.Assignment.duedate,
        )
        .select_from(table)
        .join(nbgrader.BaseCell, nbgrader.BaseCell.id == table.cell_id)
        .join(part, part.id == table.notebook_id)
        .join(submission, submission.id == part.assignment_id)
        .join(nbgrader.Assignment, nbgrader.Assignment.id == submission.assignment_id)
        .filter(nbgrader.Assignment.name == notebook)
        .order_by(submission.student_id, nbgrader.BaseCell.name)
    )
    return query.filter(submission.student_id == student) if student else query


def score_of(assignment, student, submission) -> Score:
    penalty = submission.late_submission_penalty or 0.0 if submission else 0.0
    raw = submission.score if submission else 0.0
    grades = [grade for part in submission.notebooks for grade in part.grades] if submission else []
    return Score(
        assignment=assignment.name,
        duedate=str(assignment.duedate or ""),
        timestamp=str(submission.timestamp or "") if submission else "",
        student_id=student.id,
        last_name=student.last_name or "",
        first_name=student.first_name or "",
        email=student.email or "",
        raw_score=raw,
        late_submission_penalty=penalty,
        score=max(0.0, raw - penalty),
        max_score=assignment.max_score,
        handed_in=submission is not None,
        by_hand=sum(grade.manual_score or 0.0 for grade in grades),
        to_read=sum(bool(grade.needs_manual_grade) for grade in grades),
    )


def refuse_stock(config, folder: Path) -> None:
    """Raise a CourseError if nbgrader would run students' code in a kernel of this machine."""
    chain = config.Autograde.get("autograde_preprocessors", [])
    homes = [getattr(step, "__module__", "") for step in chain]
    ours = "course_utils.grading.nbgrader.plugin" in homes
    if not ours or "nbgrader.preprocessors.execute" in homes:
        error = "its Autograde.autograde_preprocessors are not the course's"
        raise CourseError(CONFIGURATION.format(folder=folder, error=error))


def last_line(result: dict) -> str:
    """The sentence that nbgrader ended with: its last complaint, without the traceback above it."""
    general = ("Traceback", "Please see the", "There was an error")
    for text in (result.get("log", ""), result.get("error", "")):
        complaint = text[text.find("[ERROR]") :] if "[ERROR]" in text else text
        lines = [line.strip().removeprefix("[ERROR]").strip() for line in complaint.splitlines()]
        own = [line for line in lines if line and not line.startswith(("File ", "^", *general))]
        if own:
            return re.sub(r"^[\w.]+\.(\w+): ", r"\1: ", own[-1])[:300]
    return "it gave no reason"
