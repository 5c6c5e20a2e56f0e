"""Names, types and texts that mean something to Cypher, CSV or JSON, and columns of other types, in both stores."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from pipelines.core import schemas
from pipelines.core.graph_tables import GraphTables
from resources.graph import neo4j_stage
from tests.contract.graphs import changed, graph
from tests.contract.test_graph_store import assert_holds

HOSTILE = [
    'O\'Brien "the `back`tick" \\ {braces} $param',
    "'}) DETACH DELETE n //",
    "`]->() DETACH DELETE n //",
    "👩‍👩‍👧‍👦 emoji 🏳️‍🌈 名字 שלום \u202e",
    "x" * 10_000,
    "MATCH (n) DETACH DELETE n; CALL db.labels() YIELD label",
    "line one\nline two\r\n\ttab; comma, semicolon; \x1f unit",
    "\\u0027}) RETURN 1 //",
    "{{row.type}} $(row.type) $rows",
    "null",
    "123",
    " spaces around ",
]


def hostile_graph() -> GraphTables:
    """The small graph with every hostile name as name, alias, description, type of an entity and of a relation."""
    after = changed(graph(), "entities", "e2", name=HOSTILE[0], type=HOSTILE[1])
    for number, name in enumerate(HOSTILE):
        row: dict[str, Any] = {"name": name, "type": name, "aliases": [name, "b"], "description": name}
        after = changed(after, "entities", f"h{number:02}", chunk_ids=[], **row)
        ends = {"source_id": f"h{number:02}", "target_id": "e1"}
        after = changed(after, "relations", f"s{number:02}", type=name, description=name, weight=0.1, **ends)
    after = changed(after, "relations", "r2", type=HOSTILE[2])
    return changed(after, "chunks", "c2", text="\n".join(HOSTILE), header=HOSTILE[0], sections=HOSTILE)


@pytest.mark.parametrize("rows", [100_000, 2], ids=["delta", "whole load"])
def test_hostile_names_go_through_unharmed(store, monkeypatch, rows):
    monkeypatch.setattr(neo4j_stage, "ROWS_A_TRANSACTION", rows)
    store.apply(graph())
    store.apply(hostile_graph())
    assert_holds(store, hostile_graph())
    assert sum(store.apply(hostile_graph()).written.values()) == 0
    assert {row["type"] for row in store.relations_of([f"h{number:02}" for number in range(len(HOSTILE))])} == {
        *HOSTILE
    }
    store.apply(graph())
    assert_holds(store, graph())


def with_columns(before: GraphTables) -> GraphTables:
    """Add a column of every type that a property can hold, or cannot, to entities, relations and communities."""
    inner = pa.struct([("start", pa.int64()), ("text", pa.string())])
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "numbers": (schemas.SPANS, [[0, 3, 7], []]),
        "said": (schemas.TEXTS, [["One.", "二。", ""], []]),
        "worth": (pa.float64(), [7.5, None]),
        "whole": (pa.bool_(), [True, False]),
        "shares": (pa.list_(pa.float64()), [[0.1, 1.0], [2.0]]),
        "places": (pa.list_(inner), [[{"start": 1, "text": "a"}], []]),
        "nested": (pa.list_(pa.list_(pa.int64())), [[[1], []], [[2, 3]]]),
        "gaps": (schemas.TEXTS, [["a", None], None]),
        "one": (inner, [{"start": 1, "text": "'"}, None]),
    }
    tables = {}
    for name in ("entities", "relations", "communities"):
        table = getattr(before, name)
        for column, (kind, values) in columns.items():
            table = table.append_column(column, pa.array([values[row % 2] for row in range(len(table))], kind))
        tables[name] = table
    return replace(before, **tables)


@pytest.mark.parametrize("rows", [100_000, 2], ids=["delta", "whole load"])
def test_columns_of_every_type_come_back_as_they_were(store, monkeypatch, rows):
    monkeypatch.setattr(neo4j_stage, "ROWS_A_TRANSACTION", rows)
    store.apply(graph())
    store.apply(with_columns(graph()))
    assert_holds(store, with_columns(graph()))
    assert store.rows("relations", ["r1"])[0]["numbers"] == [0, 3, 7]
    assert sum(store.apply(with_columns(graph())).written.values()) == 0
    store.apply(graph())
    assert_holds(store, graph())
