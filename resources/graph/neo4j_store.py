"""The graph store on Neo4j: differences in one transaction, searched by the server's vector and full-text indexes."""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.errors import ConfigurationError
from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables, StoreChanges
from pipelines.core.protocols import GraphSchema, QueryResult
from resources.graph import cypher, neo4j_reading, neo4j_stage
from resources.graph.neo4j_changes import StagedChanges
from resources.graph.neo4j_connection import Neo4jConnection
from resources.graph.neo4j_loads.cypher_loads import END_STAGING, LEFT_SWITCH
from resources.graph.neo4j_loads.staging import collect
from resources.graph.neo4j_loads.switching import put_right, switch
from resources.graph.neo4j_loads.whole_reads import WholeReads
from resources.graph.neo4j_rows import table_row
from resources.graph.rows import KEYS, best_rows, nothing_stored, refuse_broken, refuse_filters, search_terms

_NEIGHBOURS = 200
"""Fewest hits to ask the approximate index for: with 40, the ten nearest of 10,000 random vectors were found to 54 %,
with 200 to 93 % (twice the time, 60 ms)."""

_COMPARED = 5_000
"""Chunks that pass a filter and are compared one by one: the index is walked without the filter, and would have to
return most of its rows before it met the few that pass."""

INCOMPLETE = "incomplete"
"""The version of what a run of an earlier release, which wrote in pages and broke off, left."""


