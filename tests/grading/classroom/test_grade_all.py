"""`course grade` around the sandbox: every submission once, nbgrader's gradebook, kills, a cluster.

A stand-in decides what a submission gets (fake_grader.py). nbgrader is the real one.
"""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from grading import fake_grader

from course_utils.errors import CourseError
from course_utils.grading.class_folder import SEED
from course_utils.grading.classroom import engines, exporting, grade_all, people
from course_utils.grading.classroom.grade_all import grade_class
from course_utils.grading.classroom.new import new_class
from course_utils.grading.demo.students import filled
from course_utils.grading.nbgrader.gradebook import Records

NAME = "01_attention"
ANSWER = "weighted_average_answer"
POINTS = fake_grader.POINTS
FULL = sum(POINTS.values())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A class whose first notebook was handed out, without the lesson around the exercises: pages
    of feedback are made quickly. It is copied for each test."""
    folder = tmp_path_factory.mktemp("school") / "class"
    new_class(folder)
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    nbformat.write(notebook, path)
    Records(folder).prepare(NAME)
    return folder


@pytest.fixture
def folder(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.grading.classroom.engines.Grader", fake_grader.FakeGrader)
    monkeypatch.setenv("FAKE_NOTES", str(tmp_path / "notes"))
    return Path(shutil.copytree(prepared, tmp_path / "class"))


@pytest.fixture
def graded_so_far(tmp_path):
    """How often something was graded."""
    notes = tmp_path / "notes"
    return lambda: len(notes.read_text().splitlines()) if notes.exists() else 0


def hand_in(folder, **students):
    """Submissions whose exercises say what they get: all "right", or one word for each."""
    released = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for student, words in students.items():
        if not isinstance(words, dict):
            words = dict.fromkeys(POINTS, words)
        answers = {name: f"# {word} {student}" for name, word in words.items()}
        write(folder, student, filled(released, answers))


def write(folder, student, text):
    path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def scores(folder):
    """The gradebook: for each student the automatic points of each cell."""
    return {name: of.automatic for name, of in Records(folder).standings(NAME).items()}


def points(folder, student):
    return {
        name.removesuffix("_check"): given
        for name, given in scores(folder)[student].items()
        if name.endswith("_check")
    }


def page(folder, student):
    return (folder / "feedback" / student / NAME / f"{NAME}.html").read_text()


# A class, graded.


def test_everybody_is_graded_told_and_written_down(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # a sentence a line
    hand_in(folder, ann="right", bo={"softmax": "wrong", "attend": "right"}, cy="nothing")
    assert grade_class(folder)
    assert points(folder, "ann") == POINTS
    assert points(folder, "bo") == {**dict.fromkeys(POINTS, 0), "softmax": 1, "attend": 4}
    assert set(points(folder, "cy").values()) == {0}
    assert "Not axis 0." in page(folder, "bo") and "Well done." in page(folder, "ann")

    said = capsys.readouterr().out
    assert "3 of 3, took" in said
    assert re.search(f"bo +5 +1 of {len(POINTS)} ", said)
    assert f"softmax: over axis 0; {len(POINTS) - 2} not solved" in said
    assert "1 × over axis 0" in said
    with open(folder / "grades.csv", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert float(rows["ann"]["score"]) == FULL and float(rows["ann"]["max_score"]) == FULL + 3
    lesson = (folder / "statistics" / f"{NAME}.html").read_text()
    assert "1 × over axis 0." in lesson and "1 of 3 passed (33%)" in lesson
    words = re.sub(r"base64,[^\"]+", "", lesson)
    assert not re.search(r"\b(ann|bo|cy)\b", words)
    assert (folder / "statistics" / f"{NAME}.png").read_bytes().startswith(b"\x89PNG")


def test_the_points_are_in_the_order_of_names_whoever_came_first(folder):
    for student in ("cy", "ann", "bo"):
        hand_in(folder, **{student: "right"})
        assert grade_class(folder)
    with open(folder / "grades.csv", newline="") as file:
        assert [row["student_id"] for row in csv.DictReader(file)] == ["ann", "bo", "cy"]


def test_again_nothing_is_graded_and_nothing_changes(folder, graded_so_far, capsys):
    hand_in(folder, ann="right", bo="wrong")
    assert grade_class(folder, NAME)
    before, stamps = scores(folder), when_written(folder)
    capsys.readouterr()
    assert grade_class(folder, NAME)
    assert graded_so_far() == 2
    assert scores(folder) == before and when_written(folder) == stamps
    assert "2 of 2" in capsys.readouterr().out


def when_written(folder):
    files = [*folder.glob("autograded/**/*.ipynb"), *folder.glob("feedback/**/*.html")]
    return {path: path.stat().st_mtime_ns for path in files}


def test_a_new_submission_of_one_student_is_graded_alone(folder, graded_so_far):
    hand_in(folder, ann="wrong", bo="right")
    grade_class(folder)
    hand_in(folder, ann="right")
    grade_class(folder)
    assert graded_so_far() == 3
    assert points(folder, "ann") == POINTS and "Well done." in page(folder, "ann")


def test_the_same_file_twice_is_graded_once(folder, graded_so_far):
    hand_in(folder, ann="wrong")
    write(folder, "bo", (folder / "submitted" / "ann" / NAME / f"{NAME}.ipynb").read_text())
    assert grade_class(folder)
    assert graded_so_far() == 1
    assert points(folder, "ann") == points(folder, "bo")


def test_other_exercises_or_another_seed_make_other_results(folder, graded_so_far, monkeypatch):
    hand_in(folder, ann="right")
    grade_class(folder)
    monkeypatch.setattr(
        "course_utils.grading.submission.results.code_hash", lambda: "another version"
    )
    grade_class(folder)
    assert graded_so_far() == 2
    (folder / SEED).unlink()  # the next one is drawn anew
    grade_class(folder)
    assert graded_so_far() == 3


def test_a_damaged_result_is_graded_again(folder, graded_so_far):
    hand_in(folder, ann="right")
    grade_class(folder)
    (result,) = (folder / ".course" / "results").glob("*.json")
    result.write_text(result.read_text()[:50])
    assert grade_class(folder)
    assert graded_so_far() == 2


# One student never stops another.


def test_what_is_no_notebook_gets_a_row_a_page_and_no_points(folder, capsys):
    hand_in(folder, zoe="right")
    write(folder, "ann", '{"cells": [{"cell_type": "co')
    write(folder, "bo", "")
    grade_class(folder)
    assert points(folder, "zoe") == POINTS
    assert set(points(folder, "ann").values()) == set(points(folder, "bo").values()) == {0}
    assert "It is no notebook any more" in page(folder, "ann")
    said = capsys.readouterr().out
    assert "ann" in said and "ask for the notebook again" in said


@pytest.mark.parametrize("state", ["no metadata", "format 3", "schema 99", "two checks", "tags"])
def test_spoiled_notebooks_reach_the_gradebook(folder, state):
    hand_in(folder, ann="right", bo="right")
    path = folder / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    if state == "no metadata":
        del notebook["metadata"]
    elif state == "format 3":
        notebook["nbformat"] = 3
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"] and state == "schema 99":
            cell["metadata"]["nbgrader"]["schema_version"] = 99
        if state == "tags":
            cell["metadata"]["tags"] = ["skip-execution"]
    if state == "two checks":
        notebook["cells"] += [c for c in notebook["cells"] if "nbgrader" in c["metadata"]]
    path.write_text(json.dumps(notebook))
    assert grade_class(folder)
    assert points(folder, "ann") == points(folder, "bo") == POINTS


def test_trouble_of_the_machine_is_told_and_tried_again(folder, capsys, graded_so_far, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # a sentence a line
    hand_in(folder, ann={"softmax": "machine trouble"}, bo="right")
    assert not grade_class(folder)
    said = capsys.readouterr().out
    assert "not graded this time: the machine has trouble" in said and "course grade again" in said
    assert points(folder, "bo") == POINTS and "ann" not in scores(folder)
    assert not grade_class(folder)
    assert graded_so_far() == 3
    hand_in(folder, ann="right")
    assert grade_class(folder)
    assert points(folder, "ann") == POINTS


def test_a_file_that_changes_meanwhile_is_not_mixed_up(folder, monkeypatch):
    hand_in(folder, ann="wrong")
    true = fake_grader.FakeGrader.grade

    def change(self, path, *given):
        result = true(self, path, *given)
        hand_in(folder, ann="right")
        return result

    monkeypatch.setattr(fake_grader.FakeGrader, "grade", change)
    assert not grade_class(folder)
    monkeypatch.setattr(fake_grader.FakeGrader, "grade", true)
    assert grade_class(folder)
    assert points(folder, "ann") == POINTS


@pytest.mark.parametrize("student", ["a[b]c", "*", "what?"])
def test_a_name_that_is_a_pattern_is_told(folder, student, capsys):
    hand_in(folder, **{student: "right", "zoe": "wrong"})
    assert not grade_class(folder)
    assert "rename the folder" in capsys.readouterr().out
    assert set(scores(folder)) == {"zoe"}


def test_names_of_any_script(folder):
    hand_in(folder, **{"김 철수": "right", "O'Neil": "right", "123": "right", "a+b@c.d": "right"})
    assert grade_class(folder)
    assert set(scores(folder)) == {"김 철수", "O'Neil", "123", "a+b@c.d"}


def test_every_folder_in_submitted_has_a_row(folder, capsys):
    hand_in(folder, ann="right", bo="right", cy="right", di="wrong", ed="right", fay="right")
    place = folder / "submitted"
    (place / "ann" / NAME / f"{NAME}.ipynb").rename(place / "ann" / NAME / "Attention_FINAL.ipynb")
    two = place / "bo" / NAME
    (two / "b.ipynb").write_text((two / f"{NAME}.ipynb").read_text())
    (two / f"{NAME}.ipynb").rename(two / "a.ipynb")
    (place / "cy" / NAME / f"{NAME}.ipynb").unlink()
    right = (place / "ed" / NAME / f"{NAME}.ipynb").read_text()
    (place / "di" / NAME / f"{NAME}-1.ipynb").write_text(right)
    other = {"grade_id": "split_heads"}
    cell = {"cell_type": "code", "source": "", "metadata": {"nbgrader": other}}
    write(folder, "ed", json.dumps({"cells": [cell]}))
    assert not grade_class(folder)
    said = re.sub(r" *\n +", " ", capsys.readouterr().out)
    assert points(folder, "ann") == points(folder, "fay") == POINTS  # the only one, with our cells
    assert set(scores(folder)) == {"ann", "di", "fay"}
    assert "a.ipynb, b.ipynb" in said and "no notebook in" in said
    assert f"{NAME}-1.ipynb lies beside it" in said
    assert "this is the notebook 02_multi_head_attention" in said
    rows = said.partition("student ")[2].partition("exercise ")[0]
    assert all(re.search(rf"^{name} ", rows, re.M) for name in ("ann", "bo", "cy", "di", "ed"))


def test_a_link_instead_of_a_notebook_is_not_followed(folder, capsys):
    hand_in(folder, bo="right")
    path = write(folder, "ann", "")
    path.unlink()
    path.symlink_to(folder / "gradebook.db")
    assert not grade_class(folder)
    assert "no ordinary file" in capsys.readouterr().out
    assert points(folder, "bo") == POINTS


def test_a_huge_file_is_not_read(folder, capsys):
    hand_in(folder, bo="right")
    with open(write(folder, "ann", ""), "wb") as file:
        file.truncate(2**40)
    assert not grade_class(folder)
    assert "more than 128 MB" in capsys.readouterr().out
    assert points(folder, "bo") == POINTS


def test_a_gradebook_that_cannot_be_written_stops_nobody(folder, monkeypatch, capsys):
    hand_in(folder, ann="right", bo="right")
    true = Records.record

    def record(self, student, *given):
        if student == "ann":
            raise OSError("database is locked")
        return true(self, student, *given)

    monkeypatch.setattr(Records, "record", record)
    assert not grade_class(folder)
    said = capsys.readouterr().out
    assert "not written into the gradebook" in said and "database is locked" in said
    assert points(folder, "bo") == POINTS and "ann" not in scores(folder)
    monkeypatch.setattr(Records, "record", true)
    assert grade_class(folder)
    assert points(folder, "ann") == POINTS


# nbgrader stays nbgrader.


def test_points_given_by_hand_stay_and_reach_the_page(folder, capsys):
    hand_in(folder, ann="right")
    path = folder / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("YOUR ANSWER HERE", "Because."))
    grade_class(folder)
    assert "a written answer to read" in capsys.readouterr().out
    with Records(folder).api.gradebook as gradebook:
        grade = gradebook.find_grade(ANSWER, NAME, NAME, "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        comment = gradebook.find_comment(ANSWER, NAME, NAME, "ann")
        comment.manual_comment = "Well put, Ann."
        gradebook.db.commit()
    assert grade_class(folder)
    assert "Well put, Ann." in page(folder, "ann")
    assert "a written answer to read" not in capsys.readouterr().out
    assert f",{FULL + 2.5}," in (folder / "grades.csv").read_text()


def test_an_answer_in_another_cell_goes_to_a_person_with_both_texts(folder, capsys):
    hand_in(folder, ann="right")
    path = folder / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "Because."})
    path.write_text(json.dumps(notebook))
    assert grade_class(folder)
    said = capsys.readouterr().out
    assert "a written answer to read" in said and "to read" in said
    assert "Because." in (folder / "autograded" / "ann" / NAME / f"{NAME}.ipynb").read_text()
    (canvas,) = exporting.export(folder, NAME, "canvas")
    assert canvas.read_text().splitlines()[-1].endswith(",")
    assert "not final: 1 to be graded by hand" in (folder / "grades.csv").read_text()


def test_late_submissions_lose_what_the_class_says(folder):
    with open(folder / "nbgrader_config.py", "a") as file:
        file.write(
            "\nfrom nbgrader.plugins import LateSubmissionPlugin\n"
            "class Half(LateSubmissionPlugin):\n"
            "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
            "        return score / 2\n"
            "c.AssignLatePenalties.plugin_class = Half\n"
        )
    hand_in(folder, ann="right", bo="right")
    for student, day in (("ann", 2), ("bo", 4)):
        stamp = folder / "submitted" / student / NAME / "timestamp.txt"
        stamp.write_text(f"2026-11-0{day} 12:00:00 UTC")
    due(folder, "2026-11-03 12:00:00 UTC")
    grade_class(folder)
    assert final(folder) == {"ann": FULL, "bo": FULL / 2}
    due(folder, "2026-11-05 12:00:00 UTC")  # a later deadline: nothing is run again
    grade_class(folder)
    assert final(folder) == {"ann": FULL, "bo": FULL}


def late(folder, rule="zero"):
    """Let ann be late, with this of nbgrader's rules."""
    with open(folder / "nbgrader_config.py", "a") as file:
        file.write(f"\nc.LateSubmissionPlugin.penalty_method = '{rule}'\n")
    hand_in(folder, ann="right")
    stamp = folder / "submitted" / "ann" / NAME / "timestamp.txt"
    stamp.write_text("2026-11-04 12:00:00 UTC")
    due(folder, "2026-11-03 12:00:00 UTC")


