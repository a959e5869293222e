"""Runs side by side, and the two commands, which are thin."""

import json

import pytest

from course_utils import cli
from course_utils.errors import CourseError
from course_utils.training import checkpoint
from course_utils.training.compare import compare


def make_run(folder, *, data="cifar100", epochs=3, finished=True, top5=True):
    """The folder of a run, made by hand."""
    folder.mkdir(parents=True)
    rows = [
        {"epoch": e, "loss": 3 / e, "top1": 0.1 * e, "val_loss": 4 / e, "val_top1": 0.11 * e}
        | ({"top5": 0.2 * e, "val_top5": 0.21 * e} if top5 else {})
        | {"learning_rate": 0.1, "seconds": 20.0}
        for e in range(1, 3)
    ]
    checkpoint.save_history(folder, rows)
    configuration = {"recipe": {"epochs": epochs}, "source": {"name": data}}
    checkpoint.write_json(folder / "configuration.json", configuration)
    if finished:
        result = {"test_top1": 0.333, "parameters": 1234567} | (
            {"test_top5": 0.666} if top5 else {}
        )
        checkpoint.write_json(folder / "result.json", result)
    return folder


def cells(line):
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_the_table(tmp_path):
    one = make_run(tmp_path / "one")
    two = make_run(tmp_path / "two", data="scenes", finished=False)
    lines = compare([one, two], tmp_path / "both.png").splitlines()
    assert cells(lines[0])[0] == "run" and set(lines[1]) == {"─"}
    expected = ["one", "1,234,567", "2 of 3", "40", "22.0%", "33.3%", "66.6%"]
    assert cells(lines[2]) == expected
    assert cells(lines[3]) == ["two", "2 of 3", "40", "22.0%"]
    assert cells(lines[4]) == ["published: textbook ViT", "40", "43.2%", "72.1%"]
    assert len(lines) == 7
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob(".*"))


def test_runs_with_and_without_top5_and_of_one_name(tmp_path):
    one = make_run(tmp_path / "a" / "run", data="scenes")
    two = make_run(tmp_path / "b" / "run", data="scenes", top5=False)
    table = compare([one, two], tmp_path / "both.png")
    assert str(one) in table and str(two) in table and "published" not in table
    assert len(table.splitlines()) == 4


@pytest.mark.parametrize("missing", ["configuration.json", "history.csv"])
def test_a_folder_that_is_none(tmp_path, missing):
    folder = make_run(tmp_path / "run")
    (folder / missing).unlink()
    with pytest.raises(CourseError, match=f"not the folder of a training.*{missing}"):
        compare([folder])


def test_a_damaged_history(tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "history.csv").write_text("epoch,loss\n1,many\n")
    with pytest.raises(CourseError, match="history.csv"):
        compare([folder])


def test_train_and_compare_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = "--task side --size 40 --epochs 1 --batch-size 10 --learning-rate 0.01 --seed 3"
    assert cli.main(["train", "cnn", "--data", "scenes", *options.split()]) == 0
    folder = tmp_path / "runs" / "cnn-scenes-side-40-scenes-seed3"
    told = json.loads((folder / "configuration.json").read_text())
    assert told["source"] == {"name": "scenes", "task": "side", "size": 40}
    recipe = told["recipe"]
    assert (recipe["epochs"], recipe["batch_size"], recipe["seed"]) == (1, 10, 3)
    assert recipe["learning_rate"] == 0.01 and not recipe["augmentation"]["flip"]
    assert "1 of 1" in capsys.readouterr().out
    assert cli.main(["compare", str(folder)]) == 0
    assert "The curves are in compare.png" in capsys.readouterr().out
    assert (tmp_path / "compare.png").exists()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--batch-size 0", "1 or more, not 0"),
        ("--batch-size -4", "1 or more, not -4"),
        ("--batch-size many", "1 or more, not many"),
        ("--epochs 0", "1 or more, not 0"),
        ("--epochs 1.5", "1 or more, not 1.5"),
        ("--seed -1", "from 0 to 2147483647, not -1"),
        ("--seed 2147483648", "from 0 to 2147483647"),
        ("--learning-rate -1", "above 0, such as 0.001, not -1"),
        ("--learning-rate 0", "above 0"),
        ("--learning-rate nan", "above 0"),
        ("--size 9", "10 or more, not 9"),
        ("--difficulty 2", "from 0 to 1, not 2"),
    ],
)
def test_each_number_has_its_range(option, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "cnn", *option.split()])
    assert caught.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert option.split()[0] in last and told in last
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("port", ["0", "-1", "70000", "http"])
def test_a_port_has_its_range(port, capsys):
    with pytest.raises(SystemExit):
        cli.main(["lab", "--port", port])
    assert f"from 1 to 65535, not {port}" in capsys.readouterr().err


def test_where_nothing_may_be_written_a_training_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file, where a folder cannot be made")
    options = "--size 40 --epochs 1 --batch-size 10"
    assert cli.main(["train", "cnn", *options.split()]) == 1
    told = capsys.readouterr().err
    assert "cannot be written" in told and "--run FOLDER" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("train vit --recipe curse", "There is no recipe 'curse' for vit"),
        ("train vit --data cifar11", "There is no data set 'cifar11'"),
        ("compare nowhere", "not the folder of a training"),
    ],
)
def test_what_a_user_gets_wrong_is_a_sentence(line, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(line.split()) == 1
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
