"""Documents and chunks brought up to date in a table store, by the steps of their assets."""

import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.core.delta import Work
from pipelines.core.protocols import Embedder, StoredTable
from pipelines.core.schemas import CHUNKS, DOCUMENTS
from pipelines.knowledge.chunks.chunk_changes import chunk_changes
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.knowledge.documents.document_changes import DocumentChanges, document_changes
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.manifest import scan
from pipelines.knowledge.documents.sources import list_files
from resources.tables.amended_table import LanceTable
from resources.tables.tables import TableStore


@dataclass(frozen=True)
class Loaded:
    """The documents as they are stored now, what had to change, and what was done."""

    stored: LanceTable
    changes: DocumentChanges
    work: Work

    @property
    def table(self) -> pa.Table:
        return self.stored.to_table()

    @property
    def problems(self) -> pa.Table:
        return self.changes.ledger()


def load(
    address: Path | str,
    tables: TableStore,
    limits: Limits | None = None,
    cache: Path | None = None,
    rehash: bool = False,
) -> Loaded:
    """Read what is new and changed at an address since these tables were last brought up to date."""
    listing = list_files(address, cache)
    states = scan(listing.files, tables.find("documents_manifest"), time.time_ns(), rehash)
    changes = document_changes(states, listing.problems, tables.amendable("documents"), limits or Limits())
    stored, work = tables.amend("documents", DOCUMENTS, changes.change)
    tables.write("documents_ledger", changes.ledger())
    tables.write("documents_manifest", changes.manifest())
    listing.tidy()
    return Loaded(stored, changes, work)


def cut(
    documents: StoredTable, tables: TableStore, settings: ChunkSettings, embedder: Embedder
) -> tuple[LanceTable, Work]:
    """Cut the documents that are new or changed since these tables were last brought up to date."""
    change = chunk_changes(documents, tables.amendable("chunks"), settings, embedder)
    return tables.amend("chunks", CHUNKS, change)
