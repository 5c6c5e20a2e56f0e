"""A server's answerer, from the settings: stores and models are opened at the first question."""

from pipelines.answering.ask import Answerer
from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import GraphStore
from pipelines.serving.warm import WarmAnswerer
from resources.embedding.embedders import graph_model, open_embedder
from resources.embedding.reranker import open_reranker
from resources.graph.stores import open_graph_store
from resources.models.language_model import open_language_model
from resources.settings import Settings


def warm_answerer(settings: Settings) -> WarmAnswerer:
    """Return the answerer of the home's graph; the models stay loaded when the graph is switched."""
    embedder, language_model, reranker = open_embedder(settings), open_language_model(settings), open_reranker(settings)

    def opened() -> tuple[Answerer, GraphStore]:
        graph = graph_model(settings)
        if graph and graph != embedder.name:
            raise ConfigurationError(
                "the knowledge graph",
                f"vectors of {graph}",
                f"those of {embedder.name}",
                "graftline run --select knowledge_graph, or set EMBEDDING_MODEL back",
            )
        store = open_graph_store(settings)
        return (
            Answerer(
                store=store,
                embedder=embedder,
                language_model=language_model,
                settings=settings.answering,
                reranker=reranker,
                prompts=settings.prompts,
            ),
            store,
        )

    def version() -> str:
        pointer = settings.home / "graph" / "current.json"
        return pointer.read_text(encoding="utf-8") if pointer.exists() else ""

    return WarmAnswerer(opened, version)
