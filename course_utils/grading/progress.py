"""A progress bar that also reads well in a file."""

import sys
import time

WIDTH = 30
# Seconds between two lines where the output is a file.
PATIENCE = 15


class Progress:
    """Say how far a long piece of work is: one line that moves on a terminal, a few in a file."""

    def __init__(self, total: int, stream=None):
        self.total = total
        self.done = 0
        self.stream = stream or sys.stdout
        self.started = self.told = time.monotonic()
        self.moving = self.stream.isatty()

    def step(self, what: str = "") -> None:
        """Count one piece as done, and say so where it is time to."""
        self.done += 1
        now = time.monotonic()
        last = self.done == self.total
        tenth = self.done * 10 // self.total != (self.done - 1) * 10 // self.total
        if self.moving:
            end = "\n" if last else ""
            print(f"\r{self.line(now, what)[:110]:110}", end=end, file=self.stream, flush=True)
        elif last or tenth or now - self.told > PATIENCE:
            self.told = now
            print(self.line(now, what), file=self.stream, flush=True)

    def line(self, now: float, what: str) -> str:
        filled = WIDTH * self.done // self.total
        bar = "#" * filled + "." * (WIDTH - filled)
        spent = now - self.started
        left = spent / self.done * (self.total - self.done)
        times = f"{clock(spent)} so far, about {clock(left)} left"
        if self.done == self.total:
            times = f"took {clock(spent)}"
        return f"[{bar}] {self.done} of {self.total}, {times}  {what}".rstrip()


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
