"""The page "what to teach again tomorrow": a picture and a self-contained HTML file. It names no
student, so that it can be shown to the class."""

import base64
import io
from pathlib import Path

from jinja2 import Environment

from course_utils.grading.report.statistics import Lesson, hardest
from course_utils.palette import EXPECTED, ORANGE, PALE

# Apart in grey and for every kind of colour vision; the letters stand in for them in words.
COLOURS = {"passed": EXPECTED, "not yet": ORANGE, "not solved": PALE}
MOST = 5

PAGES = Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True)
TEMPLATE = PAGES.from_string(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))


def picture(notebook: str, lessons: list[Lesson]) -> bytes:
    """Bars of who passed each exercise, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.9 + 0.42 * len(lessons)), layout="constrained")
    axes = figure.subplots()
    names = [lesson.exercise for lesson in lessons]
    left = [0] * len(lessons)
    parts = {
        "passed": [lesson.passed for lesson in lessons],
        "not yet": [lesson.wrong for lesson in lessons],
        "not solved": [lesson.unsolved for lesson in lessons],
    }
    for (label, counts), hatch in zip(parts.items(), ("", "//", ".."), strict=True):
        bars = axes.barh(
            names, counts, left=left, color=COLOURS[label], hatch=hatch, edgecolor="white"
        )
        bars.set_label(label)
        axes.bar_label(
            bars,
            [str(n) if n else "" for n in counts],
            label_type="center",
            fontsize=9,
            color="white" if label == "passed" else "black",
        )
        left = [before + count for before, count in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("students")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Title": notebook})
    return file.getvalue()


def page(notebook: str, lessons: list[Lesson], png: bytes) -> str:
    """The whole page as HTML that needs no other file and no network."""
    return TEMPLATE.render(
        notebook=notebook,
        students=max((lesson.students for lesson in lessons), default=0),
        in_words=in_words(lessons),
        picture=base64.b64encode(png).decode(),
        lessons=hardest(lessons),
        most=MOST,
    )


def in_words(lessons: list[Lesson]) -> str:
    """The picture for who cannot see it."""
    parts = [
        f"{lesson.exercise}: {lesson.passed} passed, {lesson.wrong} not yet, "
        f"{lesson.unsolved} not solved"
        for lesson in lessons
    ]
    return f"Bars, one for each exercise. {'; '.join(parts)}."
