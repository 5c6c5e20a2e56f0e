"""Rows of a graph's tables as properties of Neo4j and back, by each column's Arrow type.

A property holds a text, a number, a truth value or a list of one of these. What is deeper (structs, lists of lists, a
list with a null in it) is kept as JSON and comes back as it was.
"""

import json
from typing import Any

import pyarrow as pa

from resources.graph.rows import KEYS

_ENDS = ("relation_id", "source_id", "target_id", "type")


def node_properties(row: dict[str, Any], key: str) -> dict[str, Any]:
    """Return all of a row but its id and vector, as properties."""
    return {name: stored(value) for name, value in row.items() if name not in (key, "vector")}


def relationship(row: dict[str, Any]) -> dict[str, Any]:
    """Return a relation's ends and type, and the rest of it as properties."""
    properties = {name: stored(value) for name, value in row.items() if name not in _ENDS}
    properties["id"] = row["relation_id"]
    return {"source": row["source_id"], "target": row["target_id"], "type": row["type"], "properties": properties}


def stored(value: Any) -> Any:
    """Return a value as a property can hold it."""
    deep = isinstance(value, dict | tuple)
    if isinstance(value, list):
        deep = any(one is None or isinstance(one, dict | list | tuple) for one in value)
    return json.dumps(value, ensure_ascii=False) if deep else value


def table_row(properties: dict[str, Any], name: str, schema: pa.Schema) -> dict[str, Any]:
    """Return the properties of a node or a relationship as a row of its table, without columns that it lacks."""
    row = {key: value for key, value in properties.items() if key not in ("id", "embedding", "graftline")}
    row[KEYS[name]] = properties["id"]
    for field in schema:
        if pa.types.is_nested(field.type) and isinstance(row.get(field.name), str):
            row[field.name] = json.loads(row[field.name])
    return row | ({"vector": properties["embedding"]} if properties.get("embedding") else {})
