"""What the project says about itself in several files agrees."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

# Names that differ between PyPI and conda-forge.
CONDA_NAMES = {"playwright-python": "playwright"}

# What conda needs beside the project's own dependencies; environment.yml says why.
ONLY_CONDA = {"pip", "pytorch-cpu"}


def named(lines):
    """Split "name>=1.2" into {name: ">=1.2"}."""
    return dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in lines)


def own():
    project = PYPROJECT["project"]
    lines = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    return named(line for line in lines if not line.startswith(project["name"]))


def test_conda_asks_for_the_same_packages_with_the_same_bounds():
    plain = [entry for entry in CONDA["dependencies"] if isinstance(entry, str)]
    (by_pip,) = (entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))
    asked = {CONDA_NAMES.get(name, name): bound for name, bound in named(plain + by_pip).items()}
    python = asked.pop("python")
    assert {name: asked[name] for name in asked if name not in ONLY_CONDA} == own()
    assert python == PYPROJECT["project"]["requires-python"]


def test_every_dependency_has_a_lower_bound():
    assert [name for name, bound in own().items() if not re.fullmatch(r">=[\d.]+", bound)] == []


@pytest.mark.parametrize("extra", ["lab", "instructor", "cluster", "dev"])
def test_the_default_group_brings_every_extra(extra):
    project = PYPROJECT["project"]
    reached, pending = set(), list(PYPROJECT["dependency-groups"]["dev"])
    while pending:
        match = re.fullmatch(rf"{project['name']}\[(\w+)\]", pending.pop())
        if match:
            reached.add(match[1])
            pending += project["optional-dependencies"][match[1]]
    assert extra in reached


def test_binder_builds_the_same_environment():
    link = ROOT / "binder" / "environment.yml"
    assert link.is_symlink() and link.resolve() == ROOT / "environment.yml"
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)


def test_both_licences_are_there():
    for name in PYPROJECT["project"]["license-files"]:
        assert "The authors of the vision transformer course" in (ROOT / name).read_text()
