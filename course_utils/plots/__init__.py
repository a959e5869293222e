"""The course's figures and explorers: NumPy arrays in, axes or a widget out."""

from course_utils.palette import BLUE, GREEN, GREY, PALE, PURPLE, VERMILLION
from course_utils.plots.boxes import one_pass, residual_stream
from course_utils.plots.curves import learning_curves, regression, spread
from course_utils.plots.display import show
from course_utils.plots.explorer import bars, temperature, temperature_explorer
from course_utils.plots.latents import latent_maps, perceiver_plan
from course_utils.plots.matrices import heatmap, heatmaps
from course_utils.plots.patches import filters, over_images, patches
from course_utils.plots.photos import receptive_field
from course_utils.plots.plans import plan
from course_utils.plots.positions import sinusoid_explorer, waves
from course_utils.plots.similarity import similarity_explorer, similarity_maps
from course_utils.plots.tokens import model_view, token_view
from course_utils.plots.window_maps import outline, window_map

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "PALE",
    "PURPLE",
    "VERMILLION",
    "bars",
    "filters",
    "heatmap",
    "heatmaps",
    "latent_maps",
    "learning_curves",
    "model_view",
    "one_pass",
    "outline",
    "over_images",
    "patches",
    "perceiver_plan",
    "plan",
    "receptive_field",
    "regression",
    "residual_stream",
    "show",
    "similarity_explorer",
    "similarity_maps",
    "sinusoid_explorer",
    "spread",
    "temperature",
    "temperature_explorer",
    "token_view",
    "waves",
    "window_map",
]
