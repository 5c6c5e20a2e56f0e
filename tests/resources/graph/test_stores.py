"""Which store a configuration opens, and the rollback that a person types."""

import os

import pytest

from pipelines.core.errors import NotMaterializedError, ServiceError
from resources.graph.stores import open_graph_store, rollback
from resources.settings import Settings
from tests.contract.graphs import graph, without_document_two


def settings(home, **values: str) -> Settings:
    return Settings(GRAFTLINE_HOME=str(home), **values)


def test_without_neo4j_uri_the_store_is_embedded_in_the_home(tmp_path):
    store = open_graph_store(settings(tmp_path))
    store.apply(graph())
    assert store.name == "embedded"
    assert (tmp_path / "graph" / "current.json").exists()


def test_neo4j_that_does_not_answer_is_never_replaced_by_the_embedded_store(tmp_path):
    with pytest.raises(ServiceError, match="NEO4J_URI bolt"):
        open_graph_store(settings(tmp_path, NEO4J_URI="bolt://127.0.0.1:9", NEO4J_PASSWORD="x"))


def test_with_neo4j_uri_both_hold_the_graph(tmp_path):
    if "GRAFTLINE_TEST_NEO4J_URI" not in os.environ:
        pytest.skip("needs GRAFTLINE_TEST_NEO4J_URI")
    uri, password = os.environ["GRAFTLINE_TEST_NEO4J_URI"], os.environ["GRAFTLINE_TEST_NEO4J_PASSWORD"]
    chosen = settings(tmp_path, NEO4J_URI=uri, NEO4J_PASSWORD=password)
    store = open_graph_store(chosen)
    store.first.connection.write("MATCH (n) DETACH DELETE n")
    store.apply(graph())
    store.apply(without_document_two(graph()))
    assert "neo4j knowledge graph is back at its previous version: 2 documents, 4 chunks" in rollback(chosen)
    for name in ("chunks", "relations", "communities"):
        assert store.table(name).equals(store.embedded.table(name))
    store.first.connection.write("MATCH (n) DETACH DELETE n")
    store.close()


def test_rollback_says_what_is_there_again_or_what_is_missing(tmp_path):
    with pytest.raises(NotMaterializedError, match="graftline rollback: found no previous version"):
        rollback(settings(tmp_path))
    store = open_graph_store(settings(tmp_path))
    store.apply(without_document_two(graph()))
    store.apply(graph())
    assert "1 documents, 2 chunks, 2 entities" in rollback(settings(tmp_path))
    assert store.counts()["documents"] == 1
