"""Where the repository lives on GitHub, and the one command that changes it everywhere."""

import re
from pathlib import Path

from course_utils.authoring import build, source

# Everything that may name the repository and is not built from a notebook source.
TEXTS = ("README.md", "CONTRIBUTING.md", "environment.yml", "binder/postBuild", "docs/**/*.md")


def replace(text: str, old: str, new: str) -> str:
    """Put a new repository where links of GitHub, Colab and Binder name the old one."""
    sites = r"((?:github\.com[/:]|colab\.research\.google\.com/github/|mybinder\.org/v2/gh/))"
    # Not in the middle of a longer name; ".git" and a full stop may follow.
    end = r"(?![\w-])(?!\.(?!git\b)\w)"
    return re.sub(sites + re.escape(old) + end, rf"\g<1>{new}", text)


def change(root: Path, text: str) -> list[Path]:
    """Set the repository's address in every file that names it, and return the files changed.

    pyproject.toml is written last: interrupted, the command can simply be run again.
    """
    old, new = source.repository(root), source.parse(text)
    changed = []
    paths = [path for pattern in TEXTS for path in sorted(root.glob(pattern))]
    for path in [*paths, *source.sources(root)]:
        changed += build.write(path, replace(path.read_text(encoding="utf-8"), old, new))
    for path in source.sources(root):
        if build.student_path(path).is_file():
            changed += build.write(build.student_path(path), build.student(path, new))
        if build.solution_path(path).is_file():
            changed += build.write(build.solution_path(path), readdressed(path, old, new))
    settings = root / "pyproject.toml"
    changed += build.write(settings, replace(settings.read_text(encoding="utf-8"), old, new))
    return changed


def readdressed(path: Path, old: str, new: str) -> str:
    """Change the address in a solution notebook's cells. What it showed when it ran stays."""
    notebook = build.load(build.solution_path(path))
    for cell in notebook.cells:
        cell.source = replace(cell.source, old, new)
    return build.dump(notebook)
