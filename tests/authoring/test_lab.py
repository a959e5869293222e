"""The working copy: made once, never written over, opened in the right place."""

import json
import os
import subprocess
import sys

import pytest

from course_utils import cli
from course_utils.authoring import lab, source
from course_utils.errors import CourseError


def test_a_first_start_copies_and_a_second_keeps(course):
    work = course / "work"
    assert lab.prepare(course) == [f"copied 01_tiny.ipynb to {work}"]
    original = course / "notebooks/student/01_tiny.ipynb"
    assert (work / "01_tiny.ipynb").read_bytes() == original.read_bytes()
    assert json.loads((work / ".progress.json").read_text()) == {}

    (work / "01_tiny.ipynb").write_text("my work")
    (work / ".progress.json").write_text('{"double": 2}')
    said = "\n".join(lab.prepare(course))
    assert "kept yours: 01_tiny.ipynb" in said and "rename yours" in said
    assert (work / "01_tiny.ipynb").read_text() == "my work"
    assert json.loads((work / ".progress.json").read_text()) == {"double": 2}


def test_a_renamed_copy_makes_room_for_a_fresh_one(course):
    lab.prepare(course)
    (course / "work/01_tiny.ipynb").rename(course / "work/mine.ipynb")
    assert "copied 01_tiny.ipynb" in lab.prepare(course)[0]
    assert (course / "work/mine.ipynb").exists()


def test_a_new_notebook_arrives_beside_the_old(course):
    lab.prepare(course)
    (course / "notebooks/student/02_more.ipynb").write_text("{}")
    copied, kept, _ = lab.prepare(course)
    assert "copied 02_more.ipynb" in copied and kept == "kept yours: 01_tiny.ipynb"


def test_lab_opens_the_first_notebook_in_the_working_copy(course, monkeypatch, capsys):
    launched = []
    monkeypatch.setattr(lab, "launch", lambda *given: launched.append(given) or 0)
    monkeypatch.setattr(source, "course_root", lambda: course)
    assert cli.main(["lab", "--no-browser", "--port", "8765"]) == 0
    (line, folder, env) = launched[0]
    assert folder == course / "work"
    assert {"--no-browser", "--port=8765"} < set(line)
    assert "--LabApp.default_url=/lab/tree/01_attention.ipynb" in line
    assert env["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0] == str(lab.STUDENT)
    assert "copied 01_tiny.ipynb" in capsys.readouterr().out
    assert cli.main(["lab", "--instructor"]) == 0
    assert str(lab.STUDENT) not in launched[1][2].get("JUPYTER_CONFIG_PATH", "")


def test_without_student_notebooks_it_says_how_to_make_them(tmp_path):
    with pytest.raises(CourseError, match="run `uv run course build`"):
        lab.prepare(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_package_without_the_repository_says_so(tmp_path, monkeypatch, capsys):
    package = tmp_path / "site-packages" / "course_utils" / "__init__.py"
    monkeypatch.setattr(source.course_utils, "__file__", str(package))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab"]) == 1
    said = capsys.readouterr()
    assert "the package but not the notebooks" in said.err and said.out == ""


def test_a_work_folder_that_cannot_be_made_is_one_sentence(course, monkeypatch, capsys):
    (course / "work").write_text("a file, not a folder")
    monkeypatch.setattr(source, "course_root", lambda: course)
    assert cli.main(["lab"]) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1 and "Copy the course's folder" in told


def test_without_a_home_lab_says_what_to_do(course, monkeypatch, capsys):
    monkeypatch.setenv("HOME", "/nowhere/at/all")
    monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
    monkeypatch.setattr(source, "course_root", lambda: course)
    assert cli.main(["lab"]) == 1
    said = capsys.readouterr()
    assert "Set HOME to a folder of yours" in said.err and said.out == ""
    assert not (course / "work").exists()


def test_an_installed_package_is_at_home_in_the_folder_it_is_started_in(course, monkeypatch):
    package = course.parent / "site-packages" / "course_utils" / "__init__.py"
    monkeypatch.setattr(source.course_utils, "__file__", str(package))
    (course / "course_utils").mkdir(exist_ok=True)
    monkeypatch.chdir(course / "notebooks")  # unzipped: no git is needed
    (course / "pyproject.toml").touch()
    assert source.course_root() == course


@pytest.mark.parametrize("instructor", [False, True])
def test_a_students_jupyterlab_has_no_instructors_extensions(instructor):
    """As JupyterLab itself reads its settings."""
    code = (
        "import json; from jupyterlab_server.config import get_page_config;"
        "print(json.dumps(get_page_config([])['disabledExtensions']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=lab.surroundings(instructor),
        capture_output=True,
        text=True,
    )
    off = json.loads(done.stdout)
    for extension in ("@jupyter/nbgrader", "@jupyterlab/apputils-extension:announcements"):
        assert (extension in off) != instructor
