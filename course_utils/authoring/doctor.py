"""Look at this machine the way the course will use it, and say what to do about each problem."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from course_utils.files import keras_home

PACKAGE = "vision-transformer-course"

BACKENDS = ("tensorflow", "jax")
USUAL = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}

# What is only needed for some of the work, and for which.
EXTRAS = {
    "lab": "to open the notebooks here",
    "instructor": "to build notebooks and to grade",
    "cluster": "to grade on a cluster",
    "dev": "to test the course",
}

# Runs in a process of its own: a broken installation may end it, and then says how.
PROBE = """
import json, keras
keras.ops.convert_to_numpy(keras.ops.ones(1))
try:
    gpus = keras.distribution.list_devices("gpu")
except Exception:
    gpus = []
print(json.dumps([keras.version(), keras.backend.backend(), len(gpus)]))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the examination. state: "ok", "note" (good to know) or "problem"."""

    state: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"  {self.state:<8} {self.what}"
        return f"{line}\n{'':11}-> {self.advice}" if self.advice else line


def examine() -> int:
    """Print every finding. Return 1 when something keeps the course from working."""
    findings = []
    for title, part in PARTS.items():
        print(title)
        for finding in part():
            print(finding, flush=True)
            findings.append(finding)
    problems = sum(finding.state == "problem" for finding in findings)
    print(f"\n{problems} to repair." if problems else "\nEverything the course needs is here.")
    return 1 if problems else 0


def python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("ok", f"Python {version} at {sys.executable}")


def packages() -> Iterator[Finding]:
    """Every direct dependency with its version. A missing one from an extra is only a note."""
    for needed, extra in requirements():
        reason = f", only needed {EXTRAS[extra]}" if extra else ""
        state = "note" if extra else "problem"
        repair = f"Run `uv sync`, or `pip install '{needed.name}{needed.specifier}'`."
        if not has(needed.name):
            yield Finding(state, f"{needed.name} is missing{reason}", repair)
            continue
        version = Version(metadata.version(needed.name))
        if needed.specifier.contains(version, prereleases=True):
            yield Finding("ok", f"{needed.name} {version}")
        else:
            other = f"{needed.name} {version} is here, and {needed.specifier} is needed{reason}"
            yield Finding(state, other, repair)
    torch = "is here: bertviz will use it" if has("torch") else "is not here, and nothing needs it"
    yield Finding("ok", f"PyTorch {torch}")


def requirements() -> list[tuple[Requirement, str]]:
    """Each direct dependency, and the smallest extra that brings it ("" where all installs do)."""
    found: dict[str, tuple[Requirement, str]] = {}
    for needed in map(Requirement, metadata.requires(PACKAGE) or []):
        marker = needed.marker
        extras = ["", *EXTRAS]
        extra = next((e for e in extras if marker is None or marker.evaluate({"extra": e})), None)
        if extra is not None and needed.name != PACKAGE:  # an extra may name another one
            known = found.setdefault(needed.name, (needed, extra))
            if extras.index(extra) < extras.index(known[1]):
                found[needed.name] = needed, extra
    return list(found.values())


def has(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def keras() -> Iterator[Finding]:
    """Which backend computes, and on what."""
    chosen = os.environ.get("KERAS_BACKEND") or None  # empty is unset, for Keras too
    yield from settings()
    choices = " or ".join(BACKENDS)
    if chosen is not None and chosen not in BACKENDS:
        advice = f"The course runs on {choices}: set it to one of them, or unset it."
        yield Finding("problem", f"KERAS_BACKEND is '{chosen}'", advice)
        return
    if chosen is not None and not has(chosen):
        advice = f"Run `pip install {chosen}`, or unset KERAS_BACKEND."
        yield Finding("problem", f"KERAS_BACKEND is '{chosen}', which is not installed", advice)
        return
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=120
        )
        version, backend, gpus = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        yield Finding("problem", "Keras does not load within two minutes", "Try again later.")
        return
    except (IndexError, ValueError):
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        yield Finding("problem", f"Keras does not load: {reason}", "Run `uv sync --reinstall`.")
        return
    if backend in BACKENDS:
        yield Finding("ok", f"Keras {version} computes with {backend}")
    else:
        advice = f"Set KERAS_BACKEND, or `backend` in ~/.keras/keras.json, to {choices}."
        yield Finding("problem", f"Keras {version} computes with {backend}", advice)
    if gpus:
        yield Finding("ok", f"{gpus} GPU{'s' if gpus > 1 else ''} seen")
    else:
        advice = "Every notebook has a fast path for that."
        yield Finding("note", "no GPU seen: models train on the CPU", advice)


def settings() -> Iterator[Finding]:
    """What keras.json changes for every program of this computer that uses Keras."""
    path = keras_home() / "keras.json"
    try:
        asked = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        advice = "Keras goes on without it. Delete it: Keras writes a new one."
        yield Finding("note", f"{path} cannot be read ({type(error).__name__})", advice)
        return
    for name, usual in USUAL.items():
        value = asked.get(name, usual) if isinstance(asked, dict) else usual
        if value != usual:
            advice = (
                f"The course sets {usual!r} for itself. A program of your own that imports keras "
                f"alone follows the file: write {usual!r} there if lessons' code is to run in it."
            )
            yield Finding("note", f"{path} says {name} = {value!r}", advice)


def storage() -> Iterator[Finding]:
    """Where data sets and weights are kept."""
    given = os.environ.get("COURSE_DATA")
    folder = Path(os.path.expanduser(given)) if given else keras_home()
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    writable = existing.is_dir() and os.access(existing, os.W_OK)
    if writable and not given and folder == Path("/tmp/.keras"):
        advice = "/tmp is emptied now and then: set COURSE_DATA to a folder that stays."
        yield Finding("note", f"no home directory to write to: data is kept in {folder}", advice)
    elif writable:
        yield Finding("ok", f"data is kept in {folder}")
    else:
        advice = "Set COURSE_DATA to a folder that you may write to."
        yield Finding("problem", f"data cannot be kept in {folder}", advice)


def notebooks() -> Iterator[Finding]:
    """Whether a notebook opened here runs in this Python."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        start = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except RuntimeError:  # what Jupyter raises where there is no home directory
        advice = "Set HOME to a folder that you may write to."
        yield Finding("problem", "no home directory: JupyterLab does not start", advice)
        return
    except (ModuleNotFoundError, NoSuchKernel):
        yield Finding("note", "no Jupyter kernel", "To run notebooks: `pip install jupyterlab`.")
        return
    # jupyter_client puts this Python in the place of a bare "python".
    if os.path.isabs(start) and not os.path.samefile(start, sys.executable):
        advice = f"`{sys.executable} -m ipykernel install --sys-prefix` puts it right."
        yield Finding("problem", f"the kernel python3 runs another Python, {start}", advice)
    else:
        yield Finding("ok", "the Jupyter kernel python3 runs this Python")


def tools() -> Iterator[Finding]:
    """Programs that only some of the work needs."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        advice = "On Linux, install bubblewrap; students need none."
        yield Finding("note", "no bubblewrap: students' code cannot be graded in a sandbox", advice)
    elif subprocess.run([bwrap, "--ro-bind", "/", "/", "true"], capture_output=True).returncode:
        advice = "Unprivileged user namespaces are switched off; students need none."
        yield Finding("note", "bubblewrap is here but may not make a sandbox", advice)
    else:
        yield Finding("ok", "bubblewrap can make a sandbox for grading")
    if browser():
        yield Finding("ok", f"Chromium at {browser()}")
    else:
        advice = "`uv run playwright install chromium`; only the browser test needs it."
        yield Finding("note", "no Chromium", advice)


def browser() -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    cache = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "~/.cache/ms-playwright"
    return next((str(path) for path in Path(os.path.expanduser(cache)).glob("chromium*")), None)


PARTS = {
    "Python": python,
    "Packages": packages,
    "Keras": keras,
    "Data": storage,
    "Notebooks": notebooks,
    "Programs": tools,
}
