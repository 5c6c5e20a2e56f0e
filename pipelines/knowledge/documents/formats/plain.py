"""Markdown, text and source code: kept to the character, with what a front matter says."""

import re
from pathlib import Path
from typing import Any

from pipelines.knowledge.documents.encodings.encodings import decode
from pipelines.knowledge.documents.formats.extracted import Extracted, declared_author, iso_date
from pipelines.knowledge.documents.formats.limits import Limits

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)

_DATES = ("date", "published", "updated", "last_modified", "lastmod")


def read_text(path: Path, limits: Limits) -> Extracted:
    """Return a text file as it stands: its line ends too, and a UTF-8 byte order mark as its first character."""
    text, encoding = decode(path.read_bytes(), path.name)
    return Extracted(text, encoding=encoding)


def read_markdown(path: Path, limits: Limits) -> Extracted:
    """Return a Markdown file as it stands, with title, author and date of its YAML front matter."""
    extracted = read_text(path, limits)
    front = front_matter(extracted.text)
    author = front.get("author") or front.get("authors")
    title = front.get("title")
    return Extracted(
        extracted.text,
        title if isinstance(title, str) else "",
        declared_author(author),
        next((day for day in map(iso_date, map(front.get, _DATES)) if day), ""),
        encoding=extracted.encoding,
    )


def front_matter(text: str) -> dict[str, Any]:
    """Return the YAML between two lines of dashes at the beginning; {} where there is none that can be read."""
    import yaml

    match = _FRONT_MATTER.match(text)
    if not match:
        return {}
    try:
        found = yaml.safe_load(match.group(1))
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date such as 2025-13-40
        return {}
    return {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else {}
