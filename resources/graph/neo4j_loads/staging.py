"""A whole graph written beside the current one, in pages that a restarted server or the next run goes on with."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Any, NamedTuple, TypeVar

from pipelines.core.errors import ServiceError
from pipelines.core.graph_tables import GraphTables
from resources.graph.cypher import FORMER, LABELS, STAGED
from resources.graph.neo4j_connection import Neo4jConnection, PassingError
from resources.graph.neo4j_loads import cypher_loads
from resources.graph.neo4j_rows import node_properties, relationship
from resources.graph.rows import KEYS

_ROWS_A_PAGE, _VECTORS_A_PAGE, _COLLECTED_A_PAGE = 10_000, 2_000, 10_000
_FORM = "1"
"""Of the pages: a load that another release began is begun again."""
_PATIENCE_SECONDS, _PAUSE_SECONDS = 120.0, 1.0
"""How long a load waits for a server that restarts."""
_LOG = logging.getLogger("graftline")
T = TypeVar("T")


class Page(NamedTuple):
    """One query over rows, written whole or not at all; what its rows are."""

    query: str
    rows: list[Any]
    kind: str


def stage_whole(
    connection: Neo4jConnection, graph: GraphTables, digests: Mapping[str, Mapping[str, str]], version: str
) -> None:
    """Write all of a graph under the labels of what is staged; what an earlier run left of this version is kept.

    ServiceError where another run has begun to stage its own, or the server stays away.
    """
    owner = uuid.uuid4().hex
    key = f"{version} {_FORM}" if version else owner
    done = patiently(lambda: connection.change(cypher_loads.TAKE_OVER, key=key, owner=owner))[0]["page"]
    if not done:
        collect(connection, STAGED.values())
    else:
        _LOG.info("Neo4j: the load goes on after page %d", done)
    for constraint in cypher_loads.STAGED_CONSTRAINTS.values():
        patiently(lambda statement=constraint: connection.write(statement))  # type: ignore[misc]
    for number, page in enumerate(pages(graph, digests), 1):
        if number > done:
            write_page(connection, page, number, owner)
        if number % 20 == 0:
            _LOG.info("Neo4j: %d pages are staged", number)
    for statement in cypher_loads.DROP_STAGED_CONSTRAINTS:
        patiently(lambda drop=statement: connection.write(drop))  # type: ignore[misc]


def write_page(connection: Neo4jConnection, page: Page, number: int, owner: str) -> None:
    """Write a page once, however often the server breaks off; ServiceError where another run took the staging over."""
    query, rows = page.query, page.rows
    patiently(lambda: connection.change(query, rows=rows, page=number, owner=owner))
    state = patiently(lambda: connection.read(cypher_loads.STAGING))
    if not state or state[0]["owner"] != owner:
        found, wanted = "another run that loads its own graph", "one run at a time"
        raise ServiceError(connection.name, found, wanted, "graftline run --select knowledge_graph")


def pages(graph: GraphTables, digests: Mapping[str, Mapping[str, str]]) -> Iterator[Page]:
    """Yield the pages of a graph: nodes with their vectors, links, relations; the same for the same graph."""
    for name in LABELS:
        key, vectors = KEYS[name], "vector" in getattr(graph, name).column_names
        queries = cypher_loads.CREATE_NODES_WITH_VECTORS if vectors else cypher_loads.CREATE_NODES
        rows = (_node(row, key, digests[name]) for row in _rows(graph, name))
        yield from _pages(queries[name], rows, name, _VECTORS_A_PAGE if vectors else _ROWS_A_PAGE)
    for kind, pairs in links(graph).items():
        yield from _pages(cypher_loads.CREATE_LINKS[kind], ({"a": a, "b": b} for a, b in pairs), kind)
    relations = (
        relationship(row | {"graftline": digests["relations"][row["relation_id"]]})
        for row in _rows(graph, "relations", "source_id", "relation_id")
    )
    yield from _pages(cypher_loads.CREATE_RELATIONS, relations, "relations")


def collect(connection: Neo4jConnection, labels: Iterable[str]) -> int:
    """Delete what carries these labels, in pages; return how many nodes that were."""
    deleted = 0
    for label in labels:
        if not connection.read(cypher_loads.COUNT_LABEL[label])[0]["count"]:
            continue
        if label in FORMER.values():
            others = connection.read(cypher_loads.FOREIGN_LINKS[label])[0]["count"]
            if others:
                _LOG.warning("%d links of others to nodes of the former graph go with them (%s)", others, label)
        deleted += in_pages(connection, cypher_loads.COLLECT[label], _COLLECTED_A_PAGE)
    return deleted


def in_pages(connection: Neo4jConnection, query: str, most: int) -> int:
    """Run a query that changes at most so many nodes until it finds no more; return how many those were."""
    changed = 0
    while count := patiently(lambda: connection.change(query, most=most))[0]["count"]:
        changed += count
    return changed


def patiently(work: Callable[[], T]) -> T:
    """Do what may be done twice, again and again while the server is away or busy, for as long as a restart takes."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return work()
        except PassingError as error:
            if time.monotonic() > until:
                raise
            _LOG.info("Neo4j: waiting (%s)", error.found)
            time.sleep(_PAUSE_SECONDS)


def _rows(graph: GraphTables, name: str, *order: str) -> Iterator[dict[str, Any]]:
    table = getattr(graph, name).sort_by([(column, "ascending") for column in order or (KEYS[name],)])
    for batch in table.to_batches(max_chunksize=_ROWS_A_PAGE):
        yield from batch.to_pylist()


def _node(row: dict[str, Any], key: str, digests: Mapping[str, str]) -> dict[str, Any]:
    node = {"id": row[key], "properties": node_properties(row, key) | {"graftline": digests[row[key]]}}
    return node | ({"vector": row["vector"]} if "vector" in row else {})


def links(graph: GraphTables) -> dict[str, Iterable[tuple[str, str]]]:
    """Return by type the relationships that are no relations: pairs of ids, from the one to the other."""
    places = graph.chunks.select(["document_id", "start", "chunk_id"]).to_pylist()
    order = sorted((row["document_id"], row["start"], row["chunk_id"]) for row in places)
    entities = graph.entities.select(["entity_id", "chunk_ids"]).to_pylist()
    groups = graph.communities.select(["community_id", "entity_ids", "parent_id"]).to_pylist()
    return {
        "PART_OF": ((chunk, document) for document, _, chunk in order),
        "NEXT_CHUNK": ((one[2], other[2]) for one, other in pairwise(order) if one[0] == other[0]),
        "HAS_ENTITY": ((key, row["entity_id"]) for row in entities for key in dict.fromkeys(row["chunk_ids"] or [])),
        "IN_COMMUNITY": (
            (key, row["community_id"]) for row in groups for key in dict.fromkeys(row["entity_ids"] or [])
        ),
        "PARENT_COMMUNITY": ((row["community_id"], row["parent_id"]) for row in groups if row["parent_id"]),
    }


def _pages(query: str, rows: Iterable[Any], kind: str, size: int = _ROWS_A_PAGE) -> Iterator[Page]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield Page(query, batch, kind)
