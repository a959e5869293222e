"""Where submissions are graded: on this machine, or on a Dask cluster. Both give the same thing, a
function that takes a job and gives a future of its result."""

import atexit
import contextlib
import functools
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.submission.grader import Grader
from course_utils.grading.submission.results import code_hash, key_of

# Seconds to wait for a scheduler's first answer.
PATIENCE = 20

Engine = Callable[["Job"], Future]


@dataclass(frozen=True)
class Job:
    """One submission to grade, and what it is graded with."""

    path: Path
    notebook: str
    seed: int
    released: bytes | None

    def key(self) -> str:
        """The name of its result, by what the file holds now."""
        return key_of(self.path.read_bytes(), self.notebook, self.seed, self.released)


def open_engine(workers: int, scheduler: str | None, sandbox: bool):
    """The engine to grade with, as a context: a cluster's where its scheduler is named."""
    return cluster(scheduler, sandbox) if scheduler else here(workers, sandbox)


@contextlib.contextmanager
def here(workers: int, sandbox: bool) -> Iterator[Engine]:
    """Grade on this machine, so many submissions at a time."""
    with Grader(workers, sandbox=sandbox) as grader:
        threads = ThreadPoolExecutor(workers)
        try:
            yield lambda job: threads.submit(
                grader.grade, job.path, job.notebook, job.seed, job.released
            )
        finally:
            threads.shutdown(cancel_futures=True)


@contextlib.contextmanager
def cluster(address: str, sandbox: bool) -> Iterator[Engine]:
    """Grade on the workers of a Dask scheduler. A worker that dies loses nothing: what it was at is
    graded again on another."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CourseError(
            "A cluster needs Dask: pip install 'vision-transformer-course[cluster]', here and "
            "where its workers run."
        ) from error
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise CourseError(
            f"No Dask scheduler answers at {address}: {error}. It prints its address when it "
            "starts, such as tcp://10.0.0.1:8786. Is a firewall between?"
        ) from error
    with client:
        refuse_no_workers(client, address)
        submit = functools.partial(
            client.get_executor(pure=False).submit,
            grade_there,
            version=code_hash(),
            sandbox=sandbox,
        )
        yield lambda job: submit(
            job.path.read_bytes(), job.path.name, job.notebook, job.seed, job.released
        )


def refuse_no_workers(client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=60)
    except TimeoutError as error:
        raise CourseError(
            f"The scheduler at {address} has no workers. Start some where the course is "
            f"installed: dask worker {address} --nthreads 2"
        ) from error


def grade_there(
    submission: bytes,
    name: str,
    notebook: str,
    seed: int,
    released: bytes | None,
    version: str,
    sandbox: bool,
):
    """Grade a submission in a worker of the cluster, which must have the same exercises as we."""
    if code_hash() != version:
        raise CourseError(
            "A worker of the cluster has another version of the course than this machine. "
            "Install the same one on all of them, then run this again."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(submission)
        return grader_of_this_worker(sandbox).grade(path, notebook, seed, released)


GRADERS: dict[bool, Grader] = {}
STARTING = threading.Lock()


def grader_of_this_worker(sandbox: bool) -> Grader:
    """One Grader for each process, with as many workers as that has threads; it ends with it."""
    from distributed import get_worker

    with STARTING:
        if sandbox not in GRADERS:
            grader = Grader(get_worker().state.nthreads, sandbox=sandbox)
            GRADERS[sandbox] = grader.__enter__()
            atexit.register(grader.__exit__, None, None, None)
        return GRADERS[sandbox]
