"""bertviz's views of attention between tokens, made to draw in every notebook."""

import contextlib
import re
import sys
import types
import warnings
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from IPython.display import HTML

DECIMALS = 4  # finer than a line's opacity shows, and short to store


def token_view(
    weights: np.ndarray | Sequence[np.ndarray],
    tokens: Sequence[str],
    *,
    title: str,
    height: int | None = None,
) -> HTML:
    """Show attention as lines between tokens, one colour a head: bertviz's head view.

    weights (h, N, N), or a list of those by layer; N tokens; height in pixels.
    """
    bertviz = load_bertviz()
    # One line is 22.5 pixels in bertviz's script; the rest is the layer menu and the head colours.
    height = height or round(22.5 * len(tokens)) + 110
    layers = arrays(bertviz, weights)
    return frame(page(bertviz.head_view, layers, tokens), title, height)


def model_view(
    weights: np.ndarray | Sequence[np.ndarray],
    tokens: Sequence[str],
    *,
    title: str,
    height: int | None = None,
) -> HTML:
    """Show every head of every layer as a thumbnail, to click on: bertviz's model view.

    weights (h, N, N), or a list of those by layer; N tokens; height in pixels.
    """
    bertviz = load_bertviz()
    layers = arrays(bertviz, weights)
    heads = layers[0].shape[1]
    # As in bertviz's script: a thumbnail's line is 84 / heads pixels, a detail's 18.
    thumbnails = len(layers) * (len(tokens) * 84 / heads + 10) + 40
    height = height or round(max(thumbnails, 18 * len(tokens) + 55)) + 40
    return frame(page(bertviz.model_view, layers, tokens, display_mode="light"), title, height)


def load_bertviz() -> types.ModuleType:
    with lend_stack():
        import bertviz
        import bertviz.util
    return bertviz


@contextlib.contextmanager
def lend_stack() -> Iterator[None]:
    """Let bertviz be imported without PyTorch, of which its views use `stack` alone.

    The loan ends with the import, so that nobody else takes it for PyTorch.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        lent = types.ModuleType("torch")
        lent.stack = np.stack
        sys.modules["torch"] = lent
        try:
            yield
        finally:
            del sys.modules["torch"]
    else:
        yield


class Sized(np.ndarray):
    """An array that answers .size(axis) as a tensor does: bertviz's model view asks it to."""

    def size(self, axis: int) -> int:
        return self.shape[axis]


def arrays(bertviz: types.ModuleType, weights) -> list:
    """Make what bertviz takes: one (1, h, N, N) for each layer, tensors where PyTorch is there."""
    layers = [weights] if getattr(weights, "ndim", None) == 3 else weights
    rounded = [np.round(np.asarray(layer, dtype=float), DECIMALS)[None] for layer in layers]
    as_tensor = getattr(bertviz.util.torch, "as_tensor", lambda array: array.view(Sized))
    return [as_tensor(layer) for layer in rounded]


def page(view, layers: list, tokens: Sequence[str], **options) -> str:
    """Have bertviz write its HTML, and be silent about the files it forgets to close."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return view(layers, list(tokens), html_action="return", **options).data


def frame(body: str, title: str, height: int) -> HTML:
    """Put a page of bertviz's into an iframe.

    In the notebook's own page its script would race the one that loads require.js. The sandbox
    keeps scripts from another host away from the notebook, and the id that bertviz draws at random
    is fixed, so that the same weights give the same output.
    """
    body = re.sub(r"bertviz-[0-9a-f]{32}", "bertviz", body)
    return HTML(
        f'<div><iframe title="{escape(title)}" sandbox="allow-scripts" width="100%" '
        f'height="{height}" style="border:0;background:#ffffff" srcdoc="{escape(body)}">'
        "</iframe></div>"
    )
