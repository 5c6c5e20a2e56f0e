"""From one file to its row in the table of documents: text, title, language and where they come from."""

import json
import re
from pathlib import PurePosixPath
from typing import Any

from pipelines.core.errors import InputError, Problem
from pipelines.core.formats import format_of, formats_by_ending
from pipelines.core.identity import content_id, file_digest
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.process import ReadingProcess
from pipelines.knowledge.documents.formats.readers import reader_of
from pipelines.knowledge.documents.sources import SourceFile, display_name
from pipelines.text.languages.languages import language_of
from pipelines.text.sections import headings

_FRONT_TITLE = re.compile(r"\A\ufeff?---\r?\n(?:(?!---).*\r?\n)*?title:(.+)\r?\n")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_EMPHASIS = re.compile(r"^([*_]{1,3})(.+)\1$")
_TITLE_LENGTH = 160
_TITLE_SAMPLE, _LANGUAGE_SAMPLE = 50_000, 1_000_000
_MIB = 1 << 20


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


def file_refusal(file: SourceFile, limits: Limits) -> Problem | None:
    """Return why a file is no document by its name and size alone, None for one that has to be read."""
    name = display_name(file.name)
    ending = PurePosixPath(name).suffix
    if format_of(name) is None:
        kind = f'a file ending in "{ending}"' if ending else "a file without an ending"
        fix = f"convert {name}, move it out of the folder, or name it in .graftlineignore"
        return Problem(name, 0, kind, f"a document ({', '.join(formats_by_ending())})", fix)
    if name != file.name:
        return Problem(name, 0, "a file name that is not UTF-8", "a UTF-8 name", "rename it")
    if file.bytes > limits.file_bytes:
        found, most = f"{file.bytes / _MIB:.0f} MiB", f"at most {limits.file_bytes / _MIB:.0f} MiB"
        return Problem(name, 0, found, most, f"split {name}, or raise GRAFTLINE_MAX_FILE_MB")
    return None


def read_document(file: SourceFile, reading: ReadingProcess) -> dict[str, Any]:
    """Return the row of one file (DOCUMENTS) that is not refused.

    InputError says why it cannot be read, OSError that it cannot be looked at now.
    """
    name, reader = display_name(file.name), reader_of(file.name)
    assert reader is not None  # `refusal` was asked
    path = file.fetch()
    version, size = file_digest(path), path.stat().st_size
    extracted = reading.read(path, reader.format) if reader.parsed else reader.read(path, reading.limits)
    _refuse_too_long(name, extracted.text, reading.limits)
    return {
        "document_id": content_id("document", name),
        "path": name,
        "version": version,
        "reader": reader.version,
        "format": reader.format,
        "language": language_of(extracted.text[:_LANGUAGE_SAMPLE]).code,
        "title": extracted.title[:_TITLE_LENGTH]
        or (title_of(extracted.text) if reader.titled else PurePosixPath(name).name),
        "text": extracted.text,
        "bytes": size,
        "author": extracted.author,
        "date": extracted.date,
        "pages": list(extracted.pages),
        "encoding": extracted.encoding,
        "left_out": json.dumps(dict(sorted(extracted.left_out.items()))) if extracted.left_out else "",
    }


def _refuse_too_long(name: str, text: str, limits: Limits) -> None:
    if not text.strip("\ufeff \t\r\n\f\v\u00a0\u3000"):
        raise InputError(name, "no text", "a document with text", f"write something into {name}, or remove it")
    if len(text) > limits.characters:
        raise InputError(name, f"{len(text):,} characters", f"at most {limits.characters:,}", f"split {name}")
