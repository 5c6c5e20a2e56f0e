"""From files to the table of rows: only rows whose bytes are new are parsed, checked and hashed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

import pyarrow as pa

from pipelines.finetune.dataset_registry import Source
from pipelines.finetune.row_files import raw_rows
from pipelines.finetune.row_shapes import Flaw
from pipelines.finetune.row_table import ROWS, raw_key, read_row, rejected_row


@dataclass(frozen=True)
class FileRows:
    """Where a file's rows stand in the table of an earlier run: `digest` of its bytes and reading, first row, count."""

    digest: str
    start: int
    count: int


@dataclass(frozen=True)
class Earlier:
    """The rows of an earlier run and, by file and dataset, where they stand."""

    rows: pa.Table = field(default_factory=ROWS.empty_table)
    files: dict[str, FileRows] = field(default_factory=dict)


def read_rows(
    sources: Iterable[tuple[Source, str]], earlier: Earlier, salt: str
) -> tuple[pa.Table, dict[str, FileRows], int]:
    """Return ROWS of all sources in order, where each file's stand, and how many rows were read anew.

    `sources` come with the digest of their bytes.
    """
    known: dict[int, int] | None = None
    places: list[int] = []
    names: list[str] = []
    numbers: list[int] = []
    fresh: list[dict[str, Any]] = []
    files: dict[str, FileRows] = {}
    olds = earlier.rows.num_rows
    for source, content in sources:
        key, start = f"{source.dataset}\t{source.name}", len(places)
        digest = f"{content} {source.spec()} {source.num_samples}"
        before = earlier.files.get(key)
        if before and before.digest == digest:
            places += range(before.start, before.start + before.count)
            numbers += earlier.rows["row"].slice(before.start, before.count).to_pylist()
        else:
            if known is None:
                known = {raw: place for place, raw in enumerate(earlier.rows["raw"].to_pylist())}
            for number, raw, make in _rows_of(source, salt):
                place = known.get(raw)
                if place is None:
                    place = known[raw] = olds + len(fresh)
                    fresh.append(make() | {"raw": raw, "file": "", "row": 0})
                places.append(place)
                numbers.append(number)
        names += [source.name] * (len(places) - start)
        files[key] = FileRows(digest, start, len(places) - start)
    table = _assembled(earlier.rows, fresh, places)
    for name, values, kind in (("file", names, pa.string()), ("row", numbers, pa.int64())):
        table = table.set_column(table.schema.get_field_index(name), ROWS.field(name), pa.array(values, kind))
    return table, files, len(fresh)


def _rows_of(source: Source, salt: str) -> Iterable[tuple[int, int, Any]]:
    spec = source.spec()
    try:
        rows = list(raw_rows(source.path)) if not source.flaw else []
        if source.flaw:
            raise Flaw("not for text", source.flaw, "text")
    except Flaw as flaw:
        key = raw_key(f"{source.name}\n{flaw}".encode(errors="replace"), spec)
        return [(0, key, lambda flaw=flaw: rejected_row(flaw, source))]
    found = [(row, raw_key(row.content, spec)) for row in rows]
    if source.num_samples is not None and source.num_samples < len(found):
        # The smallest keys: a draw that another row changes by one row at most.
        chosen = {key for _, key in nsmallest(source.num_samples, found, key=lambda item: item[1])}
        found = [(row, key) for row, key in found if key in chosen][: source.num_samples]
    return [(row.number, key, lambda row=row: read_row(row, source, salt)) for row, key in found]


def _assembled(old: pa.Table, fresh: list[dict[str, Any]], places: list[int]) -> pa.Table:
    if not fresh and places == list(range(old.num_rows)):
        return old
    new = pa.Table.from_pylist(fresh, ROWS)
    every = pa.concat_tables([old, new]).combine_chunks() if old.num_rows else new
    return every if places == list(range(every.num_rows)) else every.take(pa.array(places, pa.int64())).combine_chunks()
