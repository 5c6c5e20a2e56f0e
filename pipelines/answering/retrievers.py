"""Which retriever a mode means: the only file that knows them all."""

import threading
from collections.abc import Callable, Mapping

from pipelines.answering.modes.names import ADAPTER_MODES, AUTO, SEARCH_MODES, Mode
from pipelines.answering.modes.native import NativeRetriever
from pipelines.answering.prompts.prompt_files import Prompts
from pipelines.answering.search.search import Retriever, Search
from pipelines.answering.settings import AnswerSettings
from pipelines.core.errors import NotMaterializedError
from pipelines.core.extensions import MODES, extension
from pipelines.core.protocols import Embedder, GraphStore, LanguageModel, Reranker


class Retrievers:
    """The retrievers of one store: each opened when its mode is first asked for and kept, the store counted once."""

    def __init__(
        self,
        store: GraphStore,
        embedder: Embedder,
        settings: AnswerSettings,
        reranker: Reranker | None = None,
        language_model: LanguageModel | None = None,
        prompts: Prompts | None = None,
    ) -> None:
        self._of_search = store, embedder, settings, language_model, prompts
        self._reranker = reranker
        self._opened: dict[Mode, Retriever] = {}
        self._search: Search | None = None
        self._counts: Mapping[str, int] = {}
        self._lock = threading.Lock()

    def of(self, mode: Mode) -> Retriever:
        """Return the mode's retriever; raises what `open_retriever` raises."""
        # Two threads that ask at once must not make an index twice.
        with self._lock:
            if mode not in self._opened:
                if self._search is None:
                    self._counts, self._search = self._of_search[0].counts(), Search(*self._of_search)
                self._opened[mode] = _retriever(mode, self._search, self._counts, self._reranker, self.of)
            return self._opened[mode]

    def close(self) -> None:
        """Let go of the retrievers, their indexes and the counts."""
        with self._lock:
            self._opened.clear()
            self._search = None


def open_retriever(
    mode: Mode,
    store: GraphStore,
    embedder: Embedder,
    settings: AnswerSettings,
    reranker: Reranker | None = None,
    language_model: LanguageModel | None = None,
    prompts: Prompts | None = None,
) -> Retriever:
    """Return the retriever of a mode; NotMaterializedError when the store is empty.

    `language_model` and its `prompts` (the packaged ones unless given) are for the modes that ask it while they search.
    Raises ConfigurationError for a mode of LangChain's where that is not installed, and for `cypher` without Neo4j or a
    model that writes it.
    """
    return Retrievers(store, embedder, settings, reranker, language_model, prompts).of(mode)


def _retriever(
    mode: Mode,
    search: Search,
    counts: Mapping[str, int],
    reranker: Reranker | None,
    of: Callable[[Mode], Retriever],
) -> Retriever:
    from pipelines.answering.modes.agentic import AgenticRetriever
    from pipelines.answering.modes.auto import AutoRetriever
    from pipelines.answering.modes.cypher import CypherRetriever
    from pipelines.answering.modes.drift import DriftRetriever
    from pipelines.answering.modes.global_search import GlobalRetriever
    from pipelines.answering.modes.local_search import LocalRetriever
    from pipelines.answering.modes.passages import PassageRetriever
    from pipelines.answering.modes.ppr import PprRetriever

    wanted = "communities" if mode in ("global", "drift") else "chunks"
    if not counts.get(wanted):
        raise NotMaterializedError(
            f"the knowledge graph ({search.store.name})",
            f"no {wanted}",
            "the documents' chunks and communities",
            "graftline run",
        )
    if mode in ADAPTER_MODES:
        from pipelines.answering.frameworks.comparison import open_comparison

        return open_comparison(mode, search)  # type: ignore[arg-type]
    if mode in SEARCH_MODES:
        return PassageRetriever(search, mode, reranker)  # type: ignore[arg-type]
    if mode == AUTO:
        return AutoRetriever(search, counts, of)
    kinds: dict[str, Callable[[Search], Retriever]] = {
        "native": NativeRetriever,
        "local": LocalRetriever,
        "global": GlobalRetriever,
        "drift": DriftRetriever,
        "ppr": PprRetriever,
        "agentic": AgenticRetriever,
        "cypher": CypherRetriever,
    }
    return kinds[mode](search) if mode in kinds else extension(MODES, mode)(search)
