"""What a stored graph is held to: places, citations, two stores that agree; and its figures."""

import pyarrow as pa

from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.knowledge.graph.changes import graph_changes
from pipelines.knowledge.graph.checks import dangling, differing_rows
from pipelines.knowledge.graph.figures import chunk_coverage, entities_by_chunk, orphan_share
from pipelines.knowledge.graph.view_data import ViewLimits, view_data
from tests.contract.graphs import TEXTS, changed, graph
from tests.fakes import FakeGraphStore
from tests.knowledge.graph.test_view import tables

LENGTHS = {key: len(text) for key, (_, text) in TEXTS.items()}
IDS = {name: getattr(graph(), name).column(0).to_pylist() for name in GRAPH_TABLES}


def store(**further: dict[str, dict]) -> FakeGraphStore:
    """Return the graph as stored, with further columns in some rows: table=  {id: {column: value}}."""
    rows = {name: getattr(graph(), name).to_pylist() for name in GRAPH_TABLES}
    for name, by_id in further.items():
        columns = {column for values in by_id.values() for column in values}
        rows[name] = [
            row | {key: [] for key in columns} | by_id.get(next(iter(row.values())), {}) for row in rows[name]
        ]
    return FakeGraphStore(**rows)


def test_a_whole_graph_has_nothing_that_leads_nowhere():
    spans = {"e1": {"spans": [0, 0, 13]}, "e2": {"spans": [1, 0, 5, 0, 24, 40]}}
    cited = {
        "findings": ["Who leads.", "Where."],
        "finding_chunk_ids": ["c1 c2", ""],
        "finding_entity_ids": ["e1", "e1 e2"],
    }
    assert dangling(store(), IDS, LENGTHS) == []
    assert dangling(store(entities=spans, communities={"m1": cited}), IDS, LENGTHS) == []


def test_places_outside_of_their_chunks_are_told():
    spans = {"e1": {"spans": [1, 0, 5]}, "e2": {"spans": [0, 60, 900]}, "e3": {"spans": [0, 5]}}
    relations = {"r1": {"spans": [0, 0, 1]}}
    assert dangling(store(entities=spans, relations=relations), IDS, LENGTHS) == [
        "entities e1 -> chunk 1 of 1",
        "entities e2 -> characters 60 to 900 of chunk c1",
        "entities e3 -> 2 numbers, which are no triples of place, start and end",
        "relations r1 -> chunk 0 of 0",
    ]


def test_findings_that_cite_what_is_not_there_are_told():
    cited = {"findings": ["One."], "finding_chunk_ids": ["c1 c9"], "finding_entity_ids": []}
    assert dangling(store(communities={"m2": cited}), IDS, LENGTHS) == [
        "communities m2 -> chunks c9, cited by a finding",
        "communities m2 -> 0 finding_entity_ids of 1 findings",
    ]


def test_rows_that_two_stores_hold_differently_are_told_by_table():
    edited = changed(graph(), "entities", "e1", name="Marek D.")
    other = FakeGraphStore(**{name: getattr(edited, name).to_pylist() for name in GRAPH_TABLES})
    other.tables["relations"] = other.tables["relations"][1:]
    nothing = {key: [] for key in GRAPH_TABLES}
    assert differing_rows(store(), store(), IDS) == nothing
    assert differing_rows(store(), other, IDS) == nothing | {"entities": ["e1"], "relations": ["r1"]}
    assert differing_rows(other, store(), IDS)["relations"] == ["r1"]


def test_an_entity_is_alone_when_no_relation_joins_it_to_another():
    assert orphan_share(graph().entities, graph().relations) == 0
    lone = changed(graph(), "entities", "e9", name="Alone", type="X")
    lone = changed(lone, "relations", "r9", source_id="e9", target_id="e9", type="KNOWS")
    assert orphan_share(lone.entities, lone.relations) == 0.2
    empty = graph().entities.slice(0, 0)
    assert orphan_share(empty, graph().relations.slice(0, 0)) == 0


def test_a_chunk_is_covered_when_an_entity_stands_in_it():
    assert chunk_coverage(tables(graph())) == 0.75
    assert entities_by_chunk(tables(graph())) == {"c1": 2, "c2": 1, "c3": 2, "c4": 0}
    empty = {"chunks": pa.table({"chunk_id": pa.array([], pa.string())}), "entities": graph().entities.slice(0, 0)}
    assert chunk_coverage(empty) == 1


def test_tables_without_a_row_or_a_chunk_of_memory_have_figures_and_a_page():
    nothing = {
        name: pa.Table.from_batches([], getattr(graph(), name).schema) for name in GRAPH_TABLES
    }  # Arrow: columns of no chunk at all
    assert (orphan_share(nothing["entities"], nothing["relations"]), chunk_coverage(nothing)) == (0, 1)
    assert entities_by_chunk(nothing) == {}
    assert view_data(nothing, ViewLimits())["entities"] == []
    assert graph_changes(nothing, tables(graph())).counts["entities_new"] == 4
    assert graph_changes(tables(graph()), nothing).counts["relations_gone"] == 3
