"""From a folder of files to the table of documents: only new and changed files are parsed."""

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.delta import Work, compare
from pipelines.errors import InputError, Problem
from pipelines.identity import content_id, file_digest
from pipelines.knowledge.readers import READERS
from pipelines.knowledge.words import is_chinese
from pipelines.schemas import DOCUMENTS, LEDGER

_LOG = logging.getLogger("graftline")
_HEADING = re.compile(r"^[ ]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FRONT_TITLE = re.compile(r"\A\ufeff?---\r?\n(?:(?!---).*\r?\n)*?title:[ \t]*[\"']?(.+?)[\"']?[ \t]*\r?\n")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_EMPHASIS = re.compile(r"^([*_]{1,3})(.+)\1$")
_TITLE_LENGTH = 160
_EXPECTED = "Markdown, text, HTML, PDF or DOCX (" + ", ".join(READERS) + ")"


@dataclass(frozen=True)
class Loaded:
    """The documents (schema DOCUMENTS), the rejected files (schema LEDGER) and what was done."""

    table: pa.Table
    problems: pa.Table
    work: Work


def load_documents(folder: Path, previous: pa.Table | None = None) -> Loaded:
    """Read every document below the folder; files with the same bytes and reader are taken from `previous`.

    A file that cannot be read is listed in `problems` and the others go on; it is tried again each time, and its
    earlier state does not stay. InputError where there is no folder or nothing in it.
    """
    paths = list(_walk(folder))
    if not paths:
        raise _nothing(folder, "a folder without documents")
    kept = _by_id(previous)
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    parsed = 0
    for path in paths:
        try:
            row, fresh = _row(folder, path, kept)
            rows.append(row)
            parsed += fresh
        except InputError as error:
            problems.append(Problem(_name(folder, path), 0, error.found, error.expected, error.fix))
    delta = compare({row["document_id"]: _version(row) for row in rows}, {key: _version(kept[key]) for key in kept})
    rows.sort(key=lambda row: row["document_id"])
    ledger = [asdict(problem) for problem in sorted(problems, key=lambda problem: problem.file)]
    for problem in problems:
        _LOG.warning("%s", problem)
    return Loaded(
        pa.Table.from_pylist(rows, schema=DOCUMENTS),
        pa.Table.from_pylist(ledger, schema=LEDGER),
        Work.of(delta, parsed=parsed),
    )


def title_of(text: str) -> str:
    """Return a text's own title: from its front matter, a leading or first-level heading, else its first line."""
    front = _FRONT_TITLE.match(text)
    if front:
        return front.group(1)[:_TITLE_LENGTH]
    prose = _FENCE.sub("", text)
    first = next((line.strip(" \t\ufeff") for line in prose.splitlines() if line.strip(" \t\ufeff-=*_~")), "")
    headings = [m.group() for m in _HEADING.finditer(prose) if m.group().lstrip().startswith("# ")]
    title = first if first.startswith("#") or not headings else headings[0]
    return _EMPHASIS.sub(r"\2", title.strip().strip("#").strip())[:_TITLE_LENGTH]


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise _nothing(folder, "a file" if folder.exists() else "no such folder")
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        # "~$x.docx" is what Word leaves beside an open document.
        yield from (Path(root) / name for name in sorted(files) if not name.startswith((".", "~$")))


def _nothing(folder: Path, found: str) -> InputError:
    return InputError(
        str(folder),
        found,
        f"a folder with documents: {_EXPECTED}",
        "put documents there, or set GRAFTLINE_DOCUMENTS to their folder (in the environment or .env)",
    )


def _row(folder: Path, path: Path, kept: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Return the row of one file, and whether it had to be parsed."""
    name = _name(folder, path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kind = f'a file ending in "{path.suffix}"' if path.suffix else "a file without an ending"
        raise InputError(name, kind, _EXPECTED, f"convert {name}, or move it out of the folder")
    if "\ufffd" in name:
        raise InputError(name, "a file name that is not UTF-8", "a UTF-8 name", "rename it")
    try:
        document_id, version = content_id("document", name), file_digest(path)
        stored = kept.get(document_id)
        if stored and _version(stored) == _as_version(version, reader.version):
            return stored, False
        extracted, size = reader.read(path), path.stat().st_size
    except OSError as error:
        raise InputError(name, error.strerror or str(error), "a readable file", f"check with ls -l {name}") from error
    if not extracted.text.strip("\ufeff \t\r\n\u3000"):
        raise InputError(name, "no text", "a document with text", f"write something into {name}, or remove it")
    return {
        "document_id": document_id,
        "path": name,
        "version": version,
        "reader": reader.version,
        "format": reader.format,
        "language": "zh" if is_chinese(extracted.text) else "en",
        "title": extracted.title[:_TITLE_LENGTH] or title_of(extracted.text),
        "text": extracted.text,
        "bytes": size,
        "author": extracted.author,
        "date": extracted.date,
        "pages": list(extracted.pages),
        "encoding": extracted.encoding,
    }, True


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _version(row: dict[str, Any]) -> str:
    return _as_version(row["version"], row["reader"])


def _as_version(digest: str, reader: str) -> str:
    return f"{digest} {reader}"


def _by_id(previous: pa.Table | None) -> dict[str, dict[str, Any]]:
    if previous is None or previous.schema.names != DOCUMENTS.names:
        return {}
    return {row["document_id"]: row for row in previous.to_pylist()}
