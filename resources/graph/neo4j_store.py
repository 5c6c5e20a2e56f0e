"""The graph store on Neo4j: differences in one transaction, searched by the server's vector and full-text indexes."""

import base64
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.errors import ConfigurationError
from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, StoreChanges
from pipelines.core.protocols import GraphSchema, QueryResult
from resources.graph import cypher, neo4j_reading
from resources.graph.neo4j_changes import StagedChanges, Statement, change_statements, differences
from resources.graph.neo4j_connection import Neo4jConnection
from resources.graph.rows import KEYS, SEARCHED, best_rows, nothing_stored, refuse_broken, refuse_filters, search_terms

ROWS_A_TRANSACTION = 100_000
"""Measured to fit a server with a heap of 1 GiB, 15,000 vectors of 384 numbers among them."""
_INDEX_SECONDS = 600
_NEIGHBOURS = 200
"""Fewest hits to ask the approximate index for: with 40, the ten nearest of 10,000 random vectors were found to 54 %,
with 200 to 93 % (twice the time, 60 ms)."""

_COMPARED = 5_000
"""Chunks that pass a filter and are compared one by one: the index is walked without the filter, and would have to
return most of its rows before it met the few that pass."""

_LOG = logging.getLogger("graftline")


INCOMPLETE = "incomplete"
"""The version of what a run that wrote in pages, and broke off, left."""


