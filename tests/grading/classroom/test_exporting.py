"""Points in the CSV forms of Canvas and Moodle."""

import csv
from datetime import UTC, datetime

import pytest

from course_utils.errors import CourseError
from course_utils.grading.classroom import exporting, worksheet
from course_utils.grading.nbgrader.gradebook import Score

ONE, TWO = "01_attention", "02_multi_head_attention"


def score(student, points=0.0, assignment=ONE, handed_in=True, **more):
    plain = dict.fromkeys(("duedate", "timestamp", "last_name", "first_name", "email"), "")
    return Score(
        assignment=assignment,
        student_id=student,
        raw_score=points + 1,
        late_submission_penalty=1.0,
        score=points,
        max_score=18.0,
        handed_in=handed_in,
        **{**plain, **more},
    )


def came(platform, name, number):
    return {"from": platform, "name": name, "id": number, "late": False, "file": "x.ipynb"}


def test_canvas_has_its_columns_and_the_row_of_maximum_points():
    scores = {
        ONE: [score("doe_12", 17.25), score("zoe", 3.0, last_name="Zed", first_name="Zoe")],
        TWO: [score("doe_12", 0.0, TWO, handed_in=False)],
    }
    known = {ONE: {"doe_12": came("canvas", "doejane", "12")}, TWO: {}}
    head, maximum, *rows = exporting.canvas(scores, known)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", ONE, TWO]
    assert "Points Possible" in maximum[0] and maximum[1:] == ["", "", "", "", "18", "18"]
    assert rows == [
        ["doejane", "12", "", "", "", "17.25", ""],
        ["Zed, Zoe", "", "", "zoe", "", "3", ""],
    ]


def test_moodle_has_the_three_columns_its_worksheet_needs():
    scores = [score("Jane-Doe", 9.5), score("bo", 2.0, email="bo@example.org")]
    head, jane, bo = exporting.moodle(scores, {"Jane-Doe": came("moodle", "Jane Doe", "678")})
    assert {"Identifier", "Grade", "Last modified (grade)"} < set(head)
    jane, bo = (dict(zip(head, row, strict=True)) for row in (jane, bo))
    assert (jane["Identifier"], jane["Full name"]) == ("Participant 678", "Jane Doe")
    assert (jane["Grade"], jane["Maximum Grade"]) == ("9.5", "18")
    assert (bo["Identifier"], bo["Email address"]) == ("", "bo@example.org")


def test_moodle_takes_a_changed_grade():
    head, jane = exporting.moodle([score("Jane-Doe", 9.5)], {})
    modified = dict(zip(head, jane, strict=True))["Last modified (grade)"]
    age = datetime.now(UTC) - datetime.strptime(modified, "%Y-%m-%d %H:%M:%S UTC").replace(
        tzinfo=UTC
    )
    assert age.total_seconds() < 60


GERMAN = """\ufeffID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,\
"Bewertung kann geändert werden","Zuletzt geändert (Bewertung)"
"Teilnehmer/in 678","Jane Doe",jane@example.org,"Abgegeben","4,00","18,00",Ja,"3. Juni 2024"
"Teilnehmer/in 679","Bo Lee",bo@example.org,"Abgegeben",,"18,00",Ja,-
"Teilnehmer/in 680","김 철수",kim@example.org,"Abgegeben",,"18,00",Ja,-
"Teilnehmer/in 681","Nobody",no@example.org,"Keine Abgabe",,"18,00",Ja,-
"""


