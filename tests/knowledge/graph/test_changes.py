"""What differs between two versions of the graph."""

from pipelines.knowledge.graph.changes import graph_changes
from tests.contract.graphs import changed, graph, without_document_two
from tests.knowledge.graph.test_view import tables


def test_two_equal_graphs_differ_in_nothing():
    found = graph_changes(tables(graph()), tables(graph()))
    assert set(found.counts.values()) == {0} and found.examples(5) == []


def test_entities_and_relations_are_new_gone_or_changed():
    later = changed(graph(), "entities", "e5", name="Ningbo 宁波", type="LOCATION", mentions=3)
    later = changed(
        later, "entities", "e1", name="Marek Dvorsky", aliases=["Marek"], mentions=4, chunk_ids=["c1", "c2"]
    )
    later = changed(later, "relations", "r1", type="FOUNDED", weight=2.0)
    later = changed(later, "relations", "r9", source_id="e5", target_id="e3", type="位于")
    found = graph_changes(tables(graph()), tables(later))
    assert found.counts == {
        "entities_new": 1, "entities_gone": 0, "entities_changed": 1,
        "relations_new": 1, "relations_gone": 0, "relations_changed": 1,
    }  # fmt: skip
    assert found.tables["entities"].columns == {"aliases": 1, "chunk_ids": 1, "mentions": 1}
    assert found.examples(5) == [
        {"what": "new entity", "which": "Ningbo 宁波 (LOCATION)", "how": ""},
        {
            "what": "changed entity",
            "which": "Marek Dvorsky (PERSON)",
            "how": "aliases +Marek, −M. Dvorsky; mentions 0 → 4; chunk_ids +1 −0",
        },
        {"what": "new relation", "which": "Ningbo 宁波 → 位于 → 腾讯", "how": ""},
        {
            "what": "changed relation",
            "which": "Marek Dvorsky → FOUNDED → Halden warehouse",
            "how": "type LEADS → FOUNDED; weight 1 → 2",
        },
    ]


def test_what_is_gone_has_the_names_that_it_had_and_the_weightiest_is_told_first():
    found = graph_changes(tables(graph()), tables(without_document_two(graph())))
    assert found.counts["entities_gone"] == found.counts["relations_gone"] == 2
    assert [row["which"] for row in found.examples(1)] == ["腾讯 (ORGANISATION)", "陈建国 → CO_OCCURS → 腾讯"]


def test_a_column_that_only_one_version_has_changes_no_row():
    before = tables(graph())
    after = before | {"entities": before["entities"].append_column("later", before["entities"]["chunk_ids"])}
    assert set(graph_changes(before, after).counts.values()) == {0}


def test_lists_differ_by_their_items_and_order_and_missing_values_are_none():
    before = changed(graph(), "entities", "e1", name="Ann", aliases=["a", "b"])
    for aliases, differ in ((["a", "b"], 0), (["b", "a"], 1), (["ab"], 1), ([], 1)):
        after = changed(graph(), "entities", "e1", name="Ann", aliases=aliases)
        assert graph_changes(tables(before), tables(after)).counts["entities_changed"] == differ
    nothing = {name: table.slice(0, 0) for name, table in tables(graph()).items()}
    assert graph_changes(nothing, tables(graph())).counts["entities_new"] == 4
    assert graph_changes(tables(graph()), nothing).counts["relations_gone"] == 3
    assert set(graph_changes(nothing, nothing).counts.values()) == {0}
