"""Grade a class: every submission once, the results kept, nbgrader's gradebook filled from them."""

import contextlib
import functools
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import remove_halves, write_whole
from course_utils.grading.class_folder import own_folder, refuse_other_folders, secret_seed
from course_utils.grading.classroom import engines, exporting
from course_utils.grading.classroom.submitted import Submission, submissions_of
from course_utils.grading.report import summary, teach_again
from course_utils.grading.report.progress import Progress
from course_utils.grading.report.statistics import lessons
from course_utils.grading.submission.reading import FILE_BYTES
from course_utils.grading.submission.results import Graded, Results

# Characters that nbgrader would take for a pattern.
PATTERN = set("*?[]")


@dataclass(frozen=True)
class GradeRow:
    """What became of one submission, a line of the table. graded: None if it could not be graded
    this time; problem: what somebody has to do something about, or an empty text; beside: notebooks
    that lie beside the one that was graded."""

    student: str
    graded: Graded | None
    problem: str = ""
    beside: tuple[str, ...] = ()


def grade_class(
    folder: Path,
    notebook: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    sandbox: bool = True,
    students: tuple[str, ...] = (),
    force: bool = False,
) -> bool:
    """Grade the submissions of a notebook, or of all, and print what came of it.

    students: only these. force: grade also what has a result. Points given by hand stay.

    Returns whether every submission has its result in the gradebook. Killed at any moment and
    started again, it goes on where it was.
    """
    folder = Path(folder).resolve()
    notebooks = notebooks_of(folder, notebook)
    open_engine = functools.partial(engines.open_engine, workers, scheduler, sandbox)
    with only_one(folder):
        # Late: nbgrader takes a second, and what is wrong with a folder should be told at once.
        from course_utils.grading.nbgrader.gradebook import Records

        records = Records(folder)
        done = True
        for name in notebooks:
            done &= grade_notebook(folder, name, records, open_engine, students, force)
        exporting.write(folder / "grades.csv", exporting.plain(records.scores()))
        print(f"\nAll points: {folder / 'grades.csv'}")
        return done


def grade_notebook(
    folder: Path, notebook: str, records, open_engine: Callable, students=(), force=False
) -> bool:
    submissions = submissions_of(folder, notebook)
    if missing := sorted(set(students) - {one.student for one in submissions}):
        raise CourseError(f"{', '.join(missing)} handed in no {notebook}.")
    submissions = [one for one in submissions if not students or one.student in students]
    records.prepare(notebook)
    print(f"{notebook}: {len(submissions)} submissions", flush=True)
    rows = []
    with Progress(len(submissions)) as progress:
        for submission, key, graded, problem in graded_ones(
            folder, notebook, submissions, open_engine, force
        ):
            if graded is not None:
                # The result too: a key stays the same where somebody replaced what it names.
                name = f"{key}-{graded.fingerprint}"
                problem = recorded(records, submission.student, notebook, name)
            rows.append(GradeRow(submission.student, graded, problem, submission.beside))
            progress.step(submission.student)
    show_results(folder, notebook, rows, records, whole=not students)
    return not any(row.problem for row in rows)


def recorded(records, student: str, notebook: str, key: str) -> str:
    """Bring a result into the gradebook; return what went wrong, which stops nobody else."""
    try:
        return records.record(student, notebook, key)
    except Exception as error:  # a locked database, a full disk, a surprise of nbgrader's
        return f"graded, but not written into the gradebook: {error or type(error).__name__}"


def graded_ones(
    folder: Path, notebook: str, submissions, open_engine, force: bool = False
) -> Iterator[tuple]:
    """Yield (submission, key, Graded or None, problem), those that are there already first.

    Submissions with the same bytes are graded once.
    """
    results, seed = Results(folder), secret_seed(folder)
    released = bytes_of(folder / "release" / notebook / f"{notebook}.ipynb")
    todo = defaultdict(list)
    for submission in submissions:
        if problem := unusable(submission):
            yield submission, "", None, problem
            continue
        job = engines.Job(submission.path, notebook, seed, released)
        key = job.key()
        if force and key not in todo:
            results.path(key).unlink(missing_ok=True)
        graded = None if key in todo else results.load(key)
        if graded is not None:
            yield submission, key, graded, ""
        else:
            todo[key].append((submission, job))
    if not todo:
        return
    with open_engine() as engine:
        futures = {}
        for key, ((_, job), *_) in todo.items():
            future = engine(job)
            futures[future] = key
            # At once, not when its turn comes below: a kill in between would lose it.
            future.add_done_callback(functools.partial(keep, results, job, key))
        for future in as_completed(futures):
            key = futures.pop(future)
            graded, problem = keep(results, todo[key][0][1], key, future)
            for submission, _ in todo[key]:
                yield submission, key, graded, problem


