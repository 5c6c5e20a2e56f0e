"""A graph too large for one transaction: staged beside the current one, then switched to by labels, at once or not."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from resources.graph import cypher, neo4j_stage
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_connection import Neo4jConnection, OpenTransaction
from resources.graph.neo4j_loads import cypher_loads, whole_reads
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from tests.contract.graphs import changed, graph, without_document_two
from tests.contract.test_failed_apply import LINKS, links
from tests.contract.test_graph_store import assert_holds
from tests.contract.two_stores import (
    GONE,
    assert_all_goes_on,
    assert_both_hold,
    counting,
    failing,
    killed,
    opened_anew,
    steps,
)


def labels(store: Neo4jGraphStore) -> set[str]:
    found = store.connection.read("MATCH (n) UNWIND labels(n) AS label RETURN DISTINCT label")
    return {record["label"] for record in found}


PUBLIC = {"Document", "Chunk", "__Entity__", "__Community__", "__Node__", "__Graftline__", "PERSON", "PLACE"}


def test_a_whole_load_ends_with_exactly_the_graph_and_nothing_beside_it(neo4j_store, way):
    assert neo4j_store.apply(graph()).written["chunks"] == 4
    for _ in range(2):
        assert_holds(neo4j_store, graph())
        assert links(neo4j_store) == LINKS
        assert labels(neo4j_store) == PUBLIC | {"ORGANISATION", "Entity"}
        assert sum(neo4j_store.apply(graph()).written.values()) == 0
    neo4j_store.apply(without_document_two(graph()))
    assert_holds(neo4j_store, without_document_two(graph()))
    assert labels(neo4j_store) == PUBLIC
    assert [key for key, _ in neo4j_store.search_text("chunks", "warehouse", 3)] == ["c1"]
    neo4j_store.apply(graph())
    assert_holds(neo4j_store, graph())
    assert [key for key, _ in neo4j_store.search_vector("chunks", [0, 1, 0, 0], 1)] == ["c3"]


def test_a_delta_after_a_whole_load_changes_the_nodes_that_stand(neo4j_store, whole, monkeypatch):
    neo4j_store.apply(graph())
    place = "MATCH (c:Chunk {id: 'c2'}) RETURN elementId(c) AS place"
    before = neo4j_store.connection.read(place)
    monkeypatch.setattr(neo4j_stage, "ROWS_A_TRANSACTION", 100)
    after = changed(graph(), "entities", "e2", type="SITE", description="moved")
    neo4j_store.apply(after)
    assert_holds(neo4j_store, after)
    assert neo4j_store.connection.read(place) == before


def test_what_is_staged_carries_one_label_of_its_own_and_no_reader_finds_it(neo4j_store, whole, monkeypatch):
    neo4j_store.apply(without_document_two(graph()))
    monkeypatch.setattr(neo4j_stage, "move_at_once", lambda _: False)
    staged = neo4j_store.stage(graph(), "new")
    found = neo4j_store.connection.read(
        "MATCH (n) WHERE NOT n:__Graftline__ RETURN DISTINCT labels(n) AS labels, n:Chunk OR n:Document OR "
        "n:__Entity__ OR n:__Community__ AS public"
    )
    hidden = sorted(record["labels"][0] for record in found if not record["public"])
    assert hidden == sorted(cypher.STAGED.values())
    assert all(len(record["labels"]) == 1 for record in found if not record["public"])
    assert_holds(neo4j_store, without_document_two(graph()))
    between = "MATCH (:__Entity__)-[r]->(:__Entity__) RETURN count(r) AS count"
    assert neo4j_store.connection.read(between) == [{"count": 1}]
    neo4j_store.switch(staged)
    neo4j_store.finish(graph())
    assert_holds(neo4j_store, graph())


@pytest.mark.parametrize(
    ("after", "each"),
    [(False, False), *(pytest.param(after, True, marks=pytest.mark.slow) for after in (False, True))],
    ids=["one of a kind", "each before it is done", "each after it is done"],
)
def test_whatever_statement_fails_both_hold_yesterdays_graph_or_todays(both, way, monkeypatch, after, each):
    wanted = changed(without_document_two(graph()), "documents", "d1", title="new")
    ran = steps(both.first, monkeypatch, lambda: both.apply(wanted))
    commit = ran.index("COMMIT") + 1
    kinds = {" ".join(query.split())[:28]: place for place, query in enumerate(ran, 1)}
    assert len(ran) > 30 and len(kinds) > 10
    for place in range(1, len(ran) + 1) if each else kinds.values():
        both.apply(graph())
        with monkeypatch.context() as patch:
            counting(patch, place, GONE, after)
            try:
                both.apply(wanted)
            except ServiceError:
                failed = True
            else:
                failed = False  # the end of a switch is put right by the next reader
        again = opened_anew(both)
        committed = place > commit or (place == commit and after)
        for store in (again.first, again.embedded):
            assert_holds(store, wanted if committed else graph())
        assert failed or committed, ran[place - 1]
    assert_all_goes_on(both)


@pytest.mark.parametrize("point", ["while labels leave", "while labels arrive", "with all labels moved"])
def test_a_run_that_is_killed_while_labels_move_is_put_right(both, whole, caplog, point):
    killed(both, point, "apply")
    again = opened_anew(both)
    assert "Neo4j goes back to its former graph" in caplog.text
    assert_both_hold(again, graph())
    assert_all_goes_on(again)


def test_going_back_that_is_broken_off_is_done_by_the_next(both, whole, monkeypatch):
    killed(both, "with all labels moved", "apply")
    real = Neo4jConnection.change

    def fail(self: Neo4jConnection, query: str, /, **parameters: Any) -> Any:
        if query == cypher_loads.BRING_BACK["entities"]:
            raise GONE
        return real(self, query, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(Neo4jConnection, "change", fail)
        with pytest.raises(ServiceError):
            opened_anew(both)
    assert_both_hold(opened_anew(both), graph())


def test_a_reader_that_meets_what_a_dead_run_left_puts_it_right_itself(both, whole, monkeypatch):
    killed(both, "while labels arrive", "apply")
    monkeypatch.setattr(whole_reads, "_SOON_SECONDS", 0.0)
    assert both.first.counts() == {"documents": 2, "chunks": 4, "entities": 4, "relations": 3, "communities": 2}
    assert_holds(both.first, graph())


@pytest.fixture
def readers(both: MirroredGraphStore) -> Iterator[list[Any]]:
    """What two readers of another process see, again and again: rows of a table, and what is near a vector."""
    seen, stop = list[Any](), threading.Event()
    connection = both.first.connection

    def read(ask: Callable[[Neo4jGraphStore], Any]) -> None:
        reader = object.__new__(Neo4jGraphStore)
        reader.connection, reader.reads, reader._known = connection, whole_reads.WholeReads(connection), None
        while not stop.is_set():
            seen.append(ask(reader))

    asked: list[Callable[[Neo4jGraphStore], Any]] = [
        lambda store: [row["chunk_id"] for row in store.table("chunks").to_pylist()],
        lambda store: [row["relation_id"] for row in store.relations_of(["e1", "e2", "e3", "e4"])],
    ]
    threads = [threading.Thread(target=read, args=(one,)) for one in asked]
    for thread in threads:
        thread.start()
    yield seen
    stop.set()
    for thread in threads:
        thread.join()


def test_readers_during_switches_see_one_graph_or_the_other(both, way, readers):
    for _ in range(3):
        both.apply(without_document_two(graph()))
        both.apply(graph())
    found = {tuple(one) for one in readers}
    assert found == {("c1", "c2"), ("c1", "c2", "c3", "c4"), ("r1",), ("r2", "r1", "r3")}


def test_what_reads_cannot_write(neo4j_store):
    for statement in ("CREATE (:Written)", "MATCH (n) SET n.written = 1", "CREATE INDEX written FOR (n:W) ON (n.id)"):
        for read in (neo4j_store.connection.read, neo4j_store.reads.read):
            with pytest.raises(ServiceError, match=r"access mode|read access|Schema operations|schema"):
                read(statement)
    assert not neo4j_store.connection.read("MATCH (n:Written) RETURN n")


def test_links_that_others_drew_to_a_former_graph_are_told_when_they_go(neo4j_store, whole, caplog):
    neo4j_store.apply(graph())
    neo4j_store.connection.write("MATCH (c:Chunk {id: 'c1'}) CREATE (:Note {text: 'mine'})-[:ABOUT]->(c)")
    neo4j_store.apply(without_document_two(graph()))
    assert "1 links of others" in caplog.text
    assert neo4j_store.connection.read("MATCH (n:Note) RETURN count(n) AS count") == [{"count": 1}]


def test_a_first_load_that_fails_leaves_both_empty(neo4j_store, whole, tmp_path, monkeypatch):
    both = MirroredGraphStore(neo4j_store, EmbeddedGraphStore(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(OpenTransaction, "commit", failing(GONE))
        with pytest.raises(ServiceError):
            both.apply(graph())
    both = opened_anew(both)
    assert both.counts() == both.embedded.counts() == dict.fromkeys(both.counts(), 0)
    both.apply(graph())
    assert_both_hold(both, graph())
