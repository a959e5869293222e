"""The `course` command. What each command needs is imported when it runs: help is instant."""

import argparse
import os
import sys
from pathlib import Path

from course_utils.errors import CourseError


def lab(args) -> int:
    from course_utils.authoring.lab import open_lab
    from course_utils.authoring.source import course_root

    return open_lab(
        course_root(), browser=not args.no_browser, port=args.port, instructor=args.instructor
    )


def doctor(args) -> int:
    from course_utils.authoring.doctor import examine

    return examine()


def build(args) -> int:
    from course_utils.authoring import build, source
    from course_utils.exercises import NOTEBOOKS

    root = source.course_root()
    paths = source.choose(root, args.notebooks)
    exercises = {
        name: {exercise.id: exercise.points for exercise in module.EXERCISES}
        for name, module in NOTEBOOKS.items()
    }
    if args.check:
        problems = build.check(root, paths, exercises)
        print("\n".join(problems) or "Every generated notebook is up to date.")
        return 1 if problems else 0
    for path in paths:
        print(f"{path.name}: running the solutions …", flush=True)
        for written in build.build(path, exercises.get(path.stem, {})):
            print(f"  wrote {written.relative_to(root)}")
    return 0


def address(args) -> int:
    from course_utils.authoring.address import change
    from course_utils.authoring.source import course_root

    root = course_root()
    changed = change(root, args.address)
    print(
        "\n".join(f"changed {path.relative_to(root)}" for path in changed) or "Nothing to change."
    )
    return 0


def class_new(args) -> int:
    from course_utils.grading.classroom.new import new_class

    new_class(Path(args.folder))
    return 0


def class_import(args) -> int:
    from course_utils.grading.classroom.importing import as_table, import_submissions

    rows = import_submissions(
        Path(args.folder), Path(args.source), args.notebook, args.layout, args.update
    )
    print(as_table(rows))
    return 0 if all(row.taken for row in rows) else 1


def class_export(args) -> int:
    from course_utils.grading.classroom.exporting import export

    worksheet = args.worksheet and Path(args.worksheet)
    for path in export(Path(args.folder), args.notebook, args.to, worksheet):
        print(f"wrote {path}")
    return 0


def class_roster(args) -> int:
    from course_utils.grading.classroom.people import take_roster

    print(f"{take_roster(Path(args.folder), Path(args.list))} were not in the class yet.")
    return 0


def class_withdraw(args) -> int:
    from course_utils.grading.classroom.people import withdraw

    kept = withdraw(Path(args.folder), args.student)
    print(f"{args.student} has left the class. What was handed in is kept in {kept}")
    return 0


def class_extend(args) -> int:
    from course_utils.grading.classroom.people import extend

    extend(Path(args.folder), args.notebook, args.student, args.hours)
    print(f"Noted. It counts with the next: course grade {args.folder} {args.notebook}")
    return 0


def grade(args) -> int:
    workers = args.workers or os.cpu_count() or 1
    if args.demo:
        from course_utils.grading.demo.students import demo

        return demo(workers, sandbox=not args.no_sandbox)
    if args.folder is None:
        raise CourseError("Which class? Name its folder: course grade CLASS (or try --demo).")
    from course_utils.grading.classroom.grade_all import grade_class

    done = grade_class(
        Path(args.folder),
        args.notebook,
        workers,
        scheduler=args.scheduler,
        sandbox=not args.no_sandbox,
        students=tuple(args.student),
        force=args.force,
    )
    return 0 if done else 1


def given(args, *options):
    return {name: value for name in options if (value := getattr(args, name)) is not None}


def train(args) -> int:
    from dataclasses import replace

    from course_utils.training import data, recipes
    from course_utils.training.compare import compare
    from course_utils.training.devices import join_hosts
    from course_utils.training.fit import fit

    join_hosts()
    name = args.recipe or ("scenes" if args.data == "scenes" else "course")
    config, recipe = recipes.find(args.model, name)
    changed = given(args, "epochs", "batch_size", "learning_rate")
    options = given(args, "task", "size", "difficulty")
    words = [args.model, args.data, *map(str, options.values()), name, f"seed{args.seed}"]
    run = fit(
        config,
        data.load(args.data, **options),
        replace(recipe, seed=args.seed, **changed),
        args.run_folder or Path("runs", "-".join(words)),
        data_options={"name": args.data, **options},
    )
    print(compare([run.folder]))
    return 0


def compare(args) -> int:
    from course_utils.training.compare import compare

    print(compare(args.runs, args.picture))
    print(f"The curves are in {args.picture}.")
    return 0


def whole(least: int, most: int | None = None):
    """What reads a whole number of the command line and says which there may be."""
    words = f"{least} or more" if most is None else f"a whole number from {least} to {most}"

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"should be {words}, not {text}")
        return number

    return read


