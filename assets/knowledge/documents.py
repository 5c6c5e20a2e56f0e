"""From the folder of documents to embedded chunks, each stage a change of its stored table."""

import json
import time
from collections import Counter

import dagster as dg
import pyarrow.compute as pc
from pydantic import Field

from assets.results import OWNERS, faults_gate, gate, markdown_table, problems_metadata, stored_result
from pipelines.core.errors import Problem
from pipelines.core.protocols import Embedder
from pipelines.core.schemas import CHUNKS, DOCUMENTS
from pipelines.core.schemas import chunk_embeddings as vectors_schema
from pipelines.knowledge.chunks.checks import span_faults
from pipelines.knowledge.chunks.chunk_changes import chunk_changes
from pipelines.knowledge.documents.document_changes import DocumentChanges, document_changes, in_words
from pipelines.knowledge.documents.manifest import scan
from pipelines.knowledge.documents.sources import list_files
from pipelines.knowledge.vectors.checks import embedding_faults, without_vector
from pipelines.knowledge.vectors.long_chunks import longer_than_model
from pipelines.knowledge.vectors.vector_changes import vector_changes
from pipelines.measuring.gates import at_most
from resources.settings import Settings
from resources.tables.amended_table import LanceTable
from resources.tables.tables import TableStore

LEDGER_NAME, MANIFEST_NAME = "documents_ledger", "documents_manifest"
_MOST_LISTED = 200
_REFUSED = "of the chunks have no vector: the model refused their texts"


class DocumentsConfig(dg.Config):
    """How the files are looked at."""

    rehash: bool = Field(default=False, description="Read every file, whatever its size and times say.")


class EmbeddingConfig(dg.Config):
    """What may happen to stored vectors."""

    reembed: bool = Field(default=False, description="Replace the vectors of another model by those of this one.")


