"""Show a figure together with the words for those who cannot see it."""

import base64
import io
from dataclasses import dataclass
from html import escape

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from course_utils.plots.style import DPI

LARGE = 80_000  # bytes of a PNG


@dataclass(frozen=True)
class Shown:
    """A drawn figure: an image in a notebook, its description in a terminal."""

    html: str
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        return self.html


def show(alt: str) -> None:
    """Display the current figure, with `alt` as its description, and close it.

    Jupyter's own way (the metadata of an image output) loses the description: neither JupyterLab
    4.6 nor nbconvert's default page gives it to the image. So the figure travels as HTML.
    """
    if not plt.get_fignums():
        raise ValueError("There is no figure to show. Draw one first, in the same cell.")
    figure = plt.gcf()
    shown = Shown(image(figure, alt), alt)
    plt.close(figure)  # the notebook would display an open figure a second time
    display(shown)


def image(figure: Figure, alt: str) -> str:
    """Draw a figure as one HTML image that carries its own data and its description."""
    if not alt.strip():
        raise ValueError("A figure needs alt text: one or two sentences that say what it shows.")
    # Without the name of the program that drew it, the same figure is the same bytes.
    kind, data = "png", encode(figure, format="png", metadata={"Software": None})
    if len(data) > LARGE:  # a photo: as JPEG it takes a sixth of that
        kind, data = "jpeg", encode(figure, format="jpeg", pil_kwargs={"quality": 85})
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img alt="{escape(alt)}" style="max-width:100%;background:#ffffff" src="{source}">'


def encode(figure: Figure, **how) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, **how)
    return buffer.getvalue()
