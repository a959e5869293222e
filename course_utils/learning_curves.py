"""How a training went: loss and shares of right answers, epoch by epoch.

A training writes this picture into its folder, and the notebooks show it.
"""

from collections.abc import Mapping
from itertools import cycle

from course_utils.palette import LINES

# What values were measured on: how their name begins, their line, and its name.
IMAGES = (("", "--", "training"), ("val_", "-", "new images"))


def draw_learning_curves(
    figure, histories: Mapping[str, Mapping[str, list[float]]], panels: Mapping[str, str]
):
    """Draw trainings: dashed on the images they learn from, solid on new ones.

    figure: an empty one of Matplotlib's; histories: for each training the values an epoch by name,
    "val_" in front for new images, as Keras gives them; panels: name -> title -> one axes for each.
    A training without a panel's values is left out of it.
    """
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (name, title) in zip(axes, panels.items(), strict=True):
        for (training, values), colour in zip(histories.items(), cycle(LINES), strict=False):
            before = f"{training}: " if len(histories) > 1 else ""
            for prefix, line, kind in IMAGES:
                points = values.get(prefix + name, [])
                epochs = range(1, len(points) + 1)
                marker = "o" if len(points) == 1 else None  # one point makes no line
                ax.plot(epochs, points, line, marker=marker, color=colour, label=before + kind)
        ax.set(title=title, xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        if name == "loss":
            ax.set_ylim(bottom=0)
        else:
            ax.set_ylim(0, 1.03)
            ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=4, frameon=False)  # fmt: skip
    return axes
