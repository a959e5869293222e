"""The doctor names what is broken and what to do, and ends with 1 only for real problems."""

import json
import subprocess
from importlib import metadata

import pytest

from course_utils import cli
from course_utils.authoring import doctor

HEALTHY = subprocess.CompletedProcess([], 0, '["3.15.1", "tensorflow", 0]\n', "")


@pytest.fixture(autouse=True)
def no_process(monkeypatch, tmp_path):
    """Keras takes seconds to load; what the doctor makes of its answer does not."""
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: HEALTHY)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def without(monkeypatch, *missing):
    version = metadata.version

    def ask(name):
        if name in missing:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", ask)


def test_this_machine_is_healthy(capsys):
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "ok       Keras 3.15.1 computes with tensorflow" in said
    assert "no GPU seen" in said and "Everything the course needs is here." in said


def test_a_missing_package_is_a_problem_with_its_repair(monkeypatch, capsys):
    without(monkeypatch, "matplotlib")
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "problem  matplotlib is missing" in said
    assert "-> Run `uv sync`, or `pip install 'matplotlib>=3.8'`." in said
    assert "1 to repair." in said


def test_a_missing_extra_is_a_note(monkeypatch, capsys):
    without(monkeypatch, "nbgrader", "jax")
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "note     nbgrader is missing, only needed to build notebooks and to grade" in said
    assert "note     jax is missing, only needed to test the course" in said


def test_an_old_version_is_a_problem(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["numpy>=999.1"])
    found = [finding for finding in doctor.packages() if finding.state == "problem"]
    assert "is here, and >=999.1 is needed" in found[0].what


@pytest.mark.parametrize(
    "backend, said",
    [
        ("torch", "The course runs on tensorflow or jax"),
        ("tensorfow", "The course runs on tensorflow or jax"),
        ("jax", "Run `pip install jax`, or unset KERAS_BACKEND."),
    ],
)
def test_a_bad_backend_is_a_problem(monkeypatch, backend, said):
    without(monkeypatch, "jax")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    (finding,) = doctor.keras()
    assert finding.state == "problem" and said in finding.advice


@pytest.mark.parametrize(
    "answer, said",
    [
        (subprocess.CompletedProcess([], 1, "", "Traceback\nImportError: libfoo"), "libfoo"),
        (subprocess.CompletedProcess([], -11, "", ""), "exit status -11"),
        (subprocess.CompletedProcess([], 0, '["3.15.1", "torch", 0]', ""), "computes with torch"),
    ],
)
def test_keras_that_does_not_load_or_computes_elsewhere(monkeypatch, answer, said):
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: answer)
    finding = next(iter(doctor.keras()))
    assert finding.state == "problem" and said in finding.what


def test_a_data_folder_that_is_a_file_is_a_problem(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file" / "data"))
    (finding,) = doctor.storage()
    assert finding.state == "problem" and "COURSE_DATA" in finding.advice
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "new" / "data"))
    assert next(doctor.storage()).state == "ok"
    assert not (tmp_path / "new").exists()


def test_missing_programs_are_notes(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert [finding.state for finding in doctor.tools()] == ["note", "note"]


def test_an_empty_backend_is_none(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert next(doctor.keras()).state == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [("image_data_format", "channels_first"), ("floatx", "float16"), ("epsilon", 0.1)],
)
def test_what_keras_json_changes_is_told(monkeypatch, tmp_path, name, value):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text(json.dumps({name: value}))
    finding = next(doctor.keras())
    assert finding.state == "note" and f"{name} = {value!r}" in finding.what
    assert "The course sets" in finding.advice
    (tmp_path / "keras.json").write_text('{"floatx": ')
    assert "cannot be read" in next(doctor.keras()).what


def test_without_a_home_the_doctor_says_where_data_goes(monkeypatch):
    for name in ("COURSE_DATA", "KERAS_HOME", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nowhere/at/all")
    (finding,) = doctor.storage()
    assert finding.state == "note" and "/tmp/.keras" in finding.what
    assert "COURSE_DATA" in finding.advice
    list(doctor.tools())


def test_without_a_home_jupyter_is_a_problem(monkeypatch):
    from jupyter_client import kernelspec

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(kernelspec, "KernelSpecManager", homeless)
    (finding,) = doctor.notebooks()
    assert finding.state == "problem" and "Set HOME" in finding.advice
