"""Queries that a model writes: the schema that it has to know, and results as texts with the chunks they stand on."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.core.protocols import GraphSchema, QueryResult
from resources.graph import cypher
from resources.graph.cypher_guard import read_only
from resources.graph.neo4j_loads.whole_reads import WholeReads
from resources.graph.rows import KEYS

if TYPE_CHECKING:
    from neo4j.graph import Node, Relationship

_HIDDEN = ("embedding", "graftline")
_LONGEST_VALUE, _LONGEST_LIST = 300, 20
_MOST_VALUES, _CHUNKS_A_DOCUMENT = 200, 10


def graph_schema(reads: WholeReads, schemas: Mapping[str, pa.Schema]) -> GraphSchema:
    """Return entity types and relation types with their counts, and the properties by label."""
    types = [(row["type"] or "", row["count"]) for row in reads.read(cypher.ENTITY_TYPES)]
    relations = [
        (row["source"] or "", row["type"], row["target"] or "", row["count"])
        for row in reads.read(cypher.RELATION_TYPES)
    ]
    properties = {
        label: tuple("id" if column == KEYS[name] else column for column in schemas[name].names if column != "vector")
        for name, label in cypher.LABELS.items()
    }
    return GraphSchema(tuple(types), tuple(relations), properties)


def read_cypher(reads: WholeReads, statement: str, rows: int, seconds: float) -> QueryResult:
    """Run one statement that only reads; QueryError for any other, one that the server refuses, or a slow one."""
    checked = read_only(statement, rows + 1)
    columns, records = reads.read_only(checked, rows + 1, seconds)
    found = [list(dict.fromkeys(_chunks(record))) for record in records[:rows]]
    known = _looked_up(reads, records[:rows], found)
    chunk_ids = [
        list(dict.fromkeys([*own, *(chunk for value in _values(record) for chunk in known.get(value, []))]))
        for record, own in zip(records[:rows], found, strict=True)
    ]
    return QueryResult(
        checked,
        tuple(columns),
        tuple(tuple(_text(value) for value in record) for record in records[:rows]),
        tuple(map(tuple, chunk_ids)),
        len(records) > rows,
    )


def _looked_up(reads: WholeReads, records: list[list[Any]], found: list[list[str]]) -> dict[str, list[str]]:
    """Return the chunks of documents, and of plain values in rows that have no other, by document id or value."""
    documents = sorted({value for record in records for value in _documents(record)})
    values = [value for record, own in zip(records, found, strict=True) if not own for value in _strings(record)]
    wanted = list(dict.fromkeys(values))[:_MOST_VALUES]
    rows = reads.read(cypher.CHUNKS_OF_DOCUMENTS, ids=documents, most=_CHUNKS_A_DOCUMENT) if documents else []
    if wanted:
        rows += reads.read(cypher.CHUNKS_OF_VALUES, values=wanted, most=_CHUNKS_A_DOCUMENT)
    known: dict[str, list[str]] = {}
    for row in rows:
        known.setdefault(row["value"], []).extend(row["chunk_ids"] or [])
    return known


def _values(record: Any) -> Iterator[str]:
    yield from _documents(record)
    yield from _strings(record)


def _parts(value: Any) -> Iterator[Any]:
    """Yield a value and all that lists, maps and paths hold."""
    from neo4j.graph import Path

    if isinstance(value, Path):
        yield from value.nodes
        yield from value.relationships
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _parts(one)
    else:
        yield value


def _entities(record: Any) -> "Iterator[Node | Relationship]":
    """Yield the nodes and relationships that are ours."""
    from neo4j.graph import Entity

    for value in _parts(record):
        if isinstance(value, Entity) and value.get("graftline") is not None:
            yield value  # type: ignore[misc]


def _chunks(record: Any) -> Iterator[str]:
    for entity in _entities(record):
        if "Chunk" in getattr(entity, "labels", ()):
            yield entity["id"]
        else:
            yield from entity.get("chunk_ids") or []


def _documents(record: Any) -> Iterator[str]:
    for entity in _entities(record):
        if "Document" in getattr(entity, "labels", ()) and "path" in entity:
            yield entity["id"]


def _strings(record: Any) -> Iterator[str]:
    return (value for value in _parts(record) if isinstance(value, str) and value)


def _text(value: Any) -> str:
    """Return a value as a reader of a table wants it: a node by its name, no vectors, nothing endless."""
    from neo4j.graph import Node, Path, Relationship

    if value is None:
        text = ""
    elif isinstance(value, Node):
        name = next((str(value[key]) for key in ("name", "title", "text", "path", "id") if value.get(key)), "")
        text = f"{name}: {value['description']}" if value.get("description") else name
    elif isinstance(value, Relationship):
        text = f"{value.type}: {value['description']}" if value.get("description") else value.type
    elif isinstance(value, Path):
        text = " – ".join(
            _text(one) for pair in zip(value.nodes, [*value.relationships, None], strict=True) for one in pair if one
        )
    elif isinstance(value, list | tuple):
        shown = ", ".join(_text(one) for one in value[:_LONGEST_LIST])
        text = f"{shown}, … ({len(value)} in all)" if len(value) > _LONGEST_LIST else shown
    elif isinstance(value, dict):
        text = ", ".join(f"{key}: {_text(one)}" for key, one in value.items() if key not in _HIDDEN)
    else:
        text = str(value)
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_VALUE else f"{plain[:_LONGEST_VALUE]}…"
