"""Of what a student handed in, take the notebooks and the exchange's time, and nothing else.

nbgrader copies whole folders, and follows links in them: a link to the class's seed would be
copied, and given back as feedback.
"""

import os
import pwd
import shutil
import stat
from datetime import datetime
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc

from course_utils.grading.class_folder import own_folder
from course_utils.grading.submission import reading

TIMESTAMP = "timestamp.txt"
# By which nbgrader's exchange finds the feedback of a submission.
SECRET = "submission_secret.txt"
SHORT = 1000


class Collect(ExchangeCollect):
    """nbgrader's own, which takes a submission only from its owner, and of it only ordinary files.

    Give it to nbgrader as `c.ExchangeFactory.collect`.
    """

    def _path_to_record(self, path):
        try:
            return super()._path_to_record(path)
        except (ValueError, OverflowError):  # a name that no exchange gives must not stop the rest
            name = Path(path).name
            no_time = datetime.min
            return {"username": name.partition("+")[0], "filename": name, "timestamp": no_time}

    def _sort_by_timestamp(self, records):
        # Of all that bears a student's name, first what is that student's own.
        return sorted(super()._sort_by_timestamp(records), key=self.why_not)

    def init_src(self):
        super().init_src()
        for record in self.src_records:
            if why := self.why_not(record):
                self.log.warning("%s is left out: %s.", record["filename"], why)
        self.src_records = [record for record in self.src_records if not self.why_not(record)]

    def why_not(self, record) -> str:
        """Why a folder is not taken, or an empty text."""
        if record["timestamp"] == datetime.min:
            return "its name has no time"
        about = os.lstat(os.path.join(self.inbound_path, record["filename"]))
        if not stat.S_ISDIR(about.st_mode):
            return "it is no folder"
        owner = owner_of(about)
        if self.check_owner and owner != record["username"]:
            return f"it is from {owner}"
        return ""

    def do_copy(self, src, dest, log=None):
        """Copy an inbound folder. It is its owner's, who may change it while we look."""
        source = self.coursedir.format_path(
            self.coursedir.source_directory, ".", self.coursedir.assignment_id
        )
        student, _, time = Path(src).name.rsplit("+", 3)[:3]
        folder = os.open(src, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if self.check_owner and owner_of(os.fstat(folder)) != student:
                return
            taken = {}
            for name in sorted(path.name for path in Path(source).glob("*.ipynb")):
                try:
                    taken[name] = reading.contents(Path(name), folder)
                except reading.Unreadable as problem:
                    self.log.warning("%s: %s", student, problem)
            secret = self.secret_in(folder)
        finally:
            os.close(folder)
        if not taken:
            return
        Path(dest).mkdir(parents=True)
        for name, data in taken.items():
            Path(dest, name).write_bytes(data)
        Path(dest, TIMESTAMP).write_text(f"{time}\n")
        if secret:
            Path(dest, SECRET).write_bytes(secret)

    def secret_in(self, folder: int) -> bytes:
        try:
            return reading.contents(Path(SECRET), folder)[:SHORT]
        except reading.Unreadable:
            return b""


def owner_of(about: os.stat_result) -> str:
    try:
        return pwd.getpwuid(about.st_uid).pw_name
    except KeyError:
        return "an unknown account"


def leave_others(assignment: str, student: str, notebooks: list[str]) -> None:
    """Move what else lies beside submitted notebooks into .course/left_out/, before nbgrader copies
    it. Give it to nbgrader as `c.Autograde.pre_convert_hook`."""
    try:
        for folder in {Path(path).parent for path in notebooks}:
            leave_others_of(folder)
    except OSError as error:
        # nbgrader goes on after an exception, and would copy.
        raise SystemExit(f"What lies in submitted/ cannot be moved: {error}") from error


def leave_others_of(folder: Path) -> None:
    root = folder.absolute().parents[2]  # of CLASS/submitted/STUDENT/NOTEBOOK
    away = own_folder(root) / "left_out" / folder.parent.name / folder.name
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        ordinary = entry.is_file(follow_symlinks=False)
        if ordinary and (entry.name.endswith(".ipynb") or is_exchanges(entry)):
            continue
        away.mkdir(parents=True, exist_ok=True)
        there = away / entry.name
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        os.replace(entry.path, there)


def is_exchanges(entry: os.DirEntry) -> bool:
    """Whether a file is what nbgrader's exchange notes, and one that nbgrader can read."""
    if entry.name == SECRET:
        return entry.stat(follow_symlinks=False).st_size <= SHORT
    if entry.name != TIMESTAMP or entry.stat(follow_symlinks=False).st_size > 100:
        return False
    try:
        parse_utc(Path(entry.path).read_text().strip())
    except (ValueError, OverflowError):
        return False
    return True
