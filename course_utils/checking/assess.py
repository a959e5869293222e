"""Check an exercise: run a solution, judge what came, and write the Report."""

import functools
from collections.abc import Callable

from course_utils.checking import sentences
from course_utils.checking.counterexample import smallest
from course_utils.checking.diagnose import error_beside, explain, picture_of, recognise
from course_utils.checking.exercise import Exercise
from course_utils.checking.judge import Judge, properties_of, score_of
from course_utils.checking.report import Report
from course_utils.checking.run import Outcome, run


def check_exercise(exercise: Exercise, solution: Callable, seed: int = 0) -> Report:
    """Judge a solution on the cases of a seed. Never raises for what a solution does."""
    judge = judge_for(exercise, seed)
    return assess(judge, run(exercise, solution, judge.cases))


@functools.lru_cache(maxsize=256)
def judge_for(exercise: Exercise, seed: int) -> Judge:
    """The judge of a seed. It is kept: a notebook checks, and a class grades, with one seed."""
    return Judge(exercise, exercise.draw(seed))


def assess(judge: Judge, outcomes: list[Outcome], *, words: bool = True) -> Report:
    """Score the outcomes of a solution and find the sentence that helps most.

    words: False where only the points are asked for; then no listed mistake is tried.
    """
    exercise = judge.exercise
    trials = judge.trials(outcomes)
    properties = properties_of(trials)
    score, passed = score_of(trials, properties), min(properties.values()) == 1
    if any(outcome.failure == "forbidden" for outcome in outcomes):
        score, passed = 0.0, False
    mistake, message, example = None, sentences.PASSED, None
    if not passed and not words:
        message = next((outcome.sentence for outcome in outcomes if outcome.failure), "")
    elif not passed:
        mistake = recognise(judge, trials)
        message, example = explain(exercise, trials, mistake), smallest(trials)
    if changed := next((outcome.changed for outcome in outcomes if outcome.changed), ()):
        text = sentences.CHANGED.format(name=exercise.id, inputs="', '".join(changed))
        message = f"{message} {text}".strip()
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        points=exercise.points,
        score=score,
        passed=passed,
        solved=outcomes[0].failure not in ("unsolved", "missing"),
        mistake=mistake.name if mistake else None,
        message=message,
        error=error_beside(trials) if mistake else "",
        properties={name: value == 1 for name, value in properties.items()},
        counterexample=str(example) if example else "",
        picture=picture_of(exercise, example) if example else None,
        printed=next((outcome.printed for outcome in outcomes if outcome.printed), ""),
    )
