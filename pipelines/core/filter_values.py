"""From what a person types as a filter to how documents have it: dates, formats, languages, paths, sections."""

import datetime
import posixpath
import re
from collections.abc import Mapping
from difflib import SequenceMatcher

from pipelines.core.errors import InputError, shell_command
from pipelines.core.formats import formats_by_ending
from pipelines.text.languages.languages import LANGUAGES

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_YEAR_FIRST = re.compile(r"(\d{4})\D(\d{1,2})(?:\D(\d{1,2}))?")


def stored_date(value: str, option: str) -> str:
    """Return an ISO date or the beginning of one, "" for none; InputError for anything else, 2024-02-30 too.

    >>> stored_date(" 2024-05 ", "since")
    '2024-05'
    """
    text = value.strip()
    if text and not _is_date(text):
        raise InputError(
            f"filter --{option}", f"'{value}'", "a date as YYYY, YYYY-MM or YYYY-MM-DD", f"--{option} {_meant(text)}"
        )
    return text


def stored_format(value: str) -> str:
    """Return the name under which documents of a format are stored; InputError, nearest names first, for no format.

    >>> stored_format("PDF"), stored_format("md"), stored_format(".js")
    ('pdf', 'markdown', 'javascript')
    """
    text = value.strip().lower().removeprefix(".")
    known = {format: format for format in formats_by_ending().values()}
    known |= {ending.removeprefix("."): format for ending, format in formats_by_ending().items()}
    return _known(text, known, value, "format")


def stored_language(value: str) -> str:
    """Return a language as chunks have it; InputError for one that none has."""
    return _known(value.strip().lower(), {code: code for code in LANGUAGES}, value, "language")


def stored_path(value: str) -> str:
    """Return a path as documents have theirs, below the root; one slash at the end stays: a folder, no beginning.

    >>> stored_path("./policies//"), stored_path("a/./b.md"), stored_path("./")
    ('policies/', 'a/b.md', '')
    """
    path = posixpath.normpath(value.strip() or ".")
    if path.startswith(("/", "../")) or path == "..":
        plain = path.lstrip("./") or "policies/"
        fix = shell_command("--path", plain)
        raise InputError("filter --path", f"'{value}'", "a path below the documents' root", fix)
    if path == ".":
        return ""
    return f"{path}/" if value.strip().endswith("/") else path


def stored_section(value: str) -> str:
    """Return a section's path as chunks have theirs: single spaces."""
    return " ".join(value.split())


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text + "-01" * (2 - text.count("-")))
    except ValueError:
        return False
    return True


def _meant(text: str) -> str:
    """Return the date that was meant where its year comes first; 12.05.2024 may be May or December."""
    match = _YEAR_FIRST.fullmatch(text)
    meant = "-".join(part.zfill(2) for part in match.groups() if part) if match else ""
    return meant if meant and _is_date(meant) else "2024-05-31"


def _known(value: str, known: Mapping[str, str], found: str, option: str) -> str:
    """Return what is stored under one of the known names; InputError with all that are stored, nearest first."""
    if value in known:
        return known[value]
    by_likeness = sorted(known, key=lambda name: -SequenceMatcher(None, value, name).ratio())
    nearest = list(dict.fromkeys(known[name] for name in by_likeness))
    raise InputError(f"filter --{option}", f"'{found}'", f"one of {', '.join(nearest)}", f"--{option} {nearest[0]}")
