"""A filled store of any size for figures of speed alone: passages mixed anew, vectors with noise, linked entities."""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.corpora import multihop
from benchmarks.ground.common import say
from pipelines.core import schemas
from pipelines.core.embedders import EmbedderBefore
from pipelines.core.graph_tables import GraphTables
from pipelines.core.protocols import Embedder
from pipelines.knowledge.graph.assembly import assemble
from pipelines.knowledge.vectors.embedding import vector_table
from resources.graph.embedded import EmbeddedGraphStore

_NOISE = 0.02
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
_RELATIONS_AN_ENTITY, _ENTITIES_A_COMMUNITY, _MOST_CHUNKS = 2, 40, 3


class _RandomVectors(EmbedderBefore):
    """Vectors of real passages with noise, whatever the text."""

    def __init__(self, embedder: Embedder, base: np.ndarray, seed: int) -> None:
        super().__init__(embedder)
        self._base, self._seed = base, seed

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return _noisy(self._base, np.random.default_rng(self._seed).integers(len(self._base), size=len(texts)), 1)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self.embed(texts)


def large_store(
    home: Path, embedder: multihop.CorpusEmbedder, chunks: int, seed: int, entities: int = 0
) -> tuple[EmbeddedGraphStore, list[str]]:
    """Return a store of so many chunks and entities below the home, filled unless it is there, and real questions.

    Relations are two an entity, communities one for forty of them; which entity stands in which chunk is drawn.
    """
    corpora = [multihop.load(name) for name in multihop.DATASETS]
    label = f"latency-{chunks}-{seed}" + (f"-{entities}" if entities else "")
    store = EmbeddedGraphStore(home / "bench" / "retrieval" / label)
    if store.counts()["chunks"] != chunks:
        say(f"filling a store with {chunks} chunks and {entities} entities")
        store.apply(_graph(corpora, embedder, chunks, entities, seed))
    return store, [one.text for corpus in corpora for one in corpus.questions]


def _graph(
    corpora: Sequence[multihop.QuestionSet], embedder: multihop.CorpusEmbedder, chunks: int, entities: int, seed: int
) -> GraphTables:
    base, draw = np.concatenate([embedder.remember(one.texts) for one in corpora]), random.Random(seed)
    passages, _ = mixed_passages(corpora, embedder, base, chunks, seed, draw)
    if not entities:
        return multihop.without_entities(*passages, embedder)
    titles = [title for one in corpora for title in one.titles]
    texts = [text for one in corpora for text in one.texts]
    own = _entity_tables(passages[1]["chunk_id"].to_pylist(), titles, texts, entities, draw)
    return assemble(*passages, *own, _RandomVectors(embedder, base, seed), None)[0]


def mixed_passages(
    corpora: Sequence[multihop.QuestionSet],
    embedder: multihop.CorpusEmbedder,
    base: np.ndarray,
    count: int,
    seed: int,
    draw: random.Random,
) -> tuple[tuple[pa.Table, pa.Table, pa.Table], list[int]]:
    """Return DOCUMENTS, CHUNKS and their vectors of so many passages mixed anew, and which passage each began as.

    `base` are the vectors of the corpora's passages.
    """
    titles = [title for one in corpora for title in one.titles]
    texts = [text for one in corpora for text in one.texts]
    picks = [draw.randrange(len(base)) for _ in range(count)]
    vectors = _noisy(base, np.array(picks), seed)
    ids = [f"{place:024x}" for place in range(count)]
    mixed = [_varied(texts, pick, draw) for pick in picks]
    documents, chunks = multihop.tables(ids, [titles[pick] for pick in picks], mixed)
    return (documents, chunks, vector_table("chunk_id", dict(zip(ids, vectors, strict=True)), embedder)), picks


def _entity_tables(
    chunk_ids: Sequence[str], titles: Sequence[str], texts: Sequence[str], count: int, draw: random.Random
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """Return ENTITIES, RELATIONS, COMMUNITIES and COMMUNITY_SUMMARIES; names are parts of two titles and a number."""

    def some_chunks() -> list[str]:
        return sorted(draw.sample(chunk_ids, draw.randint(1, _MOST_CHUNKS)))

    def sentence() -> str:
        return draw.choice(_SENTENCE_END.split(draw.choice(texts).partition("\n")[2]))

    keys = [f"{place:024x}" for place in range(count)]
    names = [f"{draw.choice(titles).split()[0]} {draw.choice(titles).split()[-1]} {place}" for place in range(count)]
    entities: list[dict[str, Any]] = [
        {"entity_id": key, "name": name, "type": "THING", "aliases": [], "description": sentence(),
         "mentions": draw.randint(1, 9), "chunk_ids": some_chunks(), "spans": []}
        for key, name in zip(keys, names, strict=True)
    ]  # fmt: skip
    relations = [
        {"relation_id": f"{place:024x}", "source_id": keys[place % count], "target_id": draw.choice(keys),
         "type": "CO_OCCURS", "weight": float(draw.randint(1, 9)), "description": sentence(),
         "chunk_ids": some_chunks(), "spans": []}
        for place in range(_RELATIONS_AN_ENTITY * count)
    ]  # fmt: skip
    groups = [keys[start : start + _ENTITIES_A_COMMUNITY] for start in range(0, count, _ENTITIES_A_COMMUNITY)]
    communities = [
        {"community_id": f"{place:024x}", "level": 0, "parent_id": "", "entity_ids": group, "digest": ""}
        for place, group in enumerate(groups)
    ]
    summaries = [
        {"community_id": row["community_id"], "digest": "", "title": draw.choice(titles), "summary": sentence(),
         "chunk_ids": some_chunks(), "model": "none", "rating": 5.0, "findings": [], "finding_chunk_ids": [],
         "finding_entity_ids": []}
        for row in communities
    ]  # fmt: skip
    tables = (entities, relations, communities, summaries)
    kinds = (schemas.ENTITIES, schemas.RELATIONS, schemas.COMMUNITIES, schemas.COMMUNITY_SUMMARIES)
    found = [pa.Table.from_pylist(rows, schema=kind) for rows, kind in zip(tables, kinds, strict=True)]
    return found[0], found[1], found[2], found[3]


def _noisy(base: np.ndarray, picks: np.ndarray, seed: int) -> np.ndarray:
    vectors = base[picks] + np.random.default_rng(seed).normal(0, _NOISE, (len(picks), base.shape[1]))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _varied(texts: Sequence[str], pick: int, draw: random.Random) -> str:
    title, _, body = texts[pick].partition("\n")
    own = _SENTENCE_END.split(body)
    draw.shuffle(own)
    foreign = _SENTENCE_END.split(draw.choice(texts).partition("\n")[2])
    return f"{title}\n" + " ".join([*own[: max(1, len(own) - 1)], draw.choice(foreign)])
