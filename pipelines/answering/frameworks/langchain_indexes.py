"""LangChain's retrievers over our chunks, under our ids."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.answering.frameworks.extra import needs_langchain
from pipelines.answering.frameworks.llamaindex_indexes import Finder
from pipelines.answering.frameworks.models import langchain_embeddings
from pipelines.answering.search.search import Row
from pipelines.core.protocols import Embedder
from pipelines.text.tables import with_header
from pipelines.text.words import words

if TYPE_CHECKING:
    from langchain_community.retrievers import BM25Retriever
    from langchain_core.vectorstores import InMemoryVectorStore

_NEEDED = ("langchain_core", "langchain_community", "langchain_classic", "rank_bm25")


def bm25(rows: Sequence[Row], embedder: Embedder) -> Finder:
    """BM25Retriever (rank-bm25), over our words: its own would split at spaces and find nothing Chinese."""
    index = _bm25_index(rows)
    return lambda question, k: _ids(_best(index, k), question, k)


def ensemble(rows: Sequence[Row], embedder: Embedder) -> Finder:
    """EnsembleRetriever: BM25 and vectors, half each, by LangChain's reciprocal-rank fusion."""
    from langchain_classic.retrievers import EnsembleRetriever

    index, store = _bm25_index(rows), vector_store(rows, embedder)

    def find(question: str, k: int) -> list[str]:
        near = store.as_retriever(search_kwargs={"k": 2 * k})
        both = EnsembleRetriever(retrievers=[_best(index, 2 * k), near], weights=[0.5, 0.5], id_key="chunk_id")
        return _ids(both, question, k)

    return find


def compression(rows: Sequence[Row], embedder: Embedder) -> Finder:
    """ContextualCompressionRetriever: vectors, then its embedding filter in place of a language model's."""
    from langchain_classic.retrievers import ContextualCompressionRetriever
    from langchain_classic.retrievers.document_compressors import EmbeddingsFilter

    store, model = vector_store(rows, embedder), langchain_embeddings(embedder)

    def find(question: str, k: int) -> list[str]:
        base = store.as_retriever(search_kwargs={"k": 4 * k})
        narrow = EmbeddingsFilter(embeddings=model, k=k)
        return _ids(ContextualCompressionRetriever(base_compressor=narrow, base_retriever=base), question, k)

    return find


def vector_store(rows: Sequence[Row], embedder: Embedder) -> "InMemoryVectorStore":
    """Return LangChain's in-memory store filled with our vectors.

    It stands for Chroma, which brings onnxruntime and a Kubernetes client: over normalised vectors both rank the same,
    this one exactly.
    """
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(langchain_embeddings(embedder))
    for row in rows:
        store.store[row["chunk_id"]] = {
            "id": row["chunk_id"],
            "vector": list(row["vector"]),
            "text": row["text"],
            "metadata": {"chunk_id": row["chunk_id"]},
        }
    return store


def _bm25_index(rows: Sequence[Row]) -> "BM25Retriever":
    """Return LangChain's retriever over the words of headers and rows; the index lives as long as its finder."""
    from langchain_community.retrievers import BM25Retriever

    return BM25Retriever.from_texts(
        [with_header(row) for row in rows],
        metadatas=[{"chunk_id": row["chunk_id"]} for row in rows],
        preprocess_func=words,
    )


def _best(index: "BM25Retriever", k: int) -> "BM25Retriever":
    """Return the retriever of k documents over the same index."""
    return index.model_copy(update={"k": k})


def _ids(retriever: Any, question: str, k: int) -> list[str]:
    return list(dict.fromkeys(found.metadata["chunk_id"] for found in retriever.invoke(question)))[:k]


def checked(make: Callable[[Sequence[Row], Embedder], Finder]) -> Callable[[Sequence[Row], Embedder, object], Finder]:
    """Return the index's maker with the check of the extra before it."""

    def made(rows: Sequence[Row], embedder: Embedder, store: object) -> Finder:
        needs_langchain(*_NEEDED)
        return make(rows, embedder)

    return made


INDEXES = {
    "langchain-bm25": checked(bm25),
    "langchain-ensemble": checked(ensemble),
    "langchain-compression": checked(compression),
}
