"""Changes the graph in both stores and dies at the point that is named: `python -m … FOLDER POINT apply|rollback`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_connection import OpenTransaction
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


if __name__ == "__main__":
    folder, point, what = sys.argv[1:]
    uri, password = os.environ["GRAFTLINE_TEST_NEO4J_URI"], os.environ["GRAFTLINE_TEST_NEO4J_PASSWORD"]
    both = MirroredGraphStore(Neo4jGraphStore(uri, "neo4j", password, "neo4j"), EmbeddedGraphStore(Path(folder)))
    owner, name, after = POINTS[point]
    setattr(owner, name, dying(getattr(owner, name), after))
    both.rollback() if what == "rollback" else both.apply(without_document_two(graph()))