class Neo4jGraphStore:
    """A graph in one Neo4j database, beside whatever else is there: only what carries our mark is touched.

    Up to ROWS_A_TRANSACTION changed rows and links are one transaction: a run that fails before its commit leaves the
    former graph, one that fails after it (a search index could not be made) the new one. More are written in pages,
    under a mark that the graph is incomplete, which the next `apply` sees and writes all of it again.
    """

    name = "neo4j"

    def __init__(self, uri: str, username: str, password: str, database: str) -> None:
        self.connection = Neo4jConnection(uri, username, password, database)

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make the database equal to `graph`, writing only rows that differ; returns when the indexes are ready.

        Raises InputError for a graph that refers to rows it does not hold, ServiceError when the server fails.
        """
        staged = self.stage(graph)
        staged.transaction.commit()
        self.finish(graph)
        return staged.changes

    def stage(self, graph: GraphTables, version: str = "") -> StagedChanges:
        """Do everything in a transaction that is left open: nothing changes before its commit (but see above on pages).

        `version` is what `version` returns once it is committed.
        """
        refuse_broken(graph)
        for constraint in cypher.CONSTRAINTS:
            self.connection.write(constraint)
        transaction = self.connection.begin()
        try:
            transaction.run(cypher.LOCK_STATE)  # two writers wait for each other
            changes, state = differences(transaction, graph), _state(graph, version)
            todo = list(change_statements(graph, changes))
            held = transaction.run(cypher.READ_STATE)[0]
            if sum(len(statement.rows) for statement in todo) > ROWS_A_TRANSACTION:
                transaction.commit()
                self._run_in_pages(todo)
                transaction = self.connection.begin()
                transaction.run(cypher.WRITE_STATE, rows=[state])
            else:
                for statement in todo:
                    transaction.run(statement.query, rows=statement.rows, **statement.parameters)
                if todo or not held["complete"] or held["version"] != version:
                    transaction.run(cypher.WRITE_STATE, rows=[state])
        except BaseException:
            transaction.abandon()
            raise
        return StagedChanges(transaction, held["version"], changes.counted)

    def finish(self, graph: GraphTables) -> None:
        """Make the indexes of what was committed; returns when they are ready."""
        self.__dict__.pop("_schemas", None)
        self._make_indexes(graph)

    def version(self) -> str | None:
        """Return the version of the graph that is held, INCOMPLETE, or None before one had a version."""
        return _version(self.connection.read(cypher.READ_STATE))

    @contextmanager
    def standing(self) -> Iterator[str | None]:
        """Yield the version once no run is in the middle of its switch; none begins one before the block ends."""
        transaction = self.connection.begin()
        try:
            transaction.run(cypher.LOCK_STATE)
            yield _version(transaction.run(cypher.READ_STATE))
        finally:
            transaction.abandon()

    def table(self, name: str) -> pa.Table:
        """Return a table as it was applied, rows sorted by id; relations come from the relationships."""
        rows = [_row(record["row"], name) for record in self.connection.read(cypher.READ_TABLE[name])]
        return pa.Table.from_pylist(rows, schema=self._schemas[name])

    def counts(self) -> dict[str, int]:
        """Return the number of rows by table; zeros before the first run."""
        return {name: self.connection.read(cypher.COUNTS[name])[0]["count"] for name in GRAPH_TABLES}

    def languages(self) -> dict[str, int]:
        """Return the number of chunks by language."""
        return {record["language"]: record["count"] for record in self.connection.read(cypher.LANGUAGES)}

    def search_vector(
        self, table: str, vector: np.ndarray, k: int, filters: Filters = EVERYTHING, exact: bool = False
    ) -> list[tuple[str, float]]:
        """Return the k rows of highest cosine similarity: by the HNSW index, not quantised, or comparing them all."""
        refuse_filters(table, filters, self._schemas[table].names)
        dimensions = self._schemas[table].field("vector").type.list_size
        if len(vector) != dimensions:
            raise ConfigurationError(
                "EMBEDDING_MODEL", f"a query of {len(vector)} dimensions", f"{dimensions} as stored", "graftline run"
            )
        values, conditions = np.asarray(vector, dtype=float).tolist(), _conditions(filters)
        if exact or (not filters.empty and self._passing(filters) <= _COMPARED):
            query, more = cypher.SEARCH_VECTOR_EXACT[table], conditions
        else:
            query = cypher.SEARCH_VECTOR if filters.empty else cypher.SEARCH_VECTOR_FILTERED
            more = conditions | {"index": self._vector_index(table)}

        def nearest(count: int) -> list[tuple[str | None, float]]:
            found = self.connection.read(query, k=max(count, _NEIGHBOURS), vector=values, **more)
            return [(record["id"], record["score"]) for record in found]

        return best_rows(nearest, k)

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        """Return the k best full-text matches (BM25); the analyzer is `cjk`, for Latin words and Chinese alike."""
        refuse_filters(table, filters, self._schemas[table].names)
        index, terms, more = cypher.TEXT_NAMES[table], search_terms(query), _conditions(filters)
        statement = cypher.SEARCH_TEXT if filters.empty else cypher.SEARCH_TEXT_FILTERED
        if not terms:
            return []

        def matches(count: int) -> list[tuple[str | None, float]]:
            found = self.connection.read(statement, index=index, k=count, query=terms, **more)
            return [(record["id"], record["score"]) for record in found]

        return best_rows(matches, k)

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows with these ids in their order, without vectors."""
        records = self.connection.read(cypher.READ_ROWS[table], ids=sorted(set(ids)))
        found = {row[KEYS[table]]: row for row in self._plain(table, records)}
        return [found[key] for key in ids if key in found]

    def relations_of(self, entity_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the relations that touch any of these entities, heaviest first, then by id."""
        return self._plain("relations", self.connection.read(cypher.RELATIONS_OF, ids=sorted(set(entity_ids))))

    def siblings_of(self, parent_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the chunks of these parents, by document and place."""
        wanted = sorted({key for key in parent_ids if key})
        found = self._plain("chunks", self.connection.read(cypher.SIBLINGS_OF, ids=wanted))
        return sorted(found, key=lambda row: (row["document_id"], row["start"], row["chunk_id"]))

    def graph_schema(self) -> GraphSchema:
        """Return what the stored graph is made of."""
        return neo4j_reading.graph_schema(self.connection, self._schemas)

    def read_cypher(self, statement: str, rows: int, seconds: float) -> QueryResult:
        """Run one statement that only reads; QueryError for any other, one that the server refuses, or a slow one."""
        return neo4j_reading.read_cypher(self.connection, statement, rows, seconds)

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    def _plain(self, name: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        columns = [column for column in self._schemas[name].names if column != "vector"]
        rows = (_row(record["row"], name) for record in records)
        return [{column: row.get(column) for column in columns} for row in rows]

    @cached_property
    def _schemas(self) -> dict[str, pa.Schema]:
        """The Arrow schemas of what was applied, by table."""
        found = self.connection.read(cypher.READ_STATE)
        if not found or found[0]["schemas"] is None:
            raise nothing_stored(self.name)
        encoded = json.loads(found[0]["schemas"])
        return {name: pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))) for name, text in encoded.items()}

    def _vector_index(self, name: str) -> str:
        found = {record["label"]: record["name"] for record in self.connection.read(cypher.SHOW_VECTOR_INDEXES)}
        if cypher.LABELS[name] not in found:
            raise nothing_stored(self.name)
        return found[cypher.LABELS[name]]

    def _passing(self, filters: Filters) -> int:
        return int(self.connection.read(cypher.COUNT_PASSING, **_conditions(filters))[0]["count"])

    def _make_indexes(self, graph: GraphTables) -> None:
        """Make what is missing, and again what was made for other columns or lengths; wait until all are filled."""
        covered = {record["name"]: record["properties"] for record in self.connection.read(cypher.SHOW_TEXT_INDEXES)}
        for name, query in cypher.TEXT_INDEXES.items():
            if set(covered.get(cypher.TEXT_NAMES[name], SEARCHED[name])) != set(SEARCHED[name]):
                self.connection.write(cypher.DROP_INDEX, name=cypher.TEXT_NAMES[name])
            self.connection.write(query)
        self.connection.write(cypher.PARENT_INDEX)
        found = {record["label"]: record for record in self.connection.read(cypher.SHOW_VECTOR_INDEXES)}
        for name, query in cypher.CREATE_VECTOR_INDEX.items():
            dimensions = getattr(graph, name)["vector"].type.list_size
            there = found.get(cypher.LABELS[name])
            if there and there["dimensions"] != dimensions:
                self.connection.write(cypher.DROP_INDEX, name=there["name"])
            self.connection.write(query, dimensions=dimensions)
        self.connection.write(cypher.AWAIT_INDEXES, seconds=_INDEX_SECONDS)

    def _run_in_pages(self, todo: list[Statement]) -> None:
        _LOG.info("%d batches for Neo4j in pages: searches see a mixture until they are written", len(todo))
        with self.connection.session() as session:
            session.run(cypher.MARK_INCOMPLETE).consume()
            for done, statement in enumerate(todo, 1):
                session.run(statement.query, {"rows": statement.rows, **statement.parameters}).consume()
                if done % 20 == 0:
                    _LOG.info("Neo4j: %d of %d batches", done, len(todo))


def _version(state: list[dict[str, Any]]) -> str | None:
    if not state or state[0]["complete"] is None:
        return None
    return (state[0]["version"] or None) if state[0]["complete"] else INCOMPLETE


def _conditions(filters: Filters) -> dict[str, Any]:
    """Return the filters as parameters of the queries that have their conditions."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in filters.model_dump().items()}


def _state(graph: GraphTables, version: str) -> dict[str, str]:
    schemas = {name: getattr(graph, name).schema.remove_metadata().serialize() for name in GRAPH_TABLES}
    return {
        "schemas": json.dumps({name: base64.b64encode(schema).decode() for name, schema in schemas.items()}),
        "version": version,
    }


def _row(properties: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a node's or relationship's properties under the names of the table's columns."""
    row = {key: value for key, value in properties.items() if key not in ("id", "embedding", "graftline")}
    row[KEYS[name]] = properties["id"]
    return row | ({"vector": properties["embedding"]} if properties.get("embedding") else {})
