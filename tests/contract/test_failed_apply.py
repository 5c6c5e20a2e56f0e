"""A run that fails leaves yesterday's answers standing, in either store; readers and rollback of the embedded one."""

import os
import threading
import time

import numpy as np
import pytest

from pipelines.core.errors import NotMaterializedError, ServiceError
from resources.graph import embedded as embedded_graph
from resources.graph import neo4j_stage
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_changes import Statement
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from resources.tables import versions
from tests.contract.graphs import changed, graph, without_document_two
from tests.contract.test_graph_store import assert_holds


def test_an_embedded_apply_that_fails_midway_leaves_the_former_graph(tmp_path, monkeypatch):
    store = EmbeddedGraphStore(tmp_path)
    store.apply(graph())

    def fail(*_, **__):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(versions, "write_atomically", fail)
        with pytest.raises(OSError, match="disk full"):
            store.apply(without_document_two(graph()))
    assert_holds(store, graph())
    assert_holds(EmbeddedGraphStore(tmp_path), graph())
    after = changed(graph(), "documents", "d1", title="new")
    assert sum(store.apply(after).written.values()) == 1
    assert_holds(store, after)


def test_a_first_apply_that_fails_leaves_an_empty_store_that_can_be_filled(tmp_path, monkeypatch):
    store = EmbeddedGraphStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(versions, "write_atomically", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.apply(graph())
    assert store.counts()["chunks"] == 0
    store.apply(graph())
    assert_holds(store, graph())


def test_rollback_switches_back_and_forth_and_the_next_apply_starts_from_there(tmp_path):
    store = EmbeddedGraphStore(tmp_path)
    with pytest.raises(NotMaterializedError):
        store.rollback()
    store.apply(graph())
    store.apply(without_document_two(graph()))
    assert store.rollback()["documents"] == 2
    assert_holds(store, graph())
    assert [key for key, _ in store.search_text("chunks", "腾讯", 3)] == ["c3"]
    store.rollback()
    assert_holds(store, without_document_two(graph()))
    store.rollback()
    after = changed(graph(), "chunks", "c1", text="Otters swim.")
    assert sum(store.apply(after).written.values()) == 1
    assert_holds(store, after)
    assert [key for key, _ in store.search_text("chunks", "otters", 3)] == ["c1"]


def test_versions_that_no_pointer_names_are_cleaned_up(tmp_path, monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr(embedded_graph, "_KEPT_FOR_READERS", timedelta(0))
    store = EmbeddedGraphStore(tmp_path)
    for number in range(25):
        store.apply(changed(graph(), "chunks", "c1", text=f"Number {number}."))
    import lance

    assert len(lance.dataset(str(tmp_path / "chunks.lance")).versions()) <= 4
    assert len(lance.dataset(str(tmp_path / "chunks.lance")).get_fragments()) <= 17
    assert store.rollback()["chunks"] == 4
    assert store.rows("chunks", ["c1"])[0]["text"] == "Number 23."


def test_a_reader_during_applies_sees_one_graph_or_the_other(tmp_path):
    writer, reader = EmbeddedGraphStore(tmp_path), EmbeddedGraphStore(tmp_path)
    writer.apply(graph())
    seen, stop = set(), threading.Event()

    def read() -> None:
        while not stop.is_set():
            found = reader.search_text("chunks", "warehouse 腾讯", 5)
            near = reader.search_vector("chunks", np.array([0, 1, 0, 0], np.float32), 5)
            seen.add((tuple(sorted(key for key, _ in found)), len(near)))

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(3):
        writer.apply(without_document_two(graph()))
        writer.apply(graph())
    stop.set()
    thread.join()
    assert {found for found, _ in seen} <= {("c1", "c3"), ("c1",)}
    assert {near for _, near in seen} <= {4, 2}


def breaking_off(count: int):
    """Return the statements that `apply` runs, with a failing one in place of all after the first `count`."""
    real = neo4j_stage.change_statements
    return lambda *arguments: [*list(real(*arguments))[:count], Statement("RETURN 1 / $rows[0]", [0])]


def test_a_neo4j_apply_that_fails_midway_leaves_the_former_graph(neo4j_store, monkeypatch):
    neo4j_store.apply(graph())
    with monkeypatch.context() as patch:
        patch.setattr(neo4j_stage, "change_statements", breaking_off(9))
        with pytest.raises(ServiceError, match="zero"):
            neo4j_store.apply(without_document_two(graph()))
    assert_holds(neo4j_store, graph())
    assert links(neo4j_store) == LINKS
    assert neo4j_store.search_text("chunks", "腾讯", 3)


LINKS = {
    "PART_OF": 4,
    "NEXT_CHUNK": 2,
    "HAS_ENTITY": 5,
    "IN_COMMUNITY": 6,
    "PARENT_COMMUNITY": 1,
    "LEADS": 1,
    "CO_OCCURS": 2,
}


def links(store: Neo4jGraphStore) -> dict[str, int]:
    found = store.connection.read("MATCH ()-[r]->() RETURN type(r) AS type, count(*) AS count")
    return {record["type"]: record["count"] for record in found}


def test_the_neo4j_graph_has_the_labels_and_links_of_the_convention(neo4j_store):
    neo4j_store.apply(graph())
    assert links(neo4j_store) == LINKS
    labels = neo4j_store.connection.read("MATCH (e:__Entity__) RETURN e.id AS id, labels(e) AS labels ORDER BY id")
    types = [set(record["labels"]) - {"__Entity__", "__Node__"} for record in labels]
    assert types == [{"PERSON"}, {"PLACE"}, {"ORGANISATION"}, {"Entity"}]
    neo4j_store.apply(changed(graph(), "entities", "e2", type="SITE"))
    after = neo4j_store.connection.read("MATCH (e:__Entity__ {id: 'e2'}) RETURN labels(e) AS labels")
    assert set(after[0]["labels"]) == {"__Entity__", "__Node__", "SITE"}
    assert links(neo4j_store) == LINKS
    neo4j_store.apply(changed(graph(), "chunks", "c0", document_id="d1", text="First."))
    order = neo4j_store.connection.read("MATCH (a)-[:NEXT_CHUNK]->(b) RETURN a.id + b.id AS pair ORDER BY pair")
    assert [record["pair"] for record in order] == ["c0c1", "c1c2", "c3c4"]


def test_what_is_not_ours_in_neo4j_is_neither_read_nor_touched(neo4j_store):
    neo4j_store.apply(graph())
    neo4j_store.connection.write(
        "CREATE (d:Document {id: 'theirs'})<-[:PART_OF]-"
        "(c:Chunk {id: 'other', text: '腾讯', embedding: [0.0, 1.0, 0.0, 0.0]}) "
        "CREATE (c)-[:HAS_ENTITY]->(:__Entity__ {id: 'their entity', name: '腾讯'})-[:KNOWS]->(:__Entity__ {id: 'two'})"
    )
    assert [key for key, _ in neo4j_store.search_text("chunks", "腾讯", 3)] == ["c3"]
    assert neo4j_store.search_vector("chunks", np.array([0, 1, 0, 0], np.float32), 1)[0][0] == "c3"
    assert_holds(neo4j_store, graph())
    neo4j_store.apply(without_document_two(graph()))
    theirs = "MATCH (n) WHERE n.graftline IS NULL AND NOT n:__Graftline__ RETURN count(*) AS n"
    left = neo4j_store.connection.read(theirs)
    assert left[0]["n"] == 4


def test_the_mirrored_store_ends_with_the_same_graph_in_both_and_rolls_both_back(neo4j_store, tmp_path):
    embedded = EmbeddedGraphStore(tmp_path)
    both = MirroredGraphStore(neo4j_store, embedded)
    both.apply(graph())
    both.apply(without_document_two(graph()))
    for part in (embedded, neo4j_store):
        assert_holds(part, without_document_two(graph()))
    both.rollback()
    for part in (embedded, neo4j_store):
        assert_holds(part, graph())


def test_a_refused_password_is_named_without_being_shown(neo4j_store):
    store = Neo4jGraphStore(os.environ["GRAFTLINE_TEST_NEO4J_URI"], "neo4j", "hunter2-secret", "neo4j")
    with pytest.raises(ServiceError, match="NEO4J_PASSWORD") as raised:
        store.counts()
    assert "hunter2" not in str(raised.value)
    store.close()


def test_an_unknown_database_is_named(neo4j_store):
    password = os.environ["GRAFTLINE_TEST_NEO4J_PASSWORD"]
    store = Neo4jGraphStore(os.environ["GRAFTLINE_TEST_NEO4J_URI"], "neo4j", password, "nowhere")
    with pytest.raises(ServiceError, match="NEO4J_DATABASE"):
        store.counts()
    store.close()


@pytest.mark.parametrize(
    "uri",
    [
        "bolt://127.0.0.1:9",
        "neo4j://127.0.0.1:9",
        "http://127.0.0.1:9",
        "nonsense",
        "bolt://neo4j:hunter2-secret@127.0.0.1:9",
    ],
)
def test_an_unreachable_server_is_an_error_within_seconds_that_says_what_to_type(uri):
    started = time.monotonic()
    with pytest.raises(ServiceError, match="NEO4J_URI") as raised:
        Neo4jGraphStore(uri, "neo4j", "hunter2-secret", "neo4j").connection.verify()
    assert time.monotonic() - started < 10
    assert "hunter2" not in str(raised.value)
    assert "docker compose" in raised.value.fix
