"""A whole course in one tiny notebook, built once and copied for each test that changes it."""

import shutil

import pytest

from course_utils.authoring import build

EXERCISES = {"01_tiny": {"double": 2}}

PYPROJECT = """\
[project]
name = "tiny"

[project.urls]
repository = "https://github.com/your-name/vision-transformer-course"
"""

README = """\
# Tiny

Clone https://github.com/your-name/vision-transformer-course.git, or open it
[on Binder](https://mybinder.org/v2/gh/your-name/vision-transformer-course/main?urlpath=lab).
Not ours: https://github.com/your-name/vision-transformer-course-2.
"""

NOTEBOOK = '''\
# %% [markdown]
# # Tiny

# %%
import math


def check(name, solution):
    return 2.0 * (solution(3) == 6)


# %% [markdown]
# ## Double it
#
# Write `double(x)`. The course lives at https://github.com/your-name/vision-transformer-course.

# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double(x):
    """x -> 2 x"""
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "double_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("double", double)

# %% tags=["nbval-ignore-output"]
math.pi

# %% [markdown] nbgrader={"grade": true, "grade_id": "why_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# Because it is twice as much.
'''  # noqa: E501


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The tiny course, built. Not to be changed."""
    root = tmp_path_factory.mktemp("course")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "01_tiny.py").write_text(NOTEBOOK, encoding="utf-8")
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "README.md").write_text(README, encoding="utf-8")
    build.build(root / "notebooks" / "01_tiny.py", EXERCISES["01_tiny"])
    return root


@pytest.fixture
def course(built, tmp_path):
    """A copy of the tiny course to change."""
    return shutil.copytree(built, tmp_path / "course")


@pytest.fixture
def rewrite(course):
    """Replace one piece of the source, which must be there, and return the source's path."""

    def change(old, new):
        path = course / "notebooks" / "01_tiny.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return change
