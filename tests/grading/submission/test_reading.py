"""Files that students hand in, in every state."""

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.grading.submission import reading
from course_utils.grading.submission.reading import Unreadable, read

CELLS = [
    new_markdown_cell("# Hä"),
    new_code_cell("x = 'ü'", metadata={"nbgrader": {"grade_id": "a"}}),
]
PLAIN = json.loads(json.dumps(new_notebook(cells=CELLS)))
OLD = {
    "metadata": {"name": ""},
    "nbformat": 3,
    "nbformat_minor": 0,
    "worksheets": [
        {"cells": [{"cell_type": "heading", "level": 1, "metadata": {}, "source": ["# Hä"]}]},
        {"cells": [{"cell_type": "code", "input": ["x = ", "'ü'"], "outputs": [], "metadata": {}}]},
    ],
}


def texts(path):
    notebook = read(path)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_notebook_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(PLAIN, ensure_ascii=False), encoding=encoding)
    assert texts(path) == ["# Hä", "x = 'ü'"]


def test_other_encodings_lose_only_their_umlauts(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(PLAIN, ensure_ascii=False), encoding="latin-1")
    assert texts(path) == ["# H\ufffd", "x = '\ufffd'"]


@pytest.mark.parametrize("change", [{}, {"nbformat": 4, "nbformat_minor": 0}, {"nbformat": 99}])
def test_any_version(tmp_path, change):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({**PLAIN, **change}))
    assert texts(path) == ["# Hä", "x = 'ü'"]
    path.write_text(json.dumps({**OLD, **change} if not change else {**PLAIN, "metadata": 5}))
    assert texts(path) == ["# Hä", "x = 'ü'"]


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": "code"},
        {"cell_type": ["code"], "source": {"a": 1}},
        {"cell_type": "code", "source": ["x", 5, None], "metadata": "none", "outputs": 7},
        {"cell_type": "markdown", "source": "\ud800", "attachments": {"a": [1]}},
        {"cell_type": "alien", "source": "x", "metadata": {"nbgrader": [1]}, "id": 7},
    ],
)
def test_strange_cells_become_plain_ones(tmp_path, cell):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({**PLAIN, "cells": [cell, "text", None, *PLAIN["cells"]]}))
    assert texts(path)[1:] == ["# Hä", "x = 'ü'"]


def test_pasted_pictures_and_what_nbgrader_wrote_stay(tmp_path):
    path = tmp_path / "n.ipynb"
    picture = {"a.png": {"image/png": "iVBORw0KGgo="}}
    cells = [{**PLAIN["cells"][0], "attachments": picture}, PLAIN["cells"][1]]
    path.write_text(json.dumps({**PLAIN, "cells": cells}))
    first, second = read(path).cells
    assert first.attachments == picture
    assert second.metadata.nbgrader.grade_id == "a"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"cells": [{"cell_type": "co', "in line 1"),
        (b"PK\x03\x04", "in line 1"),
        (b"[]", "it holds no cells"),
        (b"{}", "it holds no cells"),
        (b'{"cells": 5}', "it holds no cells"),
        (b"[" * 10**6, "it is nested too deeply"),
        (json.dumps({"cells": [{}] * 3000}).encode(), "3000 cells"),
    ],
)
def test_a_file_that_is_no_notebook(tmp_path, content, reason):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=f"n.ipynb is not a Jupyter notebook any more: .*{reason}"):
        read(path)


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "FILE_BYTES", 2**20)
    path = tmp_path / "n.ipynb"
    path.write_bytes(bytes(3 * 2**20))
    with pytest.raises(Unreadable, match="has 3 MB"):
        read(path)


def test_outputs_are_never_read_however_many_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "TEXT_BYTES", 2**20)
    text = [r"] } \\ \" outputs", '"outputs": [1]\n']
    output = {"output_type": "stream", "name": "stdout", "text": text * 10**5}
    source = 'x = "outputs", [1, {"outputs": [2]}]'
    cells = [{"cell_type": "code", "outputs": [output, []], "metadata": {}, "source": source}]
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({**PLAIN, "cells": [*cells, *cells, *PLAIN["cells"]]}, indent=1))
    assert path.stat().st_size > 2**21
    assert texts(path) == [source, source, "# Hä", "x = 'ü'"]
    path.write_text(json.dumps({"cells": [{"source": "x" * 2**21}]}))
    with pytest.raises(ValueError, match="2 MB even without its outputs"):
        reading.cells_of(path.read_bytes())  # here: a process of its own would not know the limit


def test_only_ordinary_files_are_read(tmp_path):
    (tmp_path / "real.ipynb").write_text(json.dumps(PLAIN))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name in ("link", "folder", "pipe"):
        with pytest.raises(Unreadable, match="is not an ordinary file"):
            read(tmp_path / f"{name}.ipynb")
    with pytest.raises(Unreadable, match="There is no file gone.ipynb"):
        read(tmp_path / "gone.ipynb")
