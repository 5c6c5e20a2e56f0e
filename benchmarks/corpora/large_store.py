"""A store of many chunks: sentences mixed anew, vectors with noise, entities in copies, relations and communities."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
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
from pipelines.core.schemas import COMMUNITIES, COMMUNITY_SUMMARIES, ENTITIES, RELATIONS
from resources.graph.embedded import EmbeddedGraphStore

_COPIES = 6
"""Things that a name of the corpora stands for: 200,000 entities of 100,000 chunks."""
_TOLD, _MEMBERS = 160, 40
"""Characters of a relation's description, and entities of a community."""


def open_mixed(
    home: Path,
    count: int,
    seed: int,
    embedder: multihop.CorpusEmbedder,
    corpora: Sequence[multihop.QuestionSet],
    entities: Sequence[pa.Table],
) -> EmbeddedGraphStore:
    """Return a store of `count` chunks, filled where it is not yet; for speed alone, its texts mean nothing."""
    store = EmbeddedGraphStore(home / "bench" / "retrieval" / f"graph-{count}-{seed}")
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
    table = table.append_column(pa.field("vector", vectors.type), vectors)
    return replace(graph, entities=table, **_joined(table, graph.chunks, dimensions, seed))


def _joined(entities: pa.Table, chunks: pa.Table, dimensions: int, seed: int) -> dict[str, pa.Table]:
    """Return relations of neighbours in a chunk, and communities of forty; what they say is a passage's beginning."""
    ids, homes = entities["entity_id"].to_pylist(), entities["chunk_ids"].to_pylist()
    texts = dict(zip(chunks["chunk_id"].to_pylist(), chunks["text"].to_pylist(), strict=True))
    within: dict[str, list[str]] = {}
    for key, held in zip(ids, homes, strict=True):
        for chunk in held:
            within.setdefault(chunk, []).append(key)
    pairs = {pair: chunk for chunk, held in within.items() for pair in pairwise(held)}
    plain: dict[str, Any] = {"type": "CO_OCCURS", "weight": 1.0}
    relations = [
        {"relation_id": content_id("relation", *pair), "source_id": pair[0], "target_id": pair[1], **plain}
        | {"description": texts[chunk][:_TOLD], "chunk_ids": [chunk]}
        for pair, chunk in pairs.items()
    ]
    groups = [slice(start, start + _MEMBERS) for start in range(0, len(ids), _MEMBERS)]
    reports = [
        {"community_id": content_id("community", ids[group][0]), "level": 0, "parent_id": "", "digest": "", "model": ""}
        | {"entity_ids": ids[group], "chunk_ids": homes[group][0], "title": "", "summary": texts[homes[group][0][0]]}
        for group in groups
    ]
    schema = pa.unify_schemas([COMMUNITIES, COMMUNITY_SUMMARIES])
    empty: dict[Any, Any] = {pa.string(): "", pa.float64(): 0.0}
    full = [{one.name: row.get(one.name, empty.get(one.type, [])) for one in schema} for row in reports]
    table = pa.Table.from_pylist(full, schema=schema).sort_by("community_id")
    flat = pa.array(random_units(len(table), dimensions, seed).ravel(), pa.float32())
    vectors = pa.FixedSizeListArray.from_arrays(flat, dimensions)
    rows = [{one.name: row.get(one.name, []) for one in RELATIONS} for row in relations]
    return {
        "relations": pa.Table.from_pylist(rows, schema=RELATIONS).sort_by("relation_id"),
        "communities": table.append_column(pa.field("vector", vectors.type), vectors),
    }


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
