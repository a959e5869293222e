"""What of a text a person should look at, and what of an honest text is left alone."""

import inspect

import pytest
from grading import attacks

from course_utils.exercises import EXERCISES
from course_utils.grading.sandbox import flags
from course_utils.grading.sandbox.protocol import Malformed
from course_utils.grading.sandbox.session import flags_in_words

HONEST = """
%matplotlib inline
import numpy as np
from keras import ops
from course_utils import plots
from course_utils.exercises import check, hint, progress
from course_utils.reference import attention

def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

re_compiled = [1, 2, 3] * 1000
check("softmax", softmax)
"""

FOUND = {
    "import importlib.util": "machinery",
    "from inspect import getsource": "machinery",
    "f = g.__code__": "inside",
    "from types import FunctionType": "inside",
    "import sys; sys.modules['course_utils']": "modules",
    "exec('x = 1')": "texts",
    "run = __import__": "texts",
    "from course_utils.exercises.attention import softmax": "course",
    "from course_utils.exercises import EXERCISES": "course",
    "import course_utils.checking.guard": "course",
    f"table = '{'x' * 3000}'": "literal",
    f"table = {list(range(3000))}": "literal",
    "def softmax(": "unread",
}


def test_an_honest_text_has_none():
    assert flags.flags_of(HONEST) == set()


@pytest.mark.parametrize("text", FOUND, ids=FOUND.values())
def test_what_honest_texts_hardly_have_is_found(text):
    assert FOUND[text] in flags.flags_of(text)


@pytest.mark.parametrize("name", attacks.COPY)
def test_most_ways_to_our_own_answers_are_seen(name):
    seen = flags.flags_of(attacks.COPY[name])
    plain = ("an attribute of", "what a figure", "attention with a value", "a search of")
    assert seen or name.startswith(plain)


def test_a_long_answer_of_ours_is_known_again_under_another_name():
    exercise = EXERCISES["attend"]
    text = inspect.getsource(exercise.answer)
    changed = text.replace("def attend", "# mine\ndef attend").replace("):", "):\n    'Mine.'\n")
    asked = {"attend": (exercise, [])}
    for source, times in ((text, 1), (changed, 1), (text.replace("value", "v"), 0)):
        said = {"flags": [], "trees": [list(pair) for pair in flags.trees_of(source).items()]}
        found = flags_in_words(said, asked)
        assert len(found) == times and all("Honest answers" in sentence for sentence in found)


def test_short_answers_are_nobodys():
    assert flags.trees_of("def causal_mask(length):\n    return np.tri(length, dtype=bool)") == {}


@pytest.mark.parametrize(
    "said", [{}, {"flags": [], "trees": 1}, {"flags": [[1]], "trees": []}, {"flags": [[[], "x"]]}]
)
def test_what_is_no_flag_is_malformed(said):
    with pytest.raises(Malformed):
        flags_in_words({"trees": [], **said}, {})


def test_a_process_cannot_choose_the_words():
    said = {"flags": [[3, "texts"], [2, "<script>"], ["x", "texts"]], "trees": [["softmax", "0"]]}
    with pytest.raises(Malformed):
        flags_in_words(said, {})
