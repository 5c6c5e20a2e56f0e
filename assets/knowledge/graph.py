"""The knowledge graph as it is searched, and the checks that it is whole."""

from typing import Any

import dagster as dg
import pyarrow as pa

from assets.results import OWNERS, gate, markdown_table, plot, record_result
from pipelines.core.graph_tables import GRAPH_TABLES, StoreChanges, orphans
from pipelines.core.protocols import Embedder, GraphStore
from pipelines.knowledge.graph.assembly import assemble, graph_digest, stored_references
from pipelines.knowledge.graph.picture import draw_graph
from pipelines.measuring.gates import Verdict, faultless
from resources.settings import Settings
from resources.tables.tables import TableStore

_VECTORS = "graph_embeddings"


@dg.asset(
    group_name="knowledge",
    kinds={"neo4j", "lancedb"},
    owners=OWNERS,
    code_version="1",
    deps=["entity_graph"],
)
def knowledge_graph(
    documents: pa.Table,
    chunks: pa.Table,
    chunk_embeddings: pa.Table,
    communities: pa.Table,
    community_summaries: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    embedder: dg.ResourceParam[Embedder],
    graph_store: dg.ResourceParam[GraphStore],
) -> dg.MaterializeResult:
    """Documents, chunks, entities, relations and communities with their vectors, in the store that answers questions:
    the embedded one, and Neo4j where NEO4J_URI is set. Only what differs from the last run is written; a run that fails
    before it switches leaves the graph as it was, in both."""
    entities, relations = tables.read("entities"), tables.read("relations")
    inputs = (documents, chunks, chunk_embeddings, entities, relations, communities, community_summaries)
    graph, vectors, work = assemble(*inputs, embedder, tables.find(_VECTORS))
    tables.write(_VECTORS, vectors)
    changes, counts = graph_store.apply(graph), graph_store.counts()
    record = {"digest": graph_digest(graph), "counts": counts, "store": graph_store.name, "embedder": embedder.name}
    picture = plot(draw_graph(graph, settings.home / "work" / "graph.png"))
    return record_result(record, **work.metadata(), **_figures(changes, counts), picture=picture)


def _figures(changes: StoreChanges, counts: dict[str, int]) -> dict[str, Any]:
    """Return what the store holds and what this run wrote and deleted, in all and by table."""
    rows = [
        {"table": name, "rows": counts[name], "written": changes.written[name], "deleted": changes.deleted[name]}
        for name in GRAPH_TABLES
    ]
    totals = {"written": sum(changes.written.values()), "deleted": sum(changes.deleted.values())}
    return {**totals, "store": dg.MetadataValue.md(markdown_table(rows))}


@dg.asset_check(asset=knowledge_graph, blocking=True)
def store_holds_every_row(
    knowledge_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], graph_store: dg.ResourceParam[GraphStore]
) -> dg.AssetCheckResult:
    """The store has as many documents, chunks, entities, relations and communities as the tables it was filled from."""
    stored, expected = graph_store.counts(), {name: tables.read(name).num_rows for name in GRAPH_TABLES}
    found, version = Verdict(stored == expected, f"stored {stored}, tables {expected}"), knowledge_graph["digest"]
    figures = {"stored": stored, "tables": expected}
    return gate(tables, "store_holds_every_row", "knowledge_graph", version, found, figures=figures)


@dg.asset_check(asset=knowledge_graph, blocking=True)
def nothing_is_orphaned(
    knowledge_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], graph_store: dg.ResourceParam[GraphStore]
) -> dg.AssetCheckResult:
    """No stored row refers to a row that is not there: neither chunk to document nor entity, relation or community."""
    expected = {name: tables.read(name) for name in GRAPH_TABLES}
    broken = orphans(stored_references(graph_store, expected))
    found, version = faultless(broken), knowledge_graph["digest"]
    figures = {"orphans": len(broken), "first": broken[:20]}
    return gate(tables, "nothing_is_orphaned", "knowledge_graph", version, found, figures=figures)


@dg.asset_check(asset=knowledge_graph)
def every_community_is_summarised(
    knowledge_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], graph_store: dg.ResourceParam[GraphStore]
) -> dg.AssetCheckResult:
    """Every community in the store has a title and a summary, which global answers are made of."""
    rows = graph_store.rows("communities", tables.read("communities")["community_id"].to_pylist())
    bare = [row["community_id"] for row in rows if not (row["title"] and row["summary"])]
    return dg.AssetCheckResult(passed=not bare, metadata={"without_summary": len(bare), "first": bare[:20]})
