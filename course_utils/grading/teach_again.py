"""The page "what to teach again tomorrow": a picture and a self-contained HTML file. It names no
student, so that it can be shown to the class."""

import base64
import io
from html import escape

from course_utils.grading.statistics import Lesson, hardest
from course_utils.palette import EXPECTED, ORANGE, PALE

# Apart in grey and for every kind of colour vision; the letters stand in for them in words.
COLOURS = {"passed": EXPECTED, "not yet": ORANGE, "not solved": PALE}
MOST = 5

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fff }
h1 { font-size: 1.6em } h2 { font-size: 1.15em; margin: 1.8em 0 .2em }
.share { color: #555 } img { max-width: 100% } li { margin: .35em 0 }
.count { font-weight: 600 }
"""


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
    students = max((lesson.students for lesson in lessons), default=0)
    image = base64.b64encode(png).decode()
    parts = [
        f"<h1>What to teach again: {escape(notebook)}</h1>",
        f"<p>{students} notebooks were graded. The exercise that fewest passed comes first.</p>",
        f'<img alt="{escape(in_words(lessons))}" src="data:image/png;base64,{image}">',
        *map(section, hardest(lessons)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>What to teach again: {escape(notebook)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def section(lesson: Lesson) -> str:
    head = f"<h2>{escape(lesson.title)} <code>{escape(lesson.exercise)}</code></h2>"
    share = f"{lesson.passed} of {lesson.students} passed ({lesson.share:.0%})"
    if lesson.unsolved:
        share += f", {lesson.unsolved} did not solve it"
    items = "".join(
        f'<li><span class="count">{common.students} × {escape(common.name)}.</span> '
        f"{escape(common.sentence)}</li>"
        for common in lesson.mistakes[:MOST]
    )
    others = sum(common.students for common in lesson.mistakes[MOST:])
    if others:
        items += f"<li>{others} more, each with something rarer.</li>"
    mistakes = f"<ol>{items}</ol>" if items else ""
    return f'<section>{head}<p class="share">{share}.</p>{mistakes}</section>'


def in_words(lessons: list[Lesson]) -> str:
    """The picture for who cannot see it."""
    parts = [
        f"{lesson.exercise}: {lesson.passed} passed, {lesson.wrong} not yet, "
        f"{lesson.unsolved} not solved"
        for lesson in lessons
    ]
    return f"Bars, one for each exercise. {'; '.join(parts)}."
