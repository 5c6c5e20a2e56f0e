"""LlamaIndex's indexes over our chunks, under our ids; the vectors are ours, none is made again."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.answering.frameworks.llamaindex_graph import property_graph
from pipelines.answering.frameworks.models import BORDER, extractive_llm, llamaindex_embedding
from pipelines.answering.search.search import Row
from pipelines.core.protocols import Embedder, GraphStore

if TYPE_CHECKING:
    from llama_index.core.schema import TextNode

Finder = Callable[[str, int], list[str]]
"""(question, k) → chunk ids, best first."""


def nodes(rows: Sequence[Row]) -> "list[TextNode]":
    """Return chunks as LlamaIndex nodes with their stored vectors."""
    from llama_index.core.schema import TextNode

    return [TextNode(id_=row["chunk_id"], text=row["text"], embedding=list(row["vector"])) for row in rows]


def vector(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Finder:
    """VectorStoreIndex: cosine over all."""
    from llama_index.core import VectorStoreIndex

    index = VectorStoreIndex(nodes(rows), embed_model=llamaindex_embedding(embedder))
    return lambda question, k: _ids(index.as_retriever(similarity_top_k=k), question, k)


def summary(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Finder:
    """SummaryIndex, the former list index: its nodes in a list, ranked by embedding when asked."""
    from llama_index.core import SummaryIndex

    model = llamaindex_embedding(embedder)
    index = SummaryIndex(nodes(rows))
    return lambda question, k: _ids(
        index.as_retriever(retriever_mode="embedding", similarity_top_k=k, embed_model=model), question, k
    )


def tree(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Finder:
    """TreeIndex: from the root to the leaves by embedding, over summaries made of first sentences."""
    from llama_index.core import PromptTemplate, TreeIndex

    model, llm = llamaindex_embedding(embedder), extractive_llm()
    # The store's order is that of the ids; ten neighbours in their documents have something in common to be told.
    ordered = sorted(rows, key=lambda row: (row["path"], row["start"], row["chunk_id"]))
    leaves = [node.model_copy(update={"text": f"{BORDER}{node.text}"}) for node in nodes(ordered)]
    only_texts = PromptTemplate("{context_str}")
    index = TreeIndex(leaves, num_children=10, llm=llm, summary_template=only_texts, use_async=False)
    # The docstore hands out copies: a summary without a vector would be embedded again for every question.
    bare = [node for node in index.docstore.docs.values() if node.embedding is None]
    made = model.get_text_embedding_batch([node.get_content() for node in bare])
    for node, vector in zip(bare, made, strict=True):
        node.embedding = vector
    index.docstore.add_documents(bare)

    def find(question: str, k: int) -> list[str]:
        # Each level keeps k branches, so that k leaves come out.
        retriever = index.as_retriever(retriever_mode="select_leaf_embedding", embed_model=model, child_branch_factor=k)
        return _ids(retriever, question, k)

    return find


def keyword(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Finder:
    """SimpleKeywordTableIndex: single words, counted; the one that asks no language model for them."""
    from llama_index.core import SimpleKeywordTableIndex
    from llama_index.core.indices.keyword_table.retrievers import KeywordTableSimpleRetriever

    class InOrder(KeywordTableSimpleRetriever):
        def _get_keywords(self, query_str: str) -> list[str]:
            return sorted(super()._get_keywords(query_str))

    index = SimpleKeywordTableIndex(nodes(rows), llm=extractive_llm())
    # Its words and chunks are sets: among chunks with as many words of the question another order would win each run.
    table: Any = index.index_struct.table
    table.update({word: sorted(ids) for word, ids in table.items()})
    return lambda question, k: _ids(InOrder(index, num_chunks_per_query=k, llm=index._llm), question, k)


def _ids(retriever: Any, question: str, k: int) -> list[str]:
    return list(dict.fromkeys(found.node.node_id for found in retriever.retrieve(question)))[:k]


INDEXES: dict[str, Callable[[Sequence[Row], Embedder, GraphStore], Finder]] = {
    "llamaindex-vector": vector,
    "llamaindex-summary": summary,
    "llamaindex-tree": tree,
    "llamaindex-keyword": keyword,
    "llamaindex-property-graph": property_graph,
}
