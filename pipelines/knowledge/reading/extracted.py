"""What a reader returns, and the simple Markdown that every parsed format becomes."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import InputError

_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ITEM = re.compile(r"(-|\|) ")
_DATE = re.compile(r"(?<!\d)(\d{4})(?:\s*[-/.年]\s*)?(\d{1,2})(?:\s*[-/.月]\s*)?(\d{1,2})(?!\d\d\d)")
_GENERATED_TITLES = {
    *("", "untitled", "anonymous", "(anonymous)", "unspecified", "(unspecified)", "document"),
    *("word document", "powerpoint presentation", "presentation"),
}
_GENERATED_AUTHORS = {"", "python-docx", "anonymous", "(anonymous)", "unspecified", "(unspecified)", "steve canny"}
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Extracted:
    """The text of a file, and what its format declares of it ("" where it declares nothing).

    `pages` are the places in the text where pages or slides start; `date` is ISO. `encoding` is what the bytes were
    decoded with, in Python's name for it: `path.read_bytes().decode(encoding)` is the text of a plain format.
    """

    text: str
    title: str = ""
    author: str = ""
    date: str = ""
    pages: tuple[int, ...] = ()
    encoding: str = ""


def unreadable(name: str, found: str, expected: str, fix: str) -> InputError:
    """Return the error of a file that a person has to repair or take away."""
    return InputError(name, found, expected, f"{fix}, or move the file out of the folder")


def reason(error: BaseException, path: Path | None = None) -> str:
    """Return an exception of a library in one line, with the file's name for its path."""
    text = str(error) if path is None else str(error).replace(str(path), path.name)
    return " ".join(f"{type(error).__name__}: {text}".split())[:120]


def declared_title(title: Any) -> str:
    """Return a title from a file's properties, without those that programs put there by themselves."""
    found = " ".join(str(title or "").split())
    return "" if found.lower() in _GENERATED_TITLES else found


def declared_author(author: Any) -> str:
    """Return an author, or several with commas between, from a file's properties."""
    people = author if isinstance(author, list | tuple) else [author]
    names = [" ".join(_clean(str(person or "")).split()) for person in people if not isinstance(person, dict)]
    return ", ".join(name for name in names if name.lower() not in _GENERATED_AUTHORS)[:_LONGEST_NAME]


def iso_date(value: Any) -> str:
    """Return the day that a value names as ISO, "" where it names none.

    >>> iso_date("D:20250131120000+01'00'"), iso_date("2025年1月3日"), iso_date("soon")
    ('2025-01-31', '2025-01-03', '')
    """
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = str(value or "")[:_LONGEST_NAME]
    match = _DATE.search(text[2:10] if text.startswith("D:") else text)  # PDF's own form goes on with the time
    try:
        return datetime.date(*(int(part) for part in match.groups())).isoformat() if match else ""
    except ValueError:
        return ""


def row(cells: Iterable[str]) -> str:
    """Return cells as one line of a Markdown table."""
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"


def tidy(text: str) -> str:
    """Return text without control characters, spaces at line ends and more than one blank line.

    No blank line is left between the items of one list and the rows of one table.
    """
    lines: list[str] = []
    for line in (line.strip(" \t") for line in _clean(text).split("\n")):
        if not line and (not lines or not lines[-1]):
            continue
        mark = _ITEM.match(line)
        if mark and len(lines) > 1 and not lines[-1] and lines[-2].startswith(mark.group()):
            lines.pop()
        lines.append(line)
    return "\n".join(lines).strip()


def _clean(text: str) -> str:
    return _UNWANTED.sub(" ", text)


def joined_pages(pages: Iterable[str]) -> tuple[str, tuple[int, ...]]:
    """Return the tidied pages as one text, a blank line between, and where in it each starts."""
    parts: list[str] = []
    starts, length = [], 0
    for page in pages:
        part = tidy(page)
        length += 2 if parts and part else 0
        starts.append(length)
        if part:
            parts.append(part)
            length += len(part)
    return "\n\n".join(parts), tuple(starts)
