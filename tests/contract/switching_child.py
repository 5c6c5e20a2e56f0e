"""Changes the graph in both stores and dies at the point that is named: `python -m … FOLDER POINT apply|rollback`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resources.graph import neo4j_stage
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_connection import Neo4jConnection, OpenTransaction
from resources.graph.neo4j_loads import cypher_loads, switching
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from tests.contract.graphs import graph, without_document_two

POINTS = {
    "before the pointer": (EmbeddedGraphStore, "switch", False),
    "between pointer and commit": (OpenTransaction, "commit", False),
    "after the commit": (OpenTransaction, "commit", True),
    "before the indexes": (Neo4jGraphStore, "finish", False),
}
"""Where to die: before or after (True) which method."""
EXIT = 9


def dying(method: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def die(*arguments: Any, **named: Any) -> None:
        if after:
            method(*arguments, **named)
        os._exit(EXIT)

    return die


MOVES = {
    "while labels leave": cypher_loads.RETIRE["chunks"],
    "while labels arrive": cypher_loads.PUBLISH["chunks"],
    "with all labels moved": None,
}
"""Where to die in a switch of a whole graph whose labels move in pages: after which statement, or before the commit."""


def die_in_pages(statement: str | None) -> None:
    neo4j_stage.ROWS_A_TRANSACTION, switching._MOVED_A_PAGE = 2, 1
    neo4j_stage.move_at_once = lambda _: False
    real = Neo4jConnection.change

    def change(self: Neo4jConnection, query: str, /, **parameters: Any) -> Any:
        found = real(self, query, **parameters)
        if query == statement:
            os._exit(EXIT)
        return found

    if statement is None:
        OpenTransaction.commit = dying(OpenTransaction.commit, False)  # type: ignore[method-assign]
    Neo4jConnection.change = change  # type: ignore[method-assign]


if __name__ == "__main__":
    folder, point, what = sys.argv[1:]
    uri, password = os.environ["GRAFTLINE_TEST_NEO4J_URI"], os.environ["GRAFTLINE_TEST_NEO4J_PASSWORD"]
    both = MirroredGraphStore(Neo4jGraphStore(uri, "neo4j", password, "neo4j"), EmbeddedGraphStore(Path(folder)))
    if point in MOVES:
        die_in_pages(MOVES[point])
    else:
        owner, name, after = POINTS[point]
        setattr(owner, name, dying(getattr(owner, name), after))
    both.rollback() if what == "rollback" else both.apply(without_document_two(graph()))
