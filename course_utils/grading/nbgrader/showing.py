"""Bring what a student wrote into a form that any page can show: nothing in it runs, and nothing in
it takes long.

`clean` makes text of whatever in rendered HTML is not on a list of harmless things; the feedback
pages go through it. And a notebook is changed before it is kept for nbgrader, whose formgrader
renders it in a process that is not ours: what would not come out of `clean` as it was, or does not
come out in time, stays there as plain text, with a sentence.
"""

import hashlib
import html
import json
import re
import signal
import time
from collections.abc import Iterable

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters import Highlight2HTML, strip_files_prefix
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from course_utils.grading.submission import limited

# No script, form, frame, object or style sheet, and nothing that a page's own script looks for.
TAGS = frozenset(
    """a abbr b blockquote br center code dd del details div dl dt em figcaption figure font
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre s samp small span strike strong sub summary
    sup table tbody td tfoot th thead tr tt u ul var""".split()
)
PLAIN = {"align", "alt", "color", "colspan", "height", "lang", "open", "rowspan", "start", "style"}
PLAIN |= {"title", "valign", "width"}
# A style that moves nothing over the rest of the page.
STYLES = """background-color border border-bottom border-collapse border-left border-radius
    border-right border-top color display float font-family font-size font-style font-weight height
    line-height list-style margin margin-bottom margin-left margin-right margin-top max-width
    padding padding-bottom padding-left padding-right padding-top text-align text-decoration
    vertical-align white-space width""".split()
PROTOCOLS = {"http", "https", "mailto", "data"}
PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
# What Pygments and nbconvert give their elements, and Jupyter's coloured boxes.
CLASSES = re.compile(r"([a-z][a-z0-9]?|highlight|language-\w+|anchor-link|alert|alert-[a-z]+)")

# Seconds of the processor for one cell, and for a whole notebook.
CELL_SECONDS, NOTEBOOK_SECONDS = 1.0, 6.0
LONGEST = 200_000
LINE = 500
# Cells whose answer is remembered: most are the same for a whole class.
KEPT = 4000

ACTIVE = "This cell holds HTML that a page could run or load, so it is shown as plain text."
SLOW = "This cell takes too long to show as it is meant, so it is shown as plain text."
LEFT_OUT = (
    "This cell cannot be shown, not even as plain text. It is in the file that was handed in."
)
CUT = "[…] Here {more} more characters are left out."


def allowed(tag: str, name: str, value: str) -> bool:
    """Whether an element keeps an attribute."""
    if name == "href":
        return tag == "a" and not value.strip().lower().startswith("data:")
    if name == "src":
        return tag == "img" and (":" not in value or not data_but_a_picture(value))
    if name == "class":
        return all(map(CLASSES.fullmatch, value.split()))
    if name == "id":  # nbconvert's, by which a link inside the page finds a heading
        return re.fullmatch("h[1-6]", tag) is not None
    return name in PLAIN


def data_but_a_picture(value: str) -> bool:
    return value.strip().lower().startswith("data:") and not PICTURE.fullmatch(value.strip())


CLEANER = bleach.Cleaner(
    tags=TAGS,
    attributes=allowed,
    protocols=PROTOCOLS,
    css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
)


def clean(html: str) -> str:
    """HTML with all that is not known to be harmless turned into text."""
    return CLEANER.clean(html)


def rendered(source: str, attachments: dict | None = None) -> str:
    """Markdown as nbconvert makes HTML of it."""
    renderer = IPythonRenderer(escape=False, attachments=attachments or {})
    return MarkdownWithMath(renderer=renderer).render(source)


def is_clean(html: str) -> bool:
    """Whether rendered text is what `clean` leaves of it, but for how that is spelt."""
    return spelling(html) == spelling(clean(html))


def spelling(html: str) -> str:
    html = re.sub(r"(?<!\s)\s?/>", ">", html)
    html = re.sub(r"&(?!#?\w+;)", "&amp;", html)
    return re.sub(r"<(?![A-Za-z/!?])", "&lt;", html)


