"""Everything a student may throw at a check becomes a Report: a score, and plain words."""

import dataclasses
import re
import sys
import time
import warnings
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.checking import (
    Case,
    Exercise,
    Mistake,
    by_hand,
    check_exercise,
    sentences,
    stopping,
)
from course_utils.checking.driver import Unusable, call
from course_utils.exercises import EXERCISES

SOFTMAX, SCORES, ATTEND = (EXERCISES[name] for name in ("softmax", "attention_scores", "attend"))
CAUSAL, EQUIVARIANT = EXERCISES["causal_mask"], EXERCISES["is_permutation_equivariant"]


def right(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def check(solution, exercise=SOFTMAX, seconds=10.0):
    """Check, and look at what every Report promises."""
    report = check_exercise(dataclasses.replace(exercise, seconds=seconds), solution)
    assert 0 <= report.score <= 1
    assert report.passed == (report.score == 1) == all(report.properties.values())
    assert float(repr(report)) == report.earned <= report.points
    assert report.message and report.message in str(report)
    for text in (report.message, str(report)):
        assert "Traceback" not in text and "course_utils" not in text.replace("course_utils/", "")
    ElementTree.fromstring(report.html())
    return report


def test_a_right_answer():
    report = check(right)
    assert report.passed and report.earned == 2 and report.mistake is None
    assert report.message == sentences.PASSED
    assert report.picture is None


# --- not a solution -----------------------------------------------------------------------------


def test_an_untouched_stub_is_told_so_without_alarm():
    def softmax(scores):
        raise NotImplementedError

    report = check(softmax)
    assert report.score == 0 and not report.solved and report.state == "not solved yet"
    assert report.message == sentences.NOT_SOLVED
    assert "✗" not in report.html()


def test_an_answer_that_does_nothing():
    def softmax(scores):
        pass

    report = check(softmax)
    assert report.score == 0 and report.solved
    assert "returned None" in report.message


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (np.ones(3), "an array of shape (3,)"),
        ("softmax", "a str"),
        (None, "this is None."),
        (3, "this is an int."),
        ({}, "a dict"),
    ],
)
def test_what_is_not_a_function(thing, words):
    report = check(thing)
    assert report.score == 0 and "should be a function" in report.message
    assert words in report.message


# --- wrong things returned ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ("text", "a str"),
        ([[1.0]], "a list"),
        ((1.0,), "a tuple"),
        ({"weights": 1}, "a dict"),
        ((x for x in ()), "a generator"),
        (object(), "an object"),
        (len, "a builtin_function_or_method"),
        (np.array([1, "a"], dtype=object), "an array of Python objects"),
        (np.array(["a"]), "an array of shape (1,) and type <U1"),
        (np.ones(3, complex), "type complex128"),
        (np.datetime64("2020-01-01"), "type datetime64[D]"),
        (1 + 2j, "a complex"),
        (10**400, "an int"),
        (keras.KerasTensor((None, 3)), "shape (None, 3)"),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_not_an_array_of_numbers(thing, words):
    report = check(lambda scores: thing)
    assert report.score == 0 and report.mistake is None
    assert "weights should be an array" in report.message
    assert words in report.message or thing == 10**400


def test_a_list_hears_how_it_becomes_an_array():
    assert "np.array(…)" in check(lambda scores: scores.tolist()).message
    assert "a, b = function(…)" in check(lambda scores: (scores, scores)).message
    assert "np.array(…)" not in check(lambda scores: {"weights": 1}).message


def test_an_array_that_is_no_array():
    class Pretender:
        def __array__(self, dtype=None, copy=None):
            raise ValueError("no array, really")

    assert "Pretender" in check(lambda scores: Pretender()).message


@pytest.mark.parametrize("value", [1.0, True, 3, np.float32(2), np.bool_(True)])
def test_a_plain_number_counts_as_an_array_without_axes(value):
    report = check(lambda scores: value)
    assert report.score == 0
    assert "weights has shape (), expected (" in report.message


def test_a_wrong_shape_is_named_with_its_axes():
    report = check(lambda x: 2 * x[..., None], tiny())
    assert "y has shape (1, 2, 1), expected (1, 2), that is (N)" in report.message
    assert "Seen with small." in report.message
    assert "yours (1, 2, 1)" in report.picture.alt


