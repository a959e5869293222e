"""How long a check takes: the first in a fresh process once Keras is imported, and later ones.

    uv run python benchmarks/checks.py [exercise …]

Each exercise gets a process of its own, as in a fresh notebook. "right" checks a copy of the
reference; "wrong" a result that nobody has listed, so that every mistake, every neighbour of the
answer and every pair of mistakes is asked whether it is the one, and the picture is drawn.
KERAS_BACKEND chooses the backend. "processor" is the time that all cores together spent on the very
first check: on a busy machine the number to trust.
"""

import subprocess
import sys
import time


def one(name: str) -> None:
    """Time one exercise in this process and print a row."""
    from course_utils.checking import check_exercise
    from course_utils.exercises import EXERCISES  # first: it loads Keras quietly

    import keras  # isort: skip

    exercise = EXERCISES[name]
    wrong = unheard_of(exercise.answer)
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


def unheard_of(answer):
    """An answer whose result is bent in a way that no mistake is."""
    from course_utils.checking.edits import source

    before, _, last = source(answer).rpartition("return ")
    result, newline, after = last.partition("\n")
    scope = {**vars(sys.modules[answer.__module__]), "bent": bent}
    exec(f"{before}return bent({result}){newline}{after}", scope)
    return scope[answer.__name__]


def bent(result):
    if isinstance(result, tuple):
        return tuple(map(bent, result))
    if isinstance(result, bool):
        return not result
    if isinstance(result, int):
        return result + result * result
    if "bool" in str(getattr(result, "dtype", "")):
        return result.reshape(-1)[::-1].reshape(result.shape) if result.ndim else ~result
    return result + 0.3 * result * result


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
