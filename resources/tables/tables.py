"""The table store: Arrow tables on disk as Lance datasets, written beside and switched by a pointer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Change, Work
from pipelines.core.errors import NotMaterializedError
from pipelines.core.identity import table_digest
from resources.tables.amended_table import LanceTable, amend, amendable
from resources.tables.lance_upkeep import today, upkeep_is_due
from resources.tables.versions import Pointer, Versions


@dataclass(frozen=True)
class TableStore:
    """Named tables and JSON records below one folder; a name may carry a partition (`evaluation/lora`).

    A table is one Lance dataset with a pointer file that names its current version and digest, written last.
    """

    root: Path

    def _versions(self, name: str) -> Versions:
        return Versions(self.root / f"{name}.lance")

    def _pointer(self, name: str) -> Pointer:
        return Pointer(self.root / f"{name}.json")

    def pointer(self, name: str) -> dict[str, Any] | None:
        """Return {"digest", "version" | "record", "rows"} of what is current, or None."""
        return self._pointer(name).read()

    def digest(self, name: str) -> str | None:
        """Return the digest of the current table or record, or None."""
        pointer = self.pointer(name)
        return pointer["digest"] if pointer else None

    def names(self, prefix: str = "") -> list[str]:
        """Return the names that hold something, sorted; `evaluation/` lists that asset's partitions."""
        found = (path.relative_to(self.root).with_suffix("").as_posix() for path in self.root.rglob("*.json"))
        return sorted(name for name in found if name.startswith(prefix) and ".lance/" not in name)

    def read(self, name: str) -> pa.Table:
        """Return the current table; NotMaterializedError when there is none."""
        return self.handle(name).to_table()

    def handle(self, name: str) -> LanceTable:
        """Return the current table without reading it; NotMaterializedError when there is none."""
        stored = self.stored(name)
        if stored is None:
            raise NotMaterializedError(
                name, "no stored table", "an earlier materialisation", f"graftline run --select {name.split('/')[0]}"
            )
        return stored

    def find(self, name: str) -> pa.Table | None:
        """Return the current table, or None where the stage never ran."""
        stored = self.stored(name)
        return stored.to_table() if stored is not None else None

    def stored(self, name: str) -> LanceTable | None:
        """Return the current table without reading it, or None where the stage never ran."""
        pointer = self.pointer(name)
        return LanceTable(self._versions(name), pointer) if pointer and "version" in pointer else None

    def amendable(self, name: str) -> LanceTable | None:
        """Return the current table where `amend` goes on from it: one that was written whole is replaced altogether."""
        return amendable(self._versions(name), self.pointer(name))

    def amend(self, name: str, schema: pa.Schema, change: Change) -> tuple[LanceTable, Work]:
        """Drop and add rows batch by batch beside the current version, then switch; the first column is the key.

        Return the table as it is now and what happened to its rows. Killed before the switch, the former rows stand.
        """
        versions = self._versions(name)
        pointer, work = amend(versions, self.pointer(name), schema, change)
        if pointer != self.pointer(name):
            self._pointer(name).switch(pointer)
            versions.forget()
        return LanceTable(self._versions(name), pointer), work

    def write(self, name: str, table: pa.Table) -> str:
        """Store the table unless it equals the current one; return its digest."""
        digest, versions = table_digest(table), self._versions(name)
        pointer = self.pointer(name)
        if pointer and pointer["digest"] == digest:
            if upkeep_is_due(pointer.get("swept")) and versions.newest() == pointer.get("version"):
                versions.forget()  # the pointer's is the newest: it stays
                self._pointer(name).switch({**pointer, "swept": today()})
            return digest
        staged = versions.stage_whole(table).version
        self._pointer(name).switch({"digest": digest, "version": staged, "rows": table.num_rows, "swept": today()})
        versions.forget()
        return digest

    def write_record(self, name: str, record: dict[str, Any], digest: str) -> str:
        """Store a small JSON record (an adapter's description, a decision) with its digest."""
        self._pointer(name).switch({"digest": digest, "record": record})
        return digest

    def read_record(self, name: str) -> dict[str, Any]:
        """Return the current record; NotMaterializedError when there is none."""
        record = self.find_record(name)
        if record is None:
            raise NotMaterializedError(
                name, "no stored record", "an earlier materialisation", f"graftline run --select {name.split('/')[0]}"
            )
        return record

    def find_record(self, name: str) -> dict[str, Any] | None:
        """Return the current record, or None where the stage never ran."""
        pointer = self.pointer(name)
        return None if pointer is None else pointer.get("record")
