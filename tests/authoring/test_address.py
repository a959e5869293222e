"""The repository's address: one setting, changed everywhere, and back to the same bytes."""

import pytest

from course_utils import cli
from course_utils.authoring import address, build, source
from course_utils.errors import CourseError

EXERCISES = {"01_tiny": {"double": 2}}


def texts(course):
    return {path: path.read_bytes() for path in course.rglob("*.*") if path.is_file()}


def test_there_and_back_leaves_every_byte(course):
    before = texts(course)
    changed = address.change(course, "https://github.com/Some-One/my.course.git")
    names = [str(path.relative_to(course)) for path in changed]
    assert sorted(names) == [
        "README.md",
        "notebooks/01_tiny.py",
        "notebooks/solutions/01_tiny.ipynb",
        "notebooks/student/01_tiny.ipynb",
        "pyproject.toml",
    ]
    assert source.repository(course) == "Some-One/my.course"
    assert build.check(course, source.sources(course), EXERCISES) == []
    left = [path.name for path in course.rglob("*.*") if "your-name" in path.read_text("utf-8")]
    assert left == ["README.md"]  # the repository with the longer name is somebody else's
    assert (course / "README.md").read_text().count("Some-One/my.course") == 2

    address.change(course, "your-name/vision-transformer-course")
    assert texts(course) == before


def test_the_same_address_again_changes_nothing(course):
    assert address.change(course, "your-name/vision-transformer-course/") == []


@pytest.mark.parametrize(
    "text",
    ["", "course", "a/b/c", "https://gitlab.com/a/b", "a b/c", "/b", "a/", "-a/b", "a/..", "a/b?c",
     "http://github.com/a/b", "https://github.com/a", "git@github.com:a/b"],
)  # fmt: skip
def test_what_is_not_a_github_address_is_refused(course, text, monkeypatch, capsys):
    before = texts(course)
    monkeypatch.setattr(source, "course_root", lambda: course)
    assert cli.main(["address", "--", text]) == 1
    assert "is not a GitHub address. Write OWNER/REPO" in capsys.readouterr().err
    assert texts(course) == before


def test_a_missing_setting_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(CourseError, match=r"needs `repository` under \[project.urls\]"):
        source.repository(tmp_path)
