"""The two graph stores, each empty; Neo4j is the one of GRAFTLINE_TEST_NEO4J_URI, which these tests empty."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.graph import neo4j_stage
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_loads import staging, switching
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from tests.contract.graphs import graph, without_document_two


def drop_schema(store: Neo4jGraphStore) -> None:
    """Drop the constraints and indexes of the test database."""
    for record in store.connection.read("SHOW CONSTRAINTS YIELD name"):
        store.connection.write("DROP CONSTRAINT $name IF EXISTS", **record)
    for record in store.connection.read("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
        store.connection.write("DROP INDEX $name IF EXISTS", **record)


def empty(store: Neo4jGraphStore) -> None:
    """Delete every node of the test database."""
    store.connection.write("MATCH (n) DETACH DELETE n")


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[Neo4jGraphStore]:
    """The test server without any constraint or index, once a test run: making them takes longer than the tests."""
    uri, password = os.environ.get("GRAFTLINE_TEST_NEO4J_URI"), os.environ.get("GRAFTLINE_TEST_NEO4J_PASSWORD", "")
    if not uri:
        pytest.skip("needs GRAFTLINE_TEST_NEO4J_URI")
    store = Neo4jGraphStore(uri, "neo4j", password, "neo4j")
    empty(store)
    drop_schema(store)
    yield store
    drop_schema(store)
    store.close()


@pytest.fixture
def neo4j_store(neo4j_server: Neo4jGraphStore) -> Iterator[Neo4jGraphStore]:
    neo4j_server._known = None
    yield neo4j_server
    empty(neo4j_server)


@pytest.fixture(params=["embedded", "neo4j"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "neo4j":
        return request.getfixturevalue("neo4j_store")
    return EmbeddedGraphStore(tmp_path / "graph")


@pytest.fixture
def both(neo4j_store: Neo4jGraphStore, tmp_path: Path) -> MirroredGraphStore:
    """The two stores after two nights: today's graph is the whole one, yesterday's had document one alone."""
    stores = MirroredGraphStore(neo4j_store, EmbeddedGraphStore(tmp_path))
    stores.apply(without_document_two(graph()))
    stores.apply(graph())
    return stores


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change of more than two rows is a whole load, in pages of three rows."""
    monkeypatch.setattr(neo4j_stage, "ROWS_A_TRANSACTION", 2)
    monkeypatch.setattr(staging, "_ROWS_A_PAGE", 3)
    monkeypatch.setattr(staging, "_VECTORS_A_PAGE", 3)
    monkeypatch.setattr(staging, "_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(staging, "_PAUSE_SECONDS", 0.01)


@pytest.fixture(params=["at once", "paged"])
def way(request: pytest.FixtureRequest, whole: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """How labels move: in the transaction, or in pages of two where the server has no memory for it."""
    if request.param == "paged":
        monkeypatch.setattr(neo4j_stage, "move_at_once", lambda _: False)
        monkeypatch.setattr(switching, "_MOVED_A_PAGE", 2)
    return str(request.param)
