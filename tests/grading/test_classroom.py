"""Making a class folder."""

import nbformat
import pytest

from course_utils.errors import CourseError
from course_utils.grading import classroom


def test_a_new_class_has_settings_commands_and_every_notebook(tmp_path, capsys):
    folder = tmp_path / "new" / "My class"
    classroom.new_class(folder)
    assert 'course_id = "My-class"' in (folder / "nbgrader_config.py").read_text()
    assert "nbgrader autograde" in (folder / "README.md").read_text()
    for path in classroom.source.sources(classroom.REPOSITORY):
        notebook = nbformat.read(folder / f"source/{path.stem}/{path.stem}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert any("### BEGIN SOLUTION" in cell.source for cell in notebook.cells)
    said = capsys.readouterr().out
    assert str(folder) in said and "nbgrader generate_assignment 01_attention" in said


def test_an_empty_folder_will_do(tmp_path):
    classroom.new_class(tmp_path)
    assert (tmp_path / "source").is_dir()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "gradebook.db").write_text("precious")
    with pytest.raises(CourseError, match="already holds files"):
        classroom.new_class(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]
    assert (tmp_path / "gradebook.db").read_text() == "precious"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="is a file"):
        classroom.new_class(tmp_path / "file")


def test_without_sources_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(classroom, "REPOSITORY", tmp_path)
    with pytest.raises(CourseError, match="no notebook sources"):
        classroom.new_class(tmp_path / "class")
    assert not (tmp_path / "class").exists()


@pytest.mark.parametrize(
    ("name", "course"), [("vit2026", "vit2026"), ("a + b", "a-b"), ("…", "class")]
)
def test_the_course_id_has_only_letters_the_exchange_can_use(tmp_path, name, course):
    assert classroom.course_id(tmp_path / name) == course
