"""The knowledge graph as one value: chunks, entities and communities with their vectors and summaries joined on."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipelines.core.delta import Work
from pipelines.core.embedders import refuse_other_model
from pipelines.core.errors import InputError
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables
from pipelines.core.identity import content_id, table_digest
from pipelines.core.protocols import Embedder
from pipelines.core.vectors import matrix
from pipelines.knowledge.vectors.embedding import embed_chunks

_SUMMARY = (
    "title", "summary", "chunk_ids", "model", "rating", "findings", "finding_chunk_ids", "finding_entity_ids",
)  # fmt: skip


def assemble(
    documents: pa.Table,
    chunks: pa.Table,
    chunk_embeddings: pa.Table,
    entities: pa.Table,
    relations: pa.Table,
    communities: pa.Table,
    summaries: pa.Table,
    embedder: Embedder,
    previous: pa.Table | None,
) -> tuple[GraphTables, pa.Table, Work]:
    """Return the graph, the vectors of its names and summaries (the next run's `previous`), and what was embedded.

    Tables have the schemas of `pipelines/core/schemas.py`; every row is sorted by its id. An entity is embedded as name
    and description, a community as title and summary. Raises InputError when a chunk has no vector, and
    ConfigurationError when it is another model's.
    """
    for name in chunk_embeddings["model"].unique().to_pylist():
        refuse_other_model(name, embedder)
    entities, communities = entities.sort_by("entity_id"), _with_summaries(communities, summaries)
    entity_texts, community_texts = _texts(entities, "name", "description"), _texts(communities, "title", "summary")
    vectors, work = _embed_texts({*entity_texts, *community_texts}, embedder, previous)
    found = dict(zip(vectors["chunk_id"].to_pylist(), matrix(vectors), strict=True))
    graph = GraphTables(
        documents=documents.drop_columns(["text"]).sort_by("document_id"),
        chunks=_with_chunk_vectors(chunks.sort_by("chunk_id"), chunk_embeddings),
        entities=_with_vectors(entities, [found[_key(text)] for text in entity_texts], embedder.dimensions),
        relations=relations.sort_by("relation_id"),
        communities=_with_vectors(communities, [found[_key(text)] for text in community_texts], embedder.dimensions),
        embedder=embedder.name,
    )
    return graph, vectors, work


def graph_digest(graph: GraphTables) -> str:
    """Return the digest of all five tables."""
    return content_id(*(table_digest(getattr(graph, name)) for name in GRAPH_TABLES))


def _key(text: str) -> str:
    return content_id("text", text)


def _texts(table: pa.Table, *columns: str) -> list[str]:
    parts = zip(*(table[column].to_pylist() for column in columns), strict=True)
    return ["\n".join(part for part in row if part) for row in parts]


def _embed_texts(texts: Iterable[str], embedder: Embedder, previous: pa.Table | None) -> tuple[pa.Table, Work]:
    """Embed what has no vector yet; the id that `embed_chunks` keys by is the text's own digest here."""
    rows = sorted((_key(text), text) for text in texts)
    table = pa.table(
        {
            "chunk_id": pa.array([key for key, _ in rows], pa.string()),
            "text": pa.array([text for _, text in rows], pa.string()),
        }
    )
    return embed_chunks(table, previous, embedder)


def _with_summaries(communities: pa.Table, summaries: pa.Table) -> pa.Table:
    """Add the summary's columns by community id; a community that has none yet gets empty ones."""
    by_id = {row["community_id"]: row for row in summaries.to_pylist()}
    communities = communities.sort_by("community_id")
    for column in _SUMMARY:
        kind = summaries.schema.field(column).type
        empty: str | float | list[str] = [] if pa.types.is_list(kind) else 0.0 if pa.types.is_floating(kind) else ""
        values = [by_id[key][column] if key in by_id else empty for key in communities["community_id"].to_pylist()]
        communities = communities.append_column(column, pa.array(values, kind))
    return communities


def _with_chunk_vectors(chunks: pa.Table, embeddings: pa.Table) -> pa.Table:
    vectors = dict(zip(embeddings["chunk_id"].to_pylist(), matrix(embeddings), strict=True))
    missing = [key for key in chunks["chunk_id"].to_pylist() if key not in vectors]
    if missing:
        raise InputError(
            "chunk_embeddings",
            f"no vector for {len(missing)} chunks, first {missing[0]}",
            "one vector a chunk",
            "graftline run --select chunk_embeddings,knowledge_graph",
        )
    dimensions = embeddings["vector"].type.list_size
    return _with_vectors(chunks, [vectors[key] for key in chunks["chunk_id"].to_pylist()], dimensions)


def _with_vectors(table: pa.Table, vectors: list[np.ndarray], dimensions: int) -> pa.Table:
    flat = np.concatenate(vectors) if vectors else np.zeros(0, dtype=np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), dimensions)
    return table.append_column(pa.field("vector", column.type), column)
