"""A corpus's entity graph as `graftline run` makes it, kept below the home; no language model runs."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipelines.core.graph_tables import GraphTables
from pipelines.core.protocols import Completion, Embedder, Messages, Usable
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.summaries import SummarySettings, summarise
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.graph.assembly import assemble
from resources.tables.tables import TableStore


class NoLanguageModel:
    """Writes nothing, so that every community's summary is made of its evidence's own sentences."""

    name = "none"

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        return [Completion("", 0, 0) for _ in prompts]


def build(
    tables: TableStore, documents: pa.Table, chunks: pa.Table, chunk_embeddings: pa.Table, embedder: Embedder
) -> GraphTables:
    """Return the whole graph of these chunks; what is slow is read from `tables` where a former run left it."""
    extractions, _ = extract(chunks, tables.find("extractions"), RuleExtractor())
    tables.write("extractions", extractions)
    graph = resolve_entities(extractions, chunks)
    communities, _ = detect_communities(graph.entities, graph.relations, None, CommunitySettings())
    known = tables.find("community_summaries")
    parts = (communities, graph.entities, graph.relations, chunks)
    summaries, _ = summarise(*parts, known, NoLanguageModel(), SummarySettings())
    tables.write("community_summaries", summaries)
    own = (documents, chunks, chunk_embeddings, graph.entities, graph.relations, communities, summaries)
    found, vectors, _ = assemble(*own, embedder, tables.find("graph_embeddings"))
    tables.write("graph_embeddings", vectors)
    return found
