"""A small graph in two languages whose answers can be told by hand, and ways to change it."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from pipelines.core import schemas
from pipelines.core.graph_tables import GraphTables
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences
from resources.graph.rows import KEYS

DIMENSIONS = 4
VECTOR = pa.field("vector", pa.list_(pa.float32(), DIMENSIONS))
_SUMMARY = [field for field in schemas.COMMUNITY_SUMMARIES if field.name not in schemas.COMMUNITIES.names]
SCHEMAS = {
    "documents": pa.schema([field for field in schemas.DOCUMENTS if field.name != "text"]),
    "chunks": schemas.CHUNKS.append(VECTOR),
    "entities": schemas.ENTITIES.append(VECTOR),
    "relations": schemas.RELATIONS,
    "communities": pa.schema([*schemas.COMMUNITIES, *_SUMMARY, VECTOR]),
}

TEXTS = {
    "c1": ("d1", "Marek Dvorsky leads the Halden warehouse, where the tents are kept."),
    "c2": ("d1", "Tents are repaired in the workshop (24 euros a pole): 100% tested + sealed!"),
    "c3": ("d2", "去年腾讯公司在深圳发布了新产品，宁波仓由陈建国负责。"),
    "c4": ("d2", "The Lumen headlamp 头灯 comes from Ningbo."),
}


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows in the schema of a graph table; columns that a row lacks get an empty value of their type."""
    empty = {pa.string(): "", pa.int64(): 0, pa.int32(): 0, pa.float64(): 0.5, schemas.TEXTS: []}
    empty |= {pa.list_(pa.int64()): [], schemas.SPANS: [], VECTOR.type: [1, 0, 0, 0]}
    full = [{field.name: row.get(field.name, empty[field.type]) for field in SCHEMAS[name]} for row in rows]
    return pa.Table.from_pylist(sorted(full, key=lambda row: row[KEYS[name]]), schema=SCHEMAS[name])


def graph() -> GraphTables:
    """Two documents, four chunks, four entities, three relations, a community in two levels."""
    vectors = {"c1": [1, 0, 0, 0], "c2": [0.8, 0.6, 0, 0], "c3": [0, 1, 0, 0], "c4": [0.8, 0.6, 0, 0]}
    chunks = [
        {
            "chunk_id": key,
            "document_id": document,
            "text": text,
            "start": int(key[1]) * 100,
            "vector": vectors[key],
            "sentence_spans": flat_spans(sentences(text)),
        }
        for key, (document, text) in TEXTS.items()
    ]
    entities = [
        {"entity_id": "e1", "name": "Marek Dvorsky", "type": "PERSON", "aliases": ["M. Dvorsky"], "chunk_ids": ["c1"]},
        {"entity_id": "e2", "name": "Halden warehouse", "type": "PLACE", "chunk_ids": ["c1", "c2"], "mentions": 2},
        {"entity_id": "e3", "name": "腾讯", "type": "ORGANISATION", "aliases": ["Tencent"], "chunk_ids": ["c3"]},
        {"entity_id": "e4", "name": "陈建国", "type": "Document", "description": "宁波仓经理", "chunk_ids": ["c3"]},
    ]
    relations = [
        {"relation_id": "r1", "source_id": "e1", "target_id": "e2", "type": "LEADS", "weight": 1.0},
        {"relation_id": "r2", "source_id": "e4", "target_id": "e3", "type": "CO_OCCURS", "weight": 2.5},
        {"relation_id": "r3", "source_id": "e2", "target_id": "e3", "type": "CO_OCCURS", "weight": 1.0},
    ]
    communities = [
        {
            "community_id": "m1",
            "level": 0,
            "entity_ids": ["e1", "e2", "e3", "e4"],
            "title": "Company 公司",
            "summary": "Warehouses and people.",
            "chunk_ids": ["c3", "c1"],
            "rating": 7.5,
            "findings": ["Marek leads 'Halden'.", "宁波仓由陈建国负责。"],
            "finding_chunk_ids": ["c1", "c3"],
            "finding_entity_ids": ["e1 e2", "e4"],
        },
        {
            "community_id": "m2",
            "level": 1,
            "parent_id": "m1",
            "entity_ids": ["e3", "e4"],
            "title": "宁波",
            "summary": "腾讯与宁波仓。",
        },
    ]
    documents = [
        {"document_id": "d1", "path": "a.md", "title": "Halden", "language": "en"},
        {"document_id": "d2", "path": "zh/b.md", "title": "宁波", "language": "zh"},
    ]
    rows = {"documents": documents, "chunks": chunks, "entities": entities, "relations": relations}
    rows["communities"] = communities
    return GraphTables(**{name: table(name, rows[name]) for name in rows})


def changed(before: GraphTables, table_name: str, key: str, /, **values: Any) -> GraphTables:
    """Return the graph with one row changed, or added when the id is new."""
    rows = getattr(before, table_name).to_pylist()
    found = [row for row in rows if row[KEYS[table_name]] == key]
    others = [row for row in rows if row[KEYS[table_name]] != key]
    row = (found[0] if found else {KEYS[table_name]: key}) | values
    return replace(before, **{table_name: table(table_name, [*others, row])})


def without_document_two(before: GraphTables) -> GraphTables:
    """Return the graph of document one alone."""
    kept = {"d1", "c1", "c2", "e1", "e2", "r1"}
    tables = {}
    for name in ("documents", "chunks", "entities", "relations"):
        rows = getattr(before, name).to_pylist()
        tables[name] = table(name, [row for row in rows if row[KEYS[name]] in kept])
    community = {"community_id": "m1", "entity_ids": ["e1", "e2"], "title": "Halden", "summary": "One warehouse."}
    return GraphTables(**tables, communities=table("communities", [community]))
