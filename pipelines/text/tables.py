"""Tables in a text: which line is the head of a row, so that a row found alone is understood."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.text.lines import is_table_row
from pipelines.text.sections import fence_after

_RULER = re.compile(r"\s*\|[\s:|-]*-[\s:|-]*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_LABEL = re.compile(r"[^:：]{1,60}[:：]\s")
_DIGIT_FIRST = re.compile(r"[-+(]?\d")
_SURE_COLUMNS = 3
"""From so many columns the first row of a table without a ruler names them; of two, it may be a pair as the others."""


@dataclass(frozen=True)
class Table:
    """A run of rows, in characters of its text; `head` is the line that names the columns, "" where none does.

    `rows` is where the rows below the head start; `sure` says that the head may be shown as the names of the columns,
    `ruled` that a line of dashes stands below it.
    """

    start: int
    rows: int
    end: int
    head: str
    sure: bool
    ruled: bool = False


def tables(text: str) -> list[Table]:
    """Return the tables of a text in order; rows within code blocks are none."""
    found: list[Table] = []
    lines: list[tuple[int, str]] = []
    fence, position = "", 0
    for line in [*text.splitlines(keepends=True), ""]:
        before, fence = fence, fence_after(line.rstrip(), fence)
        if line and not before and not fence and is_table_row(line):
            lines.append((position, line))
        elif lines:
            found.append(_table(lines, position))
            lines = []
        position += len(line)
    return found


def _table(lines: Sequence[tuple[int, str]], end: int) -> Table:
    start, first = lines[0]
    following = lines[1][1] if len(lines) > 1 else ""
    if _RULER.match(following):
        rows = lines[2][0] if len(lines) > 2 else end
        return Table(start, rows, end, first.strip(), True, True)
    names, values = cells(first), cells(following)
    if not following or len(names) != len(values) or _are_labelled(names) or any(map(_DIGIT_FIRST.match, names)):
        return Table(start, start, end, "", False)
    sure = len(names) >= _SURE_COLUMNS and all(names) and len(set(names)) == len(names)
    return Table(start, lines[1][0], end, first.strip(), sure)


def _are_labelled(names: Sequence[str]) -> bool:
    """Say whether most cells of a row say themselves what they are ("price: 5"), as those of CSV and Excel do."""
    return 2 * sum(map(bool, map(_LABEL.match, names))) > sum(map(bool, names))


def cells(row: str) -> list[str]:
    """Return the cells of a table's row.

    >>> cells("| Oslo | 7 |")
    ['Oslo', '7']
    """
    inner = row.strip().removeprefix("|")
    return [cell.strip() for cell in _CELL_END.split(inner.removesuffix("|"))]


def labelled_cells(row: str, head: str) -> str:
    """Return a row as "column: value, …"; without a head its values alone.

    >>> labelled_cells("| Oslo | 7 | |", "| Port | Berths | Draught |")
    'Port: Oslo, Berths: 7'
    """
    names = cells(head) if head else []
    values = cells(row)
    names += [""] * (len(values) - len(names))
    return ", ".join(f"{name}: {value}" if name else value for name, value in zip(names, values, strict=False) if value)


def shorter_heads(head: str) -> Iterator[str]:
    """Yield a head, and then without its last columns, one after the other: names go by their place."""
    names = cells(head)
    for count in range(len(names), 0, -1):
        yield f"| {' | '.join(names[:count])} |"


def head_of_row(found: Sequence[Table], place: int) -> Table | None:
    """Return the table whose rows, below its head, a place stands in."""
    return next((table for table in found if table.rows <= place < table.end), None)


def chunk_header(place: str, head: str) -> str:
    """Return a chunk's header: where it stands, and the head of the table that it begins in the middle of."""
    return "\n".join(filter(None, (place, head)))


def head_in_header(chunk: Mapping[str, Any]) -> str:
    """Return the head of the table that a chunk's row goes on with, "" where it has none or holds it itself."""
    last = (chunk.get("header") or "").rpartition("\n")[2]
    return last if last.startswith("|") else ""


def chunk_tables(chunk: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a chunk's row; the head of one that began in an earlier chunk is in its header."""
    text, found = chunk["text"], tables(chunk["text"])
    head = head_in_header(chunk)
    # What is before the first whole row may be the end of one that was cut.
    if not head or not found or "\n" in text[: found[0].start].rstrip("\r\n"):
        return found
    first = found[0]
    return [Table(first.start, first.start, first.end, head, len(cells(head)) >= _SURE_COLUMNS), *found[1:]]


def with_header(chunk: Mapping[str, Any]) -> str:
    """Return a chunk's text below its header: what it is found by."""
    return "\n".join(filter(None, (chunk.get("header") or "", chunk["text"])))


def header_at(chunk: Mapping[str, Any], place: int) -> str:
    """Return the header of what of a chunk begins at a place of its text, which may be below a table's head."""
    header, own = chunk.get("header") or "", head_in_header(chunk)
    table = head_of_row(chunk_tables(chunk), place) if place or own else None
    return chunk_header(header.removesuffix(own).rstrip("\n"), table.head if table else "")
