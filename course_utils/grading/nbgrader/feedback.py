"""The exporter of feedback pages: nbconvert's, which does once what is the same in a whole class.

All students of a class have the same words before them, and mostly the same code. nbconvert would
compile its templates and set every cell anew for each, then read the whole page back to complete
its pictures. The pages are the same, but for what could act in them: they hold no script, not even
nbgrader's own, and tell the browser to run none and to load nothing.
"""

import functools
import re

from jinja2 import BytecodeCache, pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import InvalidNotebook
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

from course_utils.grading.nbgrader.policy import FEEDBACK
from course_utils.grading.nbgrader.showing import clean, rendered

# Cells that are kept as HTML: some notebooks' worth, a few megabytes.
KEPT = 1000
# Looks at no character twice, however long a student's text is.
PICTURE = re.compile(r"<img\b([^<>]*)>")
# The template's: MathJax from the web, which the page could not load.
SCRIPT = re.compile(r"<script\b[^<>]*>.*?</script>", re.S)
HEAD = "<head>"
# nbconvert's own sentence.
NO_WORDS = "No description has been provided for this image"


class InMemory(BytecodeCache):
    """Compiled templates, for as long as this process lives."""

    kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket):
        if code := self.kept.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket):
        self.kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


class Highlighter(Highlight2HTML):
    """Colours code, each text once."""

    def __call__(self, source, language=None, metadata=None):
        if metadata and "magics_language" in metadata:
            return super().__call__(source, language, metadata)
        return highlighted(source, language or self.pygments_lexer)


@functools.lru_cache(KEPT)
def highlighted(source: str, language: str) -> str:
    return Highlight2HTML(language)(source)


@pass_context
def safe_markdown(context, source: str) -> str:
    """Markdown as HTML in which nothing acts. Most texts are those of a whole class."""
    pictures = context.get("cell", {}).get("attachments", {})
    return cleaned(source) if not pictures else with_pictures(source, pictures)


@functools.lru_cache(KEPT)
def cleaned(source: str) -> str:
    return with_pictures(source, {})


def with_pictures(source: str, pictures: dict) -> str:
    try:
        return clean(rendered(source, pictures))
    except InvalidNotebook:  # a picture that is not there costs itself, not the page
        return clean(rendered(source.replace("attachment:", "missing:"), {}))


class FeedbackExporter(HTMLExporter):
    """Give it to nbgrader as `c.GenerateFeedback.exporter_class`."""

    def _create_environment(self):
        environment = super()._create_environment()
        environment.bytecode_cache = InMemory()
        return environment

    def from_notebook_node(self, nb, resources=None, **kwargs):
        language = nb.metadata.get("language_info", {})
        lexer = language.get("pygments_lexer", language.get("name"))
        resources = self._init_resources(resources)
        widgets = WidgetsDataTypeFilter(
            notebook_metadata=self._nb_metadata, parent=self, resources=resources
        )
        self.register_filter("highlight_code", Highlighter(pygments_lexer=lexer, parent=self))
        self.register_filter("filter_data_type", widgets)
        self.register_filter("markdown2html", safe_markdown)
        # Not HTMLExporter's own step, which builds a tree of the finished page.
        html, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kwargs)
        before, head, after = html.partition(HEAD)
        scripts, end, after = after.partition("</head>")
        html = before + head + FEEDBACK + SCRIPT.sub("", scripts) + end + after
        return PICTURE.sub(described, html), resources

    def _preprocess(self, nb, resources):
        nb, resources = super()._preprocess(nb, resources)
        for cell in nb.cells:
            if cell.cell_type == "raw":  # the template takes it for HTML
                cell.source = clean(cell.source)
        return nb, resources


def described(picture: re.Match) -> str:
    """A picture that has words for those who cannot see it."""
    inside = picture[1]
    within_quotes = inside.count('"') % 2 or inside.count("'") % 2  # that is not where it ends
    if within_quotes or re.search(r"\salt\b", inside):
        return picture[0]
    plain = inside.removesuffix("/")
    return f'<img{plain.rstrip()} alt="{NO_WORDS}"{inside[len(plain) :]}>'
