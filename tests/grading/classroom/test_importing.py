"""Taking in what Canvas, Moodle and nbgrader's exchange hand out."""

import json
import stat
import zipfile

import pytest

from course_utils.errors import CourseError
from course_utils.grading.classroom import archive
from course_utils.grading.classroom.importing import as_table, import_submissions

NAME, OTHER = "01_attention", "02_multi_head_attention"


def notebook(*grade_ids, text=""):
    cells = [
        {"cell_type": "code", "source": text, "metadata": {"nbgrader": {"grade_id": name}}}
        for name in grade_ids
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


SUBMITTED = notebook("softmax", "softmax_check", text="mine")


@pytest.fixture
def folder(tmp_path):
    """A class folder with two notebooks."""
    place = tmp_path / "class"
    for name, ids in {NAME: ["softmax", "attend"], OTHER: ["split_heads"]}.items():
        path = place / "source" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(notebook(*ids))
    (place / "nbgrader_config.py").write_text("")
    return place


@pytest.fixture
def zipped(tmp_path):
    """Write a zip file from names (or ZipInfo) to texts."""

    def make(files):
        path = tmp_path / "submissions.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in files.items() if isinstance(files, dict) else files:
                file.writestr(name, content)
        return path

    return make


def taken(folder, name=NAME):
    """{student: text} of what is in the class now."""
    paths = folder.glob(f"submitted/*/{name}/{name}.ipynb")
    return {path.parent.parent.name: path.read_text() for path in paths}


def row(rows, student):
    (found,) = [row for row in rows if row.student == student]
    return found


# Each platform's names.


def test_canvas(folder, zipped):
    path = zipped(
        {
            f"doejane_123_4567_{NAME}.ipynb": SUBMITTED,
            f"o'neilpat_LATE_124_4568_{NAME}-2.ipynb".replace("'", ""): SUBMITTED,
            "müller_125_4569_my attention.ipynb": SUBMITTED,
        }
    )
    rows = import_submissions(folder, path, NAME)
    assert set(taken(folder)) == {"doejane_123", "oneilpat_124", "müller_125"}
    assert all(row.taken for row in rows)
    assert row(rows, "oneilpat_124").what == "late"
    assert "was called my attention.ipynb" in row(rows, "müller_125").what
    known = json.loads((folder / ".course" / "imported" / f"{NAME}.json").read_text())
    assert known["doejane_123"]["id"] == "123" and known["oneilpat_124"]["late"] is True


def test_canvas_with_hidden_names(folder, zipped):
    path = zipped({f"anon_aBc12_4567_{NAME}.ipynb": "{}", f"LATE_anon_xY_9_{NAME}.ipynb": "{}"})
    import_submissions(folder, path, NAME, "canvas")
    assert set(taken(folder)) == {"anon_aBc12", "anon_xY"}
    known = json.loads((folder / ".course" / "imported" / f"{NAME}.json").read_text())
    assert known["anon_xY"] == {
        "from": "canvas",
        "name": "",
        "id": "",
        "late": True,
        "file": f"{NAME}.ipynb",
    }


def test_moodle_with_and_without_folders(folder, zipped):
    path = zipped(
        {
            f"Jane Doe_678_assignsubmission_file_/{NAME}.ipynb": SUBMITTED,
            f"김 철수_679_assignsubmission_file_{NAME}.ipynb": SUBMITTED,
            f"Participant_680_assignsubmission_file_/{NAME}.ipynb": SUBMITTED,
            f"Participant_681_assignsubmission_file_/{NAME}.ipynb": SUBMITTED,
        }
    )
    import_submissions(folder, path, NAME)
    assert set(taken(folder)) == {"Jane-Doe", "김-철수", "Participant-680", "Participant-681"}
    known = json.loads((folder / ".course" / "imported" / f"{NAME}.json").read_text())
    assert known["Jane-Doe"] == {
        "from": "moodle",
        "name": "Jane Doe",
        "id": "678",
        "late": False,
        "file": f"{NAME}.ipynb",
    }


def test_the_exchange_of_nbgrader_and_its_newest_submission(folder, tmp_path):
    inbound = tmp_path / "inbound"
    for time, text in (("10:00:00", "first"), ("11:00:00", "second"), ("09:00:00", "before")):
        place = inbound / f"ann+{NAME}+2026-11-20 {time} UTC+x7"
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(notebook("softmax", text=text))
        (place / "timestamp.txt").write_text(f"2026-11-20 {time} UTC")
    import_submissions(folder, inbound, NAME)
    assert '"second"' in taken(folder)["ann"]
    stamp = folder / "submitted" / "ann" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-11-20 11:00:00 UTC"


def test_a_folder_of_student_folders(folder, tmp_path):
    place = tmp_path / "handed in" / "bo@example.org" / NAME
    place.mkdir(parents=True)
    (place / f"{NAME}.ipynb").write_text(SUBMITTED)
    import_submissions(folder, place.parents[1], NAME)
    assert taken(folder) == {"bo@example.org": SUBMITTED}


# Nothing is overwritten, nothing is lost.


def test_importing_again_changes_nothing(folder, zipped):
    path = zipped({f"doe_1_2_{NAME}.ipynb": SUBMITTED})
    import_submissions(folder, path, NAME)
    rows = import_submissions(folder, path, NAME)
    assert row(rows, "doe_1").what == "already there"
    assert taken(folder) == {"doe_1": SUBMITTED}


def test_what_is_there_is_kept_and_the_other_is_told(folder, zipped):
    import_submissions(folder, zipped({f"doe_1_2_{NAME}.ipynb": SUBMITTED}), NAME)
    later = zipped({f"doe_1_3_{NAME}-1.ipynb": notebook("softmax", text="another")})
    rows = import_submissions(folder, later, NAME)
    assert "kept" in row(rows, "doe_1").what and "move" in row(rows, "doe_1").next
    assert taken(folder) == {"doe_1": SUBMITTED}


def test_of_several_uploads_the_last_counts(folder, zipped):
    files = {f"doe_1_{20 + n}_{NAME}-{n}.ipynb": notebook("softmax", text=n) for n in (2, 10, 9)}
    import_submissions(folder, zipped(files), NAME)
    assert '"source": 10' in taken(folder)["doe_1"]


def test_two_people_of_one_name(folder, zipped):
    files = {
        f"Kim Lee_1_assignsubmission_file_/{NAME}.ipynb": SUBMITTED,
        f"Kim Lee_2_assignsubmission_file_/{NAME}.ipynb": notebook("softmax", text="other"),
        f"Ann_3_assignsubmission_file_/{NAME}.ipynb": SUBMITTED,
    }
    for _ in range(2):
        import_submissions(folder, zipped(files), NAME)
        assert set(taken(folder)) == {"Ann", "Kim-Lee-1", "Kim-Lee-2"}
    known = json.loads((folder / ".course" / "imported" / f"{NAME}.json").read_text())
    assert [known[student]["id"] for student in sorted(known)] == ["3", "1", "2"]


def test_a_second_person_of_one_name_who_comes_later(folder, zipped):
    form = "Kim Lee_{}_assignsubmission_file/" + f"{NAME}.ipynb"
    import_submissions(folder, zipped({form.format(1): SUBMITTED}), NAME)
    import_submissions(folder, zipped({form.format(n): SUBMITTED for n in (1, 2)}), NAME)
    assert set(taken(folder)) == {"Kim-Lee", "Kim-Lee-2"}


@pytest.mark.parametrize("end", ["_file/", "_file_/", "_file_"])
@pytest.mark.parametrize(
    ("people", "students"),
    [
        (["Jane Doe_20001", "김 철수_20002"], {"Jane-Doe", "김-철수"}),
        (["Team A_7", "Team B_8"], {"Team-A", "Team-B"}),
        (["Team A-Jane Doe_7", "Team A-Bo_8"], {"Team-A-Jane-Doe", "Team-A-Bo"}),
        (["Default group"], {"Default-group"}),
        (["Teilnehmerin_123", "Teilnehmerin_124"], {"Teilnehmerin-123", "Teilnehmerin-124"}),
        (["Participant_123"], {"Participant-123"}),
    ],
)
def test_all_that_moodle_has_called_a_submission(folder, zipped, people, students, end):
    path = zipped({f"{who}_assignsubmission{end}{NAME}.ipynb": SUBMITTED for who in people})
    rows = import_submissions(folder, path, NAME)
    assert set(taken(folder)) == students and len(rows) == len(people)


def test_names_of_many_scripts(folder, zipped):
    names = ["अनुष्का शर्मा", "สมชาย ใจดี", "José", "Jose\u0301 Ne\u0301e", "x" * 100, "क्षि" * 50]
    path = zipped(
        {
            f"{name}_{n}_assignsubmission_file/{NAME}.ipynb": SUBMITTED
            for n, name in enumerate(names)
        }
    )
    rows = import_submissions(folder, path, NAME)
    assert len(taken(folder)) == len(rows) == len(names)
    assert {"अनुष्का-शर्मा", "สมชาย-ใจดี", "José", "José-Née"} <= set(taken(folder))


def test_marks_in_the_names_of_canvas(folder, zipped):
    path = zipped({f"शर्माअनुष्का_1_2_{NAME}.ipynb": SUBMITTED})
    import_submissions(folder, path, NAME)
    assert set(taken(folder)) == {"शर्माअनुष्का_1"}


# Several, or under another name.


@pytest.fixture
def given(folder):
    path = folder / "release" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(notebook("softmax", "attend", text="not solved"))


@pytest.mark.parametrize(
    ("first", "second"),
    [(f"{NAME}.ipynb", f"{NAME}_FINAL.ipynb"), (f"old/{NAME}.ipynb", f"project/{NAME}.ipynb")],
)
def test_of_several_the_one_with_more_answers_is_taken_and_told(
    folder, given, zipped, first, second
):
    place, solved = "Jane_1_assignsubmission_file", notebook("softmax", "attend", text="solved")
    untouched = notebook("softmax", "attend", text="not solved")
    path = zipped({f"{place}/{first}": untouched, f"{place}/{second}": solved})
    (one,) = import_submissions(folder, path, NAME)
    assert taken(folder) == {"Jane": solved}
    assert f"{second.rpartition('/')[2]}" in one.what and "(0)" in one.what and one.next


def test_of_attempts_in_the_exchange_the_last_counts_even_with_fewer_answers(
    folder, given, tmp_path
):
    for time, text in (("10:00:00", "solved"), ("11:00:00", "not solved")):
        place = tmp_path / "in" / f"ann+{NAME}+2026-11-20 {time} UTC+x7"
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(notebook("softmax", text=text))
    import_submissions(folder, tmp_path / "in", NAME)
    assert '"not solved"' in taken(folder)["ann"]


@pytest.mark.parametrize("end", [".ipynb.json", ".ipynb.txt", ".IPYNB"])
def test_a_notebook_under_another_ending(folder, zipped, end):
    (one,) = import_submissions(folder, zipped({f"doe_1_2_{NAME}{end}": SUBMITTED}), NAME)
    assert taken(folder) == {"doe_1": SUBMITTED} and end in one.what


def test_a_zipped_notebook(folder, zipped, tmp_path):
    inner = zipped({f"work/{NAME}.ipynb": SUBMITTED, "__MACOSX/._x": ""}).read_bytes()
    import_submissions(folder, zipped({f"doe_1_2_{NAME}.zip": inner}), NAME)
    assert taken(folder) == {"doe_1": SUBMITTED}


def test_a_file_that_only_says_it_is_a_zip_file(folder, zipped):
    (one,) = import_submissions(folder, zipped({"doe_1_2_work.zip": "none"}), NAME, "canvas")
    assert one.what == "no notebook"


def test_an_update_takes_the_newer_attempt_and_keeps_the_old(folder, zipped):
    import_submissions(folder, zipped({f"doe_1_2_{NAME}.ipynb": SUBMITTED}), NAME)
    newer = notebook("softmax", text="another")
    path = zipped({f"doe_1_3_{NAME}-1.ipynb": newer})
    (one,) = import_submissions(folder, path, NAME, update=True)
    assert one.taken and taken(folder) == {"doe_1": newer}
    (kept,) = (folder / ".course" / "replaced").rglob("*.ipynb")
    assert kept.read_text() == SUBMITTED


# Wrong files.


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"doe_1_2_report.pdf": "%PDF"}, "no notebook"),
        ({"doe_1_2_a.ipynb": SUBMITTED, "doe_1_3_b.ipynb": SUBMITTED}, "several notebooks"),
        ({f"doe_1_2_{NAME}.ipynb": notebook("split_heads")}, f"this is the notebook {OTHER}"),
    ],
)
def test_a_wrong_file_is_told(folder, zipped, files, said):
    rows = import_submissions(folder, zipped(files), NAME, "canvas")
    assert said in row(rows, "doe_1").what and row(rows, "doe_1").next
    assert not taken(folder)
    assert said in as_table(rows) and "0 in the class, 1 left out" in as_table(rows)


