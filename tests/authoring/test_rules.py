"""Each rule with an example that breaks it, and one notebook that keeps them all."""

import pytest

from course_utils.authoring import rules, source

EXERCISES = {"double": 2}
MARKS = '"grade_id": "double_check", "locked": true, "points": 2'


def faults(path):
    return rules.faults(source.authored(path), EXERCISES)


def test_a_good_notebook_has_no_faults(course):
    assert faults(course / "notebooks" / "01_tiny.py") == []


LONG = "\n".join(f"print({number})" for number in range(7))

BROKEN = [
    ("# # Tiny", "# Tiny", "cell 1 should be the title."),
    ("# Write ", "# " + "so " * 20 * 5 + "\n# Write ", "cell 3 has a line of"),
    ("# Write ", "# so so so so\n" * 30 + "# Write ", "cell 3 has 129 words; 120 is the limit."),
    ("# Write ", "# ### More\n#\n# Write ", "cell 3 has 2 headings; one a cell."),
    ("# Write ", "# ![](cat.png)\n# Write ", "cell 3 shows a picture without saying in words"),
    ("# Write ", '# <img src="c.png">\n# Write ', "cell 3 shows a picture without saying in words"),
    ("math.pi", "math.pi\n" * 21, "cell 6 has 21 lines; 20 is the limit."),
    ("    return x + x", "    x\n" * 30, "cell 4 (double) has 35 lines; 30 is the limit."),
    ("math.pi", f"print({'1 + ' * 30}1)", "cell 6 has a line of 128 columns; 100 fit"),
    ("math.pi", "pie = math.pi", "cell 6 ends with an assignment"),
    ("math.pi", "%matplotlib inline\npie = math.pi", "cell 6 ends with an assignment"),
    ("math.pi", f"{LONG}\n\n# %%\n{LONG}", "cells 6 and 7 are long code without a word between."),
    ('["nbval-ignore-output"]', '["mine"]', "cell 6 has the tag 'mine', which no tool here knows."),
    ("math.pi", "### BEGIN SOLUTION", "cell 6 has a solution without nbgrader metadata."),
    ('"schema_version": 3, "solution": true', '"solution": true', "cell 4 (double) lacks schema_v"),
    ('"schema_version": 3', '"schema_version": 2', "cell 4 (double) has nbgrader schema 2"),
    (MARKS, '"points": 2, "locked": true, "grade_id": "double_check"', "out of alphabetical order"),
    ('"points": 3, ', "", "(why_answer) is graded but has no points."),
    ("# %% nbgrader={\"grade\": true", '# %% tags=["skip-execution"] nbgrader={"grade": true',
     "(double_check) is a check, and a tag there can keep it from being graded."),
    ('"why_answer"', '"double"', "the grade id 'double' names more than one cell."),
    ('"grade_id": "double",', '"grade_id": "treble",', "the exercise 'double' has no solution"),
    ('"grade_id": "double",', '"grade_id": "treble",', "'treble' is graded, but no exercise has"),
    ('"double_check"', '"double_test"', "the exercise 'double' has no check cell 'double_check'"),
    ('check("double", double)', "# %%\nNone", "should say check(\"double\", double) and no more."),
    ('"points": 2', '"points": 1', "the check of 'double' gives 1 points, its exercise 2."),
    ("    ### BEGIN SOLUTION\n", "", "the solution 'double' needs one region"),
    ("math.pi", "double(math.pi)", "cell 6 needs 'double', which the student writes"),
    ("math.pi", "[n for n in map(lambda x: double(x), [1])]", "cell 6 needs 'double'"),
    ("math.pi", 'yours_or_ours("treble", double)', "cell 6 needs 'double'"),
]  # fmt: skip


@pytest.mark.parametrize("old, new, said", BROKEN, ids=lambda value: None)
def test_each_rule_can_be_broken(rewrite, old, new, said):
    found = faults(rewrite(old, new))
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    "mine",
    [
        "double = math.sqrt\ndouble(4.0)",
        "from m import a as double\ndouble",
        'double = yours_or_ours("double", double)\ndouble(4.0)',
    ],
)
def test_a_name_that_a_cell_binds_itself_is_not_the_students(rewrite, mine):
    assert faults(rewrite("math.pi", f"{mine}\n\n# %%\ndouble(9.0)")) == []


def test_formulas_tags_and_links_are_not_words():
    assert (
        rules.count_words("Two words: $$a + b = c$$ [link](http://a.b/c_d) <b>bold</b> – $x y$")
        == 5
    )


@pytest.mark.parametrize(
    "code",
    ["import a\nb = 1", "def f():\n    pass", "for i in x:\n    y = i", "x.y()", "", "%time x"],
)
def test_cells_that_set_up_define_or_show_may_end_as_they_like(code):
    assert not rules.ends_silently(code)
