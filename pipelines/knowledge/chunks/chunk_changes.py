"""From the table of documents to the change of the table of chunks: only changed documents are cut again."""

from collections.abc import Iterator

import pyarrow as pa

from pipelines.core.delta import Change, batched, compare_versions, with_schema
from pipelines.core.identity import content_id, json_digest
from pipelines.core.protocols import Embedder, StoredTable
from pipelines.core.schemas import CHUNKS
from pipelines.knowledge.chunks.chunking import chunk_documents
from pipelines.knowledge.chunks.strategies import ChunkSettings

_DOCUMENTS_A_BATCH = 256
CODE_VERSION = "3"
"""Raised whenever the chunkers cut otherwise, or tell otherwise where a chunk or a sentence of it stands."""


def chunk_changes(
    documents: StoredTable, stored: StoredTable | None, settings: ChunkSettings, embedder: Embedder
) -> Change:
    """Return the change that brings the chunks up to date; no text is read when documents and settings are the same.

    A chunk's `version` is that of its document's bytes, reader, path and of how it was cut.
    """
    # A model that only counts may be exchanged for one with the same tokens; one that finds the seams may not.
    model = embedder.name if settings.strategy == "semantic" else embedder.tokenizer
    how = content_id("cut", CODE_VERSION, settings.digest, json_digest(settings.model_dump()), model)
    inputs = content_id(documents.digest, how)
    usable = with_schema(stored, CHUNKS)
    if usable is not None and usable.inputs == inputs:
        return Change("document_id", [], (), inputs, computed={"documents": 0, "chunks": 0})
    current = {
        row["document_id"]: content_id(how, row["path"], row["version"], row["reader"])
        for table in documents.batches(["document_id", "path", "version", "reader"])
        for row in table.to_pylist()
    }
    previous = {
        row["document_id"]: row["version"]
        for table in (usable.batches(["document_id", "version"]) if usable is not None else ())
        for row in table.to_pylist()
    }
    delta = compare_versions(current, previous)
    computed = {"documents": 0, "chunks": 0}

    def cut() -> Iterator[pa.Table]:
        for keys in batched(delta.todo, _DOCUMENTS_A_BATCH):
            for texts in documents.batches(where=("document_id", keys)):
                chunks = chunk_documents(texts, current, settings, embedder.count_tokens, embedder.embed)
                computed["documents"] += texts.num_rows
                computed["chunks"] += chunks.num_rows
                yield chunks

    drop = sorted(delta.changed + delta.gone)
    return Change("document_id", drop, cut(), inputs, ("version",), computed)
