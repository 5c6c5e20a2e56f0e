"""The two graph stores, each empty; Neo4j is the one of GRAFTLINE_TEST_NEO4J_URI, which these tests empty."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.embedded_graph import EmbeddedGraphStore
from resources.neo4j_graph import Neo4jGraphStore


def empty(store: Neo4jGraphStore) -> None:
    """Delete everything in the test database, its constraints and indexes too."""
    for record in store.connection.read("SHOW CONSTRAINTS YIELD name"):
        store.connection.write("DROP CONSTRAINT $name IF EXISTS", **record)
    for record in store.connection.read("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
        store.connection.write("DROP INDEX $name IF EXISTS", **record)
    store.connection.write("MATCH (n) DETACH DELETE n")


@pytest.fixture
def neo4j_store() -> Iterator[Neo4jGraphStore]:
    uri, password = os.environ.get("GRAFTLINE_TEST_NEO4J_URI"), os.environ.get("GRAFTLINE_TEST_NEO4J_PASSWORD", "")
    if not uri:
        pytest.skip("needs GRAFTLINE_TEST_NEO4J_URI")
    store = Neo4jGraphStore(uri, "neo4j", password, "neo4j")
    empty(store)
    yield store
    empty(store)
    store.close()


@pytest.fixture(params=["embedded", "neo4j"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "neo4j":
        return request.getfixturevalue("neo4j_store")
    return EmbeddedGraphStore(tmp_path / "graph")
