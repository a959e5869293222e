"""Making a class folder."""

import subprocess

import nbformat
import pytest

from course_utils.errors import CourseError
from course_utils.grading import class_folder
from course_utils.grading.classroom import new


def test_a_new_class_has_settings_commands_and_every_notebook(tmp_path, capsys):
    folder = tmp_path / "new" / "My class"
    new.new_class(folder)
    assert 'course_id = "My-class"' in (folder / "nbgrader_config.py").read_text()
    assert "nbgrader autograde" in (folder / "README.md").read_text()
    for path in new.source.sources(new.REPOSITORY):
        notebook = nbformat.read(folder / f"source/{path.stem}/{path.stem}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert any("### BEGIN SOLUTION" in cell.source for cell in notebook.cells)
    said = capsys.readouterr().out
    assert str(folder) in said and "nbgrader generate_assignment 01_attention" in said


def test_a_class_has_a_secret_of_its_own_that_only_its_owner_reads(tmp_path):
    for name in ("first", "second"):
        new.new_class(tmp_path / name)
    first, second = (class_folder.secret_seed(tmp_path / name) for name in ("first", "second"))
    assert first != second and first > 2**64 and second > 2**64
    path = tmp_path / "first" / class_folder.SEED
    assert path.stat().st_mode & 0o777 == 0o600
    others = [file for file in path.parent.rglob("*") if file.is_file() and file != path]
    assert len(others) > 3 and not any(str(first) in file.read_text() for file in others)


def test_a_class_from_before_gets_its_seed_once(tmp_path):
    assert class_folder.secret_seed(tmp_path) == class_folder.secret_seed(tmp_path)
    (tmp_path / class_folder.SEED).write_text("not a number")
    with pytest.raises(CourseError, match="should hold one number"):
        class_folder.secret_seed(tmp_path)


def test_an_empty_folder_will_do(tmp_path):
    new.new_class(tmp_path)
    assert (tmp_path / "source").is_dir()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "gradebook.db").write_text("precious")
    with pytest.raises(CourseError, match="already holds files"):
        new.new_class(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]
    assert (tmp_path / "gradebook.db").read_text() == "precious"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="is a file"):
        new.new_class(tmp_path / "file")


def test_without_sources_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(new, "REPOSITORY", tmp_path)
    with pytest.raises(CourseError, match="no notebook sources"):
        new.new_class(tmp_path / "class")
    assert not (tmp_path / "class").exists()


@pytest.mark.parametrize(
    ("name", "course"), [("vit2026", "vit2026"), ("a + b", "a-b"), ("…", "class")]
)
def test_the_course_id_has_only_letters_the_exchange_can_use(tmp_path, name, course):
    assert new.course_id(tmp_path / name) == course


def test_a_class_inside_a_git_checkout_is_not_committed(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    new.new_class(tmp_path / "class")
    command = ["git", "-C", tmp_path, "status", "--porcelain", "-uall"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b""
