"""Relations into a running Neo4j that has their entities, against LlamaIndex's property graph store in the same server.

    GRAFTLINE_TEST_NEO4J_URI=… GRAFTLINE_TEST_NEO4J_PASSWORD=… python -m benchmarks.graph_store \
        --json docs/benchmarks/graph_store.json --markdown docs/benchmarks/graph_store.md

It empties that database. LlamaIndex's store writes by APOC procedures: without them its half is left out, and the row
says so.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.ground.common import Row, add_sizes, chosen_sizes, finish, machine, parse, result, say, versions
from pipelines.core import schemas
from pipelines.core.graph_tables import GraphTables
from resources.graph import neo4j_stage
from resources.graph.neo4j_loads import staging
from resources.graph.neo4j_store import Neo4jGraphStore

_ROWS = ("neo4j_load", "neo4j_relations_per_second")
_PACKAGES = ("neo4j", "neo4j-rust-ext", "llama-index-graph-stores-neo4j")
_DIMENSIONS = 8


@dataclass(frozen=True)
class Sizes:
    """How many of each; relations of the peer."""

    entities: int = 100_000
    relations: int = 1_000_000
    peer: int = 100_000


def graph(sizes: Sizes, seed: int) -> GraphTables:
    """Return entities and relations drawn at random; the properties are those of a real graph, the vectors short."""
    drawn = np.random.default_rng(seed)
    keys = [f"e{place:07}" for place in range(sizes.entities)]
    vector = pa.list_(pa.float32(), _DIMENSIONS)
    vectors = pa.FixedSizeListArray.from_arrays(
        pa.array(drawn.normal(size=sizes.entities * _DIMENSIONS).astype(np.float32)), _DIMENSIONS
    )
    entities = {
        "entity_id": keys,
        "name": [f"Name {key}" for key in keys],
        "type": [f"TYPE_{place % 8}" for place in range(sizes.entities)],
        "aliases": [[f"Alias {key}"] for key in keys],
        "description": [f"What is known of {key}, in a sentence or two." for key in keys],
        "mentions": [1] * sizes.entities,
    }
    ends = drawn.integers(0, sizes.entities, size=(sizes.relations, 2))
    relations = {
        "relation_id": [f"r{place:07}" for place in range(sizes.relations)],
        "source_id": [keys[place] for place in ends[:, 0]],
        "target_id": [keys[place] for place in ends[:, 1]],
        "type": [f"RELATES_{place % 16}" for place in range(sizes.relations)],
        "weight": [1.0] * sizes.relations,
        "description": [f"The one relates to the other ({place})." for place in range(sizes.relations)],
    }
    return GraphTables(
        documents=pa.schema([field for field in schemas.DOCUMENTS if field.name != "text"]).empty_table(),
        chunks=schemas.CHUNKS.append(pa.field("vector", vector)).empty_table(),
        entities=_filled(schemas.ENTITIES, entities).append_column(pa.field("vector", vector), vectors),
        relations=_filled(schemas.RELATIONS, relations),
        communities=pa.schema(
            [*schemas.COMMUNITIES, *[f for f in schemas.COMMUNITY_SUMMARIES if f.name not in schemas.COMMUNITIES.names]]
        )
        .append(pa.field("vector", vector))
        .empty_table(),
    )


def _filled(schema: pa.Schema, columns: dict[str, list[Any]]) -> pa.Table:
    """Return the columns in a schema; its other columns are empty lists."""
    rows = len(next(iter(columns.values())))
    return pa.table({field.name: pa.array(columns.get(field.name) or [[]] * rows, field.type) for field in schema})


def ours(store: Neo4jGraphStore, made: GraphTables) -> dict[str, float]:
    """Load the graph; return the seconds of each kind of page, and of the whole."""
    seconds: dict[str, float] = {}
    real, limit = staging.write_page, neo4j_stage.ROWS_A_TRANSACTION

    def timed(connection: Any, page: staging.Page, number: int, owner: str) -> None:
        started = time.perf_counter()
        real(connection, page, number, owner)
        seconds[page.kind] = seconds.get(page.kind, 0.0) + time.perf_counter() - started

    staging.write_page = timed
    neo4j_stage.ROWS_A_TRANSACTION = 0  # the way of a large load at --quick sizes too
    started = time.perf_counter()
    try:
        staged = store.stage(made)
        seconds["staged"] = time.perf_counter() - started
        began = time.perf_counter()
        store.switch(staged)
        seconds["switch"] = time.perf_counter() - began
        seconds["paged"] = float(staged.in_pages)
        store.finish(made)
    finally:
        staging.write_page, neo4j_stage.ROWS_A_TRANSACTION = real, limit
    return seconds | {"whole": time.perf_counter() - started}


def peer(uri: str, password: str, made: GraphTables, relations: int) -> tuple[float, float]:
    """Return the rates of LlamaIndex's store for entities and then for relations among them, in its own batches."""
    from llama_index.core.graph_stores.types import EntityNode, Relation
    from llama_index.graph_stores.neo4j import Neo4jPropertyGraphStore

    store = Neo4jPropertyGraphStore("neo4j", password, uri, refresh_schema=False)
    rows = made.relations.slice(0, relations).to_pylist()
    wanted = {row[end] for row in rows for end in ("source_id", "target_id")}
    nodes = [
        EntityNode(name=row["entity_id"], label=row["type"], properties={"description": row["description"]})
        for row in made.entities.to_pylist()
        if row["entity_id"] in wanted
    ]
    links = [
        Relation(
            label=row["type"],
            source_id=row["source_id"],
            target_id=row["target_id"],
            properties={"description": row["description"], "weight": row["weight"]},
        )
        for row in rows
    ]
    started = time.perf_counter()
    store.upsert_nodes(nodes)
    middle = time.perf_counter()
    store.upsert_relations(links)
    ended = time.perf_counter()
    store.close()
    return len(nodes) / (middle - started), len(links) / (ended - middle)


