"""Files of rows: JSON, JSON Lines, CSV, Parquet and Arrow, each row with its number and the bytes that identify it."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.finetune.row_shapes import Flaw

ENDINGS = (".json", ".jsonl", ".csv", ".parquet", ".arrow")
_LARGEST_CELL = 2**31 - 1


class RawRow(NamedTuple):
    """A row as it stands in its file: number from 1 (a line's, where the file has lines), and the bytes that it is.

    `value` is what the file's own form makes of it already: a value, a CSV's header and cells, None for a line.
    """

    number: int
    content: bytes
    value: Any = None


def parse(row: RawRow) -> tuple[Any, set[str]]:
    """Return the row's value and the repairs that parsing needed; Flaw where it can't be parsed."""
    if isinstance(row.value, Cells):
        return _named(row.value.header, row.value.cells), set()
    return _parsed(row.content) if row.value is None else (row.value, set())


class Cells(NamedTuple):
    """One row of a CSV file."""

    header: list[str]
    cells: list[str]


def raw_rows(path: Path) -> Iterator[RawRow]:
    """Yield a file's rows in order; Flaw where the file as a whole cannot be read."""
    if path.suffix in (".parquet", ".arrow"):
        yield from _values(_columns(path))
        return
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if path.suffix == ".jsonl":
        yield from _lines(data)
    elif path.suffix == ".csv":
        yield from _cells(_text(data))
    else:
        yield from _json(data)


def _json(data: bytes) -> Iterator[RawRow]:
    text = _text(data)
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = ": too deep"
        if isinstance(error, json.JSONDecodeError):
            if error.msg == "Extra data" and text.lstrip().startswith("{"):
                yield from _lines(data)  # JSON Lines under the name .json, as `datasets` takes them too
                return
            where = f" at line {error.lineno}, column {error.colno}: {error.msg}"
        raise Flaw("unreadable file", f"invalid JSON{where}", "one JSON list of rows") from None
    if not isinstance(values, list):
        raise Flaw("unreadable file", "JSON that is not a list", "one JSON list of rows")
    yield from _values(values)


def _values(values: list[Any]) -> Iterator[RawRow]:
    for number, value in enumerate(values, start=1):
        content = json.dumps(value, default=str).encode()
        yield RawRow(number, content, value)


def _lines(data: bytes) -> Iterator[RawRow]:
    # split on \n alone: U+2028 and U+0085 may stand inside a JSON string.
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield RawRow(number, line)


def _parsed(line: bytes) -> tuple[Any, set[str]]:
    try:
        text = line.decode().strip()
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02x} at position {error.start}"
        raise Flaw("not UTF-8", f"{byte}, which is not UTF-8", "UTF-8 text") from None
    try:
        return json.loads(text), set()
    except (json.JSONDecodeError, RecursionError) as error:
        if text.endswith(","):
            with suppress(json.JSONDecodeError):
                return json.loads(text[:-1]), {"trailing comma dropped"}
        where = f" at column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else ": too deep"
        raise Flaw("invalid JSON", f"invalid JSON{where}", "one JSON object a line") from None


def _cells(text: str) -> Iterator[RawRow]:
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise Flaw("unreadable file", f"broken CSV at line {reader.line_num}: {error}", "CSV with a header") from None
    if not header or len(set(header)) != len(header):
        raise Flaw("unreadable file", "a header that is empty or names a column twice", "CSV with a header")
    for number, cells in rows:
        content = json.dumps([header, cells]).encode()
        yield RawRow(number, content, Cells(header, cells))


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise Flaw("ragged row", f"{len(cells)} cells", f"{len(header)}, as the header has")
    return dict(zip(header, cells, strict=True))


def _columns(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
        else:
            with pa.memory_map(str(path)) as file:
                try:
                    rows = pa.ipc.open_stream(file).read_all().to_pylist()
                except pa.ArrowInvalid:
                    rows = pa.ipc.open_file(file).read_all().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        kind = path.suffix.removeprefix(".").capitalize()
        message = str(error).split("\n")[0][:100]
        raise Flaw("unreadable file", f"broken {kind}: {message}", f"a {kind} file") from None
    # A missing key is a null in a column format: the row has no such key.
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[error.start]:02x} at position {error.start}"
        raise Flaw("not UTF-8", f"{byte}, which is not UTF-8", "UTF-8 text") from None
