"""From two versions of a graph to the statements that turn one into the other, in the order they have to run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Delta, compare_versions
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, StoreChanges
from resources.graph import cypher
from resources.graph.neo4j_connection import OpenTransaction
from resources.graph.neo4j_rows import node_properties, relationship
from resources.graph.rows import KEYS, row_digests

_ROWS_A_STATEMENT = 5000
_VECTORS_A_STATEMENT = 1000


@dataclass(frozen=True)
class Statement:
    """One query over a list of rows (`$rows`), with what else it takes."""

    query: str
    rows: list[Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """What differs, by table: ids as a Delta, row digests, and where the relations to delete are (by id)."""

    deltas: dict[str, Delta]
    digests: dict[str, dict[str, str]]
    places: dict[str, str]
    cut_documents: list[str]
    """Documents that lose a chunk."""

    @property
    def rows(self) -> int:
        """How many rows differ, without their links."""
        return sum(len(delta.todo) + len(delta.gone) for delta in self.deltas.values())

    @property
    def counted(self) -> StoreChanges:
        """The rows to write and to delete."""
        written = {name: len(self.deltas[name].todo) for name in GRAPH_TABLES}
        return StoreChanges(written, {name: len(self.deltas[name].gone) for name in GRAPH_TABLES})


@dataclass(frozen=True)
class StagedChanges:
    """What was done in a transaction that is open yet, and the version of the graph that is held until its commit.

    `in_pages`: a whole graph is staged, whose labels are too many to move in the transaction.
    """

    transaction: OpenTransaction
    former: str | None
    changes: StoreChanges
    in_pages: bool = False


def differences(transaction: OpenTransaction, graph: GraphTables) -> Changes:
    """Compare the graph with what the database holds now; after an unfinished run every row counts as changed."""
    complete = bool(transaction.run(cypher.READ_STATE)[0]["complete"])
    deltas, digests, places = {}, {}, {}
    for name in GRAPH_TABLES:
        query = cypher.RELATION_DIGESTS if name == "relations" else cypher.NODE_DIGESTS[name]
        records = transaction.run(query)
        places.update({record["id"]: record["place"] for record in records if name == "relations"})
        table = getattr(graph, name)
        digests[name] = dict(zip(table[KEYS[name]].to_pylist(), row_digests(table), strict=True))
        deltas[name] = compare_versions(digests[name], {r["id"]: r["digest"] if complete else "" for r in records})
    cut = transaction.run(cypher.CHUNK_DOCUMENTS, ids=deltas["chunks"].gone)
    return Changes(deltas, digests, places, [record["id"] for record in cut])


def change_statements(graph: GraphTables, changes: Changes) -> Iterator[Statement]:
    """Yield what is to be run: deletions, nodes, then relationships, in batches."""
    todo = {name: _chosen(graph, name, changes) for name in KEYS}
    documents = sorted({row["document_id"] for row in todo["chunks"]} | set(changes.cut_documents))
    relations = changes.deltas["relations"]
    yield from _batches(cypher.DELETE_RELATIONS, (changes.places[key] for key in relations.gone + relations.changed))
    yield from _batches(cypher.DELETE_NEXT_CHUNK, documents)
    for name in ("communities", "entities", "chunks", "documents"):
        yield from _batches(cypher.DELETE_NODES[name], changes.deltas[name].gone)
    yield from _nodes(todo)
    yield from _links(todo, _pairs(graph.chunks, set(documents)))
    rows = sorted(todo["relations"], key=lambda row: (row["source_id"], row["relation_id"]))
    yield from _batches(cypher.WRITE_RELATIONS, map(relationship, rows))


def _chosen(graph: GraphTables, name: str, changes: Changes) -> list[dict[str, Any]]:
    """Return the rows to write, each with its digest under the property that marks what is ours."""
    import pyarrow.compute as pc

    table, digests, key = getattr(graph, name), changes.digests[name], KEYS[name]
    rows = table.filter(pc.is_in(table[key], pa.array(changes.deltas[name].todo, pa.string()))).to_pylist()
    return [row | {"graftline": digests[row[key]]} for row in rows]


def _nodes(todo: dict[str, list[dict[str, Any]]]) -> Iterator[Statement]:
    kinds = [
        {"id": row["entity_id"], "type": row["type"] or "", "label": cypher.type_label(row["type"])}
        for row in todo["entities"]
    ]
    yield from _batches(cypher.DROP_OLD_TYPES, kinds)
    for name in cypher.LABELS:
        rows = ({"id": row[KEYS[name]], "properties": node_properties(row, KEYS[name])} for row in todo[name])
        yield from _batches(cypher.WRITE_NODES[name], rows)
    yield from _batches(
        cypher.WRITE_TYPES, (row for row in kinds if row["type"] and row["type"] not in cypher.RESERVED)
    )
    for name in cypher.VECTOR_NAMES:
        vectors = ({"id": row[KEYS[name]], "vector": row["vector"]} for row in todo[name])
        yield from _batches(cypher.WRITE_VECTORS[name], vectors, size=_VECTORS_A_STATEMENT)


def _links(todo: dict[str, list[dict[str, Any]]], pairs: list[dict[str, str]]) -> Iterator[Statement]:
    parts = ({"id": row["chunk_id"], "document": row["document_id"]} for row in todo["chunks"])
    yield from _batches(cypher.WRITE_PART_OF, parts)
    yield from _batches(cypher.WRITE_NEXT_CHUNK, pairs)
    yield from _batches(cypher.DELETE_HAS_ENTITY, (row["entity_id"] for row in todo["entities"]))
    mentions = ({"id": row["entity_id"], "chunk": key} for row in todo["entities"] for key in row["chunk_ids"])
    yield from _batches(cypher.WRITE_HAS_ENTITY, mentions)
    groups = [row["community_id"] for row in todo["communities"]]
    yield from _batches(cypher.DELETE_IN_COMMUNITY, groups)
    yield from _batches(cypher.DELETE_PARENT, groups)
    members = ({"id": row["community_id"], "entity": key} for row in todo["communities"] for key in row["entity_ids"])
    yield from _batches(cypher.WRITE_IN_COMMUNITY, members)
    parents = ({"id": row["community_id"], "parent": row["parent_id"]} for row in todo["communities"])
    yield from _batches(cypher.WRITE_PARENT, (row for row in parents if row["parent"]))


def _pairs(chunks: pa.Table, documents: set[str]) -> list[dict[str, str]]:
    """Return each chunk of these documents with the one after it."""
    rows = chunks.select(["document_id", "start", "chunk_id"]).to_pylist()
    order = sorted((r["document_id"], r["start"], r["chunk_id"]) for r in rows if r["document_id"] in documents)
    return [{"id": one[2], "next": other[2]} for one, other in pairwise(order) if one[0] == other[0]]


def _batches(query: str, rows: Iterable[Any], size: int = _ROWS_A_STATEMENT, **parameters: Any) -> Iterator[Statement]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield Statement(query, batch, parameters)