@dg.asset(deps=["document_folder"], group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="4")
def documents(
    config: DocumentsConfig, settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.MaterializeResult:
    """Every document as text with title, author, date and language; files that cannot be read are listed.

    Files are stat'ed, those with another size or time are hashed, and only new bytes are parsed; a renamed file is
    recognised. Markdown, text and source code are kept to the character; of PDF and HTML, what repeats on every page,
    navigation and reference marks are no text: `left_out` counts them.
    """
    started, listing = time.monotonic(), list_files(settings.documents, settings.documents_cache)
    states = scan(listing.files, tables.find(MANIFEST_NAME), time.time_ns(), config.rehash)
    changes = document_changes(states, listing.problems, tables.amendable("documents"), settings.limits)
    table, work = tables.amend("documents", DOCUMENTS, changes.change)
    tables.write(LEDGER_NAME, changes.ledger())
    tables.write(MANIFEST_NAME, changes.manifest())
    listing.tidy()
    return stored_result(table, work, seconds=time.monotonic() - started, **_told(changes, table))


def _told(changes: DocumentChanges, table: LanceTable) -> dict[str, object]:
    """Return what was renamed and rejected, and what the documents are."""
    problems = [Problem(**row) for row in changes.ledger().to_pylist()]
    return {
        "renamed": len(changes.plan.renamed),
        **problems_metadata(problems, len(table) + len(problems)),
        "characters": _total(table, "text"),
        **_counts(table, "format", "language", "encoding"),
        **_left_out(table),
    }


def _left_out(table: LanceTable) -> dict[str, object]:
    """Return how much stands in files and not in their text: in all by kind, and by document, most first."""
    rows = [row for part in table.batches(["path", "left_out"]) for row in part.to_pylist() if row["left_out"]]
    by_document = {row["path"]: Counter[str](json.loads(row["left_out"])) for row in rows}
    ordered = sorted(by_document.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    listed = [{"document": path, "left_out": in_words(counts)} for path, counts in ordered[:_MOST_LISTED]]
    total = sum(by_document.values(), Counter[str]())
    return {
        "left_out": dg.MetadataValue.json(dict(sorted(total.items()))),
        "left_out_of": dg.MetadataValue.md(markdown_table(listed)),
    }


@dg.asset_check(asset=documents, blocking=True)
def documents_rejected_share(
    documents: LanceTable, settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """No more files were rejected than GRAFTLINE_BAD_SHARE allows."""
    rejected = len(tables.handle(LEDGER_NAME))
    share = rejected / max(1, rejected + len(documents))
    figures = {"rejected": rejected, "share": share, "limit": settings.bad_share}
    found = at_most(share, settings.bad_share, "of the files rejected")
    return gate(tables, "documents_rejected_share", "documents", documents.digest, found, figures=figures)


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="5")
def chunks(
    documents: LanceTable,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    embedder: dg.ResourceParam[Embedder],
) -> dg.MaterializeResult:
    """Parts of documents up to a token budget, each with its exact place, page, section and header."""
    started, cutting = time.monotonic(), settings.chunking
    change = chunk_changes(documents, tables.amendable("chunks"), cutting, embedder)
    table, work = tables.amend("chunks", CHUNKS, change)
    return stored_result(
        table,
        work,
        seconds=time.monotonic() - started,
        tokens=_total(table, "tokens"),
        **_counts(table, "language"),
        settings=dg.MetadataValue.json(cutting.model_dump()),
    )


@dg.asset_check(asset=chunks, additional_ins={"documents": dg.AssetIn("documents")}, blocking=True)
def chunk_spans_are_exact(
    chunks: LanceTable, documents: LanceTable, tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Every chunk is the text at its span and holds its sentences, ids are unique, and every document has a chunk."""
    faults = span_faults(chunks, documents)
    return faults_gate(tables, "chunk_spans_are_exact", "chunks", chunks.digest, faults)


@dg.asset(group_name="knowledge", kinds={"pytorch", "lance"}, owners=OWNERS, code_version="3")
def chunk_embeddings(
    config: EmbeddingConfig,
    chunks: LanceTable,
    tables: dg.ResourceParam[TableStore],
    embedder: dg.ResourceParam[Embedder],
) -> dg.MaterializeResult:
    """One normalised vector a chunk; only new texts are embedded, and another model only when told to (reembed)."""
    started = time.monotonic()
    change = vector_changes(chunks, tables.amendable("chunk_embeddings"), embedder, config.reembed)
    table, work = tables.amend("chunk_embeddings", vectors_schema(embedder.dimensions), change)
    return stored_result(
        table,
        work,
        seconds=time.monotonic() - started,
        model=embedder.name,
        dimensions=embedder.dimensions,
        without_vector=without_vector(table),
        **_cut_by_model(chunks, embedder),
    )


def _cut_by_model(chunks: LanceTable, embedder: Embedder) -> dict[str, int]:
    """Return what the model reads of a chunk and how many are longer; nothing where it does not say."""
    longer = longer_than_model(chunks, embedder)
    return {} if longer is None else {"max_tokens": embedder.max_tokens or 0, "longer_than_model": longer}


@dg.asset_check(asset=chunk_embeddings, additional_ins={"chunks": dg.AssetIn("chunks")}, blocking=True)
def chunk_embeddings_are_complete(
    chunk_embeddings: LanceTable,
    chunks: LanceTable,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
) -> dg.AssetCheckResult:
    """Every chunk has one finite vector of length 1, all of one model, and nothing else has.

    The model may refuse texts, up to the share that GRAFTLINE_BAD_SHARE allows: full text still finds them.
    """
    faults = embedding_faults(chunk_embeddings, chunks)
    refused = at_most(without_vector(chunk_embeddings) / max(1, len(chunks)), settings.bad_share, _REFUSED)
    faults += [] if refused.passed else [refused.reason]
    return faults_gate(tables, "chunk_embeddings_are_complete", "chunk_embeddings", chunk_embeddings.digest, faults)


def _total(table: LanceTable, column: str) -> int:
    """Return the sum of a column of numbers, or the characters of one of texts."""
    parts = (part[column] for part in table.batches([column]))
    return sum(pc.sum(pc.utf8_length(part) if column == "text" else part).as_py() or 0 for part in parts)


def _counts(table: LanceTable, *columns: str) -> dict[str, dg.MetadataValue]:
    """Return how many rows have each value of these columns, by the column's plural; the table is read once."""
    counts: dict[str, Counter[str]] = {column: Counter() for column in columns}
    for part in table.batches(columns):
        for column in columns:
            counts[column].update(part[column].to_pylist())
    return {f"{column}s": dg.MetadataValue.json(dict(sorted(found.items()))) for column, found in counts.items()}
