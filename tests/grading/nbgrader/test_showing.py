"""What leaves the sandbox as a page: nothing in it acts, and nothing takes long. Each attack stands
in one notebook, or at one time, with an honest cell that stays as it is."""

import json
import shutil
import threading
import time

import pytest
from bs4 import BeautifulSoup
from grading.page_attacks import ACTS, BOMBS, HONEST, STALLS
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from nbgrader.converters import GenerateFeedback

from course_utils.grading.nbgrader import showing
from course_utils.grading.nbgrader.feedback import FeedbackExporter
from course_utils.grading.nbgrader.policy import NothingRuns
from course_utils.grading.nbgrader.showing import CELL_SECONDS, presentable
from course_utils.grading.submission import limited, reading

CELLS = {"markdown": new_markdown_cell, "raw": new_raw_cell, "code": new_code_cell}
HARMFUL = "script, iframe, object, embed, base, form, input, button, style, link, svg, math, meta"


def page(kind, notebook, *preprocessors):
    points = {"score": 1.0, "max_score": 2.0, "late_penalty": 0.0, "notebook": "01_attention"}
    steps = [CSSHTMLHeaderPreprocessor, *preprocessors]
    exporter = kind(config=GenerateFeedback().config, preprocessors=steps)
    return exporter.from_notebook_node(notebook, {"nbgrader": points})[0]


def body(html):
    return BeautifulSoup(html, "html.parser").body


def acts(element) -> list[str]:
    """What in a part of a page could act, as browsers read it."""
    found = [str(one) for one in element.select(HARMFUL)]
    for one in element.select("*"):
        for name, value in one.attrs.items():
            value = "".join(str(value).split()).lower()
            scheme = value.partition(":")[0]
            bad = name.startswith("on") or (name == "style" and "position" in value)
            bad |= name in ("href", "src") and scheme in ("javascript", "vbscript")
            bad |= name == "href" and scheme == "data" or "image/svg" in value or "url(" in value
            found += [f"{one.name} {name}={value}"] if bad else []
    return found


def alone(source, kind="markdown"):
    return new_notebook(
        cells=[CELLS[kind](HONEST if kind == "markdown" else "x"), CELLS[kind](source)]
    )


