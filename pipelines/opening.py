"""An answerer from the settings: the one way in which commands, the server, the assets and Python open it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from pipelines.answering.ask import Answerer
from pipelines.core.embedders import refuse_other_model, stored_model
from pipelines.core.errors import ConfigurationError
from pipelines.core.filters import Filters
from pipelines.core.protocols import Embedder, GraphStore, LanguageModel, Reranker
from resources.embedding.embedders import graph_model, open_embedder
from resources.embedding.reranker import open_reranker
from resources.graph.stores import open_graph_store
from resources.models.language_model import open_language_model
from resources.settings import Settings
from resources.tables.tables import TableStore


@dataclass(frozen=True)
class Models:
    """What an answerer reads, ranks and writes with; they stay when the graph is switched."""

    embedder: Embedder
    language_model: LanguageModel
    reranker: Reranker | None


def open_models(settings: Settings) -> Models:
    """Open the models of the settings; their weights are loaded at the first use."""
    return Models(open_embedder(settings), open_language_model(settings), open_reranker(settings))


def answerer_over(
    settings: Settings, store: GraphStore, models: Models, graph: str | None = None, filters: Filters | None = None
) -> Answerer:
    """Return an answerer over an open store, which stays the caller's to close.

    `graph` is the embedding model of its vectors where the caller knows it, else it is asked of the home.
    ConfigurationError where that is another one than the models'.
    """
    refuse_other_graph(settings, models.embedder, graph_model(settings) if graph is None else graph)
    chosen = settings.answering
    if filters is not None:
        chosen = chosen.model_copy(update={"retrieval": chosen.retrieval.model_copy(update={"filters": filters})})
    return Answerer(
        store=store,
        embedder=models.embedder,
        language_model=models.language_model,
        settings=chosen,
        reranker=models.reranker,
        prompts=settings.prompts,
    )


@contextmanager
def opened_answerer(settings: Settings, filters: Filters | None = None) -> Iterator[Answerer]:
    """Open the home's graph with the models of the settings, and close both at the end."""
    models = open_models(settings)
    with (
        closing(open_graph_store(settings)) as store,
        answerer_over(settings, store, models, filters=filters) as answerer,
    ):
        yield answerer


def refuse_other_graph(settings: Settings, embedder: Embedder, graph: str) -> None:
    """Raise ConfigurationError where the graph's vectors are another model's, with the shortest way to make them."""
    if not graph or graph == embedder.name:
        return
    chunks = stored_model(TableStore(settings.home / "tables").stored("chunk_embeddings"))
    if chunks == embedder.name:
        raise ConfigurationError(
            "the knowledge graph",
            f"vectors of {graph}, while the chunks have those of {chunks} already",
            "a graph with the chunks' vectors",
            "graftline run --select knowledge_graph",
        )
    refuse_other_model(graph, embedder)
