"""Several trainings side by side: one table, and one picture."""

from pathlib import Path

from course_utils.table import table
from course_utils.training.checkpoint import (
    CONFIGURATION,
    RESULT,
    read_history,
    read_json,
    save_curves,
)

# What others published, by data set: name, epochs, and test top-1 and top-5.
BASELINES = {
    "cifar100": [
        ("published: textbook ViT", 40, 0.432, 0.721),
        ("published: Keras' Perceiver", 40, 0.53, 0.81),
        ("published: textbook Swin, fine-tuned", 10, 0.521, 0.812),
    ]
}
HEADER = ("run", "parameters", "epochs", "seconds", "best validation", "test top-1", "test top-5")


def compare(folders: list[str | Path], picture: str | Path | None = None) -> str:
    """Put trainings side by side: returns a table, and draws their curves into a PNG if asked to.

    folders: of runs, finished or not. Published results on the same data stand below ours.
    Raises CourseError for a folder that is none of a run.
    """
    folders = [Path(folder) for folder in folders]
    histories = [read_history(folder) for folder in folders]
    labels = run_labels(folders)
    rows = [row(*each) for each in zip(labels, histories, folders, strict=True)]
    for data in dict.fromkeys(data_name(folder) for folder in folders):
        for name, epochs, top1, top5 in BASELINES.get(data, []):
            rows.append((name, "", str(epochs), "", "", f"{top1:.1%}", f"{top5:.1%}"))
    if picture is not None:
        save_curves(Path(picture), dict(zip(labels, histories, strict=True)))
    return table(HEADER, rows, widest=200)  # a path is read better, and copied, in one piece


def run_labels(folders):
    """The folders' own names, or their whole paths where those are not all different."""
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def row(name, history, folder):
    result = read_json(folder / RESULT) if (folder / RESULT).exists() else {}
    epochs = read_json(folder / CONFIGURATION)["recipe"]["epochs"]
    return (
        name,
        f"{result['parameters']:,}" if result else "",
        f"{len(history)} of {epochs}",
        f"{sum(line['seconds'] for line in history):.0f}",
        f"{max(line['val_top1'] for line in history):.1%}",
        *(f"{result[k]:.1%}" if k in result else "" for k in ("test_top1", "test_top5")),
    )


def data_name(folder):
    return read_json(folder / CONFIGURATION)["source"].get("name")
