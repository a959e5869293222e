"""How many submissions a minute: nbgrader as it comes, and ours, side by side on two cores.

    uv run python benchmarks/grading.py [--notebook 04_vision_transformer] [--submissions 60]

Four processes take turns, a few submissions each: nbgrader's own autograding, of the submissions as
they are and without the experiments; ours as it is used, without experiments that nobody changed;
and ours with all of it. What trains models is given only some of the submissions (--whole), since
each takes minutes. Each does all of it: run, score, gradebook, feedback page. Starting (imports,
the sandbox) is told apart. "processor" is the time of all cores together: on a busy machine the
number to trust. Every third student is right, the others have made one listed mistake each.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import count, cycle
from pathlib import Path

CORES = 2
AT_ONCE = 5
MODES = {
    "stock": "nbgrader as it comes",
    "bare": "nbgrader, experiments taken out",
    "whole": "ours, with experiments",
    "ours": "ours, as it is used",
}
TRAIN = ("stock", "whole")  # these run what trains models

STOCK = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.Execute.timeout = 120
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--notebook", default=default_notebook())
    options.add_argument("--submissions", type=int, default=60)
    options.add_argument("--whole", type=int, default=4)
    options.add_argument("--turn", metavar="MODE", choices=MODES, help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = options.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if args.turn:
        serve(args.turn, args.folder, args.notebook)
    else:
        compare(args.notebook, args.submissions, args.whole)


def default_notebook() -> str:
    names = [path.stem for path in Path(__file__).parents[1].glob("notebooks/0[34]_*.py")]
    return max(names)


# The process that everybody starts: makes the classes, gives turns, prints the table.


def compare(notebook: str, submissions: int, whole: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory(prefix="course-benchmark-") as place:
        print(f"{notebook}: making a class of {submissions} …", flush=True)
        students = make_classes(Path(place), notebook, submissions)
        turns = {mode: Turn(mode, Path(place, mode), notebook) for mode in MODES}
        for mode, turn in turns.items():
            print(f"{MODES[mode]:32} started in {turn.started:.1f} s", flush=True)
        for first in range(0, submissions, AT_ONCE):
            for mode, turn in turns.items():
                until = min(whole, submissions) if mode in TRAIN else submissions
                turn.take(students[first : min(first + AT_ONCE, until)])
            row = ", ".join(f"{mode} {turn.walls[-1]:.1f} s" for mode, turn in turns.items()
                            if turn.done > first)  # fmt: skip
            print(f"{min(first + AT_ONCE, submissions):4} of {submissions}: {row}", flush=True)
        report(turns)
        for turn in turns.values():
            turn.process.communicate("")


class Turn:
    """One of the four, in a process of its own."""

    def __init__(self, mode: str, folder: Path, notebook: str):
        command = [sys.executable, __file__, "--turn", mode, "--folder", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--notebook", notebook],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        began = time.perf_counter()
        self.answer()
        self.started = time.perf_counter() - began
        self.walls, self.processor, self.memory, self.done = [], 0.0, {}, 0

    def take(self, students: list[str]) -> None:
        if not students:
            return
        before, began = processor(self.process.pid), time.perf_counter()
        print(json.dumps(students), file=self.process.stdin, flush=True)
        self.answer()
        self.walls.append(time.perf_counter() - began)
        self.processor += processor(self.process.pid) - before
        self.done += len(students)
        self.memory[self.done] = memory(self.process.pid)

    def answer(self) -> None:
        for line in self.process.stdout:
            if line.strip() == "ready":
                return
        raise SystemExit("A grader ended: see above.")


def report(turns: dict[str, Turn]) -> None:
    turns = {mode: turn for mode, turn in turns.items() if turn.done}
    rate = {mode: 60 * turn.done / sum(turn.walls) for mode, turn in turns.items()}
    print(
        "\n| | submissions | a minute | ours is faster | processor s each "
        "| memory MiB after the first 10 | after the last |\n|---|---|---|---|---|---|---|"
    )
    for mode, turn in turns.items():
        early = turn.memory.get(10)
        print(
            f"| {MODES[mode]} | {turn.done} | {rate[mode]:.2f} | {rate['ours'] / rate[mode]:.1f} × "
            f"| {turn.processor / turn.done:.2f} | {f'{early / 2**20:.0f}' if early else '–'} "
            f"| {turn.memory[turn.done] / 2**20:.0f} |"
        )


def tree(pid: int) -> list[int]:
    """A process with all that descend from it, in whatever namespaces."""
    children = defaultdict(list)
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children[parent].append(int(status.parent.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def processor(pid: int) -> float:
    """Processor seconds of a tree of processes, with those of it that have ended."""
    ticks = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Bytes that a tree of processes holds, what it shares counted once."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def make_classes(place: Path, notebook: str, submissions: int) -> list[str]:
    """Four folders with the same class, one for each grader."""
    import nbformat

    from course_utils.grading.classroom.new import new_class
    from course_utils.grading.demo.students import filled
    from course_utils.grading.nbgrader.gradebook import Records

    folder = place / "ours"
    with contextlib.redirect_stdout(io.StringIO()):
        new_class(folder)
        Records(folder).prepare(notebook)
    paths = [folder / part / notebook / f"{notebook}.ipynb" for part in ("source", "release")]
    solved, released = (nbformat.read(path, as_version=4) for path in paths)
    students = [f"student{number:03d}" for number in range(submissions)]
    for student, answers in zip(students, answers_of(notebook, solved), strict=False):
        path = folder / "submitted" / student / notebook / f"{notebook}.ipynb"
        path.parent.mkdir(parents=True)
        # A comment of their own: no two files are the same.
        text = filled(released, {name: f"{text}\n# {student}" for name, text in answers.items()})
        path.write_text(text)
    for mode in MODES:
        if mode != "ours":
            shutil.copytree(folder, place / mode)
    for mode in ("stock", "bare"):
        (place / mode / "nbgrader_config.py").write_text(STOCK)
    for path in (place / "bare" / "submitted").glob("*/*/*.ipynb"):
        take_out_experiments(path, notebook, released)
    return students


def take_out_experiments(path: Path, notebook: str, released) -> None:
    """Leave the cells that ours would run, too."""
    import nbformat

    from course_utils.exercises import NOTEBOOKS
    from course_utils.grading.sandbox.steps import needed
    from course_utils.grading.submission.planning import plan

    submission = nbformat.read(path, as_version=4)
    steps = plan(submission, NOTEBOOKS[notebook].EXERCISES, released).steps
    gone = {step["number"] for step in steps if "binds" in step} - set(needed(steps))
    cells = enumerate(submission.cells, start=1)
    submission.cells = [cell for number, cell in cells if number not in gone]
    nbformat.write(submission, path)


def answers_of(notebook: str, solved):
    """One after another: all right, then all right but for the next mistake of each exercise."""
    from course_utils.exercises import NOTEBOOKS
    from course_utils.grading.demo.students import wrong_answers

    exercises = NOTEBOOKS[notebook].EXERCISES
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c.source for c in solved.cells}
    right = {exercise.id: cells[exercise.id] for exercise in exercises}
    mistakes = cycle(
        (exercise.id, text) for exercise in exercises for text in wrong_answers(exercise).values()
    )
    for number in count():
        yield right if number % 3 == 0 else right | dict([next(mistakes)])


# A process that grades: "ready", then for each line of students "ready" again.


def serve(mode: str, folder: Path, notebook: str) -> None:
    grade = {"stock": stock, "bare": stock, "whole": ours, "ours": ours}[mode]
    with grade(folder, notebook, mode == "ours") as take:
        print("ready", flush=True)
        for line in sys.stdin:
            take(json.loads(line))
            print("ready", flush=True)


@contextlib.contextmanager
def stock(folder: Path, notebook: str, skip: bool):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.apps.baseapp import NbGrader

    app = NbGrader()
    with contextlib.chdir(folder):
        app.initialize([])
    app.config.CourseDirectory.root = str(folder)
    api = NbGraderAPI(config=app.config)

    def take(students: list[str]) -> None:
        for student in students:
            for step in (api.autograde, api.generate_feedback):
                result = step(notebook, student)
                if not result["success"]:
                    print(result["log"], file=sys.stderr)

    yield take


@contextlib.contextmanager
def ours(folder: Path, notebook: str, skip: bool):
    from concurrent.futures import ThreadPoolExecutor

    from course_utils.grading.class_folder import secret_seed
    from course_utils.grading.nbgrader.gradebook import Records
    from course_utils.grading.submission.grader import Grader
    from course_utils.grading.submission.results import Results, key_of

    records, results, seed = Records(folder), Results(folder), secret_seed(folder)
    released = (folder / "release" / notebook / f"{notebook}.ipynb").read_bytes()

    def one(student: str):
        path = folder / "submitted" / student / notebook / f"{notebook}.ipynb"
        graded = grader.grade(path, notebook, seed, released, skip)
        key = key_of(path.read_bytes(), notebook, seed, released)
        results.save(key, graded)
        return student, key

    def take(students: list[str]) -> None:
        for student, key in threads.map(one, students):
            if problem := records.record(student, notebook, key):
                print(f"{student}: {problem}", file=sys.stderr)

    with Grader(CORES) as grader, ThreadPoolExecutor(CORES) as threads:
        yield take


if __name__ == "__main__":
    main()