def test_a_broken_notebook_is_taken_for_grading_to_tell(folder, zipped):
    path = zipped({f"doe_1_2_{NAME}.ipynb": '{"cells": [{', f"roe_2_3_{NAME}.ipynb": "[" * 10**5})
    import_submissions(folder, path, NAME)
    assert set(taken(folder)) == {"doe_1", "roe_2"}


def test_a_file_of_nobody_is_told(folder, zipped):
    path = zipped({f"doe_1_2_{NAME}.ipynb": SUBMITTED, "readme.txt": "", "__MACOSX/._x": ""})
    rows = import_submissions(folder, path, NAME)
    assert [(row.file, row.taken) for row in rows if not row.taken] == [("readme.txt", False)]


# Archives that mean harm.


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "name",
    [
        f"../../../evil_1_2_{NAME}.ipynb",
        f"/tmp/evil_1_2_{NAME}.ipynb",
        f"a/..\\..\\evil_1_2_{NAME}.ipynb",
        f"C:\\evil_1_2_{NAME}.ipynb",
    ],
)
def test_a_name_that_leads_out_is_refused(folder, zipped, tmp_path, name):
    before = set(tmp_path.rglob("*"))
    path = zipped({name: SUBMITTED})
    rows = import_submissions(folder, path, NAME, "canvas")
    assert not any(row.taken for row in rows)
    new = set(tmp_path.rglob("*")) - before - {path}
    assert all(".course" in path.parts for path in new)