def by_hand(folder, student, points):
    with Records(folder).api.gradebook as gradebook:
        grade = gradebook.find_grade(ANSWER, NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_points_given_by_hand_do_not_escape_a_late_penalty(folder):
    late(folder)
    assert grade_class(folder)
    by_hand(folder, "ann", 2.5)
    assert grade_class(folder)
    assert final(folder) == {"ann": 0}


def test_another_rule_for_late_submissions_counts_at_once(folder, graded_so_far):
    late(folder, "none")
    grade_class(folder)
    by_hand(folder, "ann", 2)
    assert final(folder) == {"ann": FULL + 2}
    late(folder, "zero")
    grade_class(folder)
    assert final(folder) == {"ann": 0}
    due(folder, "2026-11-05 12:00:00 UTC")
    grade_class(folder)
    assert final(folder) == {"ann": FULL + 2} and graded_so_far() == 1
    with Records(folder).api.gradebook as gradebook:  # nobody has to look at it again
        assert not gradebook.find_grade(ANSWER, NAME, NAME, "ann").needs_manual_grade


def test_points_changed_in_source_are_honoured(folder):
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    path.write_text(more_points(path.read_text(), "softmax_check", 7))
    Records(folder).api.generate_assignment(NAME, force=True)
    hand_in(folder, ann="right", bo={"softmax": "wrong"})
    assert grade_class(folder)
    assert points(folder, "ann") == {**POINTS, "softmax": 7}
    assert points(folder, "bo")["softmax"] == 3.5
    assert "7" in page(folder, "ann")


def more_points(text, name, points):
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.nbgrader.grade_id == name:
            cell.metadata.nbgrader.points = points
    return nbformat.writes(notebook)


def test_the_screen_the_gradebook_and_the_file_say_the_same(folder, capsys, monkeypatch):
    hand_in(folder, ann="wrong", bo="right")
    grade_class(folder)
    shutil.rmtree(folder / ".course" / "results")
    # A library that changed what an answer gets, unseen by the name of a result.
    changed = fake_grader.graded(b'{"cells": []}')
    monkeypatch.setattr(fake_grader, "graded", lambda content: changed)
    capsys.readouterr()
    assert grade_class(folder)
    assert final(folder) == {"ann": 0, "bo": 0}
    said = capsys.readouterr().out
    assert all(re.search(rf"{student} +0 +0 of {len(POINTS)} ", said) for student in ("ann", "bo"))
    assert set(points(folder, "ann").values()) == {0} == {v for v in listed(folder).values()}


def test_forced_and_for_one_student_alone(folder, graded_so_far, capsys):
    hand_in(folder, ann="right", bo="right")
    grade_class(folder)
    by_hand(folder, "ann", 2)
    assert grade_class(folder, NAME, students=("ann",), force=True)
    assert graded_so_far() == 3
    assert final(folder) == {"ann": FULL + 2, "bo": FULL}
    assert "2 of 2 passed" in (folder / "statistics" / f"{NAME}.html").read_text()
    with pytest.raises(CourseError, match="zoe handed in no"):
        grade_class(folder, NAME, students=("zoe",))


def test_an_extension_by_one_command(folder):
    late(folder)
    people.extend(folder, NAME, "ann", 23)
    grade_class(folder)
    assert final(folder) == {"ann": 0}
    people.extend(folder, NAME, "ann", 24)
    grade_class(folder)
    assert final(folder) == {"ann": FULL}
    people.extend(folder, NAME, "ann", 0)
    grade_class(folder)
    assert final(folder) == {"ann": 0}


def test_a_roster_and_a_student_who_leaves(folder, tmp_path, capsys):
    hand_in(folder, doejane_12="right", bo="right")
    path = tmp_path / "roster.csv"
    path.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
        '"Doe, Jane",12,,,\n"Lee, Kim",13,,,\n"Student, Test",14,,,\n'
    )
    assert people.take_roster(folder, path) == 1
    grade_class(folder)
    assert re.search(r"leekim_13 .*not handed in", capsys.readouterr().out)
    rows = (folder / "grades.csv").read_text()
    assert "leekim_13,Lee,Kim" in rows and "not handed in" in rows
    kept = people.withdraw(folder, "bo")
    assert set(final(folder)) == {"doejane_12", "leekim_13"}
    assert "bo," not in (folder / "grades.csv").read_text() and list(kept.rglob("*.ipynb"))
    grade_class(folder)
    assert set(final(folder)) == {"doejane_12", "leekim_13"}
    with pytest.raises(CourseError, match="no 'bo'"):
        people.withdraw(folder, "bo")


