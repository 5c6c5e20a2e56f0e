"""What a reader returns, and the simple Markdown that every parsed format becomes."""

import datetime
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError

_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ITEM = re.compile(r"(-|\|) ")
_DATE = re.compile(r"(?<!\d)(\d{4})(?:\s*[-/.年]\s*)?(\d{1,2})(?:\s*[-/.月]\s*)?(\d{1,2})(?!\d\d\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\b\.?"
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_IN_WORDS = [
    re.compile(rf"\b{_MONTH}\s+{_DAY}(?:,\s*|\s+)(?P<year>\d{{4}})(?!\d)", re.IGNORECASE),
    re.compile(rf"{_DAY}[\s-]+(?:of\s+)?{_MONTH}[\s,-]+(?P<year>\d{{4}})(?!\d)", re.IGNORECASE),
]
_GENERATED_TITLES = {
    *("", "untitled", "anonymous", "(anonymous)", "unspecified", "(unspecified)", "document"),
    *("word document", "powerpoint presentation", "presentation"),
}
_GENERATED_AUTHORS = {
    *("", "python-docx", "openpyxl", "anonymous", "(anonymous)", "unspecified", "(unspecified)", "steve canny"),
}
_LONGEST_NAME = 200
PAGE_FURNITURE, NAVIGATION, REFERENCE_MARKS = "running heads and page numbers", "navigation", "reference marks"
"""Kinds of what is left out; the first two are counted in lines."""


@dataclass(frozen=True)
class Extracted:
    """The text of a file, and what its format declares of it ("" where it declares nothing).

    `pages` are the places in the text where pages or slides start; `date` is ISO. `encoding` is what the bytes were
    decoded with, in Python's name for it: `path.read_bytes().decode(encoding)` is the text of a plain format.
    `left_out` counts, by kind, what stands in the file and not in the text.
    """

    text: str
    title: str = ""
    author: str = ""
    date: str = ""
    pages: tuple[int, ...] = ()
    encoding: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)


def unreadable(name: str, found: str, expected: str, fix: str) -> InputError:
    """Return the error of a file that a person has to repair or take away."""
    return InputError(name, found, expected, f"{fix}, or move the file out of the folder")


def exception_line(error: BaseException, path: Path | None = None) -> str:
    """Return an exception of a library in one line, with the file's name for its path."""
    text = str(error) if path is None else str(error).replace(str(path), path.name)
    return " ".join(f"{type(error).__name__}: {text}".split())[:120]


def declared_title(title: Any) -> str:
    """Return a title from a file's properties, without those that programs put there by themselves."""
    found = " ".join(str(title or "").split())
    return "" if found.lower() in _GENERATED_TITLES else found


def declared_author(author: Any) -> str:
    """Return an author, or several with commas between, from a file's properties; one may be a mapping with a name."""
    people = author if isinstance(author, list | tuple) else [author]
    named = [person.get("name") if isinstance(person, dict) else person for person in people]
    names = [" ".join(without_controls(str(name or "")).split()) for name in named if not isinstance(name, dict | list)]
    return ", ".join(name for name in names if name.lower() not in _GENERATED_AUTHORS)[:_LONGEST_NAME]


def iso_date(value: Any) -> str:
    """Return the day that a value names as ISO, "" where it names none.

    >>> iso_date("D:20250131120000+01'00'"), iso_date("2025年1月3日"), iso_date("May 3rd, 2021"), iso_date("soon")
    ('2025-01-31', '2025-01-03', '2021-05-03', '')
    """
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = str(value or "")[:_LONGEST_NAME]
    match = _DATE.search(text[2:10] if text.startswith("D:") else text)  # PDF's own form goes on with the time
    try:
        return datetime.date(*(int(part) for part in match.groups())).isoformat() if match else _day_in_words(text)
    except ValueError:
        return ""


def _day_in_words(text: str) -> str:
    """Return the day of "May 3, 2021" or "3 May 2021"; ValueError where there is no such day."""
    match = next(filter(None, (form.search(text) for form in _IN_WORDS)), None)
    if not match:
        return ""
    month = _MONTHS.index(match["month"].lower()) + 1
    return datetime.date(int(match["year"]), month, int(match["day"])).isoformat()


def table_row(cells: Iterable[str]) -> str:
    """Return cells as one line of a Markdown table."""
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"


def labelled_row(columns: Sequence[str], row: Sequence[str]) -> str:
    """Return a record as "| column: value | … |", so that it is understood alone; "" where it has no value.

    >>> labelled_row(["port", "berth"], ["Oslo", "7", "north"])
    '| port: Oslo | berth: 7 | north |'
    """
    names = [*columns, *[""] * (len(row) - len(columns))]
    cells = [(name, " ".join(value.split())) for name, value in zip(names, row, strict=False)]
    labelled = [f"{name}: {value}" if name else value for name, value in cells if value]
    return "| " + " | ".join(labelled) + " |" if labelled else ""


def tidy_text(text: str) -> str:
    """Return text without control characters, spaces at line ends and more than one blank line.

    No blank line is left between the items of one list and the rows of one table.
    """
    lines: list[str] = []
    for line in (line.strip(" \t") for line in without_controls(text).split("\n")):
        if not line and (not lines or not lines[-1]):
            continue
        mark = _ITEM.match(line)
        if mark and len(lines) > 1 and not lines[-1] and lines[-2].startswith(mark.group()):
            lines.pop()
        lines.append(line)
    return "\n".join(lines).strip()


def without_controls(text: str) -> str:
    """Return text without control characters, and without the hyphens that only show at a line's end."""
    return _UNWANTED.sub(" ", text.replace("\u00ad", ""))


def joined_pages(
    pages: Iterable[str], between: Callable[[str, str], str] = lambda above, below: "\n\n"
) -> tuple[str, tuple[int, ...]]:
    """Return the tidied pages as one text, by default a blank line between, and where in it each starts."""
    parts: list[str] = []
    starts, length = [], 0
    for page in pages:
        part = tidy_text(page)
        gap = between(parts[-1], part) if parts and part else ""
        length += len(gap)
        starts.append(length)
        if part:
            parts += [gap, part]
            length += len(part)
    return "".join(parts), tuple(starts)