def rows(sizes: Sizes, took: dict[str, float], other: tuple[float, float] | None) -> Iterator[Row]:
    """Return both rows."""
    rate, entities = sizes.relations / took["relations"], sizes.entities / took["entities"]
    load = os.getloadavg()[0]
    note = (
        f"entities beside: {entities:,.0f}/s; staged in {took['staged']:.0f} s, switched in {took['switch']:.1f} s"
        f"{' in pages' if took['paged'] else ', in one transaction'}, with all indexes {took['whole']:.0f} s; "
        f"load of the machine {load:.0f}"
    )
    if other:
        said = f"{sizes.peer:,} relations of the peer, in the same server; its entities {other[0]:,.0f}/s"
        yield Row("neo4j_load", "times LlamaIndex's", ">= 4", rate / other[1], rate, other[1], note=said)
    else:
        yield Row("neo4j_load", "times LlamaIndex's", ">= 4", note="the server has no APOC, which the peer needs")
    yield Row("neo4j_relations_per_second", "relations a second", ">= 12000", rate, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options = parse("graph_store", _ROWS, arguments, add=lambda parser: add_sizes(parser, Sizes()))
    sizes = chosen_sizes(options, Sizes(), Sizes(5_000, 50_000, 5_000))
    uri, password = os.environ.get("GRAFTLINE_TEST_NEO4J_URI"), os.environ.get("GRAFTLINE_TEST_NEO4J_PASSWORD", "")
    if not uri:
        sys.exit("GRAFTLINE_TEST_NEO4J_URI names no server")
    store, host = Neo4jGraphStore(uri, "neo4j", password, "neo4j"), machine()
    empty = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
    made = graph(sizes, options.seed)
    with store.connection.session() as session:
        session.run(empty).consume()
    apoc = store.connection.read("SHOW PROCEDURES YIELD name WHERE name = 'apoc.merge.relationship' RETURN name")
    say("the peer's relations")
    other = peer(uri, password, made, sizes.peer) if apoc else None
    with store.connection.session() as session:
        session.run(empty).consume()
    say(f"{sizes.relations} relations of ours")
    took = ours(store, made)
    wanted = [row for row in rows(sizes, took, other) if row.id in options.rows]
    command = f"python -m benchmarks.graph_store {' '.join(arguments if arguments is not None else sys.argv[1:])}"
    finish(options, result("graph_store", wanted, host, versions=versions(_PACKAGES)), command.strip())
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
