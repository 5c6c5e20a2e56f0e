"""A graph staged in Neo4j: what differs in one open transaction, or a whole graph beside the current one; indexes."""

import logging
from typing import Any

from pipelines.core.errors import ServiceError
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables
from resources.graph import cypher
from resources.graph.neo4j_changes import Changes, StagedChanges, change_statements, differences
from resources.graph.neo4j_connection import Neo4jConnection, OpenTransaction, PassingError
from resources.graph.neo4j_loads.import_files import state
from resources.graph.neo4j_loads.staging import stage_whole
from resources.graph.neo4j_loads.switching import move_at_once
from resources.graph.rows import SEARCHED

ROWS_A_TRANSACTION = 100_000
"""Measured to fit a server with a heap of 1 GiB, 15,000 vectors of 384 numbers among them."""
_INDEX_SECONDS = 3600
_TRIES = 3
_LOG = logging.getLogger("graftline")


def stage(connection: Neo4jConnection, graph: GraphTables, version: str) -> StagedChanges:
    """Do everything that nobody sees yet; a load that broke off is gone on with where the version is the same."""
    # A first load needs them after it alone; with them, its switch takes twice the memory.
    holds = any(connection.read(query)[0]["count"] for query in cypher.COUNTS.values())
    if holds or _size(graph) <= ROWS_A_TRANSACTION:
        for constraint in cypher.CONSTRAINTS:
            connection.write(constraint)
    for _ in range(_TRIES - 1):
        try:
            return _stage(connection, graph, version)
        except PassingError as error:  # a deadlock with somebody else's transaction, for one
            _LOG.info("Neo4j: once more (%s)", error.found)
    return _stage(connection, graph, version)


def _stage(connection: Neo4jConnection, graph: GraphTables, version: str) -> StagedChanges:
    transaction = _begin(connection)
    try:
        changes = differences(transaction, graph)
        held = transaction.run(cypher.READ_STATE)[0]
        todo = list(change_statements(graph, changes)) if changes.rows <= ROWS_A_TRANSACTION else []
        if changes.rows > ROWS_A_TRANSACTION or sum(len(one.rows) for one in todo) > ROWS_A_TRANSACTION:
            transaction.abandon()
            return _stage_whole(connection, graph, version, changes, held)
        for statement in todo:
            transaction.run(statement.query, rows=statement.rows, **statement.parameters)
        if todo or not held["complete"] or held["version"] != version:
            transaction.run(cypher.WRITE_STATE, rows=[state(graph, version)])
    except BaseException:
        transaction.abandon()
        raise
    return StagedChanges(transaction, held["version"], changes.counted)


def _stage_whole(
    connection: Neo4jConnection, graph: GraphTables, version: str, changes: Changes, held: dict[str, Any]
) -> StagedChanges:
    _LOG.info("Neo4j gets a whole graph of %d rows beside the current one", _size(graph))
    stage_whole(connection, graph, changes.digests, version)
    transaction = _begin(connection, held)
    try:
        in_pages = not move_at_once(transaction)
        if in_pages:
            transaction.abandon()
            transaction = _begin(connection, held)
        transaction.run(cypher.WRITE_STATE, rows=[state(graph, version)])
    except BaseException:
        transaction.abandon()
        raise
    return StagedChanges(transaction, held["version"], changes.counted, in_pages)


def _begin(connection: Neo4jConnection, held: dict[str, Any] | None = None) -> OpenTransaction:
    """Begin a transaction that alone may switch; ServiceError where the graph is not the `held` one any more."""
    transaction = connection.begin()
    try:
        transaction.run(cypher.LOCK_STATE)  # two writers wait for each other
        if held is not None and transaction.run(cypher.READ_STATE) != [held]:
            found, wanted = "the graph of another run, which ended meanwhile", "one run at a time"
            raise ServiceError(connection.name, found, wanted, "graftline run --select knowledge_graph")
    except BaseException:
        transaction.abandon()
        raise
    return transaction


def make_indexes(connection: Neo4jConnection, graph: GraphTables) -> None:
    """Make what is missing, and again what was made for other columns or lengths; wait until all are filled."""
    covered = {record["name"]: record["properties"] for record in connection.read(cypher.SHOW_TEXT_INDEXES)}
    for name, query in cypher.TEXT_INDEXES.items():
        if set(covered.get(cypher.TEXT_NAMES[name], SEARCHED[name])) != set(SEARCHED[name]):
            connection.write(cypher.DROP_INDEX, name=cypher.TEXT_NAMES[name])
        connection.write(query)
    connection.write(cypher.PARENT_INDEX)
    found = {record["label"]: record for record in connection.read(cypher.SHOW_VECTOR_INDEXES)}
    for name, query in cypher.CREATE_VECTOR_INDEX.items():
        dimensions = getattr(graph, name)["vector"].type.list_size
        there = found.get(cypher.LABELS[name])
        if there and there["dimensions"] != dimensions:
            connection.write(cypher.DROP_INDEX, name=there["name"])
        connection.write(query, dimensions=dimensions)
    connection.write(cypher.AWAIT_INDEXES, seconds=_INDEX_SECONDS)


def _size(graph: GraphTables) -> int:
    return sum(getattr(graph, name).num_rows for name in GRAPH_TABLES)
