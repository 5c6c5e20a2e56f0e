"""From files to the table of documents: only new and changed ones are read, those that cannot be are listed."""

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from pipelines.delta import Work, compare
from pipelines.errors import InputError, Problem
from pipelines.identity import content_id, file_digest
from pipelines.knowledge.manifest import document_version
from pipelines.knowledge.readers import READERS
from pipelines.knowledge.reading.limits import Limits
from pipelines.knowledge.reading.process import ReadingProcess
from pipelines.knowledge.sections import headings
from pipelines.knowledge.sources import SourceFile, list_files, shown
from pipelines.knowledge.words import is_chinese
from pipelines.schemas import DOCUMENTS, LEDGER

_LOG = logging.getLogger("graftline")
_FRONT_TITLE = re.compile(r"\A\ufeff?---\r?\n(?:(?!---).*\r?\n)*?title:(.+)\r?\n")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_EMPHASIS = re.compile(r"^([*_]{1,3})(.+)\1$")
_TITLE_LENGTH = 160
_TITLE_SAMPLE, _LANGUAGE_SAMPLE = 50_000, 1_000_000
_MIB = 1 << 20


@dataclass(frozen=True)
class Loaded:
    """The documents (schema DOCUMENTS), the rejected files (schema LEDGER) and what was done."""

    table: pa.Table
    problems: pa.Table
    work: Work


def load_documents(
    address: Path | str, previous: pa.Table | None = None, limits: Limits | None = None, cache: Path | None = None
) -> Loaded:
    """Read every document at an address: a folder, a pattern, or what fsspec reads (kept in the folder `cache`).

    Files with the same bytes and reader are taken from `previous`. One that cannot be read is listed in `problems` and
    the others go on; it is tried again each time, and its earlier state does not stay. InputError where there is
    nothing.
    """
    listing = list_files(address, cache)
    kept = _by_id(previous)
    rows: list[dict[str, Any]] = []
    problems = [Problem(shown(problem.file), 0, problem.found, problem.expected, shown(problem.fix))
                for problem in listing.problems]  # fmt: skip
    parsed = 0
    with ReadingProcess(limits or Limits()) as reading:
        for file in listing.files:
            try:
                row, fresh = read_document(file, kept, reading)
                rows.append(row)
                parsed += fresh
            except InputError as error:
                problems.append(Problem(shown(file.name), 0, error.found, error.expected, error.fix))
    listing.tidy()
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
    text = text[:_TITLE_SAMPLE]
    front = _FRONT_TITLE.match(text)
    if front:
        return front.group(1).strip().strip("\"'")[:_TITLE_LENGTH]
    prose = _FENCE.sub("", text)
    lines = (line.strip(" \t\ufeff-=*_~") and line.strip(" \t\ufeff") for line in prose.splitlines())
    first = next((line for line in lines if line), "")
    top = next((heading.title for heading in headings(prose) if heading.level == 1 and heading.title), "")
    title = first if first.startswith("#") or not top else top
    return _EMPHASIS.sub(r"\2", title.strip().strip("#").strip()[: 2 * _TITLE_LENGTH])[:_TITLE_LENGTH]


def read_document(
    file: SourceFile, kept: Mapping[str, dict[str, Any]], reading: ReadingProcess
) -> tuple[dict[str, Any], bool]:
    """Return the row of one file (DOCUMENTS), and whether it had to be read; InputError says why it cannot be.

    `kept` are rows of an earlier run by document id: the same bytes and reader give the same row.
    """
    name = shown(file.name)
    reader = READERS.get(PurePosixPath(file.name).suffix.lower())
    if reader is None:
        ending = PurePosixPath(name).suffix
        kind = f'a file ending in "{ending}"' if ending else "a file without an ending"
        fix = f"convert {name}, move it out of the folder, or name it in .graftlineignore"
        raise InputError(name, kind, f"a document ({', '.join(READERS)})", fix)
    if name != file.name:
        raise InputError(name, "a file name that is not UTF-8", "a UTF-8 name", "rename it")
    _refuse_too_large(name, file.bytes, reading.limits)
    try:
        path = file.fetch()
        document_id, version = content_id("document", name), file_digest(path)
        stored = kept.get(document_id)
        if stored and _version(stored) == document_version(version, reader.version):
            return stored, False
        size = path.stat().st_size
        extracted = reading.read(path, reader.format) if reader.parsed else reader.read(path, reading.limits)
    except OSError as error:
        raise InputError(name, error.strerror or str(error), "a readable file", f"check with ls -l {name}") from error
    _refuse_too_long(name, extracted.text, reading.limits)
    return {
        "document_id": document_id,
        "path": name,
        "version": version,
        "reader": reader.version,
        "format": reader.format,
        "language": "zh" if is_chinese(extracted.text[:_LANGUAGE_SAMPLE]) else "en",
        "title": extracted.title[:_TITLE_LENGTH]
        or (title_of(extracted.text) if reader.titled else PurePosixPath(name).name),
        "text": extracted.text,
        "bytes": size,
        "author": extracted.author,
        "date": extracted.date,
        "pages": list(extracted.pages),
        "encoding": extracted.encoding,
    }, True


def _refuse_too_large(name: str, size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        found, most = f"{size / _MIB:.0f} MiB", f"at most {limits.file_bytes / _MIB:.0f} MiB"
        raise InputError(name, found, most, f"split {name}, or raise GRAFTLINE_MAX_FILE_MB")


def _refuse_too_long(name: str, text: str, limits: Limits) -> None:
    if not text.strip("\ufeff \t\r\n\f\v\u00a0\u3000"):
        raise InputError(name, "no text", "a document with text", f"write something into {name}, or remove it")
    if len(text) > limits.characters:
        raise InputError(name, f"{len(text):,} characters", f"at most {limits.characters:,}", f"split {name}")


def _version(row: dict[str, Any]) -> str:
    return document_version(row["version"], row["reader"])


def _by_id(previous: pa.Table | None) -> dict[str, dict[str, Any]]:
    if previous is None or previous.schema.names != DOCUMENTS.names:
        return {}
    return {row["document_id"]: row for row in previous.to_pylist()}
