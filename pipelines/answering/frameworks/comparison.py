"""Other people's indexes as retrieval modes: the same chunks, the same vectors, the same ids, so that they compare."""

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.answering.frameworks import langchain_indexes, llamaindex_indexes
from pipelines.answering.frameworks.guide import PASSAGES, GuideIndex
from pipelines.answering.frameworks.llamaindex_indexes import Finder
from pipelines.answering.modes.names import AdapterMode
from pipelines.answering.question import question_terms
from pipelines.answering.search.search import Retrieved, Retriever, Row, Search, row_terms
from pipelines.core.protocols import Embedder
from pipelines.text.terms import term_weights

_MAKERS: dict[str, Callable[[Sequence[Row], Embedder, Any], Finder]] = {
    **llamaindex_indexes.INDEXES,
    **langchain_indexes.INDEXES,
}


def open_comparison(mode: AdapterMode, search: Search) -> Retriever:
    """Return the mode's retriever over all chunks that pass the filters, its index made in memory now."""
    filters = search.settings.retrieval.filters
    documents = {row["document_id"]: row for row in search.store.table("documents").to_pylist()}
    rows = []
    for row in search.store.table("chunks").to_pylist():
        document = documents.get(row["document_id"], {})
        if filters.passes(row, document):
            rows.append(row | {"title": document.get("title") or ""})
    if not rows:
        # Several of their indexes cannot be made of nothing.
        return NothingRetriever()
    if mode == "guide":
        return GuideRetriever(GuideIndex(rows, search.embedder))
    return ComparedRetriever(search, _MAKERS[mode](rows, search.embedder, search.store))


class ComparedRetriever:
    """An index of LlamaIndex's or LangChain's behind the interface of our own."""

    def __init__(self, search: Search, find: Finder) -> None:
        self.search, self.find = search, find

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return what the index returns, at most k."""
        rows = self.search.chunk_rows(self.find(question, k))
        return Retrieved(rows, [], term_weights(question_terms(question), [row["terms"] for row in rows]))


class NothingRetriever:
    """What stands for every index where no chunk passes the filters."""

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return nothing."""
        return Retrieved([], [], {})


class GuideRetriever:
    """The guide's preset; the prompt is its "stuff": all passages as they are."""

    def __init__(self, index: GuideIndex) -> None:
        self.index = index

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return three passages, fewer for a smaller k."""
        rows = [row | {"terms": row_terms(row)} for row in self.index.find(question, min(k, PASSAGES))]
        weights = term_weights(question_terms(question), [row["terms"] for row in rows])
        return Retrieved(rows, [], weights, stuffed=True)
