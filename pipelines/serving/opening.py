"""A server's answerer, from the settings: the models stay loaded when the graph is switched."""

from pipelines.answering.ask import Answerer
from pipelines.core.protocols import GraphStore
from pipelines.opening import answerer_over, open_models
from pipelines.serving.warm import WarmAnswerer
from resources.graph.stores import open_graph_store
from resources.settings import Settings


def warm_answerer(settings: Settings) -> WarmAnswerer:
    """Return the answerer of the home's graph; stores and models are opened at the first question."""
    models = open_models(settings)

    def opened() -> tuple[Answerer, GraphStore]:
        store = open_graph_store(settings)
        try:
            return answerer_over(settings, store, models), store
        except BaseException:
            store.close()
            raise

    def version() -> str:
        pointer = settings.home / "graph" / "current.json"
        return pointer.read_text(encoding="utf-8") if pointer.exists() else ""

    return WarmAnswerer(opened, version)
