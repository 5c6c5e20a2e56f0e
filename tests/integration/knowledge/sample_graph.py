"""The whole sample as a real embedded graph: the packaged embedder, extraction by rules, summaries made of evidence."""

from pathlib import Path

from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.graph.assembly import assemble
from pipelines.knowledge.vectors.embedding import embed_chunks
from resources.embedding.local import SentenceEmbedder
from resources.graph.stores import open_graph_store
from resources.settings import CHECKOUT, Settings
from resources.tables.tables import TableStore
from tests.fakes import FakeLanguageModel
from tests.knowledge.documents.loaded import cut, load


def build_sample_graph(home: Path) -> tuple[Settings, dict[str, str]]:
    """Fill the store below `home` from `samples/documents`; return its settings and each document's text by path."""
    settings = Settings(GRAFTLINE_HOME=str(home))
    embedder, stored = SentenceEmbedder(home), TableStore(home / "tables")
    loaded = load(CHECKOUT / "samples" / "documents", stored)
    documents, chunks = loaded.table, cut(loaded.stored, stored, ChunkSettings(), embedder)[0].to_table()
    vectors, _ = embed_chunks(chunks, None, embedder)
    extractions, _ = extract(chunks, None, RuleExtractor())
    graph = resolve_entities(extractions, chunks)
    communities, _ = detect_communities(graph.entities, graph.relations, None, CommunitySettings())
    summaries, _ = summarise(
        communities, graph.entities, graph.relations, chunks, None, FakeLanguageModel(), SummarySettings()
    )
    tables, _, _ = assemble(
        documents, chunks, vectors, graph.entities, graph.relations, communities, summaries, embedder, None
    )
    store = open_graph_store(settings)
    store.apply(tables)
    store.close()
    return settings, dict(zip(documents["path"].to_pylist(), documents["text"].to_pylist(), strict=True))
