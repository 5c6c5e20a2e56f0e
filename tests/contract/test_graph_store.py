"""What every graph store does, embedded or Neo4j."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.core.errors import ConfigurationError, InputError, NotMaterializedError
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, orphans
from pipelines.text.sentence_spans import sentence_spans
from tests.contract.graphs import VECTOR, changed, graph, table, without_document_two

NOTHING = dict.fromkeys(GRAPH_TABLES, 0)


def read(store: Any) -> GraphTables:
    return GraphTables(**{name: store.table(name) for name in GRAPH_TABLES})


def assert_holds(store: Any, wanted: GraphTables) -> None:
    for name in GRAPH_TABLES:
        stored, expected = store.table(name), getattr(wanted, name)
        assert stored.schema.equals(expected.schema), name
        assert stored.to_pylist() == expected.to_pylist(), name
    assert store.counts() == {name: getattr(wanted, name).num_rows for name in GRAPH_TABLES}


def ids(found: list[tuple[str, float]]) -> list[str]:
    return [key for key, _ in found]


def test_what_is_applied_comes_back_with_its_types(store):
    changes = store.apply(graph())
    assert changes.written == {"documents": 2, "chunks": 4, "entities": 4, "relations": 3, "communities": 2}
    assert changes.deleted == NOTHING
    assert_holds(store, graph())


def test_the_chunks_are_counted_by_language(store):
    made = graph()
    place = made.chunks.schema.get_field_index("language")
    languages = pa.array([{"c3": "zh", "c4": ""}.get(key, "en") for key in made.chunks["chunk_id"].to_pylist()])
    store.apply(replace(made, chunks=made.chunks.set_column(place, made.chunks.schema.field(place), languages)))
    assert store.languages() == {"en": 2, "zh": 1, "": 1}


def test_the_order_of_the_rows_does_not_matter(store):
    store.apply(graph())
    turned = GraphTables(**{name: getattr(graph(), name).slice(0)[::-1] for name in GRAPH_TABLES})
    assert store.apply(turned).written == NOTHING
    assert_holds(store, graph())


def test_a_second_apply_writes_nothing(store):
    store.apply(graph())
    changes = store.apply(graph())
    assert (changes.written, changes.deleted) == (NOTHING, NOTHING)


def test_only_changed_rows_are_written(store):
    store.apply(graph())
    after = changed(graph(), "entities", "e2", description="the northern store", type="SITE")
    after = changed(after, "chunks", "c5", document_id="d1", text="A fifth chunk.", start=150)
    changes = store.apply(after)
    assert changes.written == NOTHING | {"entities": 1, "chunks": 1}
    assert changes.deleted == NOTHING
    assert_holds(store, after)
    assert ids(store.search_text("entities", "northern", 3)) == ["e2"]


def test_a_changed_relation_is_one_relation(store):
    store.apply(graph())
    after = changed(graph(), "relations", "r2", type="PART_OF", weight=3.0)
    assert store.apply(after).written == NOTHING | {"relations": 1}
    assert_holds(store, after)


def test_a_deleted_document_is_gone_from_everywhere(store):
    store.apply(graph())
    smaller = without_document_two(graph())
    assert store.apply(smaller).deleted == {
        "documents": 1,
        "chunks": 2,
        "entities": 2,
        "relations": 2,
        "communities": 1,
    }
    assert_holds(store, smaller)
    assert orphans(read(store)) == []
    assert store.search_text("chunks", "腾讯", 5) == []
    assert store.search_text("entities", "Tencent", 5) == []
    assert ids(store.search_vector("chunks", np.array([0, 1, 0, 0], np.float32), 5)) == ["c2", "c1"]


def test_a_delta_equals_a_clean_rebuild_in_rows_and_scores(store):
    store.apply(graph())
    store.apply(without_document_two(graph()))
    store.apply(graph())
    assert_holds(store, graph())
    assert ids(store.search_text("chunks", "tents warehouse", 5)) == ["c1", "c2"]


def test_an_empty_graph_and_one_without_communities_can_be_stored(store):
    nobody = GraphTables(**{name: getattr(graph(), name).slice(0, 0) for name in GRAPH_TABLES})
    store.apply(nobody)
    assert_holds(store, nobody)
    assert store.search_text("chunks", "tent", 3) == []
    assert store.search_vector("chunks", np.array([1, 0, 0, 0], np.float32), 3) == []
    store.apply(graph())
    assert_holds(store, graph())


def test_the_nearest_vectors_come_first_and_equal_ones_by_id(store):
    store.apply(graph())
    found = store.search_vector("chunks", np.array([1, 0, 0, 0], np.float32), 3)
    assert found == [("c1", pytest.approx(1.0)), ("c2", pytest.approx(0.8)), ("c4", pytest.approx(0.8))]
    assert ids(store.search_vector("chunks", np.array([0.8, 0.6, 0, 0], np.float32), 1)) == ["c2"]
    assert len(store.search_vector("communities", np.array([1, 0, 0, 0], np.float32), 10)) == 2


def test_many_equal_vectors_are_cut_by_id(store):
    many = graph()
    for number in range(30):
        many = changed(many, "chunks", f"x{number:02}", document_id="d1", text="otter", vector=[0, 0, 1, 0])
    store.apply(many)
    assert ids(store.search_vector("chunks", np.array([0, 0, 1, 0], np.float32), 3)) == ["x00", "x01", "x02"]
    assert ids(store.search_text("chunks", "otter", 3)) == ["x00", "x01", "x02"]


@pytest.mark.parametrize(
    ("where", "query", "first"),
    [
        ("chunks", "Who leads the Halden warehouse?", "c1"),
        ("chunks", "REPAIRED", "c2"),
        ("chunks", "腾讯", "c3"),
        ("chunks", "陈建国负责哪个仓库？", "c3"),
        ("chunks", "Ningbo 的头灯", "c4"),
        ("entities", "Tencent", "e3"),
        ("entities", "宁波仓经理", "e4"),
        ("entities", "dvorsky", "e1"),
        ("communities", "宁波仓", "m2"),
        ("communities", "people", "m1"),
    ],
)
def test_text_is_found_in_both_languages(store, where, query, first):
    store.apply(graph())
    found = store.search_text(where, query, 5)
    assert ids(found)[0] == first
    assert all(score > 0 for _, score in found)


@pytest.mark.parametrize(
    "query", ['(24 euros) AND "pole"', "100% + sealed! -x", "pole* workshop~2 ^4 a:b \\ /c/ [d TO e]"]
)
def test_characters_that_mean_something_to_a_query_parser_mean_nothing(store, query):
    store.apply(graph())
    assert ids(store.search_text("chunks", query, 1)) == ["c2"]


@pytest.mark.parametrize("query", ["", "   ", "?!", '"', "AND OR NOT", "'; MATCH (n) DETACH DELETE n //", "zzz"])
def test_a_query_without_a_match_finds_nothing_and_breaks_nothing(store, query):
    store.apply(graph())
    assert store.search_text("communities", query, 5) == []
    assert store.counts()["chunks"] == 4


def test_data_is_never_taken_for_a_query(store):
    hostile = "X`]->() DETACH DELETE n //'; \\"
    after = changed(graph(), "entities", "e1", name=hostile, type=hostile)
    after = changed(after, "relations", "r1", type="A`]-(b) DELETE r //", description=hostile)
    store.apply(after)
    assert_holds(store, after)
    store.apply(graph())
    assert_holds(store, graph())


def test_rows_come_in_the_order_asked_for_without_vectors(store):
    store.apply(graph())
    found = store.rows("chunks", ["c3", "nobody", "c1"])
    assert [row["chunk_id"] for row in found] == ["c3", "c1"]
    assert set(found[0]) == set(graph().chunks.column_names) - {"vector"}
    assert [sentence_spans(row) for row in found] == [[(0, 26)], [(0, 67)]]
    assert store.rows("relations", ["r2"])[0] == graph().relations.to_pylist()[1]
    assert store.rows("documents", ["it's"]) == []


def test_relations_of_an_entity_come_heaviest_first_then_by_id(store):
    store.apply(graph())
    assert [row["relation_id"] for row in store.relations_of(["e3", "e1"])] == ["r2", "r1", "r3"]
    assert store.relations_of(["e1"]) == [graph().relations.to_pylist()[0]]
    assert store.relations_of([]) == store.relations_of(["nobody"]) == []


def test_a_graph_that_refers_to_what_it_lacks_is_refused_and_the_former_stays(store):
    store.apply(graph())
    with pytest.raises(InputError, match="e9"):
        store.apply(changed(graph(), "relations", "r4", source_id="e9", target_id="e1", type="X"))
    twice = replace(graph(), documents=pa.concat_tables([graph().documents, graph().documents]))
    with pytest.raises(InputError, match="repeated"):
        store.apply(twice)
    assert_holds(store, graph())


def test_another_embedding_model_replaces_the_vectors(store):
    store.apply(graph())
    tables = {}
    for name in ("chunks", "entities", "communities"):
        before = getattr(graph(), name)
        longer = pa.FixedSizeListArray.from_arrays(pa.array([0.5] * 6 * len(before), pa.float32()), 6)
        tables[name] = before.set_column(before.schema.get_field_index("vector"), "vector", longer)
    store.apply(replace(graph(), **tables))
    assert_holds(store, replace(graph(), **tables))
    assert len(store.search_vector("chunks", np.ones(6, np.float32), 2)) == 2
    with pytest.raises(ConfigurationError, match="EMBEDDING_MODEL"):
        store.search_vector("chunks", np.ones(VECTOR.type.list_size, np.float32), 2)


def test_a_store_that_no_run_has_filled_says_what_to_type(store):
    assert store.counts() == NOTHING
    for ask in (
        lambda: store.table("chunks"),
        lambda: store.search_text("chunks", "tent", 1),
        lambda: store.search_vector("chunks", np.ones(4, np.float32), 1),
        lambda: store.rows("chunks", ["c1"]),
    ):
        with pytest.raises(NotMaterializedError, match="graftline run"):
            ask()


def test_a_column_of_nulls_and_empty_lists_survives(store):
    row = {"entity_id": "e5", "name": "x", "type": "", "aliases": [], "description": None, "mentions": None}
    after = replace(graph(), entities=table("entities", [*graph().entities.to_pylist(), row]))
    store.apply(after)
    assert_holds(store, after)
