"""Give a student a working copy of the notebooks, and open JupyterLab on it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

from course_utils.errors import CourseError

FIRST = "01_attention.ipynb"

# Its labconfig/page_config.json takes instructors' extensions, and a question about news, out of
# JupyterLab: Jupyter looks for settings in the folders that JUPYTER_CONFIG_PATH names.
STUDENT = Path(__file__).parent / "student_lab"

# checking.student keeps the student's points here; it only ever fills a file that exists.
PROGRESS = ".progress.json"


def prepare(root: Path) -> list[str]:
    """Copy the student notebooks into work/, never over a file there, and say what was done."""
    originals = sorted((root / "notebooks" / "student").glob("*.ipynb"))
    if not originals:
        raise CourseError("There are no student notebooks yet: run `uv run course build`.")
    work = root / "work"
    try:
        work.mkdir(exist_ok=True)
        with TemporaryFile(dir=work):
            pass  # it may be written
    except OSError as error:
        raise CourseError(
            f"Your copies of the notebooks belong into {work}, which cannot be written "
            f"({error.strerror}). Copy the course's folder to where you may write, and start there."
        ) from None
    said, kept = [], []
    for original in originals:
        copy = work / original.name
        if copy.exists():
            kept.append(copy.name)
        else:
            shutil.copyfile(original, copy)
            said.append(f"copied {copy.name} to {work}")
    if kept:
        said.append(f"kept yours: {', '.join(kept)}")
        said.append("  (for a fresh copy, rename yours and run this command again)")
    if not (work / PROGRESS).exists():
        (work / PROGRESS).write_text("{}\n", encoding="utf-8")
    return said


def command(browser: bool, port: int | None) -> list[str]:
    """The command line that opens the first notebook of the folder it runs in."""
    line = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{FIRST}"]
    line += ["-y", "--log-level=ERROR"]  # Ctrl-C ends it unasked; the address stands out
    if not browser:
        line += ["--no-browser"]
    if port is not None:
        line += [f"--port={port}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        line += ["--allow-root"]
    return line


def surroundings(instructor: bool) -> dict[str, str]:
    """The environment that JupyterLab runs in: a student's, or with an instructor's extensions."""
    env = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    if not instructor:
        others = env.get("JUPYTER_CONFIG_PATH")
        env["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(STUDENT), *([others] if others else [])])
    return env


def launch(line: list[str], folder: Path, env: dict[str, str]) -> int:
    """Run JupyterLab in a folder until it ends, and return its exit status."""
    if os.name == "nt":
        return subprocess.call(line, cwd=folder, env=env)
    # Become JupyterLab instead of watching it: every signal then reaches it, once.
    # A script that starts this in the background may have switched Ctrl-C's signal off.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.chdir(folder)
    sys.stdout.flush()
    os.execve(line[0], line, env)


def open_lab(
    root: Path, browser: bool = True, port: int | None = None, instructor: bool = False
) -> int:
    """Prepare the working copy and open it."""
    try:
        import jupyterlab  # noqa: F401
    except ModuleNotFoundError:
        raise CourseError(
            "JupyterLab is missing: run this as `uv run course lab`, "
            "or install it with `pip install jupyterlab`."
        ) from None
    if not os.access(os.path.expanduser("~"), os.W_OK) and "JUPYTER_DATA_DIR" not in os.environ:
        raise CourseError(
            "JupyterLab keeps its settings in your home directory, and there is none that you may "
            "write to. Set HOME to a folder of yours: HOME=/tmp/me uv run course lab"
        )
    said = prepare(root)
    said.append("The list at the window's left edge shows a lesson's contents.")
    said.append("Ctrl-C ends JupyterLab. What you saved stays in work/.")
    print("\n".join(said))
    return launch(command(browser, port), root / "work", surroundings(instructor))