def rate(text: str) -> float:
    """A learning rate: a step backwards, or none, teaches nothing."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"should be a number above 0, such as 0.001, not {text}")
    return number


def share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"should be a number from 0 to 1, not {text}")
    return number


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="course", description="The vision transformer course.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")

    one = commands.add_parser("lab", help="open your copy of the notebooks in JupyterLab")
    one.add_argument("--no-browser", action="store_true", help="only print the address")
    one.add_argument(
        "--port", type=whole(1, 65535), help="where JupyterLab listens (default: 8888 or next)"
    )
    one.add_argument("--instructor", action="store_true", help="with nbgrader's menus and tabs")
    one.set_defaults(run=lab)

    one = commands.add_parser("doctor", help="look at what is installed, and what to do about it")
    one.set_defaults(run=doctor)

    one = commands.add_parser("build", help="write student and solution notebooks from the sources")
    one.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="such as 01_attention")
    one.add_argument("--check", action="store_true", help="write nothing, say what is out of date")
    one.set_defaults(run=build)

    one = commands.add_parser("address", help="set the repository's address everywhere")
    one.add_argument("address", metavar="OWNER/REPO", help="or https://github.com/OWNER/REPO")
    one.set_defaults(run=address)

    one = commands.add_parser("train", help="train a model, or go on where a training stopped")
    one.add_argument("model", metavar="MODEL", help="vit, swin, perceiver or cnn")
    one.add_argument("--data", default="scenes", metavar="NAME", help="default: scenes")
    one.add_argument("--task", help="of scenes: shape, side, same or count")
    one.add_argument("--size", type=whole(10), help="of scenes: number of training images")
    one.add_argument("--difficulty", type=share, help="of scenes: from 0, the default, to 1")
    one.add_argument("--recipe", metavar="NAME", help="default: course; for scenes, scenes")
    one.add_argument("--epochs", type=whole(1), help="instead of the recipe's")
    one.add_argument("--batch-size", type=whole(1), help="instead of the recipe's")
    one.add_argument("--learning-rate", type=rate, help="instead of the recipe's")
    one.add_argument(
        "--seed", type=whole(0, 2**31 - 1), default=0, help="of weights and batches (default: 0)"
    )
    one.add_argument("--run", dest="run_folder", metavar="FOLDER", help="default: in runs/")
    one.set_defaults(run=train)

    one = commands.add_parser("compare", help="put trainings side by side: a table and a picture")
    one.add_argument("runs", nargs="+", metavar="RUN", help="folder of a training")
    one.add_argument("--picture", default="compare.png", metavar="FILE")
    one.set_defaults(run=compare)

    one = commands.add_parser("class", help="prepare a class that is graded with nbgrader")
    one.set_defaults(run=lambda args: one.print_help() or 0)
    actions = one.add_subparsers(title="commands", metavar="COMMAND")
    new = actions.add_parser("new", help="make the folder of a new class")
    new.add_argument("folder", metavar="DIR")
    new.set_defaults(run=class_new)

    bring = actions.add_parser("import", help="take in what Canvas, Moodle or an exchange gave you")
    bring.add_argument("folder", metavar="CLASS")
    bring.add_argument("source", metavar="FILE.zip|FOLDER")
    bring.add_argument("--notebook", required=True, metavar="NAME", help="such as 01_attention")
    bring.add_argument(
        "--from",
        dest="layout",
        choices=("canvas", "moodle", "nbgrader"),
        help="whose names the files have (default: seen from them)",
    )
    bring.add_argument(
        "--update", action="store_true", help="let another submission replace the one that is there"
    )
    bring.set_defaults(run=class_import)

    give = actions.add_parser("export", help="write the points as Canvas or Moodle read them")
    give.add_argument("folder", metavar="CLASS")
    give.add_argument("notebook", nargs="?", metavar="NOTEBOOK", help="default: all of them")
    give.add_argument("--to", choices=("canvas", "moodle", "csv"), default="csv")
    give.add_argument("--worksheet", metavar="FILE.csv", help="of Moodle's, to be filled in")
    give.set_defaults(run=class_export)

    roster = actions.add_parser(
        "roster", help="take in a list of everybody: Canvas', Moodle's, CSV"
    )
    roster.add_argument("folder", metavar="CLASS")
    roster.add_argument("list", metavar="FILE.csv")
    roster.set_defaults(run=class_roster)

    leave = actions.add_parser("withdraw", help="take a student out of a class")
    leave.add_argument("folder", metavar="CLASS")
    leave.add_argument("student", metavar="STUDENT")
    leave.set_defaults(run=class_withdraw)

    more = actions.add_parser("extend", help="give one student more time than the deadline")
    more.add_argument("folder", metavar="CLASS")
    more.add_argument("notebook", metavar="NOTEBOOK")
    more.add_argument("student", metavar="STUDENT")
    more.add_argument("--hours", type=float, required=True, help="from the deadline; 0: none")
    more.set_defaults(run=class_extend)

    one = commands.add_parser("grade", help="grade what a class handed in")
    one.add_argument("folder", nargs="?", metavar="CLASS", help="folder of the class")
    one.add_argument("notebook", nargs="?", metavar="NOTEBOOK", help="default: all handed in")
    place = one.add_mutually_exclusive_group()
    place.add_argument("--workers", type=whole(1), help="at a time (default: one for each core)")
    place.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, to grade there")
    one.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run students' code with your own rights: only for people you trust",
    )
    one.add_argument(
        "--student", action="append", default=[], metavar="NAME", help="only this one; repeat it"
    )
    one.add_argument("--force", action="store_true", help="grade again what has its result")
    one.add_argument("--demo", action="store_true", help="make a class of 30 and grade that")
    one.set_defaults(run=grade)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command. What its user can put right is a sentence, not a traceback."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    top = parser()
    args = top.parse_args(argv)
    if not hasattr(args, "run"):
        top.print_help()
        return 0
    try:
        return args.run(args)
    except ModuleNotFoundError as error:
        if (error.name or "course_utils").startswith("course_utils"):
            raise
        print(
            f"This needs the package '{error.name}', which is not installed: in the course's "
            "folder, use `uv run course`, or `pip install '.[instructor]'`.",
            file=sys.stderr,
        )
        return 1
    except (CourseError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
