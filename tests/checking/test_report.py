"""What a Report says, to eyes, to a terminal, to a screen reader and to nbgrader."""

import base64
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from course_utils.checking import Report
from course_utils.checking.picture import Picture, colour, draw
from course_utils.checking.report import MIME_TYPE
from course_utils.palette import DIFFERENT, SCALE

REPORT = Report(
    exercise="softmax",
    title="Scores become weights",
    points=2,
    score=2 / 3,
    passed=False,
    mistake="over axis -2",
    message="Your columns sum to 1.",
    properties={"a square": False, "a row": True, "leaves its inputs alone": True},
    picture=Picture(svg="<svg xmlns='http://www.w3.org/2000/svg'/>", alt="weights: two shapes."),
    printed="hello\n",
)


def test_the_plain_representation_is_the_points_as_a_number():
    assert repr(REPORT) == "1.33"
    assert float(repr(REPORT)) == REPORT.earned
    assert repr(Report(exercise="e", title="t", points=3, score=1.0, passed=True)) == "3.0"


def test_the_text_says_everything_the_picture_shows():
    assert str(REPORT).splitlines() == [
        "softmax: not yet, 1.33 of 2 points",
        "Your columns sum to 1.",
        "  [ ] a square",
        "  [x] a row",
        "  [x] leaves its inputs alone",
        "weights: two shapes.",
        "Your code printed:",
        "hello",
    ]


@pytest.mark.parametrize(
    ("passed", "solved", "state"),
    [(True, True, "passed"), (False, True, "not yet"), (False, False, "not solved yet")],
)
def test_the_state(passed, solved, state):
    report = Report(
        exercise="e", title="t", points=3, score=float(passed), passed=passed, solved=solved
    )
    assert report.state == state
    assert state in str(report) and state in report.html()


def test_an_unsolved_exercise_shows_no_list_of_failures():
    report = Report(
        exercise="e",
        title="t",
        points=3,
        score=0,
        passed=False,
        solved=False,
        properties={"p": False},
    )
    assert "[ ]" not in str(report) and "✗" not in report.html()


def test_the_html_lists_the_properties_and_the_picture_with_its_words():
    html = REPORT.html()
    assert "<div>✗ a square</div><details>" in html
    assert "0 more not yet, 2 already</summary><div>✓ a row</div>" in html
    assert 'alt="weights: two shapes."' in html
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)[1]
    assert base64.b64decode(source).decode() == REPORT.picture.svg
    ElementTree.fromstring(html)


def test_the_html_of_a_pass_lists_nothing():
    report = Report(
        exercise="e", title="t", points=3, score=1.0, passed=True, properties={"p": True}
    )
    assert "<details" not in report.html() and "<details" in REPORT.html()
    assert "✗ a row" not in REPORT.html() and "✗ leaves" not in REPORT.html()


def test_what_students_write_is_escaped():
    attack = "<script>alert('x')</script>&\"'"
    report = Report(
        exercise=attack,
        title=attack,
        points=1,
        score=0.5,
        passed=False,
        message=attack,
        properties={attack: False},
        picture=Picture(svg="<svg/>", alt=attack),
        printed=attack,
    )
    assert "<script" not in report.html()
    assert report.html().count("&lt;script&gt;") == 5
    ElementTree.fromstring(report.html())


def test_the_bundle_has_text_html_and_data():
    bundle = REPORT._repr_mimebundle_()
    assert bundle["text/plain"] == "1.33"
    assert bundle["text/html"] == REPORT.html()
    assert bundle[MIME_TYPE] == {
        "exercise": "softmax",
        "score": 2 / 3,
        "points": 2,
        "earned": 1.33,
        "passed": False,
        "mistake": "over axis -2",
    }


# --- the picture --------------------------------------------------------------------------------


def shown(expected, got, tolerance=1e-4, name="weights", axes="… N"):
    picture = draw(name, axes, np.asarray(expected), np.asarray(got), tolerance)
    root = ElementTree.fromstring(picture.svg)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    return picture, root, texts


