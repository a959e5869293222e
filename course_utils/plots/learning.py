"""How a training went: loss and shares of right answers, epoch by epoch."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from course_utils.plots.style import BLUE, VERMILLION, tidy

COLOURS = (BLUE, VERMILLION, "#009e73", "#cc79a7")


def learning_curves(
    histories: Mapping[str, Mapping[str, list[float]]], panels: Mapping[str, str]
) -> np.ndarray:
    """Draw trainings: dashed on the images they learn from, solid on new ones.

    histories: for each training the values an epoch by name, "val_" in front for new images, as
    Keras gives them; panels: name -> title -> one axes for each.
    """
    figure = plt.figure(figsize=(3.3 * len(panels), 2.9), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (name, title) in zip(axes, panels.items(), strict=True):
        for (training, values), colour in zip(histories.items(), COLOURS, strict=False):
            epochs = range(1, len(values[name]) + 1)
            before = f"{training}: " if len(histories) > 1 else ""
            ax.plot(epochs, values[name], "--", color=colour, label=f"{before}training")
            ax.plot(epochs, values[f"val_{name}"], color=colour, label=f"{before}new images")
        ax.set(title=title, xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if name == "loss":
            ax.set_ylim(bottom=0)
        else:
            ax.set_ylim(0, 1.03)
            ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        tidy(ax)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=4, frameon=False)  # fmt: skip
    return axes
