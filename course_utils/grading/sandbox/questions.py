"""What a student's process is told of an exercise: how to run a solution, and not what is right.

Made outside of an Exercise, as plain data; inside it is an Exercise again, with names alone in the
places of our own solutions, and no cases, mistakes or hints.
"""

import importlib
import inspect

from course_utils.checking.exercise import Exercise


class Told(inspect.Signature):
    """A signature, with the text that a student reads of it."""

    __slots__ = ("text",)

    def __str__(self) -> str:
        return self.text


def told(exercise: Exercise) -> dict:
    parameters = inspect.signature(exercise.reference).parameters.values()
    return {
        "id": exercise.id,
        "outputs": dict(exercise.outputs),
        "forbidden": sorted(exercise.forbidden),
        "seconds": exercise.seconds,
        "driver": [exercise.driver.__module__, exercise.driver.__name__],
        "reference": [exercise.reference.__module__, exercise.reference.__name__],
        "signature": exercise.signature,
        "parameters": [[p.name, int(p.kind), p.default is p.empty] for p in parameters],
    }


def asked(said: dict) -> Exercise:
    module, driver = said["driver"]
    return Exercise(
        id=said["id"],
        title="",
        points=0,
        reference=name_only(said),
        cases=nothing,
        outputs=said["outputs"],
        mistakes=(),
        hints=("", "", ""),
        driver=getattr(importlib.import_module(module), driver),
        forbidden=frozenset(said["forbidden"]),
        seconds=said["seconds"],
    )


def nothing(rng) -> list:
    return []


def name_only(said: dict):
    """What stands for a solution of ours: it is still known what students must not call."""

    def stand_in(*args, **kwargs):
        raise LookupError(said["id"])

    stand_in.__module__, stand_in.__name__ = said["reference"]
    signature = Told(
        inspect.Parameter(
            name, inspect._ParameterKind(kind), default=inspect.Parameter.empty if needed else None
        )
        for name, kind, needed in said["parameters"]
    )
    signature.text = said["signature"]
    stand_in.__signature__ = signature
    return stand_in
