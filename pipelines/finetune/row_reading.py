"""From files to the table of rows: only rows whose bytes are new are parsed, checked and hashed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

import pyarrow as pa

from pipelines.finetune.dataset_registry import Source
from pipelines.finetune.row_files import RawRow, raw_rows
from pipelines.finetune.row_shapes import Flaw
from pipelines.finetune.row_table import ROWS, raw_keys, read_row, rejected_row


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
                known = {raw: place for place, raw in enumerate(earlier.rows["raw"].to_numpy().tolist())}
            for raw, row in _raw_rows(source):
                place = known.get(raw)
                if place is None:
                    place = known[raw] = olds + len(fresh)
                    made = rejected_row(row, source) if isinstance(row, Flaw) else read_row(row, source, salt)
                    fresh.append(made | {"raw": raw, "file": "", "row": 0})
                places.append(place)
                numbers.append(0 if isinstance(row, Flaw) else row.number)
        names += [source.name] * (len(places) - start)
        files[key] = FileRows(digest, start, len(places) - start)
    table = _assembled(earlier.rows, fresh, places)
    for name, values, kind in (("file", names, pa.string()), ("row", numbers, pa.int64())):
        table = table.set_column(table.schema.get_field_index(name), ROWS.field(name), pa.array(values, kind))
    return table, files, len(fresh)


def _raw_rows(source: Source) -> list[tuple[int, RawRow | Flaw]]:
    """Return the file's rows by key, or the one flaw that stands for all of it."""
    spec = source.spec()
    try:
        if source.flaw:
            raise Flaw("not for text", source.flaw, "text")
        rows = list(raw_rows(source.path))
    except Flaw as flaw:
        (key,) = raw_keys([f"{source.name}\n{flaw}".encode(errors="replace")], spec)
        return [(key, flaw)]
    found: list[tuple[int, RawRow | Flaw]] = list(zip(raw_keys((row.content for row in rows), spec), rows, strict=True))
    if source.num_samples is not None and source.num_samples < len(found):
        # The smallest keys: a draw that another row changes by one row at most.
        chosen = set(nsmallest(source.num_samples, (key for key, _ in found)))
        found = [each for each in found if each[0] in chosen][: source.num_samples]
    return found


def _assembled(old: pa.Table, fresh: list[dict[str, Any]], places: list[int]) -> pa.Table:
    if not fresh and places == list(range(old.num_rows)):
        return old
    new = pa.Table.from_pylist(fresh, ROWS)
    every = pa.concat_tables([old, new]).combine_chunks() if old.num_rows else new
    return every if places == list(range(every.num_rows)) else every.take(pa.array(places, pa.int64())).combine_chunks()
