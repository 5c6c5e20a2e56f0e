"""From the folder of documents to embedded chunks."""

import time

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from assets.results import OWNERS, problems_metadata, table_result
from pipelines.errors import Problem
from pipelines.knowledge.checking import embedding_faults, span_faults
from pipelines.knowledge.chunking import chunk_documents
from pipelines.knowledge.embedding import embed_chunks
from pipelines.knowledge.loading import load_documents
from pipelines.protocols import Embedder
from resources.settings import Settings
from resources.tables import TableStore

LEDGER_NAME = "documents_ledger"


@dg.asset(deps=["document_folder"], group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="1")
def documents(settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]) -> dg.MaterializeResult:
    """Every document as text with title, author, date and language; files that cannot be read are listed.

    Only new and changed files are parsed. Markdown, text and source code are kept to the character.
    """
    started = time.monotonic()
    loaded = load_documents(
        settings.documents, tables.find("documents"), settings.limits, settings.documents_cache
    )
    tables.write(LEDGER_NAME, loaded.problems)
    problems = [Problem(**row) for row in loaded.problems.to_pylist()]
    return table_result(
        loaded.table,
        loaded.work,
        seconds=time.monotonic() - started,
        **problems_metadata(problems, loaded.table.num_rows + len(problems)),
        characters=_total(pc.utf8_length(loaded.table["text"])),
        formats=_counts(loaded.table, "format"),
        languages=_counts(loaded.table, "language"),
        encodings=_counts(loaded.table, "encoding"),
    )


@dg.asset_check(asset=documents, blocking=True)
def documents_rejected_share(
    documents: pa.Table, settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """No more files were rejected than GRAFTLINE_BAD_SHARE allows."""
    rejected = tables.read(LEDGER_NAME).num_rows
    share = rejected / max(1, rejected + documents.num_rows)
    return dg.AssetCheckResult(
        passed=share <= settings.bad_share, metadata={"rejected": rejected, "share": share, "limit": settings.bad_share}
    )


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="1")
def chunks(
    documents: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    embedder: dg.ResourceParam[Embedder],
) -> dg.MaterializeResult:
    """Parts of documents up to a token budget, each with its exact place, page, section and header."""
    started, cutting = time.monotonic(), settings.chunking
    table, work = chunk_documents(
        documents, tables.find("chunks"), cutting, embedder.count_tokens, embedder.name, embedder.embed
    )
    return table_result(
        table,
        work,
        seconds=time.monotonic() - started,
        tokens=_total(table["tokens"]),
        languages=_counts(table, "language"),
        settings=dg.MetadataValue.json(cutting.model_dump()),
    )


@dg.asset_check(asset=chunks, additional_ins={"documents": dg.AssetIn("documents")}, blocking=True)
def chunk_spans_are_exact(chunks: pa.Table, documents: pa.Table) -> dg.AssetCheckResult:
    """Every chunk is the text that stands at its span, ids are unique, and every document has a chunk."""
    faults = span_faults(chunks, documents)
    return dg.AssetCheckResult(passed=not faults, metadata={"faults": len(faults), "first": "; ".join(faults[:5])})


@dg.asset(group_name="knowledge", kinds={"pytorch", "lance"}, owners=OWNERS, code_version="1")
def chunk_embeddings(
    chunks: pa.Table, tables: dg.ResourceParam[TableStore], embedder: dg.ResourceParam[Embedder]
) -> dg.MaterializeResult:
    """One normalised vector a chunk; only new texts are embedded."""
    started = time.monotonic()
    table, work = embed_chunks(chunks, tables.find("chunk_embeddings"), embedder)
    return table_result(
        table, work, seconds=time.monotonic() - started, model=embedder.name, dimensions=embedder.dimensions
    )


@dg.asset_check(asset=chunk_embeddings, additional_ins={"chunks": dg.AssetIn("chunks")}, blocking=True)
def chunk_embeddings_are_complete(chunk_embeddings: pa.Table, chunks: pa.Table) -> dg.AssetCheckResult:
    """Every chunk has one finite vector of length 1, all of one model, and nothing else has."""
    faults = embedding_faults(chunk_embeddings, chunks)
    return dg.AssetCheckResult(passed=not faults, metadata={"faults": len(faults), "first": "; ".join(faults[:5])})


def _total(column: pa.ChunkedArray) -> int:
    return pc.sum(column).as_py() or 0


def _counts(table: pa.Table, column: str) -> dg.MetadataValue:
    counts = {row["values"]: row["counts"] for row in pc.value_counts(table[column].combine_chunks()).to_pylist()}
    return dg.MetadataValue.json(dict(sorted(counts.items())))
