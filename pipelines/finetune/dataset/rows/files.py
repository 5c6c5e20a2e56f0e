"""Files of rows: JSON, JSON Lines, CSV, Parquet and Arrow, each row with its number and the bytes that identify it."""

import codecs
import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.finetune.dataset.rows.encoded import as_utf8
from pipelines.finetune.dataset.rows.shapes import Flaw

_TEXTS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
ENDINGS = (*_TEXTS, ".parquet", ".arrow")
"""Endings that are read, in capitals too; a text's may have .gz behind it."""
EMPTY_FILE = "empty file"
READ_AS = "read as "
"""The repair of a row whose file is not UTF-8, with the encoding behind it."""
_GZIP = ".gz"
_LARGEST_CELL = 2**31 - 1


class RawRow(NamedTuple):
    """A row as it stands in its file: number from 1 (a line's, where the file has lines), and the bytes that it is.

    `value` is what the file's own form makes of it already: a value, a CSV's header and cells, None for a line.
    `encoding` is the file's where it was another than UTF-8; the bytes are UTF-8 then too.
    """

    number: int
    content: bytes
    value: Any = None
    encoding: str = ""


@dataclass(frozen=True)
class RawRows:
    """A file's rows by column, see `RawRow`: most are looked up by their bytes alone, and no row is made of them.

    `values` is None where every row is a line.
    """

    numbers: Sequence[int]
    contents: Sequence[bytes]
    values: Sequence[Any] | None = None
    encoding: str = ""

    def take(self, places: Sequence[int]) -> "RawRows":
        """Return the rows at these places."""
        values = [self.values[place] for place in places] if self.values else None
        numbers, contents = [self.numbers[place] for place in places], [self.contents[place] for place in places]
        return RawRows(numbers, contents, values, self.encoding)

    def __getitem__(self, place: int) -> RawRow:
        value = self.values[place] if self.values else None
        return RawRow(self.numbers[place], self.contents[place], value, self.encoding)


def parse_row(row: RawRow) -> tuple[Any, set[str]]:
    """Return the row's value and the repairs that parsing needed; Flaw where it can't be parsed."""
    noted = {f"{READ_AS}{row.encoding}"} if row.encoding else set()
    if isinstance(row.value, Cells):
        return _named(row.value.header, row.value.cells), noted
    value, repairs = _parsed(row.content) if row.value is None else (row.value, set())
    return value, repairs | noted


class Cells(NamedTuple):
    """One row of a CSV file."""

    header: list[str]
    cells: list[str]


def ending_of(path: Path) -> str:
    """Return the file's ending as ENDINGS has it, "" where it is none of them.

    >>> ending_of(Path("rows.v2.JSONL.gz")), ending_of(Path("rows.txt"))
    ('.jsonl', '')
    """
    plain = path.with_suffix("") if path.suffix.lower() == _GZIP else path
    found, packed = plain.suffix.lower(), plain != path
    return found if found in (_TEXTS if packed else ENDINGS) else ""


def bare_name(path: Path) -> str:
    """Return the path without the ending that is read, as a dataset is named."""
    return (path.with_suffix("") if path.suffix.lower() == _GZIP else path).with_suffix("").as_posix()


def raw_rows(path: Path) -> RawRows:
    """Return a file's rows in order; Flaw where the file as a whole cannot be read, or has none."""
    rows = _rows(path, ending_of(path))
    if not len(rows.numbers):
        raise Flaw(EMPTY_FILE, "a file without a row", "rows")
    return rows


def _rows(path: Path, form: str) -> RawRows:
    if form in (".parquet", ".arrow"):
        return _values(_columns(path, form))
    data, encoding = as_utf8(_unpacked(path).removeprefix(codecs.BOM_UTF8))
    if form in (".jsonl", ".ndjson"):
        rows = _lines(data)
    elif not data.strip():
        rows = RawRows([], [])
    else:
        rows = _json(data) if form == ".json" else _cells(_text(data), "\t" if form == ".tsv" else ",")
    return replace(rows, encoding=encoding)


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix.lower() != _GZIP:
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise Flaw("unreadable file", f"broken gzip: {str(error)[:100]}", "a file that gzip packed") from None


def _json(data: bytes) -> RawRows:
    text = _text(data)
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = ": too deep"
        if isinstance(error, json.JSONDecodeError):
            if error.msg == "Extra data" and text.lstrip().startswith("{"):
                return _lines(data)  # JSON Lines under the name .json, as `datasets` takes them too
            where = f" at line {error.lineno}, column {error.colno}: {error.msg}"
        raise Flaw("unreadable file", f"invalid JSON{where}", "one JSON list of rows") from None
    if not isinstance(values, list):
        raise Flaw("unreadable file", "JSON that is not a list", "one JSON list of rows")
    return _values(values)


def _values(values: list[Any]) -> RawRows:
    return RawRows(range(1, len(values) + 1), [json.dumps(value, default=str).encode() for value in values], values)


def _lines(data: bytes) -> RawRows:
    lines = data.split(b"\n")  # on \n alone: U+2028 and U+0085 may stand inside a JSON string
    numbers = [number for number, line in enumerate(lines, start=1) if line.strip()]
    return RawRows(numbers, [lines[number - 1] for number in numbers])


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


def _cells(text: str, delimiter: str) -> RawRows:
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise Flaw("unreadable file", f"broken CSV at line {reader.line_num}: {error}", "CSV with a header") from None
    if not header or len(set(header)) != len(header):
        raise Flaw("unreadable file", "a header that is empty or names a column twice", "CSV with a header")
    contents = [json.dumps([header, cells]).encode() for _, cells in rows]
    return RawRows([number for number, _ in rows], contents, [Cells(header, cells) for _, cells in rows])


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise Flaw("ragged row", f"{len(cells)} cells", f"{len(header)}, as the header has")
    return dict(zip(header, cells, strict=True))


def _columns(path: Path, form: str) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if form == ".parquet":
            rows = pq.read_table(path).to_pylist(maps_as_pydicts="strict")
        else:
            with pa.memory_map(str(path)) as file:
                try:
                    table = pa.ipc.open_stream(file).read_all()
                except pa.ArrowInvalid:
                    table = pa.ipc.open_file(file).read_all()
                rows = table.to_pylist(maps_as_pydicts="strict")
    except (pa.ArrowException, OSError, ValueError) as error:
        kind = form.removeprefix(".").capitalize()
        message = str(error).split("\n")[0][:100]
        raise Flaw("unreadable file", f"broken {kind}: {message}", f"a {kind} file") from None
    return [_without_padding(row) for row in rows]


def _without_padding(value: Any) -> Any:
    """Return a column format's value without the keys that only other rows have: they are nulls, at any depth.

    A null in a list stays: nothing pads lists.
    """
    if isinstance(value, dict):
        return {key: _without_padding(item) for key, item in value.items() if not _is_missing(item)}
    return [_without_padding(item) for item in value] if isinstance(value, list) else value


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))  # pandas pads numbers with NaN


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[error.start]:02x} at position {error.start}"
        raise Flaw("not UTF-8", f"{byte}, which is not UTF-8", "UTF-8 text") from None
