"""Our retrievers as LlamaIndex's and LangChain's, for programs that are built on either."""

from typing import TYPE_CHECKING, Any

from pipelines.answering.frameworks.extra import needs_langchain
from pipelines.answering.search.search import Retriever, Row

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever as LangChainRetriever
    from llama_index.core.retrievers import BaseRetriever as LlamaIndexRetriever

_METADATA = ("chunk_id", "document_id", "path", "title", "language", "section", "page", "start", "end")


def metadata(row: Row) -> dict[str, Any]:
    """Return what a framework's document keeps of a chunk: enough to cite it by path and span."""
    return {name: row[name] for name in _METADATA if name in row}


def as_llamaindex(retriever: Retriever, k: int) -> "LlamaIndexRetriever":
    """Return a LlamaIndex retriever of k nodes under our chunk ids; the score falls evenly with the rank, from 1."""
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

    class GraftlineRetriever(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            rows = retriever.retrieve(query_bundle.query_str, k).chunks
            return [
                NodeWithScore(
                    node=TextNode(id_=row["chunk_id"], text=row["text"], metadata=metadata(row)),
                    score=1 - place / len(rows),
                )
                for place, row in enumerate(rows)
            ]

    return GraftlineRetriever()


def as_langchain(retriever: Retriever, k: int) -> "LangChainRetriever":
    """Return a LangChain retriever of k documents under our chunk ids.

    Raises ConfigurationError where langchain-core is not installed.
    """
    needs_langchain("langchain_core")
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class GraftlineRetriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
            rows = retriever.retrieve(query, k).chunks
            return [Document(id=row["chunk_id"], page_content=row["text"], metadata=metadata(row)) for row in rows]

    return GraftlineRetriever()
