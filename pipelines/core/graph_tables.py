"""What a knowledge graph holds, as Arrow tables, and how its rows refer to each other."""

from dataclasses import dataclass

import pyarrow as pa

GRAPH_TABLES = ("documents", "chunks", "entities", "relations", "communities")


@dataclass(frozen=True)
class GraphTables:
    """All that a knowledge graph holds, as Arrow tables; schemas in `pipelines/core/schemas.py`.

    `chunks`, `entities` and `communities` carry a `vector` column as well; `communities` carries the columns of
    its summary (`title`, `summary`, `chunk_ids`, `model`). `documents` go without their text. `embedder` names the
    model of the vectors, with its revision.
    """

    documents: pa.Table
    chunks: pa.Table
    entities: pa.Table
    relations: pa.Table
    communities: pa.Table
    embedder: str = ""


@dataclass(frozen=True)
class StoreChanges:
    """Rows written and deleted by one `apply`, by table."""

    written: dict[str, int]
    deleted: dict[str, int]


_REFERENCES = {
    "documents": {},
    "chunks": {"document_id": "documents"},
    "entities": {"chunk_ids": "chunks"},
    "relations": {"source_id": "entities", "target_id": "entities", "chunk_ids": "chunks"},
    "communities": {"entity_ids": "entities", "parent_id": "communities", "chunk_ids": "chunks"},
}
"""By table: which column names rows of which table."""


def orphans(graph: GraphTables) -> list[str]:
    """Return "table id -> missing table id" for every reference to a row that the graph lacks; sorted."""
    there = {name: set(getattr(graph, name).column(0).to_pylist()) for name in GRAPH_TABLES}
    broken = set()
    references = [(name, *pair) for name, columns in _REFERENCES.items() for pair in columns.items()]
    for name, column, target in references:
        table = getattr(graph, name)
        for key, values in zip(table.column(0).to_pylist(), table[column].to_pylist(), strict=True):
            named = values if isinstance(values, list) else [values] if values else []
            broken |= {f"{name} {key} -> {target} {value}" for value in named if value not in there[target]}
    return sorted(broken)
