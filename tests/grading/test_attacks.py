"""Attacks on the grader, each beside an honest submission in one warm pool: nobody gains a point,
and nobody else loses one."""

import inspect
import json
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from textwrap import indent

import pytest
from grading import attacks
from nbformat.v4 import new_code_cell, new_notebook

import course_utils
from course_utils.exercises import EXERCISES
from course_utils.grading.sandbox.bubblewrap import why_not
from course_utils.grading.sandbox.limits import Limits
from course_utils.grading.submission.grader import Grader
from course_utils.grading.submission.results import Graded

NAME = "01_attention"
SEED = 20240229
# Tighter than a class's, so that nobody waits long for those who never end.
LIMITS = Limits(cell_seconds=2, exercise_seconds=2, seconds=30, memory=2**30, disk=2**23)
REPOSITORY = Path(course_utils.__file__).parents[1]


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

RIGHT = """
import numpy as np
def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
def causal_mask(length):
    return np.tri(length, dtype=bool)
"""
WRONG = """
def softmax(scores):
    return None
def causal_mask(length):
    return None
"""
FULL = EXERCISES["softmax"].points + EXERCISES["causal_mask"].points


@pytest.fixture(scope="module")
def pool():
    os.environ["COURSE_SECRET"] = "outside"
    try:
        with Grader(2, limits=LIMITS) as pool:
            yield pool
    finally:
        del os.environ["COURSE_SECRET"]


@pytest.fixture
def grade(pool, tmp_path):
    """Grade cells of a notebook while an honest one is graded beside them."""

    def submission(name, cells):
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        path = tmp_path / name
        path.write_text(json.dumps(notebook))
        return path

    def graded(*cells):
        paths = submission("attacker.ipynb", cells), submission("honest.ipynb", [RIGHT])
        with ThreadPoolExecutor(2) as threads:
            attacker, honest = threads.map(lambda path: pool.grade(path, NAME, SEED), paths)
        assert earned(honest) == FULL and honest.notes == ()
        return attacker

    return graded


def earned(graded: Graded) -> float:
    assert Graded.from_json(graded.to_json()) == graded
    return sum(report["earned"] for report in graded.reports.values())


def right_if_won(code):
    attack = "won = False\ntry:\n" + indent(code.strip("\n"), "    ")
    attack += "\nexcept BaseException:\n    won = False\n"
    return [attack, f"if won:\n{indent(RIGHT, '    ')}\nelse:\n{indent(WRONG, '    ')}"]


def test_winning_would_show(grade):
    assert earned(grade(*right_if_won("won = True"))) == FULL


# What is outside is out of reach.


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """Things outside that an attack may aim at."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "secret_seed").write_text("17")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield {
            "secret": folder / "secret_seed",
            "folder": folder,
            "repository": REPOSITORY,
            "home": Path.home(),
            "home_names": sorted(os.listdir(Path.home())),
            "port": server.getsockname()[1],
            "python": sys.executable,
            "server": server,
        }


@pytest.mark.parametrize("code", attacks.REACH.values(), ids=attacks.REACH)
def test_out_of_reach(grade, outside, code):
    assert earned(grade(*right_if_won(code.format(**outside)))) == 0


def test_nothing_was_reached(outside):
    with pytest.raises(BlockingIOError):
        outside["server"].accept()
    assert not Path("/left").exists()
    assert not (Path.home() / ".ipython/profile_default/startup/00-x.py").exists()


@pytest.mark.parametrize(("first", "second"), attacks.RELAY.values(), ids=attacks.RELAY)
def test_nothing_is_left_for_the_next(grade, first, second):
    assert earned(grade(first, RIGHT)) == FULL
    assert earned(grade(*right_if_won(second))) == 0


# The verdict is made outside.


@pytest.mark.parametrize("code", attacks.FORGE.values(), ids=attacks.FORGE)
def test_a_verdict_cannot_be_forged(grade, code):
    assert earned(grade(code, WRONG)) == 0


@pytest.mark.parametrize("code", attacks.FIND.values(), ids=attacks.FIND)
def test_our_own_solution_earns_nothing(grade, code):
    assert earned(grade(code)) == 0


USING_OURS = """
try:
{attack}
except BaseException:
    ours = lambda scores: None
def softmax(scores):
    return ours(scores)
