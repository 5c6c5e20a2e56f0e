"""A server's answerer, from the settings: the models stay loaded when the graph is switched."""

from contextlib import ExitStack

from pipelines.answering.ask import Answerer
from pipelines.core.protocols import GraphStore
from pipelines.opening import Models, answerer_over, open_models
from pipelines.serving.champion.following import Following
from pipelines.serving.champion.opening import ServedChampion, answers_questions
from pipelines.serving.warm import WarmAnswerer
from resources.embedding.embedders import open_embedder
from resources.embedding.reranker import open_reranker
from resources.graph.stores import open_graph_store
from resources.models.completion_cache import CompletionCache
from resources.models.language_model import CachedLanguageModel
from resources.settings import Settings


def warm_answerer(settings: Settings, following: Following | None = None) -> WarmAnswerer:
    """Return the answerer of the home's graph; stores and models are opened at the first question.

    Where the champion answers questions, and is served by `following`, each question is answered by one version of it:
    the one that carries the alias when it comes.
    """
    if following is not None and answers_questions(settings):
        return _by_champion(settings, following)
    models = open_models(settings)

    def opened() -> tuple[Answerer, GraphStore]:
        store = open_graph_store(settings)
        try:
            return answerer_over(settings, store, models), store
        except BaseException:
            store.close()
            raise

    return WarmAnswerer(opened, lambda: _graph(settings))


def _by_champion(settings: Settings, following: Following) -> WarmAnswerer:
    embedder, reranker = open_embedder(settings), open_reranker(settings)
    cache = CompletionCache(settings.home / "cache" / "llm.sqlite")

    def opened() -> tuple[Answerer, GraphStore]:
        with ExitStack() as undone:
            backend = ServedChampion(following)
            undone.callback(backend.close)
            model = CachedLanguageModel(backend, cache, settings.llm_context_tokens)
            store = open_graph_store(settings)
            undone.callback(store.close)
            answerer = answerer_over(settings, store, Models(embedder, model, reranker))
            undone.pop_all()
            return answerer, store

    def version() -> str:
        with following.lent() as served:
            return f"{served.promoted.label} {_graph(settings)}"

    return WarmAnswerer(opened, version, _give_back)


def _give_back(answerer: Answerer) -> None:
    model = answerer.language_model
    if isinstance(model, CachedLanguageModel) and isinstance(model.backend, ServedChampion):
        model.backend.close()


def _graph(settings: Settings) -> str:
    pointer = settings.home / "graph" / "current.json"
    return pointer.read_text(encoding="utf-8") if pointer.exists() else ""
