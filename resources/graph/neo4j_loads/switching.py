"""The switch of Neo4j from one graph to the next, so that readers see the one or the other.

Neo4j shows a commit to readers while it is being applied, and to a long query in its middle. So a switch has a mark
that is set before the commit and ended after it, and a reader looks at it before and after its query
(`whole_reads.py`). Only who holds the lock of the state switches; a mark without it was left by a run that died, and
whoever gets the lock puts it right.
"""

import logging
from collections.abc import Callable, Mapping

from pipelines.core.errors import ServiceError
from resources.graph import cypher
from resources.graph.neo4j_connection import Neo4jConnection, OpenTransaction, OutOfMemoryError
from resources.graph.neo4j_loads import cypher_loads
from resources.graph.neo4j_loads.staging import in_pages

_ALL_AT_ONCE, _MOVED_A_PAGE = 1_000_000_000, 20_000
_RETIRING, _PUBLISHING = "retiring", "publishing"
_LOG = logging.getLogger("graftline")


def move_at_once(transaction: OpenTransaction) -> bool:
    """Give the public labels to what is staged, in an open transaction; False where the server has no memory for it."""
    try:
        for statement in (*cypher_loads.RETIRE.values(), *cypher_loads.PUBLISH.values()):
            transaction.run(statement, most=_ALL_AT_ONCE)
    except OutOfMemoryError as error:
        _LOG.warning(
            "Neo4j has too little memory to switch at once (%s): our readers wait, other tools may see a part; "
            "give it more heap (server.memory.heap.max_size)",
            error.found,
        )
        return False
    return True


def switch(connection: Neo4jConnection, transaction: OpenTransaction, paged: bool) -> None:
    """Commit, with the mark around it; `paged` moves the labels before it, outside of the transaction.

    What fails before the commit leaves the former graph; ServiceError where it is not known whether it was done.
    """
    try:
        mark = connection.change(cypher_loads.BEGIN_SWITCH, pages=_RETIRING if paged else "")[0]["mark"]
        transaction.run(cypher_loads.WRITE_MARK, mark=mark)
        if paged:
            _move(connection, cypher_loads.RETIRE)
            connection.change(cypher_loads.SET_PHASE, pages=_PUBLISHING)
            _move(connection, cypher_loads.PUBLISH)
        transaction.commit()
    except BaseException:
        transaction.abandon()
        _unless_away(lambda: put_right(connection))
        raise
    _unless_away(lambda: connection.change(cypher_loads.END_SWITCH, mark=mark))


def put_right(connection: Neo4jConnection) -> bool:
    """Wait for a switch that is under way, and end what a run that died left of one; return whether there was any.

    Labels that were moved in part go back, unless the commit was done.
    """
    transaction = connection.begin()
    try:
        transaction.run(cypher.LOCK_STATE)
        left = transaction.run(cypher_loads.LEFT_SWITCH)
        if left:
            if left[0]["pages"] and not left[0]["done"]:
                _LOG.warning("Neo4j goes back to its former graph: a switch broke off")
                _move_back(connection, left[0]["pages"])
            connection.change(cypher_loads.END_SWITCH, mark=left[0]["mark"])
    finally:
        transaction.abandon()
    return bool(left)


def _move_back(connection: Neo4jConnection, phase: str) -> None:
    """While what was current is retired, public labels are its own; from then on they are those of what comes."""
    if phase == _PUBLISHING:
        _move(connection, cypher_loads.UNPUBLISH)
        connection.change(cypher_loads.SET_PHASE, pages=_RETIRING)
    _move(connection, cypher_loads.BRING_BACK)


def _move(connection: Neo4jConnection, statements: Mapping[str, str]) -> None:
    for statement in statements.values():
        in_pages(connection, statement, _MOVED_A_PAGE)


def _unless_away(work: Callable[[], object]) -> None:
    """Do what the next reader does as well, should the server not answer now."""
    try:
        work()
    except ServiceError as error:
        _LOG.warning("Neo4j did not answer at the end of a switch (%s); the next that reads puts it right", error.found)
