"""Which graph store a configuration means: the embedded one, or Neo4j with the embedded one kept in step."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.errors import NotMaterializedError, ServiceError
from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GraphTables, StoreChanges
from pipelines.core.protocols import GraphSchema, QueryResult
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_changes import StagedChanges
from resources.graph.neo4j_store import INCOMPLETE, Neo4jGraphStore
from resources.graph.staged_graph import StagedGraph
from resources.settings import Settings

_LOG = logging.getLogger("graftline")


class MirroredGraphStore:
    """Neo4j answers; the embedded store gets every graph as well, and keeps the previous one for a rollback.

    Both do all their work first, where nobody sees it, and then switch: the embedded store by its pointer, which can go
    back as easily, and Neo4j by the commit, which decides. Whatever fails before it leaves both at the former graph. A
    run that dies between the two leaves the way back in the pointer: the next that opens the stores takes it.
    """

    def __init__(self, first: Neo4jGraphStore, embedded: EmbeddedGraphStore) -> None:
        self.first, self.embedded = first, embedded
        self.name = first.name

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make both equal to `graph`; return what changed in the first."""
        self.agree()
        return self._switch_both(self.embedded.stage(graph), graph)

    def rollback(self) -> dict[str, int]:
        """Bring the previous graph back in both and return its counts."""
        self.agree()
        staged, graph = self.embedded.stage_previous(), self.embedded.graph("previous")
        assert graph is not None
        self._switch_both(staged, graph)
        return self.embedded.counts()

    def agree(self) -> None:
        """Bring the embedded store to the graph of Neo4j where a run ended between the two switches.

        Where they hold different graphs otherwise (another home's run, or one without Neo4j), that is told: Neo4j's
        answers, and the next run makes both equal.
        """
        self.first.put_right()
        if self.embedded.is_at(self.first.version()):
            return
        with self.first.standing() as held:  # a run may be just between its switches
            same, followed = self.embedded.is_at(held), self.embedded.follow(held)
        if same:
            return
        if followed:
            _LOG.warning("a run ended between two switches: %s is at Neo4j's graph again", self.embedded.root)
        elif held is not None:
            state = "a graph that was not written to its end" if held == INCOMPLETE else "another graph"
            _LOG.warning("Neo4j holds %s than %s: `graftline run` makes them equal", state, self.embedded.root)

    def _switch_both(self, staged: StagedGraph, graph: GraphTables) -> StoreChanges:
        work = self.first.stage(graph, staged.version)
        try:
            self.embedded.switch(staged, undecided=True)
            self.first.switch(work)
        except BaseException as error:
            work.transaction.abandon()
            if not self._committed(staged, work) or not isinstance(error, ServiceError):
                raise
            _LOG.warning("Neo4j has the new graph, though it broke off (%s)", error)
        self.embedded.finish(staged)
        self.first.finish(graph)
        return work.changes

    def _committed(self, staged: StagedGraph, work: StagedChanges) -> bool:
        """Return whether Neo4j committed before it broke off; else the embedded store goes back to its former graph.

        Where Neo4j does not answer any more, the pointer keeps the way on, and the next that opens the stores knows.
        """
        try:
            try:
                with self.first.standing() as held:
                    if held == staged.version != work.former:
                        return True
                    self.embedded.undo(staged)
            except ServiceError:
                self.embedded.undo(staged, undecided=True)
        except OSError as error:  # the pointer has the way back: the next that opens the stores takes it
            _LOG.warning("%s could not go back to its former graph yet (%s)", self.embedded.root, error)
        return False

    def table(self, name: str) -> pa.Table:
        return self.first.table(name)

    def counts(self) -> dict[str, int]:
        return self.first.counts()

    def languages(self) -> dict[str, int]:
        return self.first.languages()

    def search_vector(
        self, table: str, vector: np.ndarray, k: int, filters: Filters = EVERYTHING, exact: bool = False
    ) -> list[tuple[str, float]]:
        return self.first.search_vector(table, vector, k, filters, exact)

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        return self.first.search_text(table, query, k, filters)

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        return self.first.rows(table, ids)

    def relations_of(self, entity_ids: Sequence[str]) -> list[dict[str, Any]]:
        return self.first.relations_of(entity_ids)

    def siblings_of(self, parent_ids: Sequence[str]) -> list[dict[str, Any]]:
        return self.first.siblings_of(parent_ids)

    def graph_schema(self) -> GraphSchema:
        return self.first.graph_schema()

    def read_cypher(self, statement: str, rows: int, seconds: float) -> QueryResult:
        return self.first.read_cypher(statement, rows, seconds)

    def close(self) -> None:
        self.first.close()
        self.embedded.close()


def open_graph_store(settings: Settings) -> EmbeddedGraphStore | MirroredGraphStore:
    """Return the store that the settings name; with NEO4J_URI set, ServiceError unless that server answers."""
    embedded = EmbeddedGraphStore(settings.home / "graph")
    if not settings.neo4j_uri:
        return embedded
    neo4j = Neo4jGraphStore(
        settings.neo4j_uri,
        settings.neo4j_username,
        settings.neo4j_password.get_secret_value(),
        settings.neo4j_database,
    )
    neo4j.connection.verify()
    both = MirroredGraphStore(neo4j, embedded)
    both.agree()
    return both


def rollback(settings: Settings) -> str:
    """Switch the graph that answers back to the previous version; return a line that says so.

    Raises NotMaterializedError when there is no previous version.
    """
    store = open_graph_store(settings)
    try:
        counts = store.rollback()
    except NotMaterializedError as error:
        raise NotMaterializedError("graftline rollback", error.found, error.expected, error.fix) from None
    finally:
        store.close()
    held = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"The {store.name} knowledge graph is back at its previous version: {held}. Run it again to return."
