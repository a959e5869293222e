"""Curves of trainings: loss and accuracy, epoch by epoch."""

from pathlib import Path

from matplotlib.figure import Figure

from course_utils.training.checkpoint import write

# Okabe and Ito's colours, told apart by colour-blind eyes, from the darkest on.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
PANELS = {"loss": "loss", "top1": "top-1", "top5": "top-5"}


def save_curves(path: Path, histories: dict[str, list[dict]]) -> None:
    """Draw the histories of one or more runs, training dashed and validation solid, to a PNG."""
    panels = [name for name in PANELS if any(name in rows[0] for rows in histories.values())]
    # Not through pyplot: a training must not change what a notebook's own figures use.
    figure = Figure(figsize=(4.2 * len(panels), 3.4), dpi=100, layout="constrained")
    for ax, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for number, (run, rows) in enumerate(histories.items()):
            draw(ax, name, run, rows, COLOURS[number % len(COLOURS)])
        ax.set(title=PANELS[name], xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        if name != "loss":
            ax.set_ylim(0, 1)
            ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    figure.axes[0].legend(frameon=False)
    write(path, figure.savefig)


def draw(ax, name, run, rows, colour):
    if name not in rows[0]:
        return
    epochs = [row["epoch"] for row in rows]
    marker = "o" if len(rows) == 1 else None  # one point makes no line
    for column, line, label in [
        (name, "--", f"{run}, training"),
        (f"val_{name}", "-", f"{run}, validation"),
    ]:
        values = [row[column] for row in rows]
        ax.plot(epochs, values, line, marker=marker, color=colour, label=label)
