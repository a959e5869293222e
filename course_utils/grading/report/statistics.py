"""What a class found hard: for each exercise who passed, and the most frequent mistakes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What there is to say of an answer that is no listed mistake.
ANOTHER = "wrong in a way that no list has"
EACH_ITS_OWN = "What was seen stands in each student's own page."


@dataclass(frozen=True)
class Common:
    """One mistake, the sentence that helps, and how many students made it."""

    name: str
    sentence: str
    students: int


@dataclass(frozen=True)
class Lesson:
    """How a class did in one exercise. mistakes: the most frequent first."""

    exercise: str
    title: str
    students: int
    passed: int
    unsolved: int
    mistakes: tuple[Common, ...]

    @property
    def wrong(self) -> int:
        return self.students - self.passed - self.unsolved

    @property
    def share(self) -> float:
        return self.passed / self.students if self.students else 0.0


def lessons(reports: Sequence[Mapping[str, dict]]) -> list[Lesson]:
    """One Lesson for each exercise, in course order, from the reports of all submissions."""
    exercises = list(dict.fromkeys(name for given in reports for name in given))
    return [lesson(name, [given[name] for given in reports if name in given]) for name in exercises]


def lesson(exercise: str, reports: list[dict]) -> Lesson:
    wrong = [report for report in reports if not report["passed"] and report["solved"]]
    counts = Counter(report["mistake"] or ANOTHER for report in wrong)
    return Lesson(
        exercise=exercise,
        title=reports[0]["title"],
        students=len(reports),
        passed=sum(report["passed"] for report in reports),
        unsolved=sum(not report["passed"] and not report["solved"] for report in reports),
        mistakes=tuple(
            Common(name, sentence(name, wrong), count)
            for name, count in sorted(counts.items(), key=order)
        ),
    )


def order(counted: tuple[str, int]):
    """The most frequent first. What has no name of its own comes last: it is many things."""
    name, count = counted
    return name == ANOTHER, -count, name


def sentence(mistake: str, reports: list[dict]) -> str:
    """What students were told of a mistake, in our own words.

    Where a Report adds a word of its own to a mistake's sentence, the shortest has only that.
    """
    said = [r["message"] for r in reports if (r["mistake"] or ANOTHER) == mistake]
    if mistake == ANOTHER:
        return EACH_ITS_OWN  # their words may be a student's: an error says what its author likes
    return min(said, key=len)


def hardest(given: list[Lesson]) -> list[Lesson]:
    """The lessons to teach again, those that fewest passed first."""
    return sorted(given, key=lambda lesson: lesson.share)
