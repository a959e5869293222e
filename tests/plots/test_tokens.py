import html
import re
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from course_utils import plots

TOKENS = ["the", "cat", "<s>", "sat", "down"]
VIEWS = [plots.token_view, plots.model_view]


def weights(seed=0):
    drawn = np.random.default_rng(seed).random((3, 5, 5))
    return drawn / drawn.sum(-1, keepdims=True)


def inside(view):
    """The page inside the iframe."""
    return html.unescape(re.search('srcdoc="([^"]*)"', view.data)[1])


@pytest.mark.parametrize("view", VIEWS)
def test_an_iframe_with_a_title_a_height_and_the_tokens(view):
    shown = view(weights(), TOKENS, title="Heads & tails", height=321)
    assert 'title="Heads &amp; tails"' in shown.data
    assert 'height="321"' in shown.data
    assert shown.data.count("<iframe") == 1
    assert '"left_text": ["the", "cat", "<s>", "sat", "down"]' in inside(shown)
    assert str(round(weights()[2, 4, 3], 4)) in inside(shown)


@pytest.mark.parametrize("view", VIEWS)
def test_same_weights_same_output(view):
    assert view(weights(), TOKENS, title="a").data == view(weights(), TOKENS, title="a").data


@pytest.mark.parametrize("view", VIEWS)
def test_the_id_is_one_name_throughout(view):
    page = inside(view(weights(), TOKENS, title="a"))
    assert '<div id="bertviz"' in page
    assert '"root_div_id": "bertviz"' in page


@pytest.mark.parametrize("view", VIEWS)
def test_a_list_holds_one_array_a_layer(view):
    page = inside(view([weights(0), weights(1)], TOKENS, title="a"))
    assert '"include_layers": [0, 1]' in page
    assert str(round(weights(1)[0, 0, 0], 4)) in page


@pytest.mark.parametrize("view", VIEWS)
def test_no_warning(view):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        view(weights().astype("float32"), TOKENS, title="a")


def test_scripts_from_elsewhere_cannot_reach_the_notebook():
    assert 'sandbox="allow-scripts"' in plots.token_view(weights(), TOKENS, title="a").data


def test_more_tokens_need_more_height():
    def height(count):
        view = plots.token_view(np.ones((1, count, count)), ["x"] * count, title="a")
        return int(re.search('height="([0-9]+)"', view.data)[1])

    assert height(20) - height(10) == 225


def run_python(source):
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


VIEW = """
    import sys
    import numpy as np
    from course_utils import plots
    for view in (plots.token_view, plots.model_view):
        assert "iframe" in view(np.ones((2, 3, 3)), ["a", "b", "c"], title="t").data
"""


def test_works_without_torch_and_leaves_no_trace_of_it():
    run_python(
        """
    import builtins
    real = builtins.__import__
    def without_torch(name, *args, **kwargs):
        if name == "torch" and "torch" not in __import__("sys").modules:
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *args, **kwargs)
    builtins.__import__ = without_torch
        """
        + VIEW
        + """
    assert "torch" not in sys.modules
        """
    )


def test_uses_torch_where_it_is(tmp_path):
    """Stands in for PyTorch with a module that counts; the real one is not a dependency."""
    (tmp_path / "torch.py").write_text(
        "import numpy as np\n"
        "made = []\n"
        "class Tensor(np.ndarray):\n"
        "    def size(self, axis): return self.shape[axis]\n"
        "def as_tensor(array):\n"
        "    made.append(array.shape)\n"
        "    return array.view(Tensor)\n"
        "def stack(tensors):\n"
        "    assert all(isinstance(tensor, Tensor) for tensor in tensors)\n"
        "    return np.stack(tensors)\n"
    )
    printed = run_python(
        f"""
    import sys
    sys.path.insert(0, {str(tmp_path)!r})
        """
        + VIEW
        + """
    import torch
    print(torch.made)
        """
    )
    assert printed.strip() == "[(1, 2, 3, 3), (1, 2, 3, 3)]"
