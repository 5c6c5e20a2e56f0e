"""A server killed and started again in the middle of loads ends with exactly the graph; readers see one or other."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from pipelines.core.graph_tables import GraphTables
from resources.graph import neo4j_stage
from resources.graph.cypher import FORMER, STAGED
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_connection import Neo4jConnection
from resources.graph.neo4j_loads import staging
from resources.graph.stores import MirroredGraphStore
from tests.contract.graphs import graph, table
from tests.contract.test_graph_store import assert_holds
from tests.integration.knowledge.neo4j_server import Server, needs_server

ENTITIES, RELATIONS, KILLS = 1_500, 6_000, 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "server", "--heap", "512m")
    made.start()
    yield made
    made.kill()


def large(night: int) -> GraphTables:
    """A graph whose every entity and relation tells of its night."""
    before, drawn = graph(), random.Random(night)
    entities = [
        {"entity_id": f"x{place:05}", "name": f"{place}", "type": "THING", "description": f"night {night}"}
        for place in range(ENTITIES)
    ]
    relations = [
        {"relation_id": f"q{place:05}", "type": f"LINKS_{place % 7}", "description": f"night {night}"}
        | {end: f"x{drawn.randrange(ENTITIES):05}" for end in ("source_id", "target_id")}
        for place in range(RELATIONS)
    ]
    return replace(
        before,
        entities=table("entities", [*before.entities.to_pylist(), *entities]),
        relations=table("relations", [*before.relations.to_pylist(), *relations]),
    )


def watch(server: Server, seen: set[frozenset[Any]], stop: threading.Event) -> None:
    """Read whole tables from a connection of its own, whether the server is there or not."""
    store = server.store()
    while not stop.is_set():
        try:
            rows = store.table("entities").to_pylist()
            seen.add(frozenset({row["description"] for row in rows if row["type"] == "THING"} | {len(rows)}))
        except ServiceError:
            time.sleep(0.2)
    store.close()


@needs_server
@pytest.mark.slow
def test_a_server_killed_ten_times_in_the_middle_of_loads_ends_with_exactly_the_graph(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(neo4j_stage, "ROWS_A_TRANSACTION", 2_000)
    monkeypatch.setattr(staging, "_ROWS_A_PAGE", 250)
    monkeypatch.setattr(staging, "_VECTORS_A_PAGE", 100)
    caplog.set_level("INFO")
    both = MirroredGraphStore(server.store(), EmbeddedGraphStore(tmp_path / "graph"))
    both.apply(large(0))
    seen, stop = set[frozenset[Any]](), threading.Event()
    reader = threading.Thread(target=watch, args=(server, seen, stop))
    reader.start()
    kills, night, drawn = 0, 0, random.Random(7)
    left, strike = [drawn.randrange(5, 25)], threading.Event()
    real = Neo4jConnection.change

    def change(self: Neo4jConnection, query: str, /, **parameters: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            strike.set()
        return real(self, query, **parameters)

    monkeypatch.setattr(Neo4jConnection, "change", change)
    try:
        while kills < KILLS:
            night += 1
            wanted, done = large(night), threading.Event()

            def load(wanted: GraphTables = wanted, done: threading.Event = done) -> None:
                while not done.is_set():
                    try:
                        both.apply(wanted)
                        done.set()
                    except ServiceError:  # what a person does: the same command again
                        time.sleep(1)

            loader = threading.Thread(target=load)
            loader.start()
            while kills < KILLS and not done.is_set():
                if strike.wait(0.1):
                    server.kill()
                    kills += 1
                    strike.clear()
                    left[0] = drawn.randrange(5, 25)
                    server.start()
            loader.join(timeout=600)
            assert done.is_set()
            assert_holds(both.first, wanted)
            assert_holds(both.embedded, wanted)
            assert both.first.version() == both.embedded.version()
            found = both.first.connection.read("MATCH (n) UNWIND labels(n) AS label RETURN DISTINCT label")
            assert not {one["label"] for one in found} & {*STAGED.values(), *FORMER.values()}
    finally:
        stop.set()
        reader.join()
    rows = ENTITIES + 4
    assert seen <= {frozenset({f"night {one}", rows}) for one in range(night + 1)}
    assert len(seen) > 1
    assert "the load goes on after page" in caplog.text or "Neo4j: waiting" in caplog.text
    both.close()
