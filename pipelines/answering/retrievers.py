"""Which retriever a mode means: the only file that knows them all."""

from collections.abc import Callable

from pipelines.answering.modes.names import ADAPTER_MODES, SEARCH_MODES, Mode
from pipelines.answering.modes.native import NativeRetriever
from pipelines.answering.search.search import Retriever, Search
from pipelines.answering.settings import AnswerSettings
from pipelines.core.errors import NotMaterializedError
from pipelines.core.protocols import Embedder, GraphStore, Reranker


def open_retriever(
    mode: Mode, store: GraphStore, embedder: Embedder, settings: AnswerSettings, reranker: Reranker | None = None
) -> Retriever:
    """Return the retriever of a mode; NotMaterializedError when the store is empty.

    Raises ConfigurationError for a mode of LangChain's where that is not installed.
    """
    from pipelines.answering.modes.global_search import GlobalRetriever
    from pipelines.answering.modes.local_search import LocalRetriever
    from pipelines.answering.modes.passages import PassageRetriever

    counts = store.counts()
    wanted = "communities" if mode == "global" else "chunks"
    if not counts.get(wanted):
        raise NotMaterializedError(
            f"the knowledge graph ({store.name})",
            f"no {wanted}",
            "the documents' chunks and communities",
            "graftline run",
        )
    search = Search(store, embedder, settings)
    if mode in ADAPTER_MODES:
        from pipelines.answering.frameworks.comparison import open_comparison

        return open_comparison(mode, search)  # type: ignore[arg-type]
    if mode in SEARCH_MODES:
        return PassageRetriever(search, mode, reranker)  # type: ignore[arg-type]
    kinds: dict[str, Callable[[Search], Retriever]] = {
        "native": NativeRetriever,
        "local": LocalRetriever,
        "global": GlobalRetriever,
    }
    return kinds[mode](search)
