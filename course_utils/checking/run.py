"""Run a student's solution on the cases and write down what happened. This file judges nothing.

Whatever the solution does (raise, loop for ever, print, change its inputs, return nonsense) becomes
an Outcome: plain arrays, or one sentence.
"""

import contextlib
import dis
import inspect
import linecache
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from course_utils.checking import sentences
from course_utils.checking.driver import Unusable, call, describe, fits
from course_utils.checking.exercise import Case, Exercise
from course_utils.checking.guard import guarded, is_students, uses_forbidden
from course_utils.checking.stopping import TimeLimit, limited, quiet
from course_utils.errors import in_one_line


@dataclass(frozen=True)
class Outcome:
    """What one case brought: arrays by name, or the kind of failure and the sentence for it."""

    arrays: Mapping[str, np.ndarray] | None = None
    failure: str | None = None
    sentence: str = ""
    changed: tuple[str, ...] = ()
    printed: str = ""
    remark: str = ""  # what was seen of the solution beside its results


def run(exercise: Exercise, solution: Callable, cases: list[Case]) -> list[Outcome]:
    """Try a solution on every case, within one time limit for all of them."""
    if not callable(solution):
        text = sentences.NOT_CALLABLE.format(name=exercise.id, what=describe(solution))
        return [Outcome(failure="type", sentence=text)] * len(cases)
    if found := uses_forbidden(solution, exercise):
        return [forbidden(exercise, found)] * len(cases)
    if text := wrong_arguments(exercise, solution, cases):
        return [Outcome(failure="arguments", sentence=text)] * len(cases)

    deadline = time.monotonic() + exercise.seconds
    outcomes: list[Outcome] = []
    for case in cases:
        outcomes.append(attempt(exercise, solution, case, deadline))
        if outcomes[-1].failure == "time":  # there is none left for the other cases
            outcomes += [outcomes[-1]] * (len(cases) - len(outcomes))
            break
    text = has_caret(exercise, solution) or unsteady(exercise, solution, cases, outcomes, deadline)
    return [replace(outcome, remark=text) for outcome in outcomes] if text else outcomes


def has_caret(exercise: Exercise, solution: Callable) -> str:
    """Say so where a count has ^ in it, which other languages and formulas use for powers."""
    code = getattr(solution, "__code__", None)
    if code is None or any(exercise.outputs.values()):
        return ""
    found = any(step.argrepr in ("^", "^=") for step in dis.get_instructions(code))
    return sentences.CARET if found else ""


def unsteady(
    exercise: Exercise,
    solution: Callable,
    cases: list[Case],
    outcomes: list[Outcome],
    deadline: float,
) -> str:
    """Say so where a second call, in the first case that has an answer, gives another one."""
    answered = ((case, one.arrays) for case, one in zip(cases, outcomes, strict=True) if one.arrays)
    case, first = next(answered, (None, {}))
    second = attempt(exercise, solution, case, deadline).arrays if first else None
    if second is None or all(np.array_equal(first[n], second[n], equal_nan=True) for n in first):
        return ""
    return sentences.UNSTEADY.format(name=exercise.id)


def attempt(exercise: Exercise, solution: Callable, case: Case, deadline: float) -> Outcome:
    """Run one case, first on NumPy arrays and, if the solution cannot take them, on tensors."""
    outcome = attempt_on(exercise, solution, case, deadline, tensors=False)
    if outcome.failure == "error":
        on_tensors = attempt_on(exercise, solution, case, deadline, tensors=True)
        if on_tensors.failure is None:
            return on_tensors
    return outcome


def attempt_on(
    exercise: Exercise, solution: Callable, case: Case, deadline: float, *, tensors: bool
) -> Outcome:
    inputs = {name: fresh(value, tensors) for name, value in case.inputs.items()}
    arrays, failure, text = None, None, ""
    hits: list[str] = []

    def drive():
        from keras import device

        # On a GPU, matrix products may be rounded to 10 bits; a check must not depend on that.
        with device("cpu"):
            return named(exercise, exercise.driver(solution, inputs))

    with quiet() as printed, guarded(exercise, solution, hits):
        try:
            arrays = limited(drive, deadline - time.monotonic())
        except Unusable as problem:
            failure, text = problem.failure, str(problem)
        except NotImplementedError as error:
            failure, text = "unsolved", sentences.NOT_SOLVED
            if not is_students(traceback.extract_tb(error.__traceback__)[-1].filename):
                failure, text = "error", explain(exercise, error)  # a library's word, no stub's
        except TimeLimit:
            failure = "time"
            text = sentences.TIME.format(name=exercise.id, seconds=exercise.seconds)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a solution must not end the notebook
            failure, text = "error", explain(exercise, error)
    if hits:
        return forbidden(exercise, hits[0])
    changed = tuple(name for name, value in case.inputs.items() if differs(value, inputs[name]))
    return Outcome(arrays, failure, text, changed, printed.text)


