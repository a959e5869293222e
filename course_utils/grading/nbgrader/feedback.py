"""The exporter of feedback pages: nbconvert's, which does once what is the same in a whole class.

All students of a class have the same words before them, and mostly the same code. nbconvert would
compile its templates and set every cell anew for each, then read the whole page back to complete
its pictures. The pages are the same.
"""

import functools
import re

from jinja2 import BytecodeCache
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

# Cells that are kept as HTML: some notebooks' worth, a few megabytes.
KEPT = 1000
# Looks at no character twice, however long a student's text is.
PICTURE = re.compile(r"<img\b([^<>]*)>")
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
        # Not HTMLExporter's own step, which builds a tree of the finished page.
        html, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kwargs)
        return PICTURE.sub(described, html), resources


def described(picture: re.Match) -> str:
    """A picture that has words for those who cannot see it."""
    inside = picture[1]
    within_quotes = inside.count('"') % 2 or inside.count("'") % 2  # that is not where it ends
    if within_quotes or re.search(r"\salt\b", inside):
        return picture[0]
    plain = inside.removesuffix("/")
    return f'<img{plain.rstrip()} alt="{NO_WORDS}"{inside[len(plain) :]}>'