@pytest.mark.parametrize(
    ("text", "students"),
    [
        ("id,first_name,last_name\nann,Ann,Lee\n", {"ann"}),
        ("First name,Last name,Email address\nAnn,Lee,a@b.c\n", {"Ann-Lee"}),
        ("Kennung,Name,Mail\nTeilnehmer/in 7,Ann Lee,a@b.c\n", {"Ann-Lee"}),
    ],
)
def test_lists_of_a_class(text, students, tmp_path):
    rows = list(csv.reader(text.splitlines()))
    assert set(people.people_in(tmp_path, rows, set())) == students


def listed(folder):
    with open(folder / "grades.csv", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def due(folder, date):
    with Records(folder).api.gradebook as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=date)


def final(folder):
    return {score.student_id: score.score for score in Records(folder).scores()}


def test_a_gradebook_that_was_lost_is_filled_again(folder, graded_so_far):
    hand_in(folder, ann="right")
    grade_class(folder)
    (folder / "gradebook.db").unlink()
    assert grade_class(folder)
    assert points(folder, "ann") == POINTS and graded_so_far() == 1


def test_points_go_to_canvas(folder):
    hand_in(folder, doe_12="right", zoe="wrong")
    grade_class(folder)
    (path,) = exporting.export(folder, NAME, "canvas")
    with open(path, newline="") as file:
        head, maximum, doe, zoe = csv.reader(file)
    assert head[-1] == NAME and float(maximum[-1]) == FULL + 3
    assert (float(doe[-1]), float(zoe[-1])) == (FULL, FULL / 2)


