import numpy as np

from course_utils import plots
from course_utils.plots.photos import DIMMEST


def test_a_map_for_each_look_and_latent():
    image = np.full((5, 7, 3), 100, dtype="uint8")
    weights = np.zeros((2, 3, 5, 7))
    weights[1, 2, 4, 0], weights[1, 2, 3, 0] = 0.8, 0.2
    axes = plots.latent_maps(image, weights)
    assert axes.shape == (2, 4)
    drawn = np.asarray(axes[1, 3].images[0].get_array())[..., 0]
    half = int(100 * (DIMMEST + (1 - DIMMEST) / 2))  # the root of a quarter
    assert (drawn[4, 0], drawn[3, 0], drawn[0, 0]) == (100, half, round(100 * DIMMEST))
    np.testing.assert_array_equal(axes[0, 0].images[0].get_array(), image)
    assert axes[0, 2].get_title() == "latent 1" and axes[1, 0].get_ylabel() == "look 2"


def test_a_plan_has_as_many_looks_as_asked_for():
    words = [text.get_text() for text in plots.perceiver_plan(3).texts]
    assert any("the same weights" in one for one in words)
    assert words.count("cross-\nattention") == words.count("latent\ntransformer") == 3
