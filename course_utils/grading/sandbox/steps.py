"""What a student's process is asked to run of a notebook, and which cells of it that needs."""

from dataclasses import dataclass, field

from course_utils.cell_names import reads_and_binds


@dataclass(frozen=True)
class Plan:
    """What a student's process is told, and what the grader keeps in mind.

    steps: {"check": exercise id} or {"run": the text of a cell}, each with the number of the cell;
    given cells also with the names that they read and bind. solutions: the cell of each exercise,
    by number; tests: the grade ids of tests that an instructor wrote, by number.
    """

    steps: list[dict]
    solutions: dict[str, int] = field(default_factory=dict)
    tests: dict[int, str] = field(default_factory=dict)

    @property
    def given(self) -> set[int]:
        return {step["number"] for step in self.steps if "binds" in step}


def needed(steps: list[dict]) -> list[int]:
    """The numbers of the cells that have to run, of a Plan's steps. Those that were given come with
    the names that they read and bind."""
    run = [step for step in steps if "run" in step]
    found = {step["number"] for step in run if "binds" not in step}
    texts = (step["run"] for step in run if step["number"] in found)
    wanted = set().union(*(reads_and_binds(text)[0] for text in texts))
    while True:
        more = [s for s in run if s["number"] not in found and wanted & set(s["binds"])]
        if not more:
            return sorted(found)
        found |= {step["number"] for step in more}
        wanted = wanted.union(*(step["reads"] for step in more))
