"""What must hold of a stored graph: references, places and citations that lead somewhere, two stores that agree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.core import schemas
from pipelines.core.delta import batched
from pipelines.core.graph_tables import _REFERENCES, GRAPH_TABLES, GraphTables, orphans
from pipelines.core.identity import json_digest
from pipelines.core.protocols import GraphStore
from pipelines.core.schemas import SPANS, TEXT, TEXTS

Ids = Mapping[str, Sequence[str]]
"""The ids of the rows of each of GRAPH_TABLES."""

_AT_ONCE = 5000
_SCHEMAS = (schemas.DOCUMENTS, schemas.CHUNKS, schemas.ENTITIES, schemas.RELATIONS, schemas.COMMUNITIES)
_KEYS = {name: schema.names[0] for name, schema in zip(GRAPH_TABLES, _SCHEMAS, strict=True)}
_FINDINGS = {"finding_chunk_ids": "chunks", "finding_entity_ids": "entities"}
_FURTHER = {"spans": SPANS, "findings": TEXTS, "finding_chunk_ids": TEXTS, "finding_entity_ids": TEXTS}


def dangling(store: GraphStore, ids: Ids, lengths: Mapping[str, int]) -> list[str]:
    """Return what stored rows name and is not there: rows, places in chunks, and what findings cite.

    `lengths` are the characters of each chunk. Rows are read in parts, and only what refers to others is kept.
    """
    stored = {name: _references(store, name, ids[name]) for name in GRAPH_TABLES}
    broken = orphans(GraphTables(**stored))
    for name in ("entities", "relations"):
        broken += [fault for row in _having(stored[name], "spans") for fault in _lost_places(name, row, lengths)]
    known = {name: set(ids[name]) for name in set(_FINDINGS.values())}
    broken += [fault for row in _having(stored["communities"], *_FINDINGS) for fault in _lost_citations(row, known)]
    return broken


def differing_rows(one: GraphStore, other: GraphStore, ids: Ids) -> dict[str, list[str]]:
    """Return by table the ids of the rows that two stores do not hold alike, by each row's digest without its vector.

    Rows that only one of them has are found where `ids` name them; of others the number of rows tells.
    """
    found = {}
    for name in GRAPH_TABLES:
        pairs = ((_digests(one, name, part), _digests(other, name, part)) for part in batched(ids[name], _AT_ONCE))
        found[name] = [key for here, there in pairs for key in sorted(here.keys() | there.keys())
                       if here.get(key) != there.get(key)]  # fmt: skip
    return found


def _digests(store: GraphStore, name: str, ids: Sequence[str]) -> dict[str, str]:
    return {row[_KEYS[name]]: json_digest(row) for row in store.rows(name, ids)}


def _references(store: GraphStore, name: str, ids: Sequence[str]) -> pa.Table:
    """Return the key and the references of these rows, with what else refers to something where the rows have it."""
    lists = {column: TEXTS for column in _REFERENCES[name] if column.endswith("_ids")}
    columns = {_KEYS[name]: TEXT} | dict.fromkeys(_REFERENCES[name], TEXT) | lists
    parts = []
    for keys in batched(ids, _AT_ONCE):
        rows = store.rows(name, keys)
        further = {column: kind for column, kind in _FURTHER.items() if rows and column in rows[0]}
        schema = pa.schema(list((columns | further).items()))
        parts.append(pa.Table.from_pylist(rows, schema=schema))
    return (
        pa.concat_tables(parts, promote_options="default") if parts else pa.schema(list(columns.items())).empty_table()
    )


def _having(table: pa.Table, *columns: str) -> Iterable[dict[str, Any]]:
    """Return the rows of a table that has all of these columns, none of another."""
    return table.to_pylist() if set(columns) <= set(table.column_names) else []


def _lost_places(name: str, row: Mapping[str, Any], lengths: Mapping[str, int]) -> Iterator[str]:
    spans, key = row["spans"] or [], row[_KEYS[name]]
    if len(spans) % 3:
        yield f"{name} {key} -> {len(spans)} numbers, which are no triples of place, start and end"
        return
    for place, start, end in batched(spans, 3):
        if not 0 <= place < len(row["chunk_ids"]):
            yield f"{name} {key} -> chunk {place} of {len(row['chunk_ids'])}"
        elif not 0 <= start < end <= lengths.get(row["chunk_ids"][place], 0):
            yield f"{name} {key} -> characters {start} to {end} of chunk {row['chunk_ids'][place]}"


def _lost_citations(row: Mapping[str, Any], known: Mapping[str, set[str]]) -> Iterator[str]:
    key = row["community_id"]
    for column, target in _FINDINGS.items():
        cited = row[column] or []
        if len(cited) != len(row.get("findings") or []):
            yield f"communities {key} -> {len(cited)} {column} of {len(row.get('findings') or [])} findings"
        lost = sorted({one for line in cited for one in line.split()} - known[target])
        yield from (f"communities {key} -> {target} {one}, cited by a finding" for one in lost)
