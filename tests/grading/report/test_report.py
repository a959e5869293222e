"""What a class found hard, in numbers, as a page, and as tables on a terminal."""

import io
import re

import pytest
from rich.cells import cell_len

from course_utils.grading.classroom.grade_all import GradeRow
from course_utils.grading.report import summary, teach_again
from course_utils.grading.report.progress import Progress, clock
from course_utils.grading.report.statistics import ANOTHER, EACH_ITS_OWN, hardest, lessons
from course_utils.grading.submission.results import Graded
from course_utils.table import table


def report(exercise, state="passed", mistake=None, message=""):
    return {
        "exercise": exercise,
        "title": f"The title of {exercise}",
        "points": 2,
        "earned": 2.0 if state == "passed" else 0.0,
        "passed": state == "passed",
        "solved": state != "unsolved",
        "mistake": mistake,
        "message": message,
    }


def classroom():
    """Ten students: softmax mostly wrong, in three ways; attend mostly right."""
    wrong = [
        *[("over axis 0", "Sum along the last axis.")] * 3,
        ("over axis 0", "Sum along the last axis. And leave your inputs alone."),
        *[("no <maximum>", "Subtract it & divide.")] * 2,
        (None, "It stopped with an error."),
    ]
    softmax = [report("softmax", "wrong", *pair) for pair in wrong]
    softmax += [report("softmax", "unsolved"), report("softmax"), report("softmax")]
    return [{"softmax": given, "attend": report("attend")} for given in softmax]


def test_lessons_count_everybody_once():
    softmax, attend = lessons(classroom())
    assert (softmax.passed, softmax.wrong, softmax.unsolved, softmax.students) == (2, 7, 1, 10)
    assert [(m.name, m.students) for m in softmax.mistakes] == [
        ("over axis 0", 4),
        ("no <maximum>", 2),
        (ANOTHER, 1),
    ]
    assert (attend.passed, attend.share, attend.mistakes) == (10, 1.0, ())


def test_a_mistake_has_its_own_sentence_without_what_a_single_report_adds():
    softmax, _ = lessons(classroom())
    assert softmax.mistakes[0].sentence == "Sum along the last axis."
    assert softmax.mistakes[2].sentence == EACH_ITS_OWN


def test_the_hardest_comes_first_and_nobody_is_no_trouble():
    assert [lesson.exercise for lesson in hardest(lessons(classroom()))] == ["softmax", "attend"]
    assert lessons([]) == []


def test_the_page_needs_no_other_file_and_names_the_mistakes():
    given = lessons(classroom())
    page = teach_again.page("01_attention", given, teach_again.picture("01_attention", given))
    assert not re.search(r"""(src|href)=["'](?!data:)""", page) and "<script" not in page
    assert "2 of 10 passed (20%), 1 did not solve it" in page
    assert "4 × over axis 0." in page and "no &lt;maximum&gt;" in page
    assert "no <maximum>" not in page
    assert page.index("The title of softmax") < page.index("The title of attend")
    assert "softmax: 2 passed, 7 not yet, 1 not solved" in page  # the picture, in words


def test_only_the_most_frequent_mistakes_are_spelled_out():
    reports = [{"softmax": report("softmax", "wrong", f"kind {n}", "…")} for n in range(8)]
    given = lessons(reports)
    page = teach_again.page("01_attention", given, b"")
    assert "kind 4" in page and "kind 5" not in page
    assert "3 more" in page


def test_the_picture_is_a_png():
    png = teach_again.picture("01_attention", lessons(classroom()))
    assert png.startswith(b"\x89PNG")
    assert teach_again.picture("01_attention", []).startswith(b"\x89PNG")


def test_the_table_of_exercises():
    text = summary.exercises(lessons(classroom()))
    assert re.search(r"softmax +2 +7 +1 +4 × over axis 0", text)


def test_columns_line_up_whatever_the_script_and_nothing_breaks_a_line():
    text = table(("student", "what"), [("김철수", "a"), ("Müller", "b\n\x1b[31mc"), ("ann", "")])
    lines = text.splitlines()
    assert len(lines) == 5 and "\x1b" not in text
    starts = {
        cell_len(line[: line.index(word)]) for line, word in zip(lines[2:4], "ab", strict=True)
    }
    assert starts == {cell_len("student  ")}


def test_a_long_remark_is_wrapped_into_its_own_column():
    lines = table(("student", "what"), [("ann", "word " * 100)]).splitlines()
    assert len(lines) > 4
    assert all(line.startswith(" " * len("student  ")) for line in lines[3:])


def test_brackets_in_a_name_are_no_markup():
    assert "[bold]ann[/bold]" in table(("student", "what"), [("[bold]ann[/bold]", "a")])


def test_names_are_whole_however_narrow_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    name = "a-name-that-is-longer-than-most-are"
    assert name in table(("student", "what"), [(name, "word " * 100)])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("total", [1, 3, 60])
def test_progress_in_a_file_is_a_few_lines(total):
    file = io.StringIO()
    with Progress(total, file) as progress:
        for number in range(total):
            progress.step(f"student {number}")
    lines = file.getvalue().splitlines()
    assert "\r" not in file.getvalue() and "\x1b" not in file.getvalue()
    assert len(lines) == min(total, 10)
    assert lines[-1].startswith(f"[{'#' * 30}] {total} of {total}, took 0:0")


def test_progress_on_a_terminal_is_one_line(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    file = Terminal()
    with Progress(3, file) as progress:
        for _ in range(3):
            progress.step("ann")
            progress.bar.refresh()
    said = file.getvalue()
    assert said.count("\r") >= 3 and said.count("\n") == 1
    assert "1 of 3" in said and "about" in said and "3 of 3, took" in said


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (7384, "2:03:04")])
def test_times(seconds, text):
    assert clock(seconds) == text


def test_the_page_for_the_class_holds_no_word_of_a_students():
    said = "It stopped with ValueError: ann copied from bo."
    reports = [{"softmax": {**report("softmax", "wrong", None, said)}} for _ in range(3)]
    given = lessons(reports)
    page = teach_again.page("01_attention", given, b"")
    assert "ann" not in page.replace("answer", "") and EACH_ITS_OWN.split("'")[0] in page


def test_nobodys_notes_push_the_others_off_the_screen():
    rows = [GradeRow("ann", Graded({}, notes=tuple(f"Cell {n} stopped." for n in range(2000))))]
    rows += [GradeRow("bo", Graded({}, notes=("Cell 3 was put back.",)))]
    text = summary.todo(rows, {})
    assert len(text.splitlines()) < 15
    assert "1996 more" in text and "Cell 3 was put back." in text


class Row:
    problem, beside = "", ()

    def __init__(self, student, *notes):
        self.student, self.graded = student, Graded({}, notes=notes)


def test_what_must_be_done_stands_first_and_what_is_good_to_know_in_one_line():
    rows = [Row(f"student{n}", f"Cell 'a{n}' was deleted.") for n in range(30)]
    rows[7].beside = ("other.ipynb",)
    text = summary.todo(rows, {})
    assert text.index("other.ipynb") < text.index("was deleted")
    assert len(text.splitlines()) < 15 and text.count(summary.LOOK.split()[0]) == 1
