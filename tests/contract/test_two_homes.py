"""Neo4j and the embedded store where they did not come from one run: another home, another run, an earlier release."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.stores import MirroredGraphStore
from resources.tables import versions
from tests.contract.graphs import changed, graph, without_document_two
from tests.contract.test_graph_store import assert_holds
from tests.contract.two_stores import assert_all_goes_on, assert_both_hold, failing, killed, opened_anew


def test_another_homes_graph_in_neo4j_is_told_and_made_equal_by_the_next_run(both, tmp_path, caplog):
    other = MirroredGraphStore(both.first, EmbeddedGraphStore(tmp_path / "other"))
    other.apply(changed(graph(), "chunks", "c1", text="Another home's."))
    again = opened_anew(both)
    assert "Neo4j holds another graph" in caplog.text
    assert_holds(again.embedded, graph())
    again.apply(graph())
    assert_both_hold(again, graph())


def test_a_run_that_another_one_overtook_is_refused_and_both_hold_that_ones_graph(both, monkeypatch):
    real, other = both.first.stage, changed(graph(), "chunks", "c1", text="Overtaken.")

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(both.first, "stage", real)
        opened_anew(both).apply(other)
        return real(*arguments)

    monkeypatch.setattr(both.first, "stage", overtaken)
    with pytest.raises(ServiceError, match="another run"):
        both.apply(without_document_two(graph()))
    assert_both_hold(both, other)
    assert_all_goes_on(both)


def test_another_model_of_the_same_vectors_is_another_version_in_both(both):
    before = both.first.version()
    both.apply(replace(graph(), embedder="other@2"))
    assert both.first.version() != before
    assert_both_hold(both, graph())
    assert both.embedded.model() == "other@2"


def as_an_earlier_release_wrote(both: MirroredGraphStore) -> None:
    """Take away what an earlier release did not write: the version in the pointer and in Neo4j."""
    pointer = {key: value for key, value in both.embedded._pointer().items() if "graph" not in key}
    both.embedded._file.switch({**pointer, "model": "", "previous_model": ""})
    both.first.connection.write("MATCH (s:__Graftline__) REMOVE s.version")


def test_a_home_of_an_earlier_release_opens_rolls_back_and_gets_its_version_with_the_next_run(both, caplog):
    as_an_earlier_release_wrote(both)
    again = opened_anew(both)
    assert again.embedded.is_at(None) and again.first.version() is None and not caplog.records
    assert sum(again.apply(graph()).written.values()) == 0
    assert again.first.version() is not None
    assert_both_hold(again, graph())
    as_an_earlier_release_wrote(both)
    again.rollback()
    assert_both_hold(again, without_document_two(graph()))
    again.rollback()
    assert_both_hold(again, graph())


def test_an_earlier_releases_home_that_is_killed_in_its_first_rollback_is_put_right(both):
    as_an_earlier_release_wrote(both)
    killed(both, "between pointer and commit", "rollback")
    assert both.embedded.counts()["documents"] == 1
    assert_both_hold(opened_anew(both), graph())


def test_old_versions_that_cannot_be_forgotten_do_not_fail_a_run_whose_graph_is_current(tmp_path, monkeypatch, caplog):
    store = EmbeddedGraphStore(tmp_path)
    store.apply(graph())
    with monkeypatch.context() as patch:
        patch.setattr(versions.Versions, "keep", failing(OSError("disk full")))
        store.apply(without_document_two(graph()))
    assert "could not be forgotten" in caplog.text
    assert_holds(store, without_document_two(graph()))
    assert store.rollback()["documents"] == 2
