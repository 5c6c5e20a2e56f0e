"""Reading so that what comes back is of one graph: a query that met a switch is asked again after it."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from resources.graph.cypher import SWITCH_MARK
from resources.graph.neo4j_connection import Neo4jConnection
from resources.graph.neo4j_loads.switching import put_right

_PAUSE_SECONDS, _LONGEST_PAUSE, _SOON_SECONDS = 0.02, 0.5, 5.0
"""A switch longer than the last is waited for by its lock: where nobody holds it, the run that began it has died."""
T = TypeVar("T")


class WholeReads:
    """Queries of one connection in READ transactions, each of them of the graph before a switch or of that after it."""

    def __init__(self, connection: Neo4jConnection) -> None:
        self.connection = connection
        self.mark: str | None = None
        """Of the switch to the graph that was read last."""

    def read(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Return the records of one query."""
        return self._whole(lambda: self.connection.read_between(SWITCH_MARK, query, **parameters))

    def read_only(self, query: str, most: int, seconds: float) -> tuple[list[str], list[list[Any]]]:
        """Return the columns and first records of a query from outside; see `Neo4jConnection.read_only`."""
        return self._whole(lambda: self.connection.read_only(query, most, seconds, SWITCH_MARK))

    def _whole(self, ask: Callable[[], tuple[Any, T, Any]]) -> T:
        pause, began = _PAUSE_SECONDS, time.monotonic()
        while True:
            before, found, after = ask()
            if before == after and not before[0]["moving"]:
                self.mark = before[0]["mark"]
                return found
            if time.monotonic() - began > _SOON_SECONDS:
                put_right(self.connection)
                began = time.monotonic()
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
