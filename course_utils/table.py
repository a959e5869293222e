"""A plain table, for a terminal or a file."""

import io
import re
import shutil

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROWEST = 30
NUMBER = re.compile(r"[-\d.,%]*( of \d+)?")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], widest: int = 44) -> str:
    """Rows under a head, columns as wide as needed, numbers to the right. Texts longer than the
    widest are wrapped in their own column, and the last one has the room that is left."""
    rows = [tuple(printable(cell) for cell in row) for row in rows]
    *widths, _ = (
        min(widest, max(map(cell_len, column))) for column in zip(head, *rows, strict=True)
    )
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for title, size, *cells in zip(head, [*widths, None], *rows, strict=True):
        side = "right" if all(map(NUMBER.fullmatch, cells)) else "left"
        made.add_column(title, width=size, overflow="fold", justify=side)
    for row in rows:
        made.add_row(*map(Text, row))  # a Text: brackets in names are no markup
    needed = sum(widths) + 2 * len(widths) + NARROWEST
    total = max(needed, shutil.get_terminal_size((120, 24)).columns)
    console = Console(file=io.StringIO(), width=total, color_system=None)
    console.print(made)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def printable(cell: object) -> str:
    """Text without line breaks and control characters: names in it come from students."""
    return "".join(c if c.isprintable() else " " for c in str(cell))
