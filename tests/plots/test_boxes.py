import matplotlib.pyplot as plt
import numpy as np

from course_utils import plots
from course_utils.reference.attention import attend

X = np.array([[2.0, 0.0], [1.0, 1.0]])
KERNELS = {
    "query": np.array([[1.0, 0.0], [0.0, 2.0]]),
    "key": np.array([[0.0, 1.0], [1.0, 0.0]]),
    "value": np.array([[0.0, 1.0], [3.0, 0.0]]),
}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_the_numbers_in_the_boxes_are_those_of_attention():
    drawn = plots.one_pass(X, KERNELS)
    output, weights = attend(*(X @ KERNELS[name] for name in ("query", "key", "value")))
    np.testing.assert_allclose(drawn["weights"], np.array(weights), atol=1e-6)
    np.testing.assert_allclose(drawn["output"], np.array(output), atol=1e-6)
    written = texts(plt.gca())
    for array, form in [(output, "{:.1f}"), (weights, "{:.2f}")]:
        assert {form.format(value) for value in np.array(array).flat} <= set(written)
    assert "token 2" in written


def test_the_stream_has_every_head_of_every_layer():
    written = texts(plots.residual_stream(2, 3))
    assert [written.count(f"head {head}") for head in range(4)] == [2, 2, 2, 0]
    assert written.count("+") == 2
