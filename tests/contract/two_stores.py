"""The pair of stores in tests: opened anew, compared, made to fail, and killed."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_connection import Neo4jConnection, OpenTransaction
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from resources.settings import CHECKOUT
from tests.contract.graphs import changed, graph
from tests.contract.switching_child import EXIT
from tests.contract.test_graph_store import assert_holds

GONE = ServiceError("NEO4J_URI", "no answer", "a running Neo4j", "start it")


def opened_anew(both: MirroredGraphStore) -> MirroredGraphStore:
    """Return the stores as another process opens them."""
    both.first._known = None
    stores = MirroredGraphStore(both.first, EmbeddedGraphStore(both.embedded.root))
    stores.agree()
    return stores


def assert_both_hold(both: MirroredGraphStore, wanted: GraphTables) -> None:
    for stores in (both, opened_anew(both)):
        stores.first._known = None
        assert_holds(stores.first, wanted)
        assert_holds(stores.embedded, wanted)
        assert stores.embedded.is_at(stores.first.version())


def assert_all_goes_on(both: MirroredGraphStore) -> None:
    """Apply, roll back and roll forward as if nothing had happened."""
    both = opened_anew(both)
    after = changed(graph(), "chunks", "c1", text="Otters swim.")
    former = GraphTables(**{name: both.table(name) for name in GRAPH_TABLES})
    both.apply(after)
    assert_both_hold(both, after)
    both.rollback()
    assert_both_hold(both, former)
    both.rollback()
    assert_both_hold(both, after)


def failing(error: BaseException, after: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Return a function that raises, where asked for only after doing what it stands for."""

    def fail(*arguments: Any, **named: Any) -> None:
        if after is not None:
            after(*arguments, **named)
        raise error

    return fail


def killed(both: MirroredGraphStore, point: str, what: str) -> None:
    command = [sys.executable, "-m", "tests.contract.switching_child", str(both.embedded.root), point, what]
    assert subprocess.run(command, cwd=CHECKOUT, timeout=120).returncode == EXIT


def counting(patch: pytest.MonkeyPatch, fail_at: int, error: BaseException, after: bool) -> list[str]:
    """Let the nth statement that changes Neo4j fail, before or after it was done; return what was run so far."""
    done: list[str] = []

    def wrap(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def counted(self: Any, query: str = "COMMIT", /, **parameters: Any) -> Any:
            done.append(query)
            if len(done) == fail_at and not after:
                raise error
            found = real(self, query, **parameters) if name != "commit" else real(self)
            if len(done) == fail_at:
                raise error
            return found

        patch.setattr(owner, name, counted)

    for owner, name in ((Neo4jConnection, "change"), (Neo4jConnection, "write"), (OpenTransaction, "commit")):
        wrap(owner, name)
    return done


def steps(neo4j_store: Neo4jGraphStore, monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any]) -> list[str]:
    with monkeypatch.context() as patch:
        done = counting(patch, -1, GONE, False)
        run()
    return done