def forbidden(exercise: Exercise, found: str) -> Outcome:
    text = sentences.FORBIDDEN.format(name=exercise.id, found=found)
    return Outcome(failure="forbidden", sentence=text)


def fresh(value, tensors: bool):
    """A copy that the solution may spoil."""
    if not isinstance(value, np.ndarray):
        return value
    if tensors:
        from keras import ops

        return ops.convert_to_tensor(value)
    return value.copy()


def differs(before, after) -> bool:
    if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray):
        return False
    return before.shape != after.shape or before.tobytes() != after.tobytes()


def named(exercise: Exercise, result) -> dict[str, np.ndarray]:
    """Give what a solution returned the names the exercise has for it, as NumPy arrays."""
    names = list(exercise.outputs)
    if result is None:
        raise Unusable("none", sentences.NONE.format(name=exercise.id))
    if len(names) == 1:
        return {names[0]: as_array(exercise, names[0], result)}
    if not isinstance(result, tuple | list) or len(result) != len(names):
        what = describe(result)
        if isinstance(result, tuple | list):
            what = f"{len(result)} of them"
        text = sentences.COUNT.format(
            name=exercise.id, count=len(names), names=" and ".join(names), what=what
        )
        raise Unusable("type", text)
    pairs = zip(names, result, strict=True)
    return {name: as_array(exercise, name, value) for name, value in pairs}


def as_array(exercise: Exercise, name: str, value) -> np.ndarray:
    """Take NumPy arrays, tensors of any library and plain numbers; refuse everything else."""
    if isinstance(value, bool | int | float | np.generic):
        value = np.asarray(value)
    elif not isinstance(value, np.ndarray) and hasattr(value, "__array__"):
        from keras import ops

        # What cannot be turned into numbers (keras.Input makes such tensors) stays what it is.
        with contextlib.suppress(ValueError, TypeError, NotImplementedError):
            value = ops.convert_to_numpy(value)
    if isinstance(value, np.ndarray) and value.dtype.name == "bfloat16":
        value = value.astype("float32")
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        special = {list: sentences.TYPE_LIST, tuple: sentences.TYPE_TUPLE}
        wanted = special.get(type(value), sentences.TYPE)
        if not exercise.outputs[name]:
            wanted = sentences.TYPE_SCALAR
        raise Unusable("type", wanted.format(output=name, what=describe(value)))
    return np.array(value)


def wrong_arguments(exercise: Exercise, solution: Callable, cases: list[Case]) -> str:
    """Say what is wrong with a solution's arguments, or nothing."""
    calls = [case.inputs for case in cases]
    if exercise.driver is not call:
        parameters = inspect.signature(exercise.reference).parameters.values()
        open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [p for p in parameters if p.default is p.empty and p.kind not in open_ended]
        calls = [{p.name: None for p in needed}]
    if all(fits(solution, *given.values()) or fits(solution, **given) for given in calls):
        return ""
    return sentences.ARGUMENTS.format(
        name=exercise.id, expected=exercise.signature, given=str(inspect.signature(solution))
    )


def explain(exercise: Exercise, error: BaseException) -> str:
    """Say what a solution raised, and in which line of the student's code."""
    if type(error) is NameError and error.name:
        return sentences.NAME_ERROR.format(name=exercise.id, missing=error.name)
    where = "."
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        source = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
        if source and is_students(frame.filename):
            where = sentences.WHERE.format(line=frame.lineno, source=source)
            break
    said = in_one_line(error).rstrip(".")
    return sentences.RAISED.format(name=exercise.id, error=said, where=where)