# What is wrong is told.


def test_what_can_be_put_right_is_a_sentence(folder, tmp_path):
    with pytest.raises(CourseError, match="Nobody has handed in anything"):
        grade_class(folder)
    with pytest.raises(CourseError, match=f"It has: .*{NAME}"):
        grade_class(folder, "attention")
    with pytest.raises(CourseError, match="no class folder"):
        grade_class(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "from nowhere import nothing",
        "c.Autograde.autograde_preprocessors = [stock.SaveAutoGrades]",
        "c.Autograde.autograde_preprocessors.append(stock.Execute)",
    ],
)
def test_a_configuration_that_would_run_code_here_is_refused(folder, change):
    hand_in(folder, ann="right")
    with open(folder / "nbgrader_config.py", "a") as file:
        file.write(f"\nfrom nbgrader import preprocessors as stock\n{change}\n")
    with pytest.raises(CourseError, match="nbgrader_config.py cannot be used"):
        grade_class(folder)


def test_a_class_made_by_an_earlier_version_goes_on(folder):
    hand_in(folder, ann="right")
    path = folder / "nbgrader_config.py"
    text = path.read_text()
    home = "from course_utils.grading import nbgrader_plugin as course\n"
    assert home in text and "course.FeedbackExporter" in text
    before = f"{home}from course_utils.grading.feedback_page import FeedbackExporter\n"
    text = text.replace(home, before).replace("course.FeedbackExporter", "FeedbackExporter")
    path.write_text(text)
    assert grade_class(folder)
    assert points(folder, "ann") == POINTS and "Well done." in page(folder, "ann")


