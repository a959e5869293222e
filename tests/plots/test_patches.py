"""Patches, filters and maps over images, and the curves of a training: what is drawn where."""

import matplotlib.pyplot as plt
import numpy as np

from course_utils import plots


def test_patches_are_the_photo_with_gaps_between():
    photo = np.random.default_rng(0).integers(0, 200, (6, 9, 3), dtype="uint8")
    drawn = plots.patches(photo, 3, gap=2).images[0].get_array()
    assert drawn.shape == (8, 13, 3)
    np.testing.assert_array_equal(drawn[5:8, 10:13], photo[3:6, 6:9])
    assert (drawn[3:5] == 255).all() and (drawn[:, 8:10] == 255).all()


def test_what_is_left_at_the_edge_is_not_drawn():
    photo = np.zeros((7, 8, 3), "uint8")
    drawn = plots.patches(photo, 3, gap=1, ax=plt.subplots()[1]).images[0].get_array()
    assert drawn.shape == (7, 7, 3)


def test_a_filter_is_grey_where_it_is_zero_and_has_a_scale_of_its_own():
    kernels = np.array([[[[0.0, 2.0, -2.0]]], [[[0.0, 0.5, 0.25]]]])
    axes = plots.filters([kernels, kernels[:1]], ["two", "one"])
    assert axes.shape == (2, 2) and not axes[1, 1].images
    np.testing.assert_allclose(axes[0, 0].images[0].get_array(), [[[0.5, 1.0, 0.0]]])
    np.testing.assert_allclose(axes[0, 1].images[0].get_array(), [[[0.5, 1.0, 0.75]]])


def test_a_filter_of_zeros_is_grey():
    axes = plots.filters([np.zeros((1, 2, 2, 3))], ["nothing"])
    assert (np.asarray(axes[0, 0].images[0].get_array()) == 0.5).all()


def test_maps_darken_the_image_where_they_are_low():
    images = np.full((2, 4, 6, 3), 200, "uint8")
    maps = np.zeros((2, 2, 3))
    maps[:, 1, 2] = 0.5
    axes = plots.over_images(images, maps, titles=["a", "b"], label="attention")
    below = np.asarray(axes[1, 0].images[0].get_array())
    assert (below[2:, 4:] == 200).all() and below[:2, :4].max() < 50
    assert axes[0, 1].get_title() == "b" and axes[1, 0].get_ylabel() == "attention"


def test_curves_are_dashed_for_training_and_solid_for_new_images():
    history = {"loss": [2.0, 1.0], "val_loss": [2.5, 3.0], "top1": [0.1, 1.0], "val_top1": [0, 0.2]}
    axes = plots.learning_curves({"model": history}, {"loss": "loss", "top1": "top-1"})
    dashed, solid = axes[1].lines
    assert (dashed.get_linestyle(), solid.get_linestyle()) == ("--", "-")
    np.testing.assert_array_equal(dashed.get_xdata(), [1, 2])
    np.testing.assert_array_equal(solid.get_ydata(), [0, 0.2])
    assert axes[0].get_ylim()[0] == 0 and axes[1].get_ylim() == (0, 1.03)
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training", "new images"]


def test_several_trainings_are_named_and_have_colours_of_their_own():
    history = {"loss": [1.0], "val_loss": [1.0]}
    axes = plots.learning_curves({"one": history, "two": history}, {"loss": "loss"})
    (legend,) = axes[0].figure.legends
    assert [t.get_text() for t in legend.get_texts()][::2] == ["one: training", "two: training"]
    assert axes[0].lines[0].get_color() != axes[0].lines[2].get_color()