def test_a_link_is_refused(folder, zipped):
    path = zipped([(link(f"doe_1_2_{NAME}.ipynb"), "/etc/passwd")])
    rows = import_submissions(folder, path, NAME)
    assert "link" in row(rows, "doe_1").what and not taken(folder)


def test_a_link_in_a_folder_is_refused(folder, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"doe_1_2_{NAME}.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "in" / f"roe_2_3_{NAME}.ipynb").write_text(SUBMITTED)
    rows = import_submissions(folder, tmp_path / "in", NAME)
    assert "link" in row(rows, "doe_1").what
    assert set(taken(folder)) == {"roe_2"}


def test_a_zip_bomb_is_refused_and_the_others_are_taken(folder, zipped, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_FILE", 10_000)
    path = zipped({f"bomb_1_2_{NAME}.ipynb": "0" * 10**6, f"doe_2_3_{NAME}.ipynb": SUBMITTED})
    rows = import_submissions(folder, path, NAME)
    assert "fill a disk" in row(rows, "bomb_1").what
    assert set(taken(folder)) == {"doe_2"}


def test_a_bomb_that_lies_about_its_size_is_refused(folder, zipped, monkeypatch):
    path = zipped({f"bomb_1_2_{NAME}.ipynb": "0" * 10**6})
    data = path.read_bytes()
    true = (10**6).to_bytes(4, "little")
    assert data.count(true) == 2  # once at the entry and once in the table at the end
    path.write_bytes(data.replace(true, (100).to_bytes(4, "little")))
    rows = import_submissions(folder, path, NAME)
    assert not row(rows, "bomb_1").taken and row(rows, "bomb_1").next
    assert not taken(folder)


def test_too_many_files_are_refused(folder, zipped, monkeypatch):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    path = zipped({f"doe{n}_{n}_2_{NAME}.ipynb": "" for n in range(4)})
    with pytest.raises(CourseError, match="4 files"):
        import_submissions(folder, path, NAME)


def test_a_password_is_told(folder, tmp_path, zipped):
    path = zipped({f"doe_1_2_{NAME}.ipynb": SUBMITTED})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    rows = import_submissions(folder, path, NAME)
    assert "password" in row(rows, "doe_1").what


# What to name.


def test_what_cannot_be_recognised_says_what_to_do(folder, zipped):
    with pytest.raises(CourseError, match="--from canvas"):
        import_submissions(folder, zipped({"attention.ipynb": SUBMITTED}), NAME)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", None])
def test_a_download_that_is_none(folder, tmp_path, content):
    path = tmp_path / "submissions.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CourseError, match="submissions.zip"):
        import_submissions(folder, path, NAME)


def test_an_unknown_notebook_and_a_folder_that_is_no_class(folder, zipped, tmp_path):
    path = zipped({f"doe_1_2_{NAME}.ipynb": SUBMITTED})
    with pytest.raises(CourseError, match=OTHER):
        import_submissions(folder, path, "attention")
    with pytest.raises(CourseError, match="no class folder"):
        import_submissions(tmp_path, path, NAME)


def test_an_archive_is_read_after_it_was_listed(zipped):
    (entry,) = archive.entries(zipped({"a.ipynb": "text"}))
    assert entry.read() == b"text"


# What somebody hands in to change another's records.


def remembered(folder):
    return json.loads((folder / ".course" / "imported" / f"{NAME}.json").read_text())


def test_a_later_file_under_a_name_does_not_rebind_it(folder, zipped):
    first = zipped({f"Vera Vee_678_assignsubmission_file_{NAME}.ipynb": SUBMITTED})
    import_submissions(folder, first, NAME)
    forged = notebook("softmax", text="other")
    later = zipped(
        {
            f"Vera Vee_999_assignsubmission_file_{NAME}.ipynb": forged,
            f"Ann_12_assignsubmission_file_{NAME}.ipynb": SUBMITTED,
        }
    )
    rows = import_submissions(folder, later, NAME)
    assert (
        row(rows, "Vera-Vee-999").taken and row(rows, "Ann").taken
    )  # another of her name, it says
    known = remembered(folder)
    assert (known["Vera-Vee"]["id"], known["Vera-Vee-999"]["id"]) == ("678", "999")
    assert taken(folder)["Vera-Vee"] == SUBMITTED
    import_submissions(
        folder, zipped({f"Vera Vee_999_assignsubmission_file_{NAME}.ipynb": forged}), NAME
    )
    assert remembered(folder)["Vera-Vee"]["id"] == "678"


@pytest.mark.parametrize(
    "name",
    [
        f"Mallory_99_assignsubmission_file_Vera Vee_678_assignsubmission_file_{NAME}.ipynb",
        f"Mallory_99_assignsubmission_file_/Vera Vee_678_assignsubmission_file_{NAME}.ipynb",
        f"Mallory_99_assignsubmission_file_/Vera Vee_678_assignsubmission_file_/{NAME}.ipynb",
    ],
)
def test_a_layout_inside_a_files_own_name_is_none(folder, zipped, name):
    path = zipped({name: SUBMITTED, f"Ann_12_assignsubmission_file_{NAME}.ipynb": SUBMITTED})
    import_submissions(folder, path, NAME)
    assert set(taken(folder)) == {"Mallory", "Ann"}
    assert remembered(folder)["Mallory"]["id"] == "99"


def test_a_students_own_time_counts_for_nothing(folder, zipped):
    where = "Ann_12_assignsubmission_file_"
    files = {
        f"{where}/{NAME}.ipynb": SUBMITTED,
        f"{where}/timestamp.txt": "2000-01-01 00:00:00 UTC",
    }
    import_submissions(folder, zipped(files), NAME)
    assert [path.name for path in (folder / "submitted/Ann" / NAME).iterdir()] == [f"{NAME}.ipynb"]


def test_the_exchange_is_taken_from_its_owner_only(folder, tmp_path, monkeypatch):
    inbound = tmp_path / "inbound"
    for name in ("vera", "ann"):
        place = inbound / f"{name}+{NAME}+2026-11-20 10:00:00 UTC+x7"
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(SUBMITTED)
        (place / "timestamp.txt").write_text("2000-01-01 00:00:00 UTC")
    owners = {"vera": "mallory", "ann": "ann"}
    monkeypatch.setattr(archive, "owner_of", lambda path: owners[path.name.partition("+")[0]])
    rows = import_submissions(folder, inbound, NAME)
    assert set(taken(folder)) == {"ann"}
    assert any("from mallory" in row.what for row in rows)
    stamp = folder / "submitted/ann" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-11-20 10:00:00 UTC"


LONG = [
    "x" * 180,
    "\ud55c" * 60,
    "a" + "\u0301" * 100,
    "\U0001d4d0" * 40,
    "\u202e" + "abc" * 50,
    "." * 200,
]


@pytest.mark.parametrize("name", LONG)
def test_a_name_of_any_length_and_script(folder, zipped, name):
    path = zipped(
        {
            f"{name}_678_assignsubmission_file_{NAME}.ipynb": SUBMITTED,
            f"Ann_12_assignsubmission_file_{NAME}.ipynb": SUBMITTED,
        }
    )
    rows = import_submissions(folder, path, NAME)
    assert all(row.taken for row in rows) and len(taken(folder)) == 2
    assert all(len(student.encode()) <= 120 for student in taken(folder))


def test_names_that_begin_alike_stay_apart(folder, zipped):
    names = [f"{'x' * 150}{end}" for end in "ab"]
    path = zipped(
        {f"{name}_{n}_assignsubmission_file_a.ipynb": SUBMITTED for n, name in enumerate(names)}
    )
    import_submissions(folder, path, NAME)
    assert len(taken(folder)) == 2
