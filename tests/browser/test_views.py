"""Views that draw themselves in a browser: bertviz's model view, and the map to click on."""

import numpy as np

from course_utils import plots

GRID = (3, 5)
COLOUR = """(canvas, [column, row]) =>
    [...canvas.getContext("2d").getImageData(22 * column + 10, 22 * row + 10, 1, 1).data]"""


def test_the_model_view_draws_every_head(page):
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(5), size=(2, 3, 5))  # layers, heads, queries
    tokens = ["red", "disc", "left", "of", "blue"]
    page.set_content(plots.model_view(list(weights), tokens, title="two layers").data)
    frame = page.frame_locator("iframe")
    frame.locator("svg").first.wait_for()
    frame.locator("svg g").first.wait_for()
    lines = frame.locator("svg line")
    page.wait_for_timeout(500)
    assert lines.count() >= 2 * 3 * 5 * 5


def test_the_map_follows_the_mouse_and_the_keys(page):
    places = GRID[0] * GRID[1]
    view = plots.similarity_explorer(np.eye(places), GRID, title="how alike")
    page.set_content(view.data)
    frame = page.frame_locator("iframe")
    canvas, status = frame.locator("canvas"), frame.get_by_role("status")
    dark, bright = (page_colour(canvas, place) for place in [(0, 0), (2, 1)])  # it starts inside
    assert dark != bright

    canvas.click(position={"x": 22 * 4 + 5, "y": 5})
    assert status.text_content().startswith("row 0, column 4:")
    assert page_colour(canvas, (4, 0)) == bright
    assert page_colour(canvas, (2, 1)) == dark

    for key in ["ArrowRight", "ArrowDown", "ArrowLeft"]:  # the first one is at the edge, and stays
        canvas.press(key)
    assert status.text_content().startswith("row 1, column 3:")
    assert page_colour(canvas, (3, 1)) == bright
    assert page_colour(canvas, (4, 0)) == dark


def page_colour(canvas, place):
    return canvas.evaluate(COLOUR, list(place))