NAN, INF = float("nan"), float("inf")
AWKWARD = {
    "a number": (0.5, 1.5),
    "a truth value": (True, False),
    "one axis": (np.ones(7), np.zeros(7)),
    "five axes": (np.ones((2, 3, 2, 5, 7)), np.zeros((2, 3, 2, 5, 7))),
    "nan": (np.ones((3, 5)), np.full((3, 5), NAN)),
    "infinity": (np.ones((3, 5)), np.array([[INF, -INF, NAN, 1, 0]] * 3)),
    "infinity in both": (np.full((3, 5), INF), np.full((3, 5), -INF)),
    "nothing": (np.ones((3, 5)), np.ones((0, 5))),
    "nothing at all": (np.ones((3, 5)), np.ones((0, 0))),
    "nothing in front": (np.ones((2, 3, 5)), np.ones((0, 3, 5))),
    "both are nothing": (np.ones((0, 5)), np.ones((0, 5))),
    "both are nothing in front": (np.ones((0, 3, 5)), np.ones((0, 3, 5))),
    "masks": (np.eye(5, dtype=bool), ~np.eye(5, dtype=bool)),
    "another number of axes": (np.ones((3, 5)), np.ones((2, 1, 3, 5))),
    "large": (np.ones((100, 100)), np.zeros((100, 100))),
    "huge": (np.full((2, 2), 1.7e308), np.array([[-1.7e308, 0], [1, 1.7e308]])),
    "tiny": (np.full((2, 2), 5e-324), np.zeros((2, 2))),
    "all the same": (np.ones((2, 2)), np.ones((2, 2))),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_any_two_arrays_can_be_drawn(name):
    expected, got = AWKWARD[name]
    picture, root, texts = shown(expected, got)
    assert "expected" in texts and "yours" in texts
    assert str(np.shape(expected)) in picture.alt and str(np.shape(got)) in picture.alt
    assert "nan" not in picture.svg.lower().replace("nanum", "")
    assert len(picture.svg) < 200_000


def test_the_picture_counts_and_marks_the_difference():
    expected = np.zeros((3, 5))
    got = expected.copy()
    got[1, 2], got[2, 4], got[0, 0] = 1, NAN, 1e-5
    picture, root, texts = shown(expected, got)
    assert "2 of the 15 entries shown differ." in picture.alt
    marked = [
        r for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("fill") == DIFFERENT
    ]
    places = {(int(r.get("x")) // 34, int(r.get("y")) // 34) for r in marked}
    assert places == {(2, 1), (4, 2)}
    assert "difference" in texts


def test_shapes_and_axes_are_written_beside_the_arrays():
    picture, _, texts = shown(np.ones((3, 5)), np.ones((5, 3)), axes="Nq <Nk>")
    assert [text for text in texts if text != "1"] == [
        "weights (Nq <Nk>)",
        "expected",
        "(3, 5)",
        "yours",
        "(5, 3)",
    ]
    assert "difference" not in picture.svg
    assert shown(np.ones(3), np.ones(3), axes="")[2][0] == "weights"


def test_the_slice_with_the_largest_difference_is_shown():
    expected, got = np.zeros((2, 3, 5, 7)), np.zeros((2, 3, 5, 7))
    got[0, 1, 2, 3], got[1, 2, 0, 0] = 1, -2
    assert shown(expected, got)[2][0] == "weights (… N), at [1, 2]"
    got[1, 0, 4, 4] = NAN
    assert shown(expected, got)[2][0] == "weights (… N), at [1, 0]"


def test_colours_run_from_low_to_high():
    assert colour(0, 0, 1) == SCALE[0]
    assert colour(1, 0, 1) == SCALE[-1]
    assert colour(0.5, 0, 1) == colour(3, 3, 3) == SCALE[2]
    assert colour(NAN, 0, 1) == "#ffffff"
    assert len({colour(v, 0, 1) for v in np.linspace(0, 1, 9)}) == 9


def test_small_grids_hold_their_numbers_and_large_ones_do_not():
    assert {"0.25", "-7", "1e+05"} <= set(shown([[0.25, -7]], [[1e5, -7]])[2])
    assert "3" not in shown(np.full((2, 9), 3.0), np.full((2, 9), 4.0))[2]


def test_both_arrays_share_one_scale():
    _, root, _ = shown([[0.0, 1.0]], [[2.0, 1.0]])
    fills = [r.get("fill") for r in root.iter("{http://www.w3.org/2000/svg}rect")][1:5]
    assert fills == [colour(v, 0, 2) for v in (0, 1, 2, 1)]
