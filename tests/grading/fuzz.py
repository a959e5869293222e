"""Mutated submissions, from a seed: what students, editors, merges and malice do to notebooks.

Each is a real submission with a few changes, of the file, of its structure, or of its code. To run
many of them through everything, with the sandbox and nbgrader:

    PYTHONPATH=tests python tests/grading/fuzz.py 1000 [SEED]
"""

import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import numpy as np
from nbformat import NotebookNode

from course_utils.grading.demo import students

STRANGE = [
    None,
    True,
    0,
    -1,
    2**70,
    1e400,
    "",
    "\0",
    "\ud800",
    "ü" * 5000,
    [],
    {},
    [[[]]],
    {"a": []},
]
NAMES = [
    "softmax",
    "softmax_check",
    "attend",
    "attend_check",
    "nobody",
    "",
    "a b",
    "../x",
    "\u202e",
]
LINES = [
    "raise SystemExit",
    "import os; os._exit(1)",
    "import os; os.kill(os.getpid(), 9)",
    "raise KeyboardInterrupt",
    "exit()",
    "del np, ops",
    "print = open = len = None",
    "import sys; sys.modules.clear()",
    "import sys; sys.stdout.close(); sys.stderr.close()",
    "import sys; sys.setrecursionlimit(30)",
    "%%bash",
    "!rm -rf ~ /",
    "%matplotlib inline",
    "x = 'not closed",
    "\tmixed = 'indentation'",
    "def softmax(*a): return softmax(*a)",
    "class attend: pass",
    "softmax = attend = 5",
    "np.asarray = np.array = lambda *a, **k: None",
    "globals().clear()",
    "input()",
    "'\ud83d'",
    "print('x' * 10**7)",
    "[0] * 10**10",
    "import threading; threading.Thread(target=input).start()",
    "from course_utils.grading.sandbox import pool",
    "import keras; keras.config.set_floatx('float16')",
    "await something",
    "return 5",
    "# coding: no-such-encoding",
]


