"""From the table of documents to the change of the table of chunks: only changed documents are cut again."""

from collections.abc import Iterator

import pyarrow as pa

from pipelines.delta import Change, batched, compare
from pipelines.identity import content_id
from pipelines.knowledge.chunking import ChunkSettings, CountTokens, chunk_documents
from pipelines.protocols import StoredTable
from pipelines.schemas import CHUNKS

_DOCUMENTS_A_BATCH = 256
CODE_VERSION = "1"
"""Raised whenever the chunkers cut otherwise."""


def chunk_changes(
    documents: StoredTable,
    stored: StoredTable | None,
    settings: ChunkSettings,
    count_tokens: CountTokens,
    tokenizer: str,
) -> Change:
    """Return the change that brings the chunks up to date; no text is read when documents and settings are the same.

    A chunk's `version` is that of its document's bytes, reader, path and of how it was cut.
    """
    how = content_id("cut", CODE_VERSION, settings.digest, str(settings.model_dump()), tokenizer)
    inputs = content_id(documents.digest, how)
    usable = stored is not None and stored.schema.equals(CHUNKS)
    if usable and stored is not None and stored.inputs == inputs:
        return Change("document_id", [], (), inputs, computed={"documents": 0, "chunks": 0})
    current = {
        row["document_id"]: content_id(how, row["path"], row["version"], row["reader"])
        for table in documents.batches(["document_id", "path", "version", "reader"])
        for row in table.to_pylist()
    }
    previous = {
        row["document_id"]: row["version"]
        for table in (stored.batches(["document_id", "version"]) if usable and stored is not None else ())
        for row in table.to_pylist()
    }
    delta = compare(current, previous)
    computed = {"documents": 0, "chunks": 0}

    def cut() -> Iterator[pa.Table]:
        for keys in batched(delta.todo, _DOCUMENTS_A_BATCH):
            for texts in documents.batches(where=("document_id", keys)):
                table, _ = chunk_documents(texts, None, settings, count_tokens, tokenizer)
                versions = [current[key] for key in table["document_id"].to_pylist()]
                place = table.schema.get_field_index("version")
                computed["documents"] += texts.num_rows
                computed["chunks"] += table.num_rows
                yield table.set_column(place, "version", pa.array(versions, pa.string()))

    drop = sorted(delta.changed + delta.gone)
    return Change("document_id", drop, cut(), inputs, ("version",), computed)