def test_a_wrong_kind_is_named():
    report = check(lambda length: np.tri(length).astype("complex64").real.astype("int8"), CAUSAL)
    assert report.mistake == "0/1 integers"
    report = check(lambda scores: right(scores) > 0.5)
    assert "weights has type bool, expected float" in report.message
    assert check(lambda scores: right(scores).astype("int32")).score < 1


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda output, weights: output, "output and weights. It returned an array of shape"),
        (lambda output, weights: (output,), "It returned 1 of them"),
        (lambda output, weights: (output, weights, 1), "It returned 3 of them"),
        (lambda output, weights: {"output": output}, "It returned a dict"),
        (lambda output, weights: np.array([1, 2]), "It returned an array of shape (2,)"),
    ],
)
def test_a_wrong_number_of_results(result, words):
    def attend(query, key, value, mask=None):
        return result(value, query)

    report = check(attend, ATTEND)
    assert report.score == 0 and words in report.message


def test_one_of_two_results_may_be_right():
    def attend(query, key, value, mask=None):
        weights = right(query @ np.swapaxes(key, -1, -2) / query.shape[-1] ** 0.5)
        return np.zeros((*query.shape[:-1], value.shape[-1]), "float32"), weights

    report = check(attend, ATTEND)
    assert 0 < report.score < 1
    assert report.properties["weights: one sequence"] is True
    assert report.properties["output: one sequence"] is False
    assert report.properties["weights: a causal mask"] is False


def test_bfloat16_is_read():
    def softmax(scores):
        return ops.cast(right(scores), "bfloat16")

    assert "you have 0." in check(softmax).message


def test_results_of_any_kind_of_array_are_read():
    class Sub(np.ndarray):
        def __eq__(self, other):
            raise TypeError

    assert check(lambda scores: right(scores).view(Sub)).passed
    assert check(lambda scores: np.asfortranarray(right(scores))).passed
    assert check(lambda scores: np.ma.array(right(scores))).passed
    assert check(lambda scores: ops.convert_to_tensor(right(scores))).passed
    assert check(lambda scores: keras.Variable(right(scores))).passed


@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, 1e38, 0])
def test_any_number_can_stand_in_an_array(fill):
    report = check(lambda scores: np.full(scores.shape, fill, "float32"))
    assert report.score == 0
    if np.isnan(fill):
        assert "contains NaN" in report.message
    elif np.isinf(fill):
        assert "contains infinity" in report.message


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (0, 5, 5), (1, 1, 1, 5, 5)])
def test_any_shape_can_be_returned(shape):
    report = check(lambda scores: np.zeros(shape, "float32"))
    assert report.score == 0 and str(shape) in report.message


# --- exceptions ---------------------------------------------------------------------------------


def fails(scores):
    helper = scores.sum()
    return helper + undefined_helper(scores)


def undefined_helper(scores):
    raise ValueError("wrong\nand a second line")


def test_an_exception_names_the_error_and_the_students_line():
    report = check(fails)
    line = undefined_helper.__code__.co_firstlineno + 1
    assert "Your softmax stopped with ValueError: wrong" in report.message
    assert f'in line {line} of your code:  raise ValueError("wrong' in report.message
    assert "and a second line" not in report.message.replace("\\nand a second line", "")
    assert "Seen with a square of scores" in report.message


@pytest.mark.parametrize(
    "stops",
    [
        lambda scores: np.einsum("ij,jk->ik", scores, np.ones((99, 99))),
        lambda scores: ops.matmul(scores, np.ones((99, 99))),
        lambda scores: keras.layers.Dense(3, use_bias="nonsense", activation="nonsense")(scores),
        lambda scores: re.compile("(").match("x"),
        lambda scores: sum(map(undefined_helper, scores)),
    ],
)
def test_the_line_is_the_students_and_not_a_librarys(stops):
    message = check(stops).message
    assert "stopped with" in message and " of your code:  " in message
    assert str(stops.__code__.co_firstlineno) in message or "raise ValueError" in message


def test_code_without_a_source_still_has_a_line_number_or_none():
    scope = {}
    exec("def softmax(scores):\n    return 1 / 0", scope)
    message = check(scope["softmax"]).message
    assert "ZeroDivisionError: division by zero" in message


