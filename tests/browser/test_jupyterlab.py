"""Notebook 01 as a student meets it: JupyterLab in Chromium, from Run All to a named mistake.

The tests share one page and go on from each other, in this order.
"""

import re

import pytest

EXERCISES = (
    "softmax",
    "attention_scores",
    "attend",
    "causal_mask",
    "padding_mask",
    "reversal_queries_keys",
    "is_permutation_equivariant",
)
MISTAKEN = """\
def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=None, keepdims=True))
    return exponentials / exponentials.sum(axis=None, keepdims=True)
"""
SENTENCE = "All your entries together sum to 1."
DRAWN = "image => image.complete && image.naturalWidth > 0"


@pytest.mark.parametrize("name", EXERCISES)
def test_an_unsolved_check_says_so(notebook, name):
    check = notebook.graded(f"{name}_check")
    # The text as it is in the page: JupyterLab lays out an output only when it comes into view.
    assert "not solved yet" in check.locator(".jp-OutputArea").text_content()
    if name == EXERCISES[0]:
        notebook.shoot(check, "unsolved_check")


def test_the_unsolved_notebook_runs_without_an_error(notebook, page):
    stderr = page.locator("[data-mime-type='application/vnd.jupyter.stderr']")  # errors, and noise
    assert stderr.filter(has_text=re.compile("Error:|Traceback")).all_text_contents() == []


def test_every_picture_is_drawn_and_described(notebook, page):
    images = page.locator(".jp-OutputArea-output img")
    assert images.count() >= 10
    for image in images.all():
        assert len(image.get_attribute("alt") or "") > 10
        assert image.evaluate(DRAWN)
    cell = notebook.with_source("plots.receptive_field(")
    notebook.shoot(cell, "receptive_field")


def test_a_slider_moved_by_keyboard_redraws(notebook, page):
    cell = notebook.with_source("plots.temperature_explorer(")
    sliders = cell.get_by_role("slider")
    assert sliders.count() == 2
    picture, words = cell.locator("img"), cell.get_by_text("Entropy")
    drawn, said = picture.get_attribute("src"), words.text_content()
    notebook.shoot(cell, "explorer_before")
    sliders.nth(1).focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([cell, said]) => !cell.textContent.includes(said)",
        arg=[cell.element_handle(), said],
    )
    assert picture.get_attribute("src") != drawn
    assert picture.evaluate(DRAWN)
    notebook.shoot(cell, "explorer_after")


def test_bertviz_draws_in_its_frame(notebook, page):
    cell = notebook.with_source("plots.token_view(")
    frame = cell.frame_locator("iframe")
    frame.locator("svg text", has_text="slept").first.wait_for()
    assert frame.locator("svg line").count() > 10
    assert frame.locator("#layer option").count() == 1
    assert cell.locator("iframe").get_attribute("title")
    notebook.shoot(cell, "bertviz")


def test_a_mistake_is_named_and_drawn(notebook, page):
    cell, check = notebook.graded("softmax"), notebook.graded("softmax_check")
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(MISTAKEN)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    check.get_by_text(SENTENCE).wait_for()
    picture = check.locator("img")
    assert picture.evaluate(DRAWN)
    assert "expected shape" in picture.get_attribute("alt")
    notebook.shoot(check, "mistake_named")
    notebook.shoot(page, "page")


def test_nothing_else_was_asked_of_the_network(notebook, page):
    # The badges on top of the notebook are pictures from their makers' sites.
    assert [url for kind, url in page.refused if kind != "image"] == []
