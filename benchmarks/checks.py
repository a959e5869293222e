"""How long a check takes: the first in a fresh process once Keras is imported, and later ones.

    uv run python benchmarks/checks.py [exercise …]

Each exercise gets a process of its own, as in a fresh notebook. "right" checks a copy of the
reference, "wrong" the first listed mistake, which also asks every mistake whether it is the one,
and draws the picture. KERAS_BACKEND chooses the backend. "processor" is the time that all cores
together spent on the very first check: on a busy machine the number to trust.
"""

import subprocess
import sys
import time


def one(name: str) -> None:
    """Time one exercise in this process and print a row."""
    from course_utils.checking import check_exercise
    from course_utils.checking.edits import solution_of
    from course_utils.exercises import EXERCISES  # first: it loads Keras quietly

    import keras  # isort: skip

    exercise = EXERCISES[name]
    wrong = solution_of(exercise, exercise.mistakes[0])
    row = [keras.backend.backend(), name]
    spent = time.process_time()
    for solution in (lambda *inputs: exercise.reference(*inputs), wrong):
        for seed in (0, 0, 1):
            start = time.perf_counter()
            check_exercise(exercise, solution, seed).html()
            row.append(f"{time.perf_counter() - start:6.2f}")
            if len(row) == 3:
                row.append(f"({time.process_time() - spent:.2f} processor)")
    print("{:10} {:28} {} {} {} {}    {} {} {}".format(*row), flush=True)


def main() -> None:
    command = "import time; s = time.perf_counter(); import course_utils; t = time.perf_counter()"
    took = run("-c", f"{command}; print(f'import course_utils: {{t - s:.3f}} s')")
    print(took.strip())
    command = "import time; s = time.perf_counter(); import keras; t = time.perf_counter()"
    took = run("-c", f"{command}; print(f'import keras: {{t - s:.2f}} s')")
    print(took.strip())
    names = (
        sys.argv[1:]
        or run("-c", "from course_utils.exercises import EXERCISES; print(*EXERCISES)").split()
    )
    print(f"{'':39} right: first, again, new seed; wrong: the same; in seconds")
    for name in names:
        print(run(__file__, "--one", name), end="", flush=True)


def run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        main()
