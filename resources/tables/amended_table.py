"""A Lance table that is amended row by row and read in batches: what 10,000 documents cost is what changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.delta import Change, Work, batched, with_schema
from pipelines.core.identity import ROW_DIGESTS, row_digests, rows_digest
from resources.tables.lance_upkeep import rewrite_deleted, today, upkeep_is_due
from resources.tables.versions import Versions

if TYPE_CHECKING:
    import lance

_KEYS_A_FILTER = 500
_ROWS_A_BATCH = 2048
_MOST_FRAGMENTS = 24


@dataclass(frozen=True)
class LanceTable:
    """One version of a table, as its pointer names it; see `pipelines.core.protocols.StoredTable`."""

    versions: Versions
    pointer: dict[str, Any]

    @property
    def digest(self) -> str:
        return str(self.pointer["digest"])

    @property
    def inputs(self) -> str:
        return str(self.pointer.get("inputs", ""))

    @property
    def schema(self) -> pa.Schema:
        return self.dataset.schema

    @property
    def dataset(self) -> "lance.LanceDataset":
        """The dataset at this version; every call opens it anew, so that a writer's handle is its own."""
        return self.versions.at(self.pointer["version"])

    def __len__(self) -> int:
        return int(self.pointer["rows"])

    def batches(
        self, columns: Sequence[str] | None = None, where: tuple[str, Sequence[str]] | None = None
    ) -> Iterator[pa.Table]:
        """Yield the rows, or those whose column (the first of `where`) is among its values, in no order."""
        dataset, chosen = self.dataset, list(columns) if columns else None
        if where is not None and len(where[1]) < max(_KEYS_A_FILTER, len(self) // 4):
            for keys in batched(where[1], _KEYS_A_FILTER):
                yield dataset.to_table(columns=chosen, filter=_among(where[0], keys))
            return
        wanted = pa.array(where[1], pa.string()) if where else None
        read = chosen if chosen is None or where is None or where[0] in chosen else [*chosen, where[0]]
        for batch in dataset.to_batches(columns=read, batch_size=_ROWS_A_BATCH):
            table = pa.Table.from_batches([batch])
            if wanted is not None and where is not None:
                table = table.filter(pc.is_in(table[where[0]], wanted))
            if table.num_rows:
                yield table.select(chosen) if chosen else table

    def to_table(self) -> pa.Table:
        """Return all rows, by the first column where they were amended, else as they were written."""
        table = self.dataset.to_table()
        return table.sort_by(table.column_names[0]).combine_chunks() if "total" in self.pointer else table


def amendable(versions: Versions, pointer: dict[str, Any] | None) -> LanceTable | None:
    """Return the table that an amendment goes on from; None where there is none, or an earlier release wrote it."""
    usable = pointer and "total" in pointer and versions.there
    return LanceTable(versions, pointer) if usable and pointer else None


def amend(
    versions: Versions, pointer: dict[str, Any] | None, schema: pa.Schema, change: Change
) -> tuple[dict[str, Any], Work]:
    """Write the change beside what the pointer names; return the pointer to switch to and what happened to the rows.

    A table of another schema, or written whole by an earlier release, is replaced altogether.
    """
    writer = _Writer(versions, pointer, schema, change)
    writer.drop()
    for table in change.add:
        writer.add(table)
    return writer.finish()


class _Writer:
    """The amendment of one table under way."""

    def __init__(self, versions: Versions, pointer: dict[str, Any] | None, schema: pa.Schema, change: Change) -> None:
        self.versions, self.pointer, self.schema, self.change = versions, pointer, schema, change
        self.base = with_schema(amendable(versions, pointer), schema)
        self.key = schema.names[0]
        self.total, self.rows = (int(pointer["total"]), len(self.base)) if self.base is not None and pointer else (0, 0)
        self.before: dict[str, int] = {}
        self.after: dict[str, int] = {}
        self.dataset: lance.LanceDataset | None = None

    def drop(self) -> None:
        """Take the dropped rows out of the count, and out of a version of their own."""
        if self.base is None:
            return
        for table in self.base.batches(where=(self.change.column, self.change.drop)) if self.change.drop else ():
            self._count(table, self.before, -1)
        if not self.before or self.rows == 0:
            return  # nothing to drop; or all, and then the first batch overwrites
        dataset = self._open()
        for keys in batched(self.change.drop, _KEYS_A_FILTER):
            dataset.delete(_among(self.change.column, keys))

    def add(self, table: pa.Table) -> None:
        """Append one batch."""
        if not table.num_rows:
            return
        self._count(table, self.after, 1)
        self._write(table)

    def finish(self) -> tuple[dict[str, Any], Work]:
        """Return the pointer to what was written, and the counters by row."""
        work = self._work()
        if self.dataset is None and self.base is not None and (self.rows or not self.before):
            return {**self._swept(self.base), "inputs": self.change.inputs}, work
        if self.dataset is None:
            self._write(self.schema.empty_table())
        assert self.dataset is not None
        if self.base is not None and self._due():
            rewrite_deleted(self.dataset)
        if len(self.dataset.get_fragments()) > _MOST_FRAGMENTS:
            self.dataset.optimize.compact_files()
        return {
            "digest": rows_digest(self.schema, self.rows, self.total),
            "version": self.dataset.version,
            "rows": self.rows,
            "total": str(self.total),
            "inputs": self.change.inputs,
            "swept": today(),
        }, work

    def _due(self) -> bool:
        return self.pointer is not None and upkeep_is_due(self.pointer.get("swept"))

    def _swept(self, base: LanceTable) -> dict[str, Any]:
        """Return the pointer of a table that stays as it is; once a day its deleted rows leave their files."""
        if not self._due():
            return base.pointer
        dataset = self._open()  # never the pointer's version under newer ones: those are what is cleaned up
        rewrite_deleted(dataset)
        return {**base.pointer, "version": dataset.version, "swept": today()}

    def _open(self) -> "lance.LanceDataset":
        if self.dataset is None:
            assert self.base is not None
            self.dataset = self.versions.stage_from(self.base.pointer["version"])
        return self.dataset

    def _write(self, table: pa.Table) -> None:
        import lance

        if self.dataset is None and self.base is not None and len(self.base) > len(self.before):
            self._open()
        rows = table.cast(self.schema)
        if self.dataset is None:
            self.dataset = self.versions.stage_whole(rows, self.schema)
        else:
            self.dataset = lance.write_dataset(rows, self.dataset, mode="append", schema=self.schema)

    def _count(self, table: pa.Table, found: dict[str, int], sign: int) -> None:
        digests = row_digests(table)
        self.total = (self.total + sign * sum(digests)) % ROW_DIGESTS
        self.rows += sign * table.num_rows
        compared = row_digests(table.drop_columns(list(self.change.beside))) if self.change.beside else digests
        found.update(zip(table[self.key].to_pylist(), compared, strict=True))

    def _work(self) -> Work:
        changed = sum(key in self.before and self.before[key] != digest for key, digest in self.after.items())
        new, gone = len(self.after.keys() - self.before.keys()), len(self.before.keys() - self.after.keys())
        return Work(new, changed, gone, self.rows - new - changed, self.change.computed)


def _among(column: str, values: Sequence[str]) -> str:
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"
