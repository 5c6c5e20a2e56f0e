"""Which graph store a configuration means: the embedded one, or Neo4j with the embedded one kept in step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.errors import NotMaterializedError
from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GraphTables, StoreChanges
from pipelines.core.protocols import GraphStore
from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import Settings


class MirroredGraphStore:
    """Neo4j answers; the embedded store gets every graph as well, and keeps the previous one for a rollback.

    Neo4j is written first: when it refuses, neither has changed.
    """

    def __init__(self, first: GraphStore, embedded: EmbeddedGraphStore) -> None:
        self.first, self.embedded = first, embedded
        self.name = first.name

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make both equal to `graph`; return what changed in the first."""
        changes = self.first.apply(graph)
        self.embedded.apply(graph)
        return changes

    def rollback(self) -> dict[str, int]:
        """Bring the previous graph back in both and return its counts."""
        previous = self.embedded.graph("previous")
        if previous is not None:
            self.first.apply(previous)
        return self.embedded.rollback()

    def table(self, name: str) -> pa.Table:
        return self.first.table(name)

    def counts(self) -> dict[str, int]:
        return self.first.counts()

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

    def close(self) -> None:
        self.first.close()
        self.embedded.close()


def open_graph_store(settings: Settings) -> EmbeddedGraphStore | MirroredGraphStore:
    """Return the store that the settings name; with NEO4J_URI set, ServiceError unless that server answers."""
    embedded = EmbeddedGraphStore(settings.home / "graph")
    values = settings.values
    if not values["NEO4J_URI"]:
        return embedded
    from resources.graph.neo4j_store import Neo4jGraphStore

    neo4j = Neo4jGraphStore(
        values["NEO4J_URI"], values["NEO4J_USERNAME"], values["NEO4J_PASSWORD"], values["NEO4J_DATABASE"]
    )
    neo4j.connection.verify()
    return MirroredGraphStore(neo4j, embedded)


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
