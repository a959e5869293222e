"""A plain table for a terminal or a file."""

import shutil
import textwrap
import unicodedata

WIDEST = 44


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Rows under a head, columns as wide as needed. Long texts are wrapped in their own column, and
    the last one has the room that is left."""
    rows = [tuple(printable(cell) for cell in row) for row in rows]
    widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
    widths = [min(size, WIDEST) for size in widths]
    total = shutil.get_terminal_size((120, 24)).columns
    widths[-1] = max(30, total - sum(widths[:-1]) - 2 * len(widths))
    lines = [line(head, widths), line(tuple("-" * width(title) for title in head), widths)]
    for row in rows:
        cells = [textwrap.wrap(cell, size) for cell, size in zip(row, widths, strict=True)]
        for number in range(max(1, *map(len, cells))):
            parts = tuple(cell[number] if number < len(cell) else "" for cell in cells)
            lines.append(line(parts, widths))
    return "\n".join(lines)


def line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def width(text: str) -> int:
    """Columns on a terminal: East Asian letters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def printable(cell: object) -> str:
    """Text without line breaks and control characters: names in it come from students."""
    return "".join(c if c.isprintable() else " " for c in str(cell))