def test_a_missing_name():
    def softmax(scores):
        return no_such_name(scores)  # noqa: F821

    assert "uses the name 'no_such_name', which is not defined" in check(softmax).message


def test_a_local_name_used_too_early():
    def softmax(scores):
        if scores is None:
            late = 1
        return late + scores

    message = check(softmax).message
    assert "UnboundLocalError" in message and "return late + scores" in message


def test_an_exception_with_a_fault_of_its_own():
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError

    def softmax(scores):
        raise Odd

    assert "stopped with Odd in line" in check(softmax).message


def test_a_long_exception_is_shortened():
    def softmax(scores):
        raise ValueError("x" * 10_000)

    assert len(check(softmax).message) < 700


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), BaseException("b")])
def test_nothing_ends_the_notebook(error):
    def softmax(scores):
        raise error

    assert type(error).__name__ in check(softmax).message


def test_sys_exit():
    assert "SystemExit" in check(lambda scores: sys.exit(1)).message


def test_endless_recursion():
    def softmax(scores):
        return softmax(scores)

    assert "RecursionError" in check(softmax).message


def test_an_interrupt_passes():
    def softmax(scores):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_exercise(SOFTMAX, softmax)
    assert check(right).passed


def test_failing_in_some_cases_only():
    def softmax(scores):
        if scores.ndim == 4:
            raise ValueError("four axes")
        return right(scores)

    report = check(softmax)
    assert 0.5 < report.score < 1
    assert "four axes" in report.message and "batches and heads in front" in report.message
    failed = [name for name, holds in report.properties.items() if not holds]
    assert failed == ["batches and heads in front"]


# --- time and output ----------------------------------------------------------------------------


def endless(scores):
    while True:
        pass


def endless_swallowing(scores):
    while True:
        try:
            right(scores)
        except:  # noqa: E722
            pass


def endless_sleeping(scores):
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize("softmax", [endless, endless_swallowing, endless_sleeping])
def test_an_endless_loop_is_stopped_with_a_clear_word(softmax):
    report = check(softmax, seconds=0.3)
    assert report.score == 0 and report.mistake is None
    assert "still running after 0.3 seconds" in report.message


def test_one_long_sleep_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(stopping, "GRACE", 0.05)
    report = check(lambda scores: time.sleep(3), seconds=0.1)
    assert "still running" in report.message


def test_what_was_done_before_the_limit_counts():
    def softmax(scores):
        if scores.ndim == 1:
            endless(scores)
        return right(scores)

    report = check(softmax, seconds=0.5)
    assert 0 < report.score < 1
    assert report.properties["a square of scores"] is True
    assert report.properties["batches and heads in front"] is False
    assert "still running after 0.5 seconds" in report.message


def test_the_limit_is_for_all_cases_together():
    def softmax(scores):
        time.sleep(0.2)
        return right(scores)

    assert "still running" in check(softmax, seconds=0.5).message


