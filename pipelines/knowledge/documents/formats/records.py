"""CSV, JSON and JSON lines: every record a text of its own that says what each value is."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.encodings.encodings import decode
from pipelines.knowledge.documents.formats.extracted import (
    Extracted,
    exception_line,
    labelled_row,
    tidy_text,
    unreadable,
)
from pipelines.knowledge.documents.formats.limits import Limits

_DELIMITERS = ",;\t|"
_SAMPLE = 1 << 15
_NAMED_DELIMITER = re.compile(r"sep=([^\r\n\"])\r?\n", re.IGNORECASE)
"""Excel's first line that names the delimiter, which it shows to nobody."""


def read_csv(path: Path, limits: Limits) -> Extracted:
    """Return each row as "| column: value | … |", so that a row found alone is understood."""
    text, encoding = decode(path.read_bytes(), path.name)
    csv.field_size_limit(limits.characters)
    table = text.lstrip("\ufeff")
    if named := _NAMED_DELIMITER.match(table):
        table, delimiter = table[named.end() :], named.group(1)
    else:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(table[:_SAMPLE])
    try:
        rows = [row for row in csv.reader(io.StringIO(table, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise unreadable(
            path.name, f"a damaged table ({exception_line(error)})", "rows of values", "save it as CSV anew"
        ) from error
    if not rows:
        return Extracted("", encoding=encoding)
    columns = [" ".join(name.split()) for name in rows[0]]
    lines = [labelled_row(columns, row) for row in rows[1:]] or ["| " + " | ".join(columns) + " |"]
    return Extracted(tidy_text("\n".join(line for line in lines if line)), encoding=encoding)


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts the first lines into the same number of columns, the most of them."""
    lines = [line for line in sample.splitlines()[:20] if line.strip()]
    counts = {mark: {line.count(mark) for line in lines} for mark in _DELIMITERS}
    even = [mark for mark in _DELIMITERS if len(counts[mark]) == 1 and counts[mark] != {0}]
    return max(even or _DELIMITERS, key=lambda mark: sum(line.count(mark) for line in lines[:1]))


def read_json(path: Path, limits: Limits) -> Extracted:
    """Return the values of a JSON file with their keys, a record of a list as a paragraph."""
    text, encoding = decode(path.read_bytes(), path.name)
    value = _parsed(path.name, text.lstrip("\ufeff"), 0, limits)
    records = value if isinstance(value, list) else [value]
    return Extracted(tidy_text("\n\n".join(_record(record) for record in records)), encoding=encoding)


def read_json_lines(path: Path, limits: Limits) -> Extracted:
    """Return each line's record as a paragraph; a line that is no JSON makes the file a bad one, by its number."""
    text, encoding = decode(path.read_bytes(), path.name)
    lines = [(number, line) for number, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1) if line.strip()]
    records = [_parsed(path.name, line, number, limits) for number, line in lines]
    return Extracted(tidy_text("\n\n".join(_record(record) for record in records)), encoding=encoding)


def _parsed(name: str, text: str, line: int, limits: Limits) -> Any:
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise _too_deep(name, limits) from error
    except ValueError as error:
        place = f"line {line}: " if line else ""
        raise unreadable(
            name, f"damaged JSON ({place}{exception_line(error)})", "valid JSON", f"correct it: {error}"
        ) from error
    if _depth(value) > limits.depth:
        raise _too_deep(name, limits)
    return value


def _too_deep(name: str, limits: Limits) -> InputError:
    return unreadable(name, "JSON nested too deep", f"at most {limits.depth} levels", "flatten it")


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        node, depth = waiting.pop()
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in children]
    return deepest


def _record(value: Any) -> str:
    return "\n".join(f"{key}: {text}" if key else text for key, text in _leaves(value))


def _leaves(value: Any) -> Iterator[tuple[str, str]]:
    """Yield ("a.b", text) of each value in a record, in order; the values of a list share its key."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        key, node = waiting.pop()
        if isinstance(node, dict):
            waiting += [(f"{key}.{name}" if key else str(name), child) for name, child in reversed(node.items())]
        elif isinstance(node, list):
            waiting += [(key, child) for child in reversed(node)]
        elif node is not None and str(node).strip():
            yield key, str(node) if not isinstance(node, bool) else str(node).lower()
