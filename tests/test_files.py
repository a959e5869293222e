"""Files appear whole or not at all."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_utils.files import HALF, remove_halves, whole, write_whole


def test_text_and_bytes_are_written_as_they_are(tmp_path):
    write_whole(tmp_path / "new" / "text", "ä\r\n\n")
    write_whole(tmp_path / "new" / "bytes", b"\x00")
    assert (tmp_path / "new" / "text").read_bytes() == "ä\r\n\n".encode()
    assert (tmp_path / "new" / "bytes").read_bytes() == b"\x00"


def test_what_goes_wrong_leaves_the_old_file_and_no_half_one(tmp_path):
    path = tmp_path / "file"
    write_whole(path, "old")
    with pytest.raises(KeyboardInterrupt), whole(path) as half:
        half.write_text("new")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_half_file_ends_as_the_whole_one_and_fits_beside_the_longest_name(tmp_path):
    with whole(tmp_path / "best.weights.h5") as half:
        assert half.name.startswith(HALF) and half.name.endswith(".weights.h5")
        half.write_text("")
    write_whole(tmp_path / ("x" * 255), "")


def test_two_at_once_do_not_meet(tmp_path):
    texts = [str(number) * 10_000 for number in range(10)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda text: write_whole(tmp_path / "file", text), texts * 5))
    assert (tmp_path / "file").read_text() in texts and len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="rights are numbers on POSIX only")
def test_a_file_keeps_its_rights_and_a_new_one_gets_the_usual(tmp_path):
    (tmp_path / "usual").write_text("")
    write_whole(tmp_path / "new", "")
    (tmp_path / "private").touch(0o600)
    write_whole(tmp_path / "private", "")
    write_whole(tmp_path / "new and private", "", private=True)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes["new"] == modes["usual"] and modes["private"] == 0o600
    assert modes["new and private"] == 0o600


def test_a_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "text"


def test_what_a_kill_left_is_cleared_away(tmp_path):
    (tmp_path / "in").mkdir()
    left = tmp_path / "in" / f"{HALF}0123abcd-file"
    left.write_text("ha")
    write_whole(tmp_path / "in" / "file", "whole")
    remove_halves(tmp_path)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["file"]