def test_what_is_printed_stays_in_the_report(capfd):
    def softmax(scores):
        print("shape", scores.shape)
        print("<script>alert(1)</script>", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return right(scores)

    report = check(softmax)
    assert report.passed
    assert capfd.readouterr() == ("", "")
    assert "shape (5, 5)\n" in report.printed and "UserWarning: careful" in report.printed
    assert "Your code printed:\nshape (5, 5)" in str(report)
    assert "<script" not in report.html() and "&lt;script&gt;" in report.html()


def test_a_flood_of_output_is_shortened():
    def softmax(scores):
        for _ in range(2000):
            print("flood " * 1000)
        return right(scores)

    report = check(softmax)
    assert report.passed
    assert 2000 <= len(report.printed) < 2100 and report.printed.endswith("…")


def test_a_malicious_exception_is_not_live():
    def softmax(scores):
        raise ValueError("<img src=x onerror=alert(1)>")

    assert "<img src=x" not in check(softmax).html()


# --- arguments ----------------------------------------------------------------------------------


def test_other_argument_names_are_fine():
    assert check(lambda s: right(s)).passed
    assert check(lambda *everything: right(*everything)).passed
    assert check(lambda s, axis=-1, verbose=False: right(s)).passed


def test_names_are_used_where_position_does_not_fit():
    assert check(lambda *, scores: right(scores)).passed
    assert check(lambda **named: right(named["scores"])).passed


@pytest.mark.parametrize(
    ("exercise", "solution", "takes", "given"),
    [
        (SOFTMAX, lambda: 1, "(scores)", "()"),
        (SOFTMAX, lambda scores, axis: 1, "(scores)", "(scores, axis)"),
        (SOFTMAX, lambda *, values: 1, "(scores)", "(*, values)"),
        (ATTEND, lambda q, k, v: 1, "(query, key, value, mask=None)", "(q, k, v)"),
        (ATTEND, lambda q, k, v, mask: 1, "(query, key, value, mask=None)", "(q, k, v, mask)"),
        (EQUIVARIANT, lambda layer, tokens: 1, "(layer, tokens, rng)", "(layer, tokens)"),
    ],
)
def test_wrong_arguments_are_named(exercise, solution, takes, given):
    report = check(solution, exercise)
    assert report.score == 0
    assert f"{exercise.id} should take {takes}, but yours takes {given}." in report.message


def test_a_callable_without_a_signature():
    class Unsigned:
        __signature__ = "not a signature"

        def __call__(self, scores):
            return right(scores)

    assert check(Unsigned()).passed


# --- what goes in -------------------------------------------------------------------------------


def test_inputs_are_numpy_arrays_first_and_tensors_where_these_fail():
    seen = []

    def softmax(scores):
        seen.append(type(scores))
        return right(scores)

    check(softmax)
    assert set(seen) == {np.ndarray}

    def wants_tensors(scores):
        if isinstance(scores, np.ndarray):
            raise AttributeError("no array")
        return right(ops.convert_to_numpy(scores))

    assert check(wants_tensors).passed


def test_changing_the_input_costs_its_property():
    def softmax(scores):
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        return scores

    report = check(softmax)
    assert not report.passed and report.mistake is None
    failed = [name for name, holds in report.properties.items() if not holds]
    assert failed == [sentences.INPUTS_INTACT]
    assert report.message == sentences.CHANGED.format(name="softmax", inputs="scores")


def test_every_changed_input_is_named():
    def scores(query, key):
        result = query @ np.swapaxes(key, -1, -2) / query.shape[-1] ** 0.5
        query[:], key[:] = 0, 0
        return result

    assert "'query', 'key' in place" in check(scores, SCORES).message


def test_an_input_changed_only_in_a_later_case_is_noticed():
    def softmax(scores):
        result = right(scores)
        if scores.ndim == 4:
            scores[:] = 0
        return result

    report = check(softmax)
    assert not report.properties[sentences.INPUTS_INTACT]
    assert report.message == sentences.CHANGED.format(name="softmax", inputs="scores")


def test_reshaping_the_input_counts_as_changing():
    def softmax(scores):
        result = right(scores)
        scores.resize(scores.size, refcheck=False)
        return result

    assert not check(softmax).properties[sentences.INPUTS_INTACT]


def test_a_change_does_not_spoil_the_cases():
    def softmax(scores):
        scores[:] = 0
        return scores

    check(softmax)
    assert check(right).passed


def test_leaving_the_inputs_alone_is_no_merit_of_its_own():
    assert check(lambda scores: scores * 0).score == 0


# --- seeds and grading --------------------------------------------------------------------------


def test_remembered_answers_fail_on_another_seed():
    remembered = {}

    def record(scores):
        return remembered.setdefault(scores.tobytes(), right(scores))

    def recite(scores):
        return remembered.get(scores.tobytes(), scores * 0)

    assert check_exercise(SOFTMAX, record, seed=0).passed
    assert check_exercise(SOFTMAX, recite, seed=0).passed
    assert check_exercise(SOFTMAX, recite, seed=1).score == 0


def test_the_same_seed_gives_the_same_report():
    exercise = dataclasses.replace(SOFTMAX, ladder=())  # which is the same for every seed

    def shown(seed):
        report = check_exercise(exercise, lambda scores: scores, seed)
        return report.data(), report.message, report.picture

    assert shown(5) == shown(5)
    assert shown(5) != shown(6)


# --- the judge on an exercise of two numbers ----------------------------------------------------


def double(x):
    return 2 * x


def tiny(**changed):
    given = dict(
        id="double",
        title="Twice",
        points=4,
        reference=double,
        cases=lambda rng: [
            Case("small", {"x": np.array([1.0, -2.0, 3.0])}),
            Case("small", {"x": np.array([[4.0, 5.0]])}),
            Case("large", {"x": np.array([1e6, 2e6])}),
        ],
        outputs={"y": "N"},
        mistakes=(
            Mistake("tripled", "Three times is too much.", function=lambda x: 3 * x),
            Mistake(
                "fails on matrices",
                "Any.",
                function=lambda x: 2 * x + np.zeros(x.shape[0] if x.ndim == 1 else 9),
            ),
            Mistake(
                "tripled when large",
                "Too large.",
                function=lambda x: 3 * x if x.max() > 9 else 2 * x,
            ),
        ),
        hints=("a", "b", "c"),
    )
    return Exercise(**{**given, **changed})


def test_properties_hold_only_when_all_their_cases_do():
    report = check(lambda x: 2 * x if x.ndim == 1 else x, tiny())
    assert report.properties == {"small": False, "large": True, sentences.INPUTS_INTACT: True}
    assert report.score == pytest.approx(2 / 3) and report.earned == 2.67


@pytest.mark.parametrize(
    ("solution", "mistake"),
    [
        (lambda x: x * 3.0, "tripled"),
        (lambda x: 3 * x if x.max() > 100 else x + x, "tripled when large"),
        (lambda x: 3 * x if x.ndim > 1 else 2 * x, None),
        (lambda x: 2 * x + np.zeros(x.shape[0] if x.ndim == 1 else 7), None),
        (lambda x: 4 * x, None),
    ],
)
def test_a_mistake_is_recognised_only_when_every_case_agrees(solution, mistake):
    assert check(solution, tiny()).mistake == mistake


@pytest.mark.parametrize(("relative", "passes"), [(1e-5, True), (9e-5, True), (2e-4, False)])
def test_the_tolerance_is_relative_to_the_largest_entry(relative, passes):
    def solution(x):
        result = 2 * x
        result.flat[0] += relative * np.abs(result).max()
        return result

    assert check(solution, tiny()).passed == passes


def test_zeros_have_a_tolerance_too():
    exercise = tiny(cases=lambda rng: [Case("zeros", {"x": np.zeros(3)})])
    assert check(lambda x: x + 1e-7, exercise).passed
    assert not check(lambda x: x + 1e-5, exercise).passed


def test_integers_and_truth_values_are_compared_exactly():
    exercise = tiny(
        reference=lambda x: x > 0, mistakes=(), cases=lambda rng: [Case("c", {"x": np.arange(7)})]
    )
    assert check(lambda x: x >= 1, exercise).passed
    report = check(lambda x: x >= 0, exercise)
    assert "in y you have True at [0] where it should be False" in report.message
    exercise = dataclasses.replace(exercise, reference=lambda x: x * 10**6)
    assert check(lambda x: x * 10**6, exercise).passed
    assert check(lambda x: x * 10**6 + 1, exercise).score == 0
    assert check(lambda x: (x * 10**6).astype("uint64"), exercise).passed


def test_the_first_entry_that_differs_is_told():
    def solution(x):
        result = 2 * x
        result.flat[1] += 0.5
        return result

    report = check(solution, tiny(ladder=(by_hand(x=np.array([[0.0, 1], [2, 3]])),)))
    assert report.message == (
        "Look at this small case: in y you have 2.5 at [0, 1] where it should be 2."
    )
    assert report.counterexample.splitlines() == [
        "         x = [[0 1]",
        "              [2 3]]",
        "expected y = [[ 0 →2]",
        "              [ 4  6]]",
        "   yours y = [[   0 →2.5]",
        "              [   4    6]]",
    ]


def test_the_first_wrong_rung_of_the_ladder_is_shown():
    one, two, three = (np.arange(1.0, n + 1) for n in (1, 2, 3))
    rungs = (by_hand(x=one), by_hand("a pair", x=two), by_hand(x=three))

    def wrong_with_two(x):
        return 2 * x if len(x) == 1 else x**3

    report = check(wrong_with_two, tiny(ladder=rungs, mistakes=()))
    assert report.counterexample.splitlines() == [
        "  the case = a pair",
        "expected y = [→2  4]",
        "   yours y = [→1  8]",
    ]


def test_a_case_too_large_to_be_written_is_told_by_its_shape():
    exercise = tiny(cases=lambda rng: [Case("long", {"x": np.arange(199.0)})], mistakes=())
    report = check(lambda x: x**2, exercise)
    assert "x = (an array of shape (199,))" in report.counterexample
    assert "you have 1 at [1] where it should be 2" in report.message


def test_numbers_are_written_with_as_many_digits_as_tell_them_apart():
    exercise = tiny(ladder=(by_hand(x=np.array([1.0])),), mistakes=())
    assert "you have 2.0004 at [0] where it should be 2" in (
        check(lambda x: 2.0004 * x, exercise).message
    )


def test_a_clue_is_added():
    assert "sign turned round" in check(lambda x: -2 * x, tiny()).message


def test_what_an_exercise_observes_is_compared_instead_of_the_answer():
    exercise = tiny(mistakes=(), observe=lambda inputs, arrays: {"sum": arrays["y"].sum()[None]})
    assert check(lambda x: np.array([2 * x.sum()]), exercise).passed
    assert not check(lambda x: np.array([3 * x.sum()]), exercise).passed


def test_a_forbidden_call_in_a_later_case_is_what_is_said():
    exercise = tiny(mistakes=(), forbidden=frozenset({"keras.ops.softmax"}))

    def solution(x):
        return getattr(ops, "softmax")(x) if x.max() > 9 else 5 * x**2  # noqa: B009

    report = check_exercise(exercise, solution)
    assert report.score == 0 and not report.passed
    assert "keras.ops.softmax" in report.message


def test_an_exercise_knows_its_notebook_and_its_signature():
    assert SOFTMAX.notebook == "attention"
    assert dataclasses.replace(SOFTMAX, reference=ops.softmax).notebook == "attention"
    assert ATTEND.signature == "(query, key, value, mask=None)"


def test_a_wrong_exact_entry_is_named_with_its_place():
    exercise = tiny(
        reference=lambda x: x > 0, mistakes=(), cases=lambda rng: [Case("c", {"x": np.arange(7)})]
    )
    message = check(lambda x: x > 1, exercise).message
    assert "in y you have False at [1] where it should be True." in message


def test_a_wrong_number_is_told_beside_the_expected_one():
    exercise = tiny(reference=lambda x: 2 * x.sum(), mistakes=())
    report = check(lambda x: 3 * x.sum(), exercise)
    assert report.message == ("Look at this case: y is 27 and should be 18. Seen with small.")
    assert "yours y = 27" in report.counterexample
    assert report.picture is None


def test_after_an_error_the_shapes_are_told():
    def fails(x, y, n):
        raise ValueError

    given = {"x": np.ones((2, 3)), "y": np.ones(4), "n": 5}
    exercise = tiny(
        reference=lambda x, y, n: x, mistakes=(), cases=lambda rng: [Case("c", given, label="it")]
    )
    message = check(fails, exercise).message
    assert message.endswith("Seen with it. There the shapes were: x (2, 3), y (4,).")
    assert "There the shapes" not in check(lambda x, y, n: x + 1, exercise).message
    assert "There the shapes" not in check(lambda x, y, n: None, exercise).message


@pytest.mark.parametrize(
    "solution", [lambda: 1, endless, ops.softmax], ids=["arguments", "endless", "forbidden"]
)
def test_what_is_no_matter_of_one_case_names_none(solution):
    assert "Seen with" not in check(solution, seconds=0.2).message


@pytest.mark.parametrize(
    ("solution", "constant"),
    [
        (lambda x: np.ones(3), True),
        (lambda x: np.ones(x.shape), False),
        (lambda x: np.full(3, x.max()), False),
        (lambda x: np.ones(3) if x.max() < 9 else None, False),
    ],
)
def test_an_answer_that_ignores_its_inputs_is_told_so(solution, constant):
    assert (sentences.CONSTANT in check(solution, tiny()).message) is constant


def test_equal_shapes_are_no_sign_of_ignoring_the_inputs():
    exercise = tiny(mistakes=(), cases=lambda rng: [Case("c", {"x": np.arange(1.0, 4)})] * 2)
    assert sentences.CONSTANT not in check(lambda x: np.ones(3), exercise).message


@pytest.mark.parametrize("telling", ["ValueError.*raise ValueError", "ValueError.*other line", ""])
def test_raising_in_the_same_cases_is_enough_only_for_a_telling_mistake(telling):
    def no_matrices(x):
        if x.ndim > 1:
            raise ValueError
        return 2 * x

    exercise = tiny(
        mistakes=(Mistake("no matrices", "Only rows.", function=no_matrices, telling=telling),)
    )
    assert check(no_matrices, exercise).mistake == ("no matrices" if "raise" in telling else None)


def refuse_matrices(inputs, arrays):
    if arrays["y"].ndim > 1:
        raise Unusable("unfit", "Matrices do not fit.")
    return arrays


def test_what_an_exercise_cannot_observe_has_a_sentence_and_can_be_a_mistake():
    def as_matrix(x):
        return 2 * x[None]

    cases = [Case("a row", {"x": np.ones(3)})]
    exercise = tiny(observe=refuse_matrices, mistakes=(), cases=lambda rng: cases)
    report = check(as_matrix, exercise)
    assert report.score == 0 and report.picture is None
    assert report.message == "Matrices do not fit. Seen with a row."
    mistake = Mistake("a matrix", "One axis too many.", function=as_matrix)
    exercise = dataclasses.replace(exercise, mistakes=(mistake,))
    assert check(as_matrix, exercise).mistake == "a matrix"


def test_a_mistake_is_told_with_its_sentence_and_a_picture_of_what_came():
    report = check(lambda x: 3 * x, tiny())
    assert report.message == "Three times is too much."
    assert report.picture.alt.startswith("y")


def test_a_mistake_that_gives_nan_is_recognised_by_it():
    def root(x):
        return 2 * np.sqrt(x) * np.sqrt(x)

    exercise = tiny(mistakes=(Mistake("root", "No roots of negative numbers.", function=root),))
    assert check(root, exercise).mistake == "root"


def test_an_untouched_and_a_late_solution_are_no_mistake():
    def everything_fails(x):
        raise NotImplementedError

    exercise = tiny(mistakes=(Mistake("any", "Any.", function=everything_fails, telling="Error"),))
    assert check(everything_fails, exercise).mistake is None


def test_what_is_raised_stands_beside_the_mistake_that_is_recognised():
    def no_matrices(x):
        if x.ndim > 1:
            raise ValueError("only rows")
        return 2 * x

    listed = Mistake("no matrices", "Take any.", function=no_matrices, telling="only rows")
    report = check(no_matrices, tiny(mistakes=(listed,)))
    assert report.message == "Take any."
    assert "ValueError: only rows in line" in report.error
    assert report.error in str(report) and "only rows" in report.html()


def test_a_corner_does_not_decide_which_mistake_it_is():
    def cases(rng):
        return [Case("some", {"x": np.ones(3)}), Case("none", {"x": np.ones(0)}, corner=True)]

    def tripled(x):
        return 3 * x if len(x) else np.ones(7)

    exercise = tiny(cases=cases)
    assert check(tripled, exercise).mistake == "tripled"
    assert check(lambda x: 2 * x if len(x) else np.ones(7), exercise).mistake is None


@pytest.mark.parametrize("change", [list.clear, list.reverse, lambda x: x[0].__imul__(2)])
def test_a_list_that_is_handed_over_has_to_stay_as_it_is(change):
    def driver(solution, inputs):
        return call(solution, {"x": list(inputs["x"])})

    def solution(x):
        total = 2 * np.array(x)
        change(x)
        return total

    exercise = tiny(
        reference=lambda x: 2 * np.array(x),
        cases=lambda rng: [Case("rows", {"x": np.eye(3)})],
        driver=driver,
        mistakes=(),
    )
    assert check(lambda x: 2 * np.array(x), exercise).passed
    report = check(solution, exercise)
    assert not report.passed and "changes the list x" in report.message


def test_a_library_that_has_not_implemented_something_is_no_stub():
    class Unfinished(keras.layers.Layer):
        pass

    report = check(lambda x: Unfinished()(x))
    assert report.solved and "NotImplementedError" in report.message
