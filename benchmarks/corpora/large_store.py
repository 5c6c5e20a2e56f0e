"""A store of many chunks: the corpora's sentences mixed anew, their vectors with noise, their entities in copies."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.corpora import multihop
from benchmarks.corpora.entity_graph import random_units
from benchmarks.corpora.large_graph import mixed_passages
from benchmarks.ground.common import say
from pipelines.answering.search.search import Retriever
from pipelines.core.graph_tables import GraphTables
from pipelines.core.identity import content_id
from pipelines.core.schemas import ENTITIES
from resources.graph.embedded import EmbeddedGraphStore

_COPIES = 6
"""Things that a name of the corpora stands for: 200,000 entities of 100,000 chunks."""


def open_mixed(
    home: Path,
    count: int,
    seed: int,
    embedder: multihop.CorpusEmbedder,
    corpora: Sequence[multihop.QuestionSet],
    entities: Sequence[pa.Table],
) -> EmbeddedGraphStore:
    """Return a store of `count` chunks, filled where it is not yet; for speed alone, its texts mean nothing."""
    store = EmbeddedGraphStore(home / "bench" / "retrieval" / f"walk-{count}-{seed}")
    if store.counts()["chunks"] == count:
        return store
    say(f"filling a store with {count} chunks")
    base = np.concatenate([embedder.remember(one.texts) for one in corpora])
    parts, picks = mixed_passages(corpora, embedder, base, count, seed, random.Random(seed))
    passages = [key for one in corpora for key in one.ids]
    graph = multihop.without_entities(*parts, embedder)
    graph = _with_entities(graph, [passages[pick] for pick in picks], entities, base.shape[1], seed)
    store.apply(graph)
    return store


def _with_entities(
    graph: GraphTables, passages: Sequence[str], entities: Sequence[pa.Table], dimensions: int, seed: int
) -> GraphTables:
    """Return a graph whose chunks have the entities of the passages that they were made of, each in one copy."""
    named: dict[str, list[str]] = {}
    for number, table in enumerate(entities):
        for name, chunks in zip(table["name"].to_pylist(), table["chunk_ids"].to_pylist(), strict=True):
            for key in chunks:
                named.setdefault(key, []).append(f"{number} {name}")
    draw = np.random.default_rng(seed)
    homes: dict[str, set[str]] = {}
    for key, passage in zip(graph.chunks["chunk_id"].to_pylist(), passages, strict=True):
        for name in named.get(passage, []):
            homes.setdefault(f"{draw.integers(_COPIES)} {name}", set()).add(key)
    shared: dict[str, Any] = {"type": "CONCEPT", "aliases": [], "description": "", "spans": []}
    rows = [
        {"entity_id": content_id("entity", key), "name": key.split(" ", 2)[2], "mentions": len(chunks), **shared}
        | {"chunk_ids": sorted(chunks)}
        for key, chunks in homes.items()
    ]
    table = pa.Table.from_pylist(sorted(rows, key=lambda row: row["entity_id"]), schema=ENTITIES)
    flat = pa.array(random_units(len(table), dimensions, seed).ravel(), pa.float32())
    vectors = pa.FixedSizeListArray.from_arrays(flat, dimensions)
    return replace(graph, entities=table.append_column(pa.field("vector", vectors.type), vectors))


def milliseconds(retriever: Retriever, questions: Sequence[str], k: int) -> list[float]:
    """Return the time of each retrieval, after ten that warm up."""
    for question in questions[:10]:
        retriever.retrieve(question, k)
    spent = []
    for question in questions:
        started = time.perf_counter()
        retriever.retrieve(question, k)
        spent.append(1000 * (time.perf_counter() - started))
    return spent