@pytest.mark.parametrize("source", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_nothing_acts_in_a_feedback_page(kind, source):
    shown = page(FeedbackExporter, alone(source, kind))
    assert acts(body(shown)) == []
    if kind == "markdown":  # the honest cell beside it is as if it were alone
        assert shown.count("Each row sums to <strong>one</strong>") == 1
        assert 'class="alert alert-info"' in shown


@pytest.mark.parametrize("source", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_nothing_acts_where_another_program_renders_what_was_kept(kind, source):
    kept = presentable(alone(source, kind))
    assert kept.cells[0].source == (HONEST if kind == "markdown" else "x")
    assert acts(body(page(HTMLExporter, kept))) == []


def test_a_page_tells_the_browser_to_run_nothing():
    html = page(FeedbackExporter, alone("text"))
    head = BeautifulSoup(html, "html.parser").head
    first = head.find(True)
    assert first["http-equiv"] == "Content-Security-Policy"
    assert first["content"].startswith("default-src 'none'; base-uri 'none'")
    assert "script" not in first["content"]
    assert "<script" not in html and "http-equiv" not in html.replace(str(first), "", 1)[9000:]


def test_formgrader_is_told_too_before_anything_that_a_student_wrote():
    html = page(HTMLExporter, alone("text"), NothingRuns)
    assert html.index("default-src 'none'") < html.index("</head>") < html.index("Each row sums")


@pytest.mark.parametrize(
    "attached",
    [
        {"a.png": {"image/svg+xml": "PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+"}},
        {"a.png": {'text/html"><script>alert(1)</script>': "eA=="}},
        {"a.png": {"image/png": 'x" onerror="alert(1)'}},
        {"a.png": {}},
        {},
        None,
        ["a.png"],
    ],
)
def test_an_attachment_that_is_no_picture_costs_itself_only(attached):
    cell = {"cell_type": "markdown", "source": "before ![](attachment:a.png) after"}
    data = json.dumps({"cells": [{**cell, "attachments": attached}]}).encode()
    notebook = reading.notebook(data)
    for kind, given in ((FeedbackExporter, notebook), (HTMLExporter, presentable(notebook))):
        shown = body(page(kind, given))
        assert acts(shown) == []
        assert "before" in shown.text and "after" in shown.text


def test_a_pasted_picture_stays():
    cell = {"cell_type": "markdown", "source": "![](attachment:a.png)"}
    data = {"cells": [{**cell, "attachments": {"a.png": {"image/png": "iVBORw0KGgo="}}}]}
    notebook = presentable(reading.notebook(json.dumps(data).encode()))
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in page(FeedbackExporter, notebook)


# Nothing takes long.


@pytest.mark.parametrize(("kind", "source"), STALLS.values(), ids=STALLS)
def test_what_takes_long_is_plain_text(kind, source):
    notebook = presentable(new_notebook(cells=[new_markdown_cell(HONEST), CELLS[kind](source)]))
    assert notebook.cells[0].source == HONEST
    start = time.process_time()
    for exporter in (HTMLExporter, FeedbackExporter):
        page(exporter, notebook)
    assert time.process_time() - start < 10 * CELL_SECONDS


def test_a_slow_neighbour_costs_an_honest_cell_nothing():
    """Many at a time, and a cell's clock is its own process's."""
    slow = [new_markdown_cell(STALLS["spaces"][1] + str(number)) for number in range(3)]
    threads = [threading.Thread(target=presentable, args=[new_notebook(cells=slow)])]
    threads[0].start()
    honest = presentable(new_notebook(cells=[new_markdown_cell(HONEST)]))
    assert honest.cells[0].source == HONEST
    threads[0].join()


def test_all_cells_of_a_notebook_have_one_clock_and_slow_is_not_for_ever():
    cells = [new_markdown_cell(STALLS["spaces"][1] + str(number)) for number in range(20)]
    start = time.monotonic()
    presentable(new_notebook(cells=[new_markdown_cell(HONEST + "!"), *cells]))
    assert showing.SLOW not in showing.KNOWN.values()
    assert time.monotonic() - start < limited.PATIENCE


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_file_that_fills_the_memory_is_a_sentence(tmp_path, text):
    path, honest = tmp_path / "n.ipynb", tmp_path / "honest.ipynb"
    path.write_text(text)
    honest.write_text(json.dumps(alone("text")))
    with pytest.raises(reading.Unreadable, match="too much memory or time|not a Jupyter notebook"):
        reading.read(path)
    assert len(reading.read(honest).cells) == 2


def fail(data):
    raise ValueError(data.decode())


def work(data):
    while True:
        pass


def test_work_elsewhere_ends_at_its_limits(monkeypatch):
    assert limited.run("json:loads", b"[1]") == [1]
    with pytest.raises(limited.TooMuch):
        limited.run("grading.nbgrader.test_showing:work", b"", 0.1)
    with pytest.raises(ValueError, match="because"):
        limited.run("grading.nbgrader.test_showing:fail", b"because")
    assert limited.run("json:loads", b"[1]") == [1]


# In a real browser.


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright")
    if not found:
        pytest.skip("no Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def happens(browser, html, place):
    """What a page does in a browser: alerts, and what it asks for."""
    place.write_text(html)
    opened, seen = browser.new_page(), []
    opened.on("dialog", lambda dialog: (seen.append("alert"), dialog.dismiss()))
    opened.on("requestfinished", lambda request: seen.append(request.url))
    # One that the policy stops fails before it goes anywhere.
    opened.on("requestfailed", lambda r: None if r.failure == "csp" else seen.append(r.url))
    opened.goto(place.as_uri(), wait_until="load")
    for link in opened.locator("#notebook a:not(.anchor-link)").all():
        if "arxiv" not in (link.get_attribute("href") or ""):
            link.click(no_wait_after=True, timeout=2000, force=True)
    opened.wait_for_timeout(500)
    opened.close()
    return [one for one in seen if not one.startswith((place.as_uri(), "data:"))]


def test_a_browser_does_nothing_of_it(browser, tmp_path):
    """All attacks in one page: after the filter; and without it, where only the policy holds."""
    cells = [new_markdown_cell(HONEST), *map(new_markdown_cell, ACTS.values())]
    filtered = page(FeedbackExporter, new_notebook(cells=cells))
    assert happens(browser, filtered, tmp_path / "page.html") == []
    notebook = new_notebook(
        cells=[new_markdown_cell(ACTS[n]) for n in ("script", "picture's event")]
    )
    assert "alert" in happens(browser, page(HTMLExporter, notebook), tmp_path / "stock.html")
    guarded = page(HTMLExporter, notebook, NothingRuns)
    assert "alert" not in happens(browser, guarded, tmp_path / "guarded.html")
