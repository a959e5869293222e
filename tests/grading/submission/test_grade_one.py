"""A student's answer that uses another, wrong one of the student's hears that first."""

import pytest

from course_utils.checking.report import Report
from course_utils.grading.sandbox.steps import Plan
from course_utils.grading.submission.grade_one import seed_of, with_helper


def report(name, passed=False, solved=True):
    return Report(
        exercise=name, title="", points=1, score=0.5, passed=passed, solved=solved, mistake="m"
    )


def told(code, **reports):
    todo = Plan(steps=[{"number": 3, "run": code}], solutions={"attend": 3})
    reports = {"attend": report("attend"), **reports}
    return with_helper(reports["attend"], reports, todo)


USING = "def attend(query, key, value, mask=None):\n    return softmax(query @ key.T) @ value"


def test_a_wrong_helper_is_named_first():
    graded = told(USING, softmax=report("softmax"))
    assert "Your attend uses your softmax, and that does not pass" in graded.message
    assert graded.mistake is None and graded.score == 0.5


@pytest.mark.parametrize(
    "code",
    [
        USING.replace("softmax", "ops.softmax"),
        USING.replace("softmax", "my_softmax"),
        USING.replace("softmax(", "weights(") + "  # softmax(scores) comes later",
    ],
)
def test_what_only_looks_like_a_helper_is_none(code):
    assert told(code, softmax=report("softmax")).mistake == "m"


def test_helpers_that_pass_or_are_the_courses_are_not_blamed():
    assert told(USING, softmax=report("softmax", passed=True)).mistake == "m"
    assert told(USING, softmax=report("softmax", solved=False)).mistake == "m"
    assert told(USING).mistake == "m"


def test_every_submission_has_cases_of_its_own():
    assert seed_of(17, b"{}") == seed_of(17, b"{}")
    seeds = {seed_of(seed, text) for seed in (1, 17) for text in (b"{}", b"{} ", b"7{}")}
    assert len(seeds) == 6
