"""The knowledge graph as it is searched, and the checks that it is whole."""

from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from assets.knowledge.graph_views import differences, drawn, logged
from assets.results import OWNERS, gate, markdown_table, record_result
from pipelines.core.graph_tables import GRAPH_TABLES, StoreChanges
from pipelines.core.protocols import Embedder, GraphStore
from pipelines.knowledge.graph.assembly import assemble, graph_digest
from pipelines.knowledge.graph.checks import dangling, differing_rows
from pipelines.knowledge.graph.figures import chunk_coverage, orphan_share
from pipelines.measuring.gates import Verdict, at_most, faultless
from resources.graph.rows import KEYS
from resources.graph.stores import MirroredGraphStore
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker

_VECTORS = "graph_embeddings"
_WRITE_AGAIN = (
    "To have rows written again that somebody edited in Neo4j, set their property graftline to '' there, "
    "then: graftline run --select knowledge_graph"
)


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
    tracker: dg.ResourceParam[Tracker],
) -> dg.MaterializeResult:
    """Documents, chunks, entities, relations and communities with their vectors, in the store that answers questions:
    the embedded one, and Neo4j where NEO4J_URI is set. Only what differs from the last run is written; a run that fails
    before it switches leaves the graph as it was, in both.

    What is to be seen of it: an interactive page (`view`), a map, and the differences from the version before. Each
    version has one MLflow run.
    """
    entities, relations = tables.read("entities"), tables.read("relations")
    inputs = (documents, chunks, chunk_embeddings, entities, relations, communities, community_summaries)
    graph, vectors, work = assemble(*inputs, embedder, tables.find(_VECTORS))
    tables.write(_VECTORS, vectors)
    changes, counts = graph_store.apply(graph), graph_store.counts()
    digest = graph_digest(graph)
    record: dict[str, Any] = {"digest": digest, "counts": counts, "store": graph_store.name, "embedder": embedder.name}
    seen = drawn(graph, digest, settings, tables)
    since = differences(graph, settings.home, any((*changes.written.values(), *changes.deleted.values())))
    run = logged(tracker, tables, record, graph, seen, since)
    told = {**_figures(changes, counts), **since.metadata(), "mlflow_run": run, **seen.metadata()}
    return record_result(record, **work.metadata(), **told)


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
    stored, expected = graph_store.counts(), {name: len(tables.handle(name)) for name in GRAPH_TABLES}
    found, version = Verdict(stored == expected, f"stored {stored}, tables {expected}"), knowledge_graph["digest"]
    figures = {"stored": stored, "tables": expected}
    return gate(tables, "store_holds_every_row", "knowledge_graph", version, found, figures=figures)


@dg.asset_check(asset=knowledge_graph, blocking=True)
def nothing_is_orphaned(
    knowledge_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], graph_store: dg.ResourceParam[GraphStore]
) -> dg.AssetCheckResult:
    """No stored row refers to what is not there: chunk to document, entity, relation or community to rows, spans to
    characters of their chunks, findings to what they cite."""
    chunks = columns_of(tables, "chunks", "chunk_id", "start", "end")
    lengths = pc.subtract(chunks["end"], chunks["start"]).to_pylist()
    broken = dangling(graph_store, _ids(tables), dict(zip(chunks["chunk_id"].to_pylist(), lengths, strict=True)))
    found, version = faultless(broken), knowledge_graph["digest"]
    figures = {"orphans": len(broken), "first": broken[:20]}
    return gate(tables, "nothing_is_orphaned", "knowledge_graph", version, found, figures=figures)


@dg.asset_check(asset=knowledge_graph, blocking=True)
def both_stores_hold_the_same(
    knowledge_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], graph_store: dg.ResourceParam[GraphStore]
) -> dg.AssetCheckResult:
    """Every row of Neo4j, which answers, is that of the embedded store, which a rollback brings back; vectors are not
    compared. Without Neo4j there is one store."""
    if not isinstance(graph_store, MirroredGraphStore):
        faults, found = [], Verdict(True, "NEO4J_URI is not set: there is one store")
    else:
        neo4j, embedded = graph_store.first, graph_store.embedded
        here, there = neo4j.counts(), embedded.counts()
        faults = [f"{name}: {here[name]} rows and {there[name]}" for name in GRAPH_TABLES if here[name] != there[name]]
        differing = differing_rows(neo4j, embedded, _ids(tables))
        faults += [f"{name} {key} differs" for name, keys in differing.items() for key in keys]
        same = faultless(faults)
        found = same if same.passed else Verdict(False, f"{same.reason}. {_WRITE_AGAIN}")
    figures = {"differing": len(faults), "first": faults[:20]}
    return gate(
        tables, "both_stores_hold_the_same", "knowledge_graph", knowledge_graph["digest"], found, figures=figures
    )


@dg.asset_check(asset=knowledge_graph)
def few_entities_stand_alone(
    knowledge_graph: dict[str, Any], settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """No more entities than GRAFTLINE_ORPHAN_SHARE allows have no relation: nothing leads to those. Only a warning."""
    entities, ends = columns_of(tables, "entities", "entity_id"), ("source_id", "target_id")
    share = orphan_share(entities, columns_of(tables, "relations", *ends))
    found = at_most(share, settings.orphan_share, "of the entities have no relation")
    return _warning(found, share=share, limit=settings.orphan_share, entities=len(entities))


@dg.asset_check(asset=knowledge_graph)
def most_chunks_hold_an_entity(
    knowledge_graph: dict[str, Any], settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """No more chunks than GRAFTLINE_EMPTY_SHARE allows hold no entity of the graph, whatever extracted them: the graph
    does not find those. Only a warning."""
    read = {"entities": columns_of(tables, "entities", "chunk_ids"), "chunks": columns_of(tables, "chunks", "chunk_id")}
    coverage = chunk_coverage(read)
    found = at_most(1 - coverage, settings.empty_share, "of the chunks hold no entity")
    return _warning(found, coverage=coverage, limit=settings.empty_share, chunks=len(read["chunks"]))


def columns_of(tables: TableStore, name: str, *columns: str) -> pa.Table:
    """Return columns of a stored table; no other is read."""
    stored = tables.handle(name)
    return pa.concat_tables(
        [pa.schema([stored.schema.field(one) for one in columns]).empty_table(), *stored.batches(columns)]
    )


def _ids(tables: TableStore) -> dict[str, list[str]]:
    """Return the ids of each table's rows, sorted: what the store was filled from."""
    return {name: sorted(columns_of(tables, name, KEYS[name])[KEYS[name]].to_pylist()) for name in GRAPH_TABLES}


def _warning(found: Verdict, **figures: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=found.passed, severity=dg.AssetCheckSeverity.WARN, description=found.reason, metadata=figures
    )


@dg.asset_check(asset=knowledge_graph)
def every_community_is_summarised(
    knowledge_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], graph_store: dg.ResourceParam[GraphStore]
) -> dg.AssetCheckResult:
    """Every community in the store has a title and a summary, which global answers are made of."""
    rows = graph_store.rows(
        "communities", columns_of(tables, "communities", "community_id")["community_id"].to_pylist()
    )
    bare = [row["community_id"] for row in rows if not (row["title"] and row["summary"])]
    return dg.AssetCheckResult(passed=not bare, metadata={"without_summary": len(bare), "first": bare[:20]})