"""


@pytest.mark.parametrize("code", attacks.COPY.values(), ids=attacks.COPY)
def test_there_is_nothing_to_copy(grade, code):
    assert earned(grade(USING_OURS.format(attack=indent(code.strip("\n"), "    ")))) == 0


def test_a_flag_takes_no_points(grade):
    graded = grade(RIGHT, "import inspect\nexec('x = 1')")
    assert earned(graded) == FULL and graded.notes == ()
    assert [flag.partition(": ")[0] for flag in graded.flags] == ["Cell 2", "Cell 2"]
    assert grade(RIGHT).flags == ()


def test_a_text_that_is_too_much_to_read_stops_its_own_notebook_only(grade):
    deep = "x = " + "(" * 5000 + ")" * 5000
    graded = grade(deep, "-" * 10**5 + "1", RIGHT)
    assert earned(graded) == FULL
    assert any("could not be read" in flag for flag in graded.flags)


def test_what_the_process_does_see_would_show(grade):
    code = "import numpy as np\ndef ours(s): e = np.exp(s - s.max(-1, keepdims=True)); "
    code += "return e / e.sum(-1, keepdims=True)"
    graded = grade(USING_OURS.format(attack=indent(code, "    ")))
    assert earned(graded) == EXERCISES["softmax"].points


@pytest.mark.parametrize("code", attacks.ANSWER.values(), ids=attacks.ANSWER)
def test_an_answer_that_is_none(grade, code):
    graded = grade(code)
    assert earned(graded) == 0
    assert len(graded.to_json()) < 10**5


@pytest.mark.parametrize("code", attacks.LIE.values(), ids=attacks.LIE)
def test_a_lying_process_fails_alone(grade, tmp_path, code):
    marker = tmp_path / "marker"
    tools = attacks.SEND.format(number=1)
    graded = grade(tools + code.replace("{marker}", str(marker)), WRONG)
    assert earned(graded) == 0
    assert graded.notes
    assert not marker.exists()


# Harm is limited to its own notebook, and to the part of it that does the harm.


@pytest.mark.parametrize("code", attacks.HARM.values(), ids=attacks.HARM)
def test_a_cell_that_does_harm_is_left_out(grade, code):
    assert earned(grade(code, RIGHT)) == FULL


@pytest.mark.parametrize("code", attacks.HOARD.values(), ids=attacks.HOARD)
def test_who_hoards_is_alone_without(grade, code):
    graded = grade(RIGHT, code)
    assert earned(graded) == 0
    assert graded.reports["softmax"]["message"].startswith(("Your softmax stopped", "The process"))


def test_what_one_hoards_others_have(pool, grade, tmp_path):
    path = tmp_path / "hoarder.ipynb"
    hoard = attacks.HOARD["threads"].replace("for _", "try:\n  for _")
    hoard += "except RuntimeError: import time; time.sleep(1.5)"
    path.write_text(json.dumps(new_notebook(cells=[new_code_cell(hoard)])))
    with ThreadPoolExecutor(1) as threads:
        hoarding = threads.submit(pool.grade, path, NAME, SEED)
        submitted = 0
        while not hoarding.done():
            assert earned(grade(RIGHT)) == FULL
            submitted += 1
    assert submitted > 1


@pytest.mark.parametrize("name", ["loop that catches everything", "leave", "crash", "memory"])
def test_a_solution_that_does_harm_fails_alone(grade, name):
    harmful = "def softmax(scores):\n" + indent(attacks.HARM[name].strip("\n"), "    ")
    graded = grade(RIGHT, harmful)
    assert earned(graded) == EXERCISES["causal_mask"].points
    assert graded.reports["softmax"]["message"]


def test_time_for_all_is_limited(pool, monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "limits", replace(LIMITS, seconds=4))
    path = tmp_path / "slow.ipynb"
    slow = [new_code_cell("import time; time.sleep(1.5)") for _ in range(4)]
    path.write_text(json.dumps(new_notebook(cells=[*slow, new_code_cell(RIGHT)])))
    graded = pool.grade(path, NAME, SEED)
    assert earned(graded) == 0
    assert "4 seconds in all" in graded.notes[0]


# Secrets stay secret.


LEAKING = """
import numpy as np
seen = []
def softmax(scores):
    seen.append(scores)
    print(scores)
    raise ValueError(str(np.array(scores).ravel()[:3]))
def attention_scores(query, key):
    return np.array(query) * 0 + np.concatenate([np.ravel(s) for s in seen])[:1]
def causal_mask(length):
    return np.zeros((len(seen), 3), dtype=bool)
"""


def test_feedback_says_nothing_of_secret_cases(pool, tmp_path):
    """Whatever the seed, the same words: so they tell nothing of it."""
    path = tmp_path / "leaking.ipynb"
    path.write_text(json.dumps(new_notebook(cells=[new_code_cell(LEAKING)])))
    first, second = (pool.grade(path, NAME, seed) for seed in (SEED, SEED + 1))
    for reports in (first.reports, second.reports):
        assert "ValueError" in reports["softmax"]["message"]
        assert reports["attention_scores"]["picture"]
    assert first.reports == second.reports
    assert first.notes == second.notes


def test_remembered_values_earn_nothing_for_drawn_ones(grade):
    cases = EXERCISES["softmax"].draw(0)
    table = [(c.inputs["scores"].tolist(), softmax_of(c).tolist()) for c in cases]
    remembering = f"""
import numpy as np
nan = float("nan")
TABLE = {table!r}
def softmax(scores):
    for known, answer in TABLE:
        if np.array_equal(np.array(known, "float32"), scores):
            return np.array(answer, "float32")
    return np.zeros_like(scores)
"""
    report = grade(remembering).reports["softmax"]
    assert not report["passed"] and report["score"] < 0.5
    assert "not for others" in report["message"]


def softmax_of(case):
    import numpy as np

    return np.array(EXERCISES["softmax"].reference(case.inputs["scores"]))


def test_texts_are_short_and_escaped(grade):
    from course_utils.checking.report import Report

    script = "<script>alert(1)</script>"
    graded = grade(f"def softmax(scores): raise ValueError({script!r} + '\\x1b[2J' + 'x' * 10**6)")
    report = Report.from_dict(graded.reports["softmax"])
    assert "&lt;script&gt;" in report.html() and script not in report.html()
    assert "\x1b" not in str(report) and len(str(report)) < 5000


def test_grading_twice_gives_the_same(grade):
    first, second = (grade(RIGHT, inspect.getsource(softmax_of)) for _ in range(2))
    assert first.reports == second.reports
