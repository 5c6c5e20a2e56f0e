"""The knowledge flow without Dagster, as its assets call it: for tests that run it very often, or kill it."""

from pathlib import Path

from pipelines.core.delta import Work
from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.core.identity import table_digest
from pipelines.core.protocols import Embedder, GraphStore
from pipelines.core.schemas import chunk_embeddings
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings
from pipelines.knowledge.documents.document_changes import DocumentChanges
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.entities.edits import NO_EDITS
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.graph.assembly import assemble
from pipelines.knowledge.vectors.vector_changes import vector_changes
from resources.tables.tables import TableStore
from tests.fakes import FakeLanguageModel
from tests.knowledge.documents.loaded import cut, load

EXTRACTOR = RuleExtractor()
TABLES = ("documents", "chunks", "chunk_embeddings", "extractions", "entities", "relations", "aliases",
          "suspected_duplicates", "communities",
          "community_summaries")  # fmt: skip


class Flow:
    """A documents folder and a home; `settings` and `limits` may change from run to run."""

    def __init__(self, folder: Path, home: Path, embedder: Embedder, store: GraphStore | None = None) -> None:
        self.folder, self.tables, self.embedder, self.store = folder, TableStore(home / "tables"), embedder, store
        self.settings, self.limits, self.model = ChunkSettings(max_tokens=24), Limits(), FakeLanguageModel()
        self.last: DocumentChanges | None = None
        self.edits = NO_EDITS

    def embed(self, reembed: bool = False, rehash: bool = False) -> dict[str, Work]:
        """Bring documents, chunks and vectors up to date; return what each stage did."""
        loaded = load(self.folder, self.tables, self.limits, rehash=rehash)
        self.last = loaded.changes
        chunks, cutting = cut(loaded.stored, self.tables, self.settings, self.embedder)
        change = vector_changes(chunks, self.tables.amendable("chunk_embeddings"), self.embedder, reembed)
        schema = chunk_embeddings(self.embedder.dimensions)
        _, embedding = self.tables.amend("chunk_embeddings", schema, change)
        return {"documents": loaded.work, "chunks": cutting, "chunk_embeddings": embedding}

    def run(self, reembed: bool = False) -> dict[str, Work]:
        """The whole flow, to the store."""
        done, tables = self.embed(reembed), self.tables
        chunks = tables.read("chunks")
        extractions, done["extractions"] = extract(chunks, tables.find("extractions"), EXTRACTOR)
        tables.write("extractions", extractions)
        previous = tables.find("entities"), tables.find("relations")
        graph = resolve_entities(extractions, chunks, *previous, self.edits)
        for name in ("entities", "relations", "aliases", "suspected_duplicates"):
            tables.write(name, getattr(graph, name))
        communities, _ = detect_communities(
            graph.entities, graph.relations, tables.find("communities"), CommunitySettings()
        )
        tables.write("communities", communities)
        previous = tables.find("community_summaries")
        inputs = (communities, graph.entities, graph.relations, chunks)
        summaries, _ = summarise(*inputs, previous, self.model, SummarySettings())
        tables.write("community_summaries", summaries)
        whole = (tables.read("documents"), chunks, tables.read("chunk_embeddings"), graph.entities, graph.relations,
                 communities, summaries)  # fmt: skip
        made, vectors, _ = assemble(*whole, self.embedder, tables.find("graph_embeddings"))
        tables.write("graph_embeddings", vectors)
        if self.store:
            self.store.apply(made)
        return done

    def digests(self) -> dict[str, str]:
        """Return the digests of all tables and of what the store holds."""
        found = {name: table_digest(self.tables.read(name)) for name in TABLES if self.tables.stored(name)}
        return found | {f"store {name}": table_digest(self.store.table(name)) for name in GRAPH_TABLES if self.store}
