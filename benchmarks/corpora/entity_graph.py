"""A corpus's entity graph as `graftline run` makes it, kept below the home; no language model runs."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.embedders import EmbedderBefore
from pipelines.core.graph_tables import GraphTables
from pipelines.core.protocols import Completion, Embedder, Messages, Usable
from pipelines.core.schemas import COMMUNITIES, COMMUNITY_SUMMARIES
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings
from pipelines.knowledge.entities.resolution import EntityGraph, resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.graph.assembly import assemble
from resources.tables.tables import TableStore


class NoLanguageModel:
    """Writes nothing, so that every community's report is made of its evidence's own sentences."""

    name, packaged = "none", True
    context_tokens: int | None = None

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        return [Completion("", 0, 0) for _ in prompts]

    def stream(self, messages: Messages, max_tokens: int, usable: Usable | None = None) -> Iterator[str | Completion]:
        yield Completion("", 0, 0)


def build(
    tables: TableStore, documents: pa.Table, chunks: pa.Table, chunk_embeddings: pa.Table, embedder: Embedder
) -> GraphTables:
    """Return the whole graph of these chunks; what is slow is read from `tables` where a former run left it."""
    graph = resolved(tables, chunks)
    communities, _ = detect_communities(graph.entities, graph.relations, None, CommunitySettings())
    known = tables.find("community_summaries")
    parts = (communities, graph.entities, graph.relations, chunks)
    summaries, _ = summarise(*parts, known, NoLanguageModel(), SummarySettings())
    tables.write("community_summaries", summaries)
    own = (documents, chunks, chunk_embeddings, graph.entities, graph.relations, communities, summaries)
    found, vectors, _ = assemble(*own, embedder, tables.find("graph_embeddings"))
    tables.write("graph_embeddings", vectors)
    return found


def build_entities(
    tables: TableStore, documents: pa.Table, chunks: pa.Table, chunk_embeddings: pa.Table, embedder: Embedder
) -> GraphTables:
    """Return the graph without communities, vectors of entities at random: for a mode that reads neither."""
    graph = resolved(tables, chunks)
    empty = COMMUNITIES.empty_table(), COMMUNITY_SUMMARIES.empty_table()
    own = (documents, chunks, chunk_embeddings, graph.entities, graph.relations, *empty)
    return assemble(*own, _Meaningless(embedder), None)[0]


def resolved(tables: TableStore, chunks: pa.Table) -> EntityGraph:
    """Return the entities and relations of these chunks; a passage that was read before is not read again."""
    extractions, _ = extract(chunks, tables.find("extractions"), RuleExtractor())
    tables.write("extractions", extractions)
    return resolve_entities(extractions, chunks)


class _Meaningless(EmbedderBefore):
    """Gives texts directions at random, under the name of the model before which it stands."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return random_units(len(texts), self.dimensions)

    embed_queries = embed


def random_units(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    """Return directions without a meaning, for rows whose vectors nothing that is measured compares."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
