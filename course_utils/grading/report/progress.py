"""A progress bar that also reads well in a file."""

import time

from rich import progress
from rich.console import Console
from rich.table import Column

from course_utils.table import printable

WIDTH = 30
# Seconds between two lines where the output is a file.
PATIENCE = 15


class Progress:
    """Say how far a long piece of work is: a bar that moves on a terminal, a few lines in a file.

    with Progress(30) as progress: and progress.step("what is done") for each piece.
    """

    def __init__(self, total: int, stream=None):
        self.total = total
        self.done = 0
        self.started = self.told = time.monotonic()
        self.console = Console(file=stream, highlight=False)
        words = progress.TextColumn(
            "{task.description}", markup=False, table_column=Column(no_wrap=True)
        )
        self.bar = progress.Progress(
            progress.BarColumn(WIDTH),
            words,
            console=self.console,
            disable=not self.console.is_terminal or self.console.is_dumb_terminal,
        )

    def __enter__(self) -> "Progress":
        self.task = self.bar.add_task(self.line(), total=self.total)
        self.bar.start()
        return self

    def __exit__(self, *_) -> None:
        self.bar.stop()

    def step(self, what: str = "") -> None:
        """Count one piece as done, and say so where it is time to."""
        self.done += 1
        now = time.monotonic()
        self.bar.update(self.task, completed=self.done, description=self.line(what))
        if not self.bar.disable:
            return
        tenth = self.done * 10 // self.total != (self.done - 1) * 10 // self.total
        if tenth or now - self.told > PATIENCE:
            self.told = now
            filled = WIDTH * self.done // self.total
            bar = "#" * filled + "." * (WIDTH - filled)
            self.console.out(f"[{bar}] {self.line(what)}")

    def line(self, what: str = "") -> str:
        """How far it is, in words."""
        spent = time.monotonic() - self.started
        times = f"{clock(spent)} so far"
        if self.done == self.total:
            times = f"took {clock(spent)}"
        elif self.done:
            times += f", about {clock(spent / self.done * (self.total - self.done))} left"
        return f"{self.done} of {self.total}, {times}  {printable(what)}".rstrip()


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
