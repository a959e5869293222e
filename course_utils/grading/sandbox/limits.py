"""How much of this machine one submission may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds (of a cell, of an exercise, in all) and bytes."""

    cell_seconds: float = 20.0
    exercise_seconds: float = 30.0
    seconds: float = 180.0
    memory: int = 3 * 2**30
    disk: int = 64 * 2**20

    def exercise(self, exercise) -> float:
        return min(self.exercise_seconds, exercise.seconds)


USUAL = Limits()
