"""From files to the table of rows: only rows whose bytes are new are parsed, checked and hashed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nsmallest
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.finetune.dataset.rows.files import RawRow, RawRows, raw_rows
from pipelines.finetune.dataset.rows.registry import Source
from pipelines.finetune.dataset.rows.shapes import Flaw
from pipelines.finetune.dataset.rows.table import ROWS, raw_keys, read_row, rejected_row


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

    `sources` come with the digest of their bytes; rows of the same bytes and reading are read once.
    """
    reader = _Reader(earlier.rows, salt)
    places: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    names: list[pa.Array] = []
    files: dict[str, FileRows] = {}
    start = 0
    for source, content in sources:
        key, digest = f"{source.dataset}\t{source.name}", f"{content} {source.spec()} {source.num_samples}"
        before = earlier.files.get(key)
        if before and before.digest == digest:
            found = np.arange(before.start, before.start + before.count)
            numbers.append(earlier.rows["row"].slice(before.start, before.count).to_numpy())
        else:
            found, lines = reader.read(source)
            numbers.append(np.array(lines, dtype=np.int64))
        places.append(found)
        names.append(pa.repeat(source.name, len(found)))
        files[key] = FileRows(digest, start, len(found))
        start += len(found)
    every = np.concatenate(places)
    table = _assembled(earlier.rows, reader.fresh, every)
    for name, values in (("file", pa.concat_arrays(names)), ("row", pa.array(np.concatenate(numbers)))):
        table = table.set_column(table.schema.get_field_index(name), ROWS.field(name), values)
    return table, files, len(reader.fresh)


class _Reader:
    """Finds rows by their bytes among those of an earlier run (`old`) and those read so far (`fresh`)."""

    def __init__(self, old: pa.Table, salt: str) -> None:
        self._old, self._salt = old, salt
        self._places: dict[int, int] = {}
        self.fresh: list[dict[str, Any]] = []

    def read(self, source: Source) -> tuple[np.ndarray, Sequence[int]]:
        """Return where the source's rows stand in `old` and `fresh`, one behind the other, and their numbers."""
        keys, rows = _raw_rows(source)
        places = self._known(keys)
        for n in np.flatnonzero(places < 0).tolist():
            places[n] = self._place(int(keys[n]), rows if isinstance(rows, Flaw) else rows[n], source)
        return places, [0] if isinstance(rows, Flaw) else rows.numbers

    def _known(self, keys: np.ndarray) -> np.ndarray:
        """Return where the rows of these keys stand in `old`, -1 where they don't."""
        order, ranked = self._ranked
        if not len(ranked):
            return np.full(len(keys), -1)
        nearest = np.searchsorted(ranked, keys).clip(max=len(ranked) - 1)
        return np.where(ranked[nearest] == keys, order[nearest], -1)

    @cached_property
    def _ranked(self) -> tuple[np.ndarray, np.ndarray]:
        raw = self._old["raw"].to_numpy()
        order = np.argsort(raw, kind="stable")
        return order, raw[order]

    def _place(self, key: int, row: RawRow | Flaw, source: Source) -> int:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._old.num_rows + len(self.fresh)
            made = rejected_row(row, source) if isinstance(row, Flaw) else read_row(row, source, self._salt)
            self.fresh.append(made | {"raw": key, "file": "", "row": 0})
        return place


def _raw_rows(source: Source) -> tuple[np.ndarray, RawRows | Flaw]:
    """Return the file's rows with their keys, or the one flaw that stands for all of it with its key."""
    spec = source.spec()
    try:
        if source.flaw:
            raise Flaw("not for text", source.flaw, "text")
        rows = raw_rows(source.path)
    except Flaw as flaw:
        return raw_keys([f"{source.name}\n{flaw}".encode(errors="replace")], spec), flaw
    keys = raw_keys(rows.contents, f"{spec} {rows.encoding}" if rows.encoding else spec)
    if source.num_samples is None or source.num_samples >= len(keys):
        return keys, rows
    # The smallest keys: a draw that another row changes by one row at most.
    smallest = np.array(nsmallest(source.num_samples, keys.tolist()), dtype=np.uint64)
    chosen = np.flatnonzero(np.isin(keys, smallest))[: source.num_samples]
    return keys[chosen], rows.take(chosen.tolist())


def _assembled(old: pa.Table, fresh: list[dict[str, Any]], places: np.ndarray) -> pa.Table:
    """Return the rows at these places of the old and the fresh ones, one behind the other."""
    if not fresh and np.array_equal(places, np.arange(old.num_rows)):
        return old
    new = pa.Table.from_pylist(fresh, ROWS)
    # Joined only by what takes from both: the old rows are many, and each is to be copied once.
    every = pa.concat_tables([old, new]) if old.num_rows else new
    return every.take(pa.array(places)).combine_chunks()
