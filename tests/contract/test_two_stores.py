"""Neo4j and the embedded store switch together: whatever fails, wherever, both hold yesterday's graph or today's."""

import logging

import pytest

from pipelines.core.errors import NotMaterializedError, ServiceError
from resources.graph import lance_rows, neo4j_stage
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_connection import OpenTransaction
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from resources.tables import versions
from tests.contract.graphs import changed, graph, without_document_two
from tests.contract.switching_child import POINTS
from tests.contract.test_failed_apply import breaking_off
from tests.contract.test_graph_store import assert_holds
from tests.contract.two_stores import assert_all_goes_on, assert_both_hold, failing, killed, opened_anew

GONE = ServiceError("NEO4J_URI", "no answer", "a running Neo4j", "start it")


def fail_at(step: str, patch: pytest.MonkeyPatch) -> None:
    if step == "embedded stage":
        real = lance_rows.stage
        fail = failing(OSError("disk full"))
        patch.setattr(lance_rows, "stage", lambda name, *rest: (fail if name == "relations" else real)(name, *rest))
    elif step == "neo4j work":
        patch.setattr(neo4j_stage, "change_statements", breaking_off(9))
    elif step == "embedded switch":
        patch.setattr(versions, "write_atomically", failing(OSError("disk full")))
    elif step == "neo4j commit":
        patch.setattr(OpenTransaction, "commit", failing(GONE))
    elif step == "interrupted commit":
        patch.setattr(OpenTransaction, "commit", failing(KeyboardInterrupt()))


STEPS = ["embedded stage", "neo4j work", "embedded switch", "neo4j commit", "interrupted commit"]


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_fails_at_any_step_leaves_both_at_yesterdays_graph(both, monkeypatch, step):
    with monkeypatch.context() as patch:
        fail_at(step, patch)
        with pytest.raises((OSError, ServiceError, KeyboardInterrupt)):
            both.apply(changed(without_document_two(graph()), "documents", "d1", title="new"))
    assert_both_hold(both, graph())
    assert both.embedded.graph("previous").documents.num_rows == 1
    assert_all_goes_on(both)


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_rollback_that_fails_at_any_step_leaves_both_where_they_were(both, monkeypatch, step):
    with monkeypatch.context() as patch:
        fail_at(step, patch)
        with pytest.raises((OSError, ServiceError, KeyboardInterrupt)):
            both.rollback()
    assert_both_hold(both, graph())
    both.rollback()
    assert_both_hold(both, without_document_two(graph()))


@pytest.mark.parametrize("step", STEPS)
def test_a_first_run_that_fails_leaves_both_empty(neo4j_store, tmp_path, monkeypatch, step):
    both = MirroredGraphStore(neo4j_store, EmbeddedGraphStore(tmp_path))
    with monkeypatch.context() as patch:
        fail_at(step, patch)
        with pytest.raises((OSError, ServiceError, KeyboardInterrupt)):
            both.apply(graph())
    both = opened_anew(both)
    assert both.counts() == both.embedded.counts() == dict.fromkeys(both.counts(), 0)
    with pytest.raises(NotMaterializedError):
        both.embedded.rollback()
    both.apply(graph())
    assert_both_hold(both, graph())


def test_a_commit_that_breaks_off_but_was_done_is_a_run_that_succeeded(both, monkeypatch, caplog):
    after = without_document_two(graph())
    with monkeypatch.context() as patch:
        patch.setattr(OpenTransaction, "commit", failing(GONE, after=OpenTransaction.commit))
        assert both.apply(after).deleted["documents"] == 1
    assert "Neo4j has the new graph, though it broke off" in caplog.text
    assert_both_hold(both, after)
    assert_all_goes_on(both)


@pytest.mark.parametrize("done", [True, False])
def test_where_neo4j_does_not_say_whether_it_committed_the_next_that_opens_them_finds_out(both, monkeypatch, done):
    after = without_document_two(graph())
    with monkeypatch.context() as patch:
        patch.setattr(OpenTransaction, "commit", failing(GONE, after=OpenTransaction.commit if done else None))
        patch.setattr(Neo4jGraphStore, "standing", failing(GONE))
        with pytest.raises(ServiceError):
            both.apply(after)
    assert_holds(both.embedded, graph())
    assert_both_hold(opened_anew(both), after if done else graph())
    assert_all_goes_on(both)


def test_a_pointer_that_can_neither_be_switched_back_is_put_right_by_the_next_that_opens_it(both, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(OpenTransaction, "commit", failing(GONE))
        patch.setattr(EmbeddedGraphStore, "undo", failing(OSError("disk full")))
        with pytest.raises(ServiceError):
            both.apply(without_document_two(graph()))
    assert both.embedded.counts()["documents"] == 1
    assert_both_hold(opened_anew(both), graph())


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("what", ["apply", "rollback"])
def test_a_run_that_is_killed_around_the_two_switches_is_put_right_by_the_next(both, caplog, point, what):
    killed(both, point, what)
    decided = point in ("after the commit", "before the indexes")
    wanted = without_document_two(graph()) if decided else graph()
    assert both.embedded.counts()["documents"] == (2 if point == "before the pointer" else 1)
    with caplog.at_level(logging.WARNING):
        again = opened_anew(both)
    assert ("a run ended between two switches" in caplog.text) == (point == "between pointer and commit")
    assert_both_hold(again, wanted)
    assert_all_goes_on(again)


def test_the_next_apply_puts_right_what_was_killed_between_the_switches_by_itself(both):
    killed(both, "between pointer and commit", "apply")
    after = changed(graph(), "chunks", "c1", text="Otters swim.")
    both.apply(after)
    assert_both_hold(both, after)
    both.rollback()
    assert_both_hold(both, graph())


def test_an_index_that_cannot_be_made_leaves_the_new_graph_in_both_and_the_next_run_makes_it(both, monkeypatch):
    after = without_document_two(graph())
    with monkeypatch.context() as patch:
        patch.setattr(Neo4jGraphStore, "_make_indexes", failing(GONE))
        with pytest.raises(ServiceError):
            both.apply(after)
    assert_both_hold(both, after)
    assert both.apply(after).written["chunks"] == 0
