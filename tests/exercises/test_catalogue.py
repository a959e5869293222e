"""The catalogue of exercises tests itself: every mistake is refused and recognised as itself, every
variant (a right answer that looks different) is accepted, on many draws of the cases.

answers/<notebook>/<exercise>.py holds what students might hand in, in three tables:

    VARIANTS     right answers, as different from each other as can be
    OTHER_STYLE  (name of a listed mistake, the same mistake written in another way)
    WRONG        answers that are wrong in a way no list has

and SLOW = True where that is too much for so many draws.
"""

import importlib
from pathlib import Path

import numpy as np
import pytest

from course_utils.checking import check_exercise, sentences
from course_utils.checking.counterexample import smallest
from course_utils.checking.edits import pairs, solution_of, source
from course_utils.checking.judge import Judge
from course_utils.checking.run import run
from course_utils.exercises import EXERCISES

# An exercise that has no file of answers, or lacks a table in it, stops everything below.
ANSWERS = {
    name: importlib.import_module(f"exercises.answers.{exercise.notebook}.{name}")
    for name, exercise in EXERCISES.items()
}


def every(table):
    """Parametrise over (exercise, row, seeds) for each row of a table, with an id that says which.

    The rows of a slow exercise share three draws among them: each has one.
    """
    rows = []
    for exercise in EXERCISES.values():
        slow = getattr(ANSWERS[exercise.id], "SLOW", False)
        for number, row in enumerate(table(exercise)):
            name = f"{title(exercise)}-{number}-{label(row)}"
            rows.append(pytest.param(exercise, row, number % 3 if slow else None, id=name))
    return pytest.mark.parametrize(("exercise", "row", "seeds"), rows, indirect=["seeds"])


@pytest.fixture
def seeds(request):
    """What the cases are drawn from: the one seed that is given, or as many as are asked for."""
    one = request.param
    return range(request.config.getoption("draws")) if one is None else [one]


def title(exercise):
    return f"{exercise.notebook}.{exercise.id}"


def label(row):
    """A name for a solution, or for the mistake in (mistake, solution)."""
    name = row[0] if isinstance(row, tuple) else getattr(row, "__name__", type(row).__name__)
    return name.replace(" ", "_").strip("<>")


every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=title)


@every(lambda exercise: [(m.name, m) for m in exercise.mistakes])
def test_a_mistake_is_refused_and_recognised(exercise, row, seeds):
    _, mistake = row
    for seed in seeds:
        report = check_exercise(exercise, solution_of(exercise, mistake), seed)
        assert not report.passed and 0 <= report.score < 1
        assert report.mistake == mistake.name, f"seed {seed}: {report}"
        if report.properties.get(sentences.INPUTS_INTACT, True):
            assert report.message == mistake.sentence
        else:  # then a word about the inputs follows
            assert report.message.startswith(mistake.sentence)


@every(lambda exercise: ANSWERS[exercise.id].VARIANTS)
def test_a_variant_is_accepted(exercise, row, seeds):
    for seed in seeds:
        report = check_exercise(exercise, row, seed)
        assert report.passed and report.score == 1, f"seed {seed}: {report}"


@every(lambda exercise: ANSWERS[exercise.id].OTHER_STYLE)
def test_the_same_mistake_in_another_style_is_recognised(exercise, row, seeds):
    mistake, solution = row
    for seed in seeds:
        report = check_exercise(exercise, solution, seed)
        assert not report.passed
        assert report.mistake == mistake, f"seed {seed}: {report}"


@every(lambda exercise: ANSWERS[exercise.id].WRONG)
def test_a_wrong_answer_is_refused(exercise, row, seeds):
    for seed in seeds:
        report = check_exercise(exercise, row, seed)
        assert not report.passed and report.score < 1
        assert report.message


@every(lambda exercise: [exercise.reference])
def test_the_reference_gets_full_points(exercise, row, seeds):
    for seed in seeds:
        report = check_exercise(exercise, row, seed)
        assert report.passed and report.earned == exercise.points, f"seed {seed}: {report}"


@every(lambda exercise: [exercise.answer])
def test_the_plain_answer_gets_full_points(exercise, row, seeds):
    for seed in seeds:
        report = check_exercise(exercise, row, seed)
        assert report.passed and report.earned == exercise.points, f"seed {seed}: {report}"


@every_exercise
def test_a_stub_is_not_solved_yet(exercise):
    def stub(*given):
        raise NotImplementedError

    report = check_exercise(exercise, stub)
    assert not report.solved and report.score == 0


@every_exercise
def test_there_are_enough_answers(exercise):
    answers = ANSWERS[exercise.id]
    assert len(answers.VARIANTS) >= 8 and answers.OTHER_STYLE and answers.WRONG


def test_every_file_of_answers_has_an_exercise():
    files = Path(__file__).parent.glob("answers/*/*.py")
    assert {f"{file.parent.name}.{file.stem}" for file in files} == set(
        map(title, EXERCISES.values())
    )


@every_exercise
def test_cases_are_redrawn_from_the_seed(exercise):
    def drawn(seed):
        return [
            value.tobytes() if isinstance(value, np.ndarray) else value
            for case in exercise.draw(seed)
            for value in case.inputs.values()
        ]

    assert drawn(3) == drawn(3)
    assert any(drawn(3) != drawn(seed) for seed in (4, 5, 6))


@pytest.mark.plain
def test_most_pairs_of_mistakes_are_recognised_and_none_is_accepted():
    """Two mistakes may also cancel out in what they do, or do what one change does."""
    itself = tried = 0
    for exercise in EXERCISES.values():
        found = pairs(exercise)
        for pair in found[:: max(1, len(found) // 4)]:
            report = check_exercise(exercise, solution_of(exercise, pair))
            assert not report.passed, (exercise.id, pair.name)
            itself, tried = itself + (report.mistake == pair.name), tried + 1
    assert tried > 100 and itself > tried / 2


@pytest.mark.plain
@every(lambda exercise: exercise.mistakes[:3])
def test_the_counterexample_is_the_first_wrong_rung(exercise, row, seeds):
    solution = solution_of(exercise, row)
    judge = Judge(exercise, list(exercise.ladder))
    trials = judge.trials(run(exercise, solution, judge.cases))
    wrong = [trial for trial in trials if trial.seen is not None and not trial.right]
    shown = check_exercise(exercise, solution).counterexample
    if wrong:
        assert shown == str(smallest(wrong[:1]))


@every_exercise
def test_a_ladder_is_small_and_rises(exercise):
    assert 2 <= len(exercise.ladder) <= 5
    for case in exercise.ladder:
        arrays = [value for value in case.inputs.values() if isinstance(value, np.ndarray)]
        expected = Judge(exercise, [case]).ours(exercise.reference, case)[0]
        assert case.label or all(array.size <= 100 for array in arrays)
        assert all(array.size <= 100 for array in expected.values()), case.inputs


@every_exercise
def test_the_last_hint_is_not_the_answer(exercise):
    """It leaves something open, and no line of the answer stands in it as it is."""
    last = exercise.hints[2]
    body = source(exercise.answer).splitlines()[1:]
    lines = [line.strip() for line in body if len(line.strip()) > 24]
    assert not [line for line in lines if line.removeprefix("return ") in last]
