"""A colour stands in one file: who changes it there has changed it everywhere."""

import re
from pathlib import Path

from course_utils import palette

ROOT = Path(__file__).parent.parent


def colours():
    """All colours of the palette: the single ones and those in its tables."""
    for name, value in vars(palette).items():
        if name.isupper():
            yield from [value] if isinstance(value, str) else value


def pattern():
    """Every way to write one: six digits or, where that is possible, three; capitals or not."""
    short = {f"#{c[1::2]}" for c in colours() if c[1::2] == c[2::2]}
    return re.compile(rf"({'|'.join({*colours(), *short})})(?![0-9a-z])", re.IGNORECASE)


def test_what_is_looked_for():
    found = pattern()
    assert found.search(f"color={palette.BLUE.upper()};") and found.search(palette.SCALE[-1])
    assert found.search(f"#{palette.GREY[1::2]} ")  # "#888888" is also three digits
    assert not found.search("#00000080")  # another colour, which begins like black


def test_no_colour_of_the_palette_stands_anywhere_else():
    places = ("course_utils/**/*.py", "tests/**/*.py", "notebooks/*.py", "benchmarks/*.py")
    files = {path for place in places for path in ROOT.glob(place)}
    files -= {Path(palette.__file__), Path(__file__)}
    assert len(files) > 100
    found = {}
    for path in files:
        if colour := pattern().search(path.read_text(encoding="utf-8")):
            found[path.relative_to(ROOT).as_posix()] = colour[1]
    assert not found, f"take these from course_utils.palette: {found}"