class Neo4jGraphStore:
    """A graph in one Neo4j database, beside whatever else is there: only what carries our mark is touched.

    Up to `neo4j_stage.ROWS_A_TRANSACTION` changed rows and links are one transaction. More are a whole graph, staged
    beside the current one under labels that nobody looks for, that takes its place by a switch of labels. A run that
    fails before its commit leaves the former graph, one that fails after it (a search index could not be made) the new.
    A reader sees the one or the other (`neo4j_loads/whole_reads.py`).
    """

    name = "neo4j"

    def __init__(self, uri: str, username: str, password: str, database: str) -> None:
        self.connection = Neo4jConnection(uri, username, password, database)
        self.reads = WholeReads(self.connection)
        self._known: tuple[str | None, dict[str, pa.Schema]] | None = None

    def apply(self, graph: GraphTables) -> StoreChanges:
        """Make the database equal to `graph`, writing only rows that differ; returns when the indexes are ready.

        Raises InputError for a graph that refers to rows it does not hold, ServiceError when the server fails.
        """
        staged = self.stage(graph)
        self.switch(staged)
        self.finish(graph)
        return staged.changes

    def stage(self, graph: GraphTables, version: str = "") -> StagedChanges:
        """Do everything that nobody sees yet, the last of it in a transaction that is left open for `switch`.

        `version` is what `version` returns once it is committed.
        """
        refuse_broken(graph)
        self.connection.write(cypher.STATE_CONSTRAINT)
        self.put_right()
        return neo4j_stage.stage(self.connection, graph, version)

    def switch(self, staged: StagedChanges) -> None:
        """Commit what was staged; readers see the former graph or this one, and a failure leaves the former."""
        switch(self.connection, staged.transaction, staged.in_pages)

    def put_right(self) -> None:
        """End what a run that died in the middle of a switch has left."""
        if self.connection.read(LEFT_SWITCH):
            put_right(self.connection)

    def finish(self, graph: GraphTables) -> None:
        """Collect the former graph, and make the indexes of what was committed; returns when they are ready."""
        self._known = None
        for constraint in cypher.CONSTRAINTS:
            self.connection.write(constraint)
        for labels in cypher.WRITE_LABELS:
            self.connection.write(labels)
        self.connection.write(END_STAGING)
        collect(self.connection, (*cypher.FORMER.values(), *cypher.STAGED.values()))
        self._make_indexes(graph)

    def version(self) -> str | None:
        """Return the version of the graph that is held, INCOMPLETE, or None before one had a version."""
        return _version(self.reads.read(cypher.READ_STATE))

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
        rows = [self._row(record, name) for record in self.reads.read(cypher.READ_TABLE[name])]
        return pa.Table.from_pylist(rows, schema=self._schemas[name])

    def counts(self) -> dict[str, int]:
        """Return the number of rows by table; zeros before the first run."""
        return {name: self.reads.read(cypher.COUNTS[name])[0]["count"] for name in GRAPH_TABLES}

    def languages(self) -> dict[str, int]:
        """Return the number of chunks by language."""
        return {record["language"]: record["count"] for record in self.reads.read(cypher.LANGUAGES)}

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
            found = self.reads.read(query, k=max(count, _NEIGHBOURS), vector=values, **more)
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
            found = self.reads.read(statement, index=index, k=count, query=terms, **more)
            return [(record["id"], record["score"]) for record in found]

        return best_rows(matches, k)

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows with these ids in their order, without vectors."""
        records = self.reads.read(cypher.READ_ROWS[table], ids=sorted(set(ids)))
        found = {row[KEYS[table]]: row for row in self._plain(table, records)}
        return [found[key] for key in ids if key in found]

    def relations_of(self, entity_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the relations that touch any of these entities, heaviest first, then by id."""
        return self._plain("relations", self.reads.read(cypher.RELATIONS_OF, ids=sorted(set(entity_ids))))

    def siblings_of(self, parent_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the chunks of these parents, by document and place."""
        wanted = sorted({key for key in parent_ids if key})
        found = self._plain("chunks", self.reads.read(cypher.SIBLINGS_OF, ids=wanted))
        return sorted(found, key=lambda row: (row["document_id"], row["start"], row["chunk_id"]))

    def graph_schema(self) -> GraphSchema:
        """Return what the stored graph is made of."""
        return neo4j_reading.graph_schema(self.reads, self._schemas)

    def read_cypher(self, statement: str, rows: int, seconds: float) -> QueryResult:
        """Run one statement that only reads; QueryError for any other, one that the server refuses, or a slow one."""
        return neo4j_reading.read_cypher(self.reads, statement, rows, seconds)

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    def _plain(self, name: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        columns = [column for column in self._schemas[name].names if column != "vector"]
        rows = (self._row(record, name) for record in records)
        return [{column: row.get(column) for column in columns} for row in rows]

    def _row(self, record: dict[str, Any], name: str) -> dict[str, Any]:
        return table_row(record["row"], name, self._schemas[name])

    @property
    def _schemas(self) -> dict[str, pa.Schema]:
        """The Arrow schemas of what was applied, by table; read anew where another run has switched."""
        if self._known is None or self._known[0] != self.reads.mark:
            found = self.reads.read(cypher.READ_STATE)
            if not found or found[0]["schemas"] is None:
                raise nothing_stored(self.name)
            encoded = json.loads(found[0]["schemas"])
            schemas = {name: pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))) for name, text in encoded.items()}
            self._known = self.reads.mark, schemas
        return self._known[1]

    def _vector_index(self, name: str) -> str:
        found = {record["label"]: record["name"] for record in self.connection.read(cypher.SHOW_VECTOR_INDEXES)}
        if cypher.LABELS[name] not in found:
            raise nothing_stored(self.name)
        return found[cypher.LABELS[name]]

    def _passing(self, filters: Filters) -> int:
        return int(self.reads.read(cypher.COUNT_PASSING, **_conditions(filters))[0]["count"])

    def _make_indexes(self, graph: GraphTables) -> None:
        neo4j_stage.make_indexes(self.connection, graph)


def _version(state: list[dict[str, Any]]) -> str | None:
    if not state or state[0]["complete"] is None:
        return None
    return (state[0]["version"] or None) if state[0]["complete"] else INCOMPLETE


def _conditions(filters: Filters) -> dict[str, Any]:
    """Return the filters as parameters of the queries that have their conditions."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in filters.model_dump().items()}