def keep(results: Results, job: engines.Job, key: str, future: Future) -> tuple:
    """Save what a future gave: (Graded or None, problem)."""
    graded, problem = result_of(future)
    if graded is not None and results.load(key) is None:
        if bytes_of(job.path) is None or job.key() != key:
            return None, "not graded this time: the file changed meanwhile"
        results.save(key, graded)
    return graded, problem


def result_of(future: Future) -> tuple:
    """A Graded, or why there is none this time: trouble of the machine, not of the student."""
    try:
        return future.result(), ""
    except Exception as error:
        reason = str(error) or type(error).__name__
        return None, f"not graded this time: {reason}"


def unusable(submission: Submission) -> str:
    """Why nbgrader could not take a submission, or an empty text."""
    if submission.problem:
        return submission.problem
    if PATTERN & set(submission.student):
        return "nbgrader takes * ? [ ] in a student's name for a pattern: rename the folder"
    if submission.path.is_symlink() or not submission.path.is_file():
        return "the notebook is no ordinary file: put a copy of it in its place"
    if submission.path.stat().st_size > FILE_BYTES:
        return f"it has more than {FILE_BYTES // 2**20} MB: ask for it without outputs"
    return ""


def notebooks_of(folder: Path, notebook: str | None) -> list[str]:
    """The notebooks to grade: the one named, or all that somebody handed in."""
    refuse_other_folders(folder)
    known = sorted(path.stem for path in folder.glob("source/*/*.ipynb"))
    if notebook is not None and notebook not in known:
        raise CourseError(
            f"This class has no notebook '{notebook}'. It has: {', '.join(known) or 'none'}."
        )
    chosen = [
        name
        for name in known
        if notebook in (None, name) and any(folder.glob(f"submitted/*/{name}"))
    ]
    if not chosen:
        wanted = notebook or "01_attention"
        raise CourseError(
            f"Nobody has handed in {notebook or 'anything'} yet: there is no "
            f"{folder}/submitted/STUDENT/{wanted}/{wanted}.ipynb. Fetch what came with "
            f"`nbgrader collect {wanted}` or `course class import`."
        )
    return chosen


def bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


@contextlib.contextmanager
def only_one(folder: Path):
    """Let one grading run at a time in a class. The lock ends with the process, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    own_folder(folder).mkdir(exist_ok=True)
    handle = os.open(own_folder(folder) / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CourseError(
            f"{folder} is being graded already, by another `course grade`. Wait until it ends."
        ) from error
    else:
        remove_halves(own_folder(folder))
        yield
    finally:
        os.close(handle)


def show_results(
    folder: Path, notebook: str, rows: list[GradeRow], records, whole: bool = True
) -> None:
    """Print the tables and write the page, for a notebook that has been graded. whole: everybody,
    so those too who handed in nothing; of a few students there is no page of statistics."""
    standings = records.standings(notebook)
    scores = {s.student_id: s for s in records.scores() if s.assignment == notebook}
    away = [GradeRow(name, None) for name, s in scores.items() if whole and not s.handed_in]
    there = {row.student for row in rows}
    listed = [*rows, *(row for row in away if row.student not in there)]
    print(f"\n{summary.students(listed, scores)}")
    graded = [row.graded for row in rows if row.graded]
    given = lessons([one.reports for one in graded if not one.failure])
    print(f"\n{summary.exercises(given)}")
    if todo := summary.todo(rows, standings):
        print(f"\n{todo}")
    if not whole:
        return
    place = folder / "statistics"
    png = teach_again.picture(notebook, given)
    write_whole(place / f"{notebook}.png", png, private=True)
    write_whole(place / f"{notebook}.html", teach_again.page(notebook, given, png), private=True)
    print(f"\nWhat to teach again: {place / notebook}.html")
    print(f"Feedback pages:      {folder}/feedback/STUDENT/{notebook}/{notebook}.html")