# What is done to a notebook before nbgrader keeps it.


def presentable(notebook: NotebookNode) -> NotebookNode:
    """The notebook, with the cells that no page should show as they are turned into plain text."""
    # Plain text is looked at too: what fails as that is left out.
    for change in (as_plain_text, left_out):
        troubles = troubles_of([asked(cell) for cell in notebook.cells])
        for cell, trouble in zip(notebook.cells, troubles, strict=True):
            if trouble:
                change(cell, trouble)
    return notebook


def asked(cell: NotebookNode) -> str:
    """What decides how a cell is shown, as one text."""
    coloured = "magics_language" not in cell.metadata
    kind = cell.cell_type if coloured or cell.cell_type != "code" else "text"
    return json.dumps([kind, cell.source, cell.get("attachments", {})])


def troubles_of(cells: list[str]) -> list[str]:
    """Why each cell is to be plain text, or an empty text. Cells seen before are remembered."""
    new = [cell for cell in dict.fromkeys(cells) if remembered(cell) is None]
    if new:
        try:
            found = limited.run(f"{__name__}:look", json.dumps(new).encode())
        except (limited.TooMuch, ValueError):
            found = [SLOW] * len(new)
        answers = dict(zip(new, found, strict=True))
        # A cell that was slow is looked at again the next time.
        KNOWN.update((hash_of(cell), why) for cell, why in answers.items() if why != SLOW)
        while len(KNOWN) > KEPT:
            KNOWN.pop(next(iter(KNOWN)))
    else:
        answers = {}
    return [answers[cell] if cell in answers else remembered(cell) for cell in cells]


KNOWN: dict[bytes, str] = {}


def remembered(cell: str) -> str | None:
    return KNOWN.get(hash_of(cell))


def hash_of(cell: str) -> bytes:
    return hashlib.sha256(cell.encode()).digest()


def as_plain_text(cell: NotebookNode, why: str) -> None:
    text = cell.source
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n{CUT.format(more=len(text) - LONGEST)}"
    # What nbconvert's templates look for goes over the rest of a line at each bracket.
    text = re.sub(f"(.{{{LINE}}})", r"\1\n", text)
    cell.pop("attachments", None)
    if cell.cell_type == "code":
        cell.source = f"# {why}\n{text}"
        cell.metadata["magics_language"] = "text"  # nbconvert colours nothing then
        return
    # A fence longer than any in the text: nothing inside it can end it.
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 3)
    fence = (
        fence if len(fence) < 100 else "~" * (max(map(len, re.findall("~+", text)), default=0) + 3)
    )
    cell.source = f"*{why}*\n\n{fence}\n{text}\n{fence}"
    if cell.cell_type == "raw":
        cell.source = html.escape(text)


def left_out(cell: NotebookNode, why: str) -> None:
    cell.source = LEFT_OUT


# In a process of its own.


class Slow(Exception):
    """A cell's time was up."""


def look(data: bytes) -> list[str]:
    """Why each of some cells cannot be shown as it is, or an empty text."""
    signal.signal(signal.SIGPROF, time_is_up)
    return list(looked_at(json.loads(data)))


def looked_at(cells: Iterable[str]):
    start = time.process_time()
    for cell in cells:
        left = NOTEBOOK_SECONDS - (time.process_time() - start)
        yield trouble_of(*json.loads(cell), seconds=min(left, CELL_SECONDS))


def trouble_of(kind: str, source: str, attachments: dict, seconds: float) -> str:
    if seconds <= 0 or len(source) > LONGEST + 1000:
        return SLOW
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        if kind in ("code", "text"):
            Highlight2HTML("ipython3" if kind == "code" else "text")(source)
            return ""
        html = source if kind == "raw" else rendered(source, attachments)
        strip_files_prefix(html)  # the templates do so
        return "" if is_clean(html) else ACTIVE
    except Slow:
        return SLOW
    except Exception:  # of nbconvert's, such as for an attachment that is not there
        return ACTIVE
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def time_is_up(*_):
    raise Slow
