"""Grade one notebook from its file to its Reports."""

import functools
import hashlib
import json
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

from course_utils.checking.assess import judge_for
from course_utils.checking.helpers import helper_first
from course_utils.checking.report import Report
from course_utils.exercises import EXERCISES, NOTEBOOKS
from course_utils.grading.sandbox.pool import Pool
from course_utils.grading.sandbox.protocol import HEADER_BYTES
from course_utils.grading.sandbox.session import Answers, Session
from course_utils.grading.sandbox.steps import Plan
from course_utils.grading.sandbox.tree import brought_in
from course_utils.grading.submission import reading
from course_utils.grading.submission.planning import plan
from course_utils.grading.submission.restoring import handed_out, restore
from course_utils.grading.submission.results import Graded
from course_utils.grading.submission.verdict import (
    PUBLIC_SEED,
    report_on,
    speaks_for_itself,
    verdict,
)

MISSING = "There is nothing called {name} in this notebook, so nothing was checked."
# What fits into one message to the sandbox, beside a few words of ours.
CODE_BYTES = HEADER_BYTES - 2**14
TOO_LONG = (
    "This notebook has {size:.1f} MB of code, and one at most can be graded. Numbers by the "
    "thousand are drawn by a line of code: take them out, and hand in again."
)
SOLUTION_RAISED = "The cell with your {name} stopped with {error}"
# Keras has settings for the whole process, so one thread at a time runs our own solutions.
JUDGING = threading.Lock()


def grade_file(
    pool: Pool, path: Path, notebook: str, seed: int, released: bytes | None, skip_experiments: bool
) -> Graded:
    started = time.monotonic()
    # A notebook that is not the course's has tests of its instructor's only.
    exercises = NOTEBOOKS[notebook].EXERCISES if notebook in NOTEBOOKS else ()
    try:
        submission = reading.read(path)
    except reading.Unreadable as problem:
        reports = {e.id: nothing(e, str(problem)).to_dict() for e in exercises}
        return Graded(reports, failure=str(problem), seconds=time.monotonic() - started)
    given = None if released is None else reading.notebook(released)
    texts = {cell.source for cell in given.cells} if given else None
    changes = restore(submission, handed_out(given), texts) if given else []
    todo = plan(submission, exercises, given, skip_experiments)
    if (size := len(json.dumps(todo.steps))) > CODE_BYTES:
        text = TOO_LONG.format(size=size / 2**20)
        reports = {e.id: nothing(e, text).to_dict() for e in exercises}
        return Graded(reports, failure=text, seconds=time.monotonic() - started)
    own = seed_of(seed, path.read_bytes())
    reports, answers = judge_submission(pool, todo, notebook, exercises, own)
    return Graded(
        reports={name: report.to_dict() for name, report in reports.items()},
        notes=(*(f"Cell {sentence}." for sentence in changes), *answers.notes),
        seconds=time.monotonic() - started,
        others={
            todo.tests[number]: {"error": error, "value": value}
            for number, (error, value) in answers.tests.items()
        },
        flags=tuple(answers.flags),
    )


def seed_of(seed: int, submission: bytes) -> int:
    """The seed of one submission. What somebody finds out about its cases, and hands on or uses in
    another try, tells nothing of those that are drawn there."""
    digest = hashlib.sha256(f"{seed} ".encode() + submission).digest()
    return int.from_bytes(digest[:16])


def judge_submission(
    pool: Pool, todo: Plan, notebook: str, exercises, seed: int
) -> tuple[dict[str, Report], Answers]:
    """Put the exercises to a notebook on the seed's cases, and judge what it gives.

    Where the words of a Report would come from the student's code, the exercise is put once more
    to a new process, on the public cases: see verdict.
    """
    answers, secret = examine(pool, todo, notebook, [e.id for e in exercises], seed)
    unclear = [
        name
        for name, report in secret.items()
        if not speaks_for_itself(report, answers.outcomes[name])
    ]
    public = examine(pool, todo, notebook, unclear, PUBLIC_SEED)[1] if unclear else {}
    reports = {}
    for exercise in exercises:
        report = verdict(secret[exercise.id], public.get(exercise.id))
        if all(o.failure == "missing" for o in answers.outcomes[exercise.id]):
            error = answers.errors.get(todo.solutions.get(exercise.id))
            text = (SOLUTION_RAISED if error else MISSING).format(name=exercise.id, error=error)
            report = replace(report, message=text)
        reports[exercise.id] = report
    return {name: with_helper(report, reports, todo) for name, report in reports.items()}, answers


def with_helper(report: Report, reports: dict[str, Report], todo: Plan) -> Report:
    """Name the student's own answer that another one uses and that is wrong, as `check` does."""
    if report.passed or not report.solved:
        return report
    number = todo.solutions.get(report.exercise)
    text = next((step["run"] for step in todo.steps if step["number"] == number), "")
    code = "\n".join(line.partition("#")[0] for line in text.splitlines())
    for name, other in reports.items():
        wrong = name != report.exercise and other.solved and not other.passed
        if wrong and re.search(rf"(?<![.\w]){name}\(", code):
            return helper_first(report, name)
    return report


def examine(
    pool: Pool, todo: Plan, notebook: str, ids: list[str], seed: int
) -> tuple[Answers, dict[str, Report]]:
    with JUDGING:
        judges = {name: judge_for(EXERCISES[name], seed) for name in ids}
    asked = {name: (judge.exercise, judge.cases) for name, judge in judges.items()}
    session = Session(todo, asked, pool.limits, brought_in(notebook))
    answers = session.run(functools.partial(pool.fork, notebook))
    with JUDGING:
        words = seed == PUBLIC_SEED
        reports = {name: report_on(judges[name], answers.outcomes[name], words) for name in ids}
    return answers, reports


def nothing(exercise, sentence: str) -> Report:
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        points=exercise.points,
        score=0.0,
        passed=False,
        message=sentence,
    )