def mutations(released: NotebookNode, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(student, bytes of the file) for so many mutated submissions, the same for the same seed."""
    originals = [text for _, text in students.submissions(released)]
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        text = originals[rng.integers(len(originals))]
        yield f"fuzz-{number:04d}", mutate(text, rng)


def mutate(text: str, rng: np.random.Generator) -> bytes:
    """A few changes to the notebook, then with luck some to the file."""
    try:
        notebook = json.loads(text)
    except ValueError:
        return damaged(text.encode(), rng)
    for _ in range(rng.integers(1, 6)):
        change = CHANGES[rng.integers(len(CHANGES))]
        try:
            change(notebook, rng)
        except (LookupError, TypeError, AttributeError, ValueError):
            continue  # an earlier change left nothing that this one could be made to
    data = json.dumps(notebook).encode()
    return damaged(data, rng) if rng.random() < 0.15 else data


def pick(things, rng):
    """One of the things; a copy, as a later change may be made inside it."""
    return deepcopy(things[int(rng.integers(len(things)))])


def any_cell(notebook, rng):
    """One of the cells, of those with an exercise more often than not."""
    marked = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    cells = marked if marked and rng.random() < 0.7 else notebook["cells"]
    return cells[int(rng.integers(len(cells)))]


# Changes to a notebook.


def drop_cell(notebook, rng):
    notebook["cells"].remove(any_cell(notebook, rng))


def copy_cell(notebook, rng):
    place = int(rng.integers(len(notebook["cells"]) + 1))
    notebook["cells"].insert(place, deepcopy(any_cell(notebook, rng)))


def shuffle_cells(notebook, rng):
    cells = notebook["cells"]
    notebook["cells"] = [cells[int(place)] for place in rng.permutation(len(cells))]


def other_kind(notebook, rng):
    any_cell(notebook, rng)["cell_type"] = pick(["code", "markdown", "raw", "heading", "", 7], rng)


def other_name(notebook, rng):
    any_cell(notebook, rng)["metadata"]["nbgrader"]["grade_id"] = pick(NAMES + STRANGE, rng)


def other_mark(notebook, rng):
    marks = any_cell(notebook, rng)["metadata"]["nbgrader"]
    marks[pick(["points", "grade", "solution", "locked", "schema_version"], rng)] = pick(
        STRANGE, rng
    )


def lose_marks(notebook, rng):
    any_cell(notebook, rng)["metadata"] = pick(STRANGE + [{"nbgrader": {}}], rng)


def tag(notebook, rng):
    any_cell(notebook, rng)["metadata"]["tags"] = ["skip-execution", "raises-exception"]


def other_field(notebook, rng):
    cell = any_cell(notebook, rng)
    cell[pick([*cell, "more"], rng)] = pick(STRANGE, rng)


def lose_field(notebook, rng):
    cell = any_cell(notebook, rng)
    del cell[pick(list(cell), rng)]


def replace_cell(notebook, rng):
    notebook["cells"][int(rng.integers(len(notebook["cells"])))] = pick(STRANGE, rng)


def other_head(notebook, rng):
    notebook[pick(["nbformat", "nbformat_minor", "metadata", "cells", "more"], rng)] = pick(
        STRANGE, rng
    )


def forged_output(notebook, rng):
    mime = "application/vnd.vision-transformer-course.report+json"
    data = {mime: {"exercise": "softmax", "earned": 100, "passed": True}, "text/plain": "100.0"}
    output = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
    any_cell(notebook, rng)["outputs"] = [output] * int(rng.integers(1, 4))


def lines_of(notebook, rng):
    cell = any_cell(notebook, rng)
    source = cell["source"]
    return cell, ("".join(source) if isinstance(source, list) else source).split("\n")


def drop_line(notebook, rng):
    cell, lines = lines_of(notebook, rng)
    lines.pop(rng.integers(len(lines)))
    cell["source"] = "\n".join(lines)


def strange_line(notebook, rng):
    cell, lines = lines_of(notebook, rng)
    indent = pick(["", "    "], rng)
    lines.insert(rng.integers(len(lines) + 1), indent + pick(LINES, rng))
    cell["source"] = "\n".join(lines)


def cut_source(notebook, rng):
    cell, lines = lines_of(notebook, rng)
    text = "\n".join(lines)
    cell["source"] = text[: rng.integers(len(text) + 1)]


def swap_words(notebook, rng):
    cell, lines = lines_of(notebook, rng)
    old, new = (
        pick(["axis", "-1", "key", "query", "mask", "return", "np", "("], rng),
        pick(["0", "None", "lambda", "1j", "ops", "'text'", ""], rng),
    )
    cell["source"] = "\n".join(lines).replace(old, new)


def source_as_list(notebook, rng):
    cell, lines = lines_of(notebook, rng)
    cell["source"] = [*lines, pick(STRANGE, rng)]


CHANGES = [
    drop_cell,
    copy_cell,
    shuffle_cells,
    other_kind,
    other_name,
    other_mark,
    lose_marks,
    tag,
    other_field,
    lose_field,
    replace_cell,
    other_head,
    forged_output,
    drop_line,
    strange_line,
    strange_line,
    cut_source,
    swap_words,
    source_as_list,
]


# Changes to a file.


def damaged(data: bytes, rng) -> bytes:
    kind = rng.integers(8)
    if kind == 0:
        return data[: rng.integers(len(data))]
    if kind == 1:
        return data.decode(errors="replace").encode("utf-16", errors="replace")
    if kind == 2:
        return b"\xef\xbb\xbf" + data
    if kind == 3:
        return pick(
            [b"", b"\0" * 100, b"[" * 50_000, b"{}", b"null", b'"text"', b"\x80\x04K\x05."], rng
        )
    if kind == 4:
        return b"<<<<<<< HEAD\n" + data[:3000] + b"\n=======\n" + data + b"\n>>>>>>> theirs\n"
    changed = bytearray(data)
    for place in rng.integers(len(data), size=int(rng.integers(1, 30))) if data else ():
        changed[place] = rng.integers(256)
    return bytes(changed)


def main(count: int, seed: int) -> None:
    """Grade a class of mutated notebooks as `course grade` does, and see that nobody was lost."""
    import os
    import tempfile

    import nbformat

    from course_utils.grading.classroom.grade_all import grade_class
    from course_utils.grading.nbgrader.gradebook import Records

    folder = Path(tempfile.mkdtemp(prefix="course-fuzz-"))
    students.make_class(folder)
    for path in (folder / "submitted").glob("*/*/*.ipynb"):
        path.unlink()
    path = folder / "release" / students.NOTEBOOK / f"{students.NOTEBOOK}.ipynb"
    for student, data in mutations(nbformat.read(path, as_version=4), count, seed):
        path = folder / "submitted" / student / students.NOTEBOOK / f"{students.NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    done = grade_class(folder, students.NOTEBOOK, workers=os.cpu_count() or 1)
    standings = Records(folder).standings(students.NOTEBOOK)
    full = [s for s in standings.values() if None not in s.automatic.values()]
    print(
        f"{folder}: all in the gradebook: {done}; {len(standings)} of {count} have an entry there"
    )
    print(f"{len(full)} with points for every cell, the others have an answer to read")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
