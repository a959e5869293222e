import base64
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from course_utils import plots
from course_utils.plots import display

TWO_CELLS = [
    'from course_utils import plots\nplots.bars([1, 2], ["a", "b"])\nplots.show("Two \\"bars\\".")',
    "plots.temperature_explorer([1, 2], ['a', 'b'])",
]


@pytest.fixture(scope="module")
def notebook():
    """Run two cells in a real kernel, with the backend a notebook has."""
    cells = [nbformat.v4.new_code_cell(source) for source in TWO_CELLS]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    book = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    return book


def test_a_figure_appears_once_and_says_what_it_shows(notebook):
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/plain"] == 'Two "bars".'
    assert output.data["text/html"].startswith('<img alt="Two &quot;bars&quot;."')


def test_the_alt_text_reaches_an_exported_page(notebook):
    page = HTMLExporter().from_notebook_node(notebook)[0]
    image = BeautifulSoup(page, "html.parser").find("img")
    assert image["alt"] == 'Two "bars".'


def test_the_explorer_is_one_widget_and_no_figure(notebook):
    (output,) = notebook.cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data


def test_show_closes_the_figure_and_returns_nothing(capsys):
    plots.bars([1.0], ["a"])
    assert plots.show("One bar.") is None
    assert plt.get_fignums() == []
    assert capsys.readouterr().out == "One bar.\n"


def test_nothing_to_show():
    with pytest.raises(ValueError, match="no figure to show"):
        plots.show("Nothing.")


@pytest.mark.parametrize("alt", ["", "  "])
def test_alt_text_is_not_optional(alt):
    plots.bars([1.0], ["a"])
    with pytest.raises(ValueError, match="alt text"):
        plots.show(alt)


def drawn(html):
    kind, data = re.search('src="data:image/([a-z]+);base64,([^"]+)"', html).groups()
    return kind, base64.b64decode(data)


def test_the_same_figure_is_the_same_bytes():
    first, second = (
        display.image(plots.heatmap(np.eye(5)).figure, "An identity matrix.") for _ in range(2)
    )
    assert first == second
    kind, data = drawn(first)
    assert kind == "png" and data.startswith(b"\x89PNG") and len(data) < 60_000


def test_a_photo_stays_small():
    photo = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    axes = plots.receptive_field(photo, 16, (5, 7), np.ones((14, 14)), [1, 2, 3])
    kind, data = drawn(display.image(axes[0].figure, "Noise."))
    assert kind == "jpeg" and len(data) < 200_000  # noise is the worst case