def test_two_gradings_of_one_class_do_not_meet(folder):
    hand_in(folder, ann="right")
    with grade_all.only_one(folder):
        with pytest.raises(CourseError, match="being graded already"):
            grade_class(folder)
    assert grade_class(folder)


# Killed at any moment.


def start(folder, *options, seconds="0.15"):
    command = [sys.executable, fake_grader.__file__, "grade", str(folder), NAME, *options]
    tests = str(Path(fake_grader.__file__).parents[1])
    environment = {**os.environ, "FAKE_SECONDS": seconds, "PYTHONPATH": tests}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_kills_change_nothing_and_nothing_is_graded_twice(folder, tmp_path, graded_so_far):
    words = ("right", "wrong", "nothing")
    hand_in(folder, **{f"student{n:02d}": words[n % 3] for n in range(12)})
    alone = Path(shutil.copytree(folder, tmp_path / "alone"))
    grade_class(alone)
    once = graded_so_far()

    rng = random.Random(1)
    for _ in range(4):
        process = start(folder, "--workers", "2")
        for line in process.stdout:  # it has begun: from here on, any moment
            if "submissions" in line:
                break
        time.sleep(rng.uniform(0, 3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert grade_class(folder, NAME)
    assert scores(folder) == scores(alone)
    assert final(folder) == final(alone)
    # What was under way when it was killed, two at a time, is all that is done again.
    assert graded_so_far() <= 2 * once + 4 * 2


# On a cluster.


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers, each a process; yields (address, the workers)."""
    file = tmp_path / "scheduler.json"
    base = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    processes = [quiet([*base, *local, "--scheduler-file", str(file)])]
    while not file.exists():
        assert processes[0].poll() is None
        time.sleep(0.1)
    base = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file)]
    options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--preload", fake_grader.__file__]
    local = ["--local-directory", str(tmp_path)]
    workers = [quiet([*base, *options, *local]) for _ in range(2)]
    yield json.loads(file.read_text())["address"], workers
    for process in [*workers, *processes]:
        process.kill()
        process.wait()


def quiet(command):
    tests = str(Path(fake_grader.__file__).parents[1])
    environment = {**os.environ, "FAKE_SECONDS": "0.3", "PYTHONPATH": tests}
    null = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=null, stderr=null)


def test_a_cluster_that_loses_a_worker_loses_nothing(folder, cluster, tmp_path, capsys):
    pytest.importorskip("distributed")
    address, workers = cluster
    hand_in(folder, **{f"student{n:02d}": "right" for n in range(12)})
    alone = Path(shutil.copytree(folder, tmp_path / "alone"))
    watch = threading.Thread(target=kill_at_work, args=(workers[0], tmp_path / "notes"))
    watch.start()
    assert grade_class(folder, NAME, scheduler=address)
    watch.join(timeout=10)
    assert workers[0].poll() is not None, "the test has to kill a worker midway"
    assert "12 of 12" in capsys.readouterr().out
    assert set(points(folder, "student03").values()) == set(POINTS.values())
    lines = (tmp_path / "notes").read_text().splitlines()
    assert {line.split()[0] for line in lines} == {str(worker.pid) for worker in workers}
    # Only what the dead worker was at is done again; what it had done already is not.
    assert len({line.split()[1] for line in lines}) == 12 and len(lines) <= 14
    (tmp_path / "notes").unlink()
    grade_class(alone)
    assert scores(folder) == scores(alone)


def kill_at_work(worker, notes):
    """Kill a worker while it grades its second submission."""
    while worker.poll() is None:
        lines = notes.read_text().splitlines() if notes.exists() else []
        if sum(line.startswith(f"{worker.pid} ") for line in lines) == 2:
            worker.kill()
            worker.wait()
        time.sleep(0.05)


def test_a_scheduler_that_does_not_answer(folder, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "PATIENCE", 1)
    hand_in(folder, ann="right")
    with pytest.raises(CourseError, match="No Dask scheduler answers at tcp://127.0.0.1:1"):
        grade_class(folder, NAME, scheduler="tcp://127.0.0.1:1")


def test_a_worker_with_another_version_is_refused():
    with pytest.raises(CourseError, match="another version of the course"):
        engines.grade_there(b"{}", "x.ipynb", NAME, 1, None, version="old", sandbox=True)
