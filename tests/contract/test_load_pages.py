"""Pages of a load are written exactly once: after a break, when no answer came, and when two runs load at once."""

from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from resources.graph.neo4j_connection import Neo4jConnection, PassingError
from resources.graph.neo4j_loads import cypher_loads, staging
from tests.contract.graphs import changed, graph, without_document_two
from tests.contract.test_failed_apply import LINKS, links
from tests.contract.test_graph_store import assert_holds
from tests.contract.two_stores import GONE, assert_both_hold, counting, steps

AWAY = PassingError("NEO4J_URI", "no answer", "a running Neo4j", "start it")


def test_a_load_that_breaks_off_goes_on_where_it_was(both, whole, monkeypatch, caplog):
    wanted = changed(without_document_two(graph()), "documents", "d1", title="new")
    ran = steps(both.first, monkeypatch, lambda: both.apply(wanted))
    pages = [place for place, query in enumerate(ran, 1) if "UNWIND $rows" in query]
    both.apply(graph())
    with monkeypatch.context() as patch:
        counting(patch, pages[4], GONE, True)
        with pytest.raises(ServiceError):
            both.apply(wanted)
    assert_both_hold(both, graph())
    with caplog.at_level("INFO"):
        second = steps(both.first, monkeypatch, lambda: both.apply(wanted))
    assert "goes on after page 5" in caplog.text
    assert sum("UNWIND $rows" in query for query in second) == len(pages) - 5
    assert_both_hold(both, wanted)
    assert both.first.connection.read("MATCH ()-[r]->() RETURN count(r) AS count") == [{"count": 9}]


def test_a_page_whose_commit_nobody_heard_of_is_written_once(neo4j_store, whole, monkeypatch):
    real, lost = Neo4jConnection.change, list[str]()

    def deaf(self: Neo4jConnection, query: str, /, **parameters: Any) -> Any:
        found = real(self, query, **parameters)
        if "UNWIND $rows" in query and query not in lost:
            lost.append(query)
            raise AWAY
        return found

    monkeypatch.setattr(staging, "_PATIENCE_SECONDS", 10.0)
    monkeypatch.setattr(Neo4jConnection, "change", deaf)
    neo4j_store.apply(graph())
    assert len(lost) == 10
    assert_holds(neo4j_store, graph())
    assert links(neo4j_store) == LINKS


def test_two_runs_that_load_at_once_do_not_mix_their_pages(neo4j_store, whole, monkeypatch):
    real = staging.write_page

    def overtaken(connection: Neo4jConnection, page: staging.Page, number: int, owner: str) -> None:
        if number == 4:
            connection.change(cypher_loads.TAKE_OVER, key="another", owner="another")
        real(connection, page, number, owner)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "write_page", overtaken)
        with pytest.raises(ServiceError, match="another run"):
            neo4j_store.apply(graph())
    assert sum(neo4j_store.counts().values()) == 0
    neo4j_store.apply(graph())
    assert_holds(neo4j_store, graph())
    assert links(neo4j_store) == LINKS
