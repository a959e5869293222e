"""Feedback pages: the ones that nbgrader would make, without its waste."""

import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.converters import GenerateFeedback

from course_utils.grading.nbgrader.feedback import NO_WORDS, FeedbackExporter, highlighted

MARKS = {"grade": True, "solution": True, "locked": False, "task": False, "points": 2.0}


def notebook(answer="y = 1"):
    """What students' notebooks hold: words, answers, magics, pictures with and without words."""
    graded = {"nbgrader": {**MARKS, "grade_id": "softmax", "score": 1.0, "comment": "*Almost*"}}
    picture = new_output("display_data", {"image/png": "iVBORw0KGgo="})
    described = new_output("display_data", {"text/html": '<img alt="a slope" src="x.png"><p>open'})
    return new_notebook(
        cells=[
            new_markdown_cell("# Softmax\n$e^x$ and <b>bold</b>\n\n![](a.png) <img src=b.png>"),
            new_markdown_cell("<img title='a > b' alt='c' src=d.png> <img src='e.png' />"),
            new_code_cell(answer, metadata=graded, outputs=[picture, described]),
            new_code_cell("%%bash\nls | wc"),
            new_code_cell("", outputs=[new_output("stream", text="<img> said & done")]),
        ],
        metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}},
    )


def page(kind, of):
    config = GenerateFeedback().config
    exporter = kind(config=config, preprocessors=[CSSHTMLHeaderPreprocessor])
    points = {"score": 1.0, "max_score": 2.0, "late_penalty": 0.0, "notebook": "01_attention"}
    return exporter.from_notebook_node(of, {"nbgrader": points})[0]


def without_scripts(page):
    """A page without nbgrader's own scripts, and without what ours tells the browser of them."""
    soup = BeautifulSoup(str(page), "html.parser")
    for element in soup.select("head script, head meta[http-equiv], head meta[name=referrer]"):
        element.decompose()
    return "\n".join(line for line in str(soup).splitlines() if line.strip())


def test_the_page_is_the_one_that_nbgrader_would_make():
    given = notebook()
    ours = BeautifulSoup(page(FeedbackExporter, given), "html.parser")
    assert without_scripts(ours) == without_scripts(page(HTMLExporter, given))
    assert [picture["alt"] for picture in ours.select("img")].count(NO_WORDS) == 3
    assert "a slope" in str(ours) and "Almost" in str(ours)


@pytest.mark.parametrize("answer", ["y = 2", "raise ValueError('<b>')", ""])
def test_what_is_kept_from_one_student_is_not_shown_to_the_next(answer):
    first, ours = page(FeedbackExporter, notebook("secret = 7")), notebook(answer)
    assert "secret" in first
    assert "secret" not in page(FeedbackExporter, ours)
    assert without_scripts(page(FeedbackExporter, ours)) == without_scripts(
        page(HTMLExporter, ours)
    )


def test_what_is_kept_has_bounds():
    for number in range(highlighted.cache_info().maxsize + 10):
        highlighted(f"x = {number}", "ipython3")
    about = highlighted.cache_info()
    assert about.currsize == about.maxsize
