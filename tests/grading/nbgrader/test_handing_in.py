"""Files that ride along with a notebook: nbgrader would copy them, and follow their links."""

import contextlib
import json
import os
from datetime import datetime
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import collect as default_collect

from course_utils.grading.nbgrader import handing_in
from course_utils.grading.nbgrader.handing_in import Collect, leave_others

NAME = "01_attention"
TIME = "2026-11-20 10:00:00 UTC"
MINE = json.dumps(new_notebook(cells=[new_code_cell("mine")]))


@pytest.fixture
def course(tmp_path):
    """A class folder with a secret, a solution, and an exchange."""
    root = tmp_path / "class"
    (root / "source" / NAME).mkdir(parents=True)
    (root / "source" / NAME / f"{NAME}.ipynb").write_text("the solutions")
    (root / "secret_seed").write_text("17")
    (root / "exchange" / "class" / "inbound").mkdir(parents=True)
    return root


def beside(place, secret):
    """All that may lie beside a notebook."""
    place.mkdir(parents=True)
    (place / f"{NAME}.ipynb").write_text(MINE)
    (place / "timestamp.txt").write_text(TIME)
    (place / "data.txt").symlink_to(secret)
    (place / "submission_secret.txt").symlink_to(secret)
    (place / "evil.html").symlink_to(secret)
    (place / "gone").symlink_to("/nowhere")
    (place / "folder").symlink_to(secret.parent)
    (place / "helpers.py").write_text("won = True")
    (place / "deep" / "deeper").mkdir(parents=True)
    (place / "deep" / "deeper" / "link.html").symlink_to(secret)
    os.mkfifo(place / "pipe")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_the_notebook_and_its_time_stay_for_nbgrader(course):
    place = course / "submitted" / "mallory" / NAME
    beside(place, course / "secret_seed")
    honest = course / "submitted" / "ann" / NAME
    honest.mkdir(parents=True)
    (honest / f"{NAME}.ipynb").write_text(MINE)
    (honest / "timestamp.txt").write_text(TIME)
    for student in ("mallory", "ann"):
        path = course / "submitted" / student / NAME / f"{NAME}.ipynb"
        leave_others(NAME, "*", [str(path)])
    assert names(place) == names(honest) == [f"{NAME}.ipynb", "timestamp.txt"]
    assert (course / "secret_seed").read_text() == "17"
    left = course / ".course" / "left_out" / "mallory" / NAME
    assert "helpers.py" in names(left)
    assert (left / "data.txt").is_symlink()


@pytest.mark.parametrize("content", ["", "tomorrow", "x" * 200, "\0"])
def test_a_time_that_nbgrader_stops_at_is_left_out(course, content):
    place = course / "submitted" / "mallory" / NAME
    place.mkdir(parents=True)
    (place / f"{NAME}.ipynb").write_text(MINE)
    (place / "timestamp.txt").write_text(content)
    leave_others(NAME, "mallory", [str(place / f"{NAME}.ipynb")])
    assert names(place) == [f"{NAME}.ipynb"]


def test_what_cannot_be_moved_is_not_copied(course, monkeypatch):
    place = course / "submitted" / "mallory" / NAME
    beside(place, course / "secret_seed")

    def refuse(*_):
        raise PermissionError("no")

    monkeypatch.setattr(os, "replace", refuse)
    # nbgrader goes on after an Exception.
    with pytest.raises(SystemExit, match="cannot be moved"):
        leave_others(NAME, "mallory", [str(place / f"{NAME}.ipynb")])


class NoGradebook(contextlib.nullcontext):
    """Where nbgrader asks for a due date: there is none. A database takes seconds to make."""

    def __init__(self, *_):
        super().__init__(self)

    def find_assignment(self, name):
        raise MissingEntry(name)


@pytest.fixture
def collect(course, monkeypatch):
    """nbgrader's collect, with owners as a shared machine has them: by the name after "of-"."""
    monkeypatch.setattr(default_collect, "Gradebook", NoGradebook)
    directory = CourseDirectory(root=str(course), course_id="class", assignment_id=NAME)
    collect = Collect(coursedir=directory)
    collect.root = str(course / "exchange")
    owners = {}
    monkeypatch.setattr(handing_in, "owner_of", lambda about: owners.get(about.st_ino, "root"))

    def hand_in(student, owner, time=TIME):
        place = course / "exchange" / "class" / "inbound" / f"{student}+{NAME}+{time}+x7"
        beside(place, course / "secret_seed")
        owners[place.stat().st_ino] = owner
        return place

    def run():
        collect.init_src()
        collect.copy_files()
        return sorted(path.parent.name for path in course.glob(f"submitted/*/{NAME}"))

    return SimpleNamespace(hand_in=hand_in, run=run, owners=owners)


def test_collect_takes_ordinary_notebooks_and_the_time(course, collect):
    collect.hand_in("mallory", "mallory")
    collect.hand_in("ann", "ann")
    assert collect.run() == ["ann", "mallory"]
    for student in ("ann", "mallory"):
        place = course / "submitted" / student / NAME
        assert names(place) == [f"{NAME}.ipynb", "timestamp.txt"]
        assert not any(path.is_symlink() for path in place.iterdir())
        assert (place / "timestamp.txt").read_text().strip() == TIME


def test_a_notebook_that_is_a_link_to_the_solutions_is_not_taken(course, collect):
    place = collect.hand_in("mallory", "mallory")
    (place / f"{NAME}.ipynb").unlink()
    (place / f"{NAME}.ipynb").symlink_to(course / "source" / NAME / f"{NAME}.ipynb")
    collect.hand_in("ann", "ann")
    assert collect.run() == ["ann"]


def test_a_folder_that_is_a_link_is_not_taken(course, collect):
    link = course / "exchange" / "class" / "inbound" / f"mallory+{NAME}+{TIME}+x7"
    link.symlink_to(course / "source" / NAME)
    collect.owners[link.lstat().st_ino] = "mallory"
    collect.hand_in("ann", "ann")
    assert collect.run() == ["ann"]


def test_a_folder_under_anothers_name_neither_counts_nor_hides_theirs(course, collect):
    mine = collect.hand_in("vera", "vera")
    later = collect.hand_in("vera", "mallory", "2030-01-01 10:00:00 UTC")
    (later / f"{NAME}.ipynb").write_text("forged")
    assert collect.run() == ["vera"]
    taken = course / "submitted" / "vera" / NAME / f"{NAME}.ipynb"
    assert taken.read_text() == (mine / f"{NAME}.ipynb").read_text()


@pytest.mark.parametrize("time", ["tomorrow", "9999-99-99", "1" * 100])
def test_a_name_without_a_time_stops_nobody(collect, time):
    collect.hand_in("mallory", "mallory", time)
    collect.hand_in("ann", "ann")
    assert collect.run() == ["ann"]


def test_a_time_in_a_file_counts_less_than_the_exchanges(course, collect):
    place = collect.hand_in("mallory", "mallory")
    (place / "timestamp.txt").write_text(str(datetime(2000, 1, 1)))
    collect.hand_in("ann", "ann")
    collect.run()
    stamp = course / "submitted" / "mallory" / NAME / "timestamp.txt"
    assert stamp.read_text().strip() == TIME
