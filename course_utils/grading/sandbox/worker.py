"""Inside the sandbox: a template with Keras imported, and a fork of it for each submission.

Three kinds of process. The template waits for requests and forks; it never runs or reads a byte of
a student's. A warden, one a submission, starts the student's process in namespaces of its own, and
ends it when the grader hangs up. The student's process runs the notebook's cells, then hands the
exercises' drivers what the student wrote, on cases that the grader sends.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from dataclasses import dataclass, replace

from course_utils.checking import sentences
from course_utils.checking.exercise import Case, Exercise
from course_utils.checking.guard import everywhere
from course_utils.checking.run import Outcome, run
from course_utils.errors import in_one_line
from course_utils.grading.sandbox import confine
from course_utils.grading.sandbox.cells import Notebook
from course_utils.grading.sandbox.flags import flags_of, trees_of
from course_utils.grading.sandbox.protocol import Channel, Ended, decode_cases, encode_outcomes
from course_utils.grading.sandbox.questions import asked
from course_utils.grading.sandbox.stand_ins import bring_in
from course_utils.grading.sandbox.steps import needed

# What notebooks import: once here, instead of in every fork.
WARM = (
    "course_utils.reference",
    "course_utils.exercises",
    "course_utils.plots",
    "course_utils.training.data",
    "matplotlib.pyplot",
)


MOST_FLAGS = 1000


@dataclass(frozen=True)
class Settings:
    """How tightly students' processes are held, from the grader's Limits, and what it will ask.

    exercises: what is told of each (questions.py).
    """

    sandbox: bool
    memory: int
    disk: int
    seconds: int
    cell_seconds: float
    exercise_seconds: float
    exercises: list[dict]


def template(control: socket.socket, settings: Settings) -> None:
    """Fork a warden for each request until the grader hangs up.

    A request is one byte with two sockets: the student's process talks through the first, the
    warden through the second.
    """
    signal.signal(signal.SIGCHLD, bury)
    for name in WARM:
        importlib.import_module(name)
    ours = importlib.import_module("course_utils.reference")
    for module in pkgutil.iter_modules(ours.__path__, f"{ours.__name__}."):
        importlib.import_module(module.name)
    exercises = {said["id"]: asked(said) for said in settings.exercises}
    for exercise in exercises.values():
        everywhere(exercise)  # libraries load parts of themselves when they are first looked for
    control.sendall(b"r")
    while True:
        request, (*descriptors,), _, _ = socket.recv_fds(control, 1, 2)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            with leaving():
                ends = (socket.socket(fileno=number) for number in descriptors)
                warden(*ends, settings, exercises)
        for number in descriptors:
            os.close(number)


def bury(*_) -> None:
    """Let wardens that have ended go; what they used counts as this process's from then on."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@contextlib.contextmanager
def leaving():
    """End this fork here, whatever happens in the body: it must never return to the template."""
    try:
        yield
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def warden(
    channel: socket.socket, life: socket.socket, settings: Settings, exercises: dict[str, Exercise]
) -> None:
    """Start a student's process, end it when `life` is closed, and say through it how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended, running = os.pipe()  # `running` is open as long as the student's process lives
    if settings.sandbox:
        confine.enter_namespaces()
    child = os.fork()
    if child == 0:
        with leaving():
            life.close()
            os.close(ended)
            keep_only(channel.fileno(), running)
            student = Channel(channel)
            try:
                confine.confine(settings.sandbox, settings.memory, settings.disk, settings.seconds)
            except Exception as error:
                student.send({"trouble": repr(error)})
                raise
            serve(student, settings, exercises)
    os.close(running)
    channel.close()
    select.select([ended, life], [], [])
    with contextlib.suppress(ProcessLookupError):
        # The first process of its namespace: all others there end with it.
        (os.kill if settings.sandbox else os.killpg)(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    said = {"status": status, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}
    with contextlib.suppress(OSError):
        life.sendall(json.dumps(said).encode())


def keep_only(*descriptors: int) -> None:
    """Close every other file of this process, and give it a console that leads nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    first = 3
    for number in sorted(descriptors):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def serve(channel: Channel, settings: Settings, exercises: dict[str, Exercise]) -> None:
    """Run a notebook's cells, then the exercises that are asked for, until the grader hangs up."""
    notebook, found = Notebook(), {}
    try:
        channel.send({"ready": True})
        request, _ = channel.receive()
        steps = request["steps"]
        wanted = request["needed"] or needed(steps)
        theirs = [step for step in steps if "run" in step and "binds" not in step]
        flags = [[step["number"], kind] for step in theirs for kind in flags_of(step["run"])]
        trees = [[name, tree] for step in theirs for name, tree in trees_of(step["run"]).items()]
        channel.send({"needed": wanted, "flags": flags[:MOST_FLAGS], "trees": trees[:MOST_FLAGS]})
        for step in steps:
            number, exercise = step["number"], step.get("check")
            if exercise in notebook.namespace:
                found[exercise] = notebook.namespace[exercise]
            if number in wanted:
                result = notebook.run(number, step["run"], settings.cell_seconds)
                channel.send({"ran": number, "error": result.error, "value": result.value})
        while True:
            request, block = channel.receive()
            exercise = exercises[request["exercise"]]
            seconds = min(exercise.seconds, settings.exercise_seconds)
            for module, text in request["answered"]:
                bring_in(module, text)
            solutions = {**notebook.namespace, **found}
            channel.send(*answer(replace(exercise, seconds=seconds), request, block, solutions))
    except Ended:
        return


def reference(exercise):
    """What stands for our own solution where students import it from."""
    return getattr(sys.modules[exercise.reference.__module__], exercise.reference.__name__)


def answer(exercise: Exercise, request: dict, block: bytes, solutions: dict):
    """Try a solution on the cases of a request: a message with its outcomes."""
    name = exercise.id
    cases = [Case("", inputs) for inputs in decode_cases(request["cases"], block)]
    if name not in solutions:
        outcomes = [Outcome(failure="missing")] * len(cases)
    elif solutions[name] is reference(exercise):
        text = sentences.IS_REFERENCE.format(name=name)
        outcomes = [Outcome(failure="forbidden", sentence=text)] * len(cases)
    else:
        try:
            outcomes = run(exercise, solutions[name], cases)
        except Exception as error:  # of ours: a notebook left no file or thread to work with
            text = sentences.RAISED.format(name=name, error=in_one_line(error), where=".")
            outcomes = [Outcome(failure="error", sentence=text)] * len(cases)
    return encode_outcomes(name, outcomes)


if __name__ == "__main__":
    template(socket.socket(fileno=int(sys.argv[1])), Settings(**json.loads(sys.argv[2])))