def test_the_worksheet_that_moodle_gave_is_filled_in(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(GERMAN)
    scores = [
        score("Jane-Doe", 9.5),
        score("lee", 2.0, email="bo@example.org"),
        score("김-철수", 3.0),
        score("away", 1.0),
    ]
    rows, missing = worksheet.filled(path, scores, {"Jane-Doe": came("moodle", "J", "678")})
    before = list(csv.reader(GERMAN.removeprefix("\ufeff").splitlines()))
    assert [row[4] for row in rows] == ["Bewertung", "9.5", "2", "3", ""]
    assert [row[:4] + row[5:] for row in rows] == [row[:4] + row[5:] for row in before]
    assert missing == ["away"]


def test_a_worksheet_with_another_maximum_is_refused(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(GERMAN.replace("18,00", "100,00"))
    with pytest.raises(CourseError, match="maximum grade in Moodle to 18"):
        worksheet.filled(path, [score("x", 1.0)], {})
    path.write_text("nothing")
    with pytest.raises(CourseError, match="no grading worksheet"):
        worksheet.filled(path, [score("x", 1.0)], {})


def test_what_is_not_final_and_what_is_not_there_look_so():
    scores = [score("ann", 5.0, to_read=1), score("bo", 0.0, handed_in=False), score("cy", 4.0)]
    head, *rows = exporting.plain(scores)
    ann, bo, cy = (dict(zip(head, row, strict=True)) for row in rows)
    assert "not final" in ann["status"] and ann["score"] == 5.0
    assert (bo["status"], bo["score"], bo["raw_score"]) == ("not handed in", "", "")
    assert (cy["status"], cy["score"]) == ("", 4.0)
    canvas = exporting.canvas({ONE: scores}, {ONE: {}})
    assert [row[-1] for row in canvas[2:]] == ["", "", "4"]


def test_names_cannot_break_the_file_or_become_formulas(tmp_path):
    name = '=cmd|"/c calc",\nDoe'
    rows = exporting.moodle([score("x", 1.0)], {"x": came("moodle", name, "1")})
    path = exporting.write(tmp_path / "grades.csv", rows)
    with open(path, newline="") as file:
        _, row = csv.reader(file)
    assert row[1] == 'cmd|"/c calc",\nDoe'


RUN = ["=1+1", "+1+1", "-1+1", "@SUM(1)", " =1+1", "\t=1+1", "\r\n=1+1", "\u00a0=1", "==1", "=+-1"]
RUN += ["\u200b=1+1", "\uff1d1+1", "'=1+1", '"=1+1', "\ufeff@x", "=", "-"]


@pytest.mark.parametrize("text", RUN)
@pytest.mark.parametrize("form", ["plain", "canvas", "moodle"])
def test_no_cell_is_one_that_a_spreadsheet_runs(tmp_path, form, text):
    scores = [score(text + "evil", 1.0, last_name=text, email=text), score("ann", -1.0)]
    known = {text + "evil": came("moodle", text, "1")}
    forms = {
        "plain": lambda: exporting.plain(scores),
        "canvas": lambda: exporting.canvas({ONE: scores}, {ONE: known}),
        "moodle": lambda: exporting.moodle(scores, known),
    }
    path = exporting.write(tmp_path / "grades.csv", forms[form]())
    with open(path, newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    bad = [c for c in cells if c.strip(" \t\r\n\u00a0\u200b\ufeff'\"")[:1] in tuple("=+-@\uff1d")]
    assert [c for c in bad if c not in ("-", "-1", "-1.0")] == []
    assert any("ann" in cell for cell in cells)


def test_two_rows_of_one_number_are_refused_and_say_whose():
    scores = [score("Vera", 9.0), score("vera", 1.0)]
    known = {name: came("moodle", name, "678") for name in ("Vera", "vera")}
    with pytest.raises(CourseError, match="Vera and vera would both have the number 678"):
        exporting.moodle(scores, known)
    known = {name: came("canvas", name, "12") for name in ("Vera", "vera")}
    with pytest.raises(CourseError, match="number 12 of canvas"):
        exporting.canvas({ONE: scores}, {ONE: known})
    known["vera"] = came("canvas", "vera", "13")
    assert len(exporting.canvas({ONE: scores}, {ONE: known})) == 4


def test_the_plain_form_has_nbgraders_columns():
    head, row = exporting.plain([score("ann", 5.0)])
    plain = dict(zip(head, row, strict=True))
    assert plain["student_id"] == "ann"
    assert (plain["raw_score"], plain["late_submission_penalty"], plain["score"]) == (6.0, 1.0, 5.0)


def test_without_a_gradebook_it_says_what_to_do_first(tmp_path):
    with pytest.raises(CourseError, match="course grade CLASS"):
        exporting.export(tmp_path, None, "canvas")
