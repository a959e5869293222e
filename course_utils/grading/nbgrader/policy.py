"""What a page with a student's words tells the browser: to run nothing that comes with them, and to
load nothing from anywhere. It holds where everything else has failed."""

from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.preprocessors import Preprocessor

META = '<meta http-equiv="Content-Security-Policy" content="{policy}">'
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"

# A page that is a file by itself.
FEEDBACK = META.format(
    policy=f"{NOTHING}; style-src 'unsafe-inline'; img-src data:; font-src data:"
)
FEEDBACK += '<meta name="referrer" content="no-referrer">'
# formgrader's page has scripts, loaded before this is read, that speak to its server.
FORMGRADER = META.format(
    policy=f"{NOTHING}; style-src 'self' 'unsafe-inline'; img-src data:; font-src 'self' data:; "
    "connect-src 'self'"
)


class Styles(dict):
    """The styles of a page, which have the policy among them whatever is set."""

    def __setitem__(self, name, value):
        policy = [f"</style>{FORMGRADER}<style>"] if name == "css" else []
        super().__setitem__(name, [*policy, *value])


class Resources(ResourcesDict):
    def __setitem__(self, name, value):
        super().__setitem__(name, Styles() if name == "inlining" else value)


class NothingRuns(Preprocessor):
    """Give it to nbconvert's exporters as `c.HTMLExporter.preprocessors`, for formgrader.

    nbgrader's template has its own scripts first, then the styles that it is given, then what
    students wrote. So the policy goes in with the styles. The last step before the template, which
    no configuration comes after, is the one that sets them.
    """

    enabled = True

    def preprocess(self, nb, resources):
        guarded = Resources()
        guarded.update(resources)
        guarded["inlining"] = {}
        guarded["inlining"]["css"] = resources.get("inlining", {}).get("css", [])
        return nb, guarded
