"""LlamaIndex's indexes over our chunks, under our ids; the vectors are ours, none is made again."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.answering.adapters.models import extractive_llm, llamaindex_embedding
from pipelines.answering.retrieval import Row
from pipelines.errors import NotMaterializedError
from pipelines.protocols import Embedder, GraphStore

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
    from llama_index.core import TreeIndex

    model, llm = llamaindex_embedding(embedder), extractive_llm()
    index = TreeIndex(nodes(rows), num_children=10, llm=llm, use_async=False)

    def find(question: str, k: int) -> list[str]:
        # Each level keeps as many branches; k leaves under them are the most that it can give.
        retriever = index.as_retriever(retriever_mode="select_leaf_embedding", embed_model=model, child_branch_factor=3)
        return _ids(retriever, question, k)

    return find


def keyword(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Finder:
    """SimpleKeywordTableIndex: single words, counted; the one that asks no language model for them."""
    from llama_index.core import SimpleKeywordTableIndex

    llm = extractive_llm()
    index = SimpleKeywordTableIndex(nodes(rows), llm=llm)
    return lambda question, k: _ids(
        index.as_retriever(retriever_mode="simple", num_chunks_per_query=k, llm=llm), question, k
    )


def property_graph(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Finder:
    """PropertyGraphIndex over our entities and relations: from the nearest entities to their chunks."""
    from llama_index.core import PropertyGraphIndex
    from llama_index.core.graph_stores import SimplePropertyGraphStore
    from llama_index.core.graph_stores.types import EntityNode, Relation
    from llama_index.core.indices.property_graph import VectorContextRetriever
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores import SimpleVectorStore

    entities = store.table("entities").to_pylist()
    if not entities:
        raise NotMaterializedError(
            "mode llamaindex-property-graph", "no entities in the graph", "an extracted graph", "graftline run"
        )
    graph, near = SimplePropertyGraphStore(), SimpleVectorStore()
    source = "triplet_source_id"
    graph.upsert_llama_nodes([*nodes(rows)])
    for row in entities:
        first = {source: row["chunk_ids"][0]} if row["chunk_ids"] else {}
        graph.upsert_nodes([EntityNode(name=row["entity_id"], label=row["type"] or "THING", properties=first)])
    near.add([TextNode(id_=row["entity_id"], text=row["name"], embedding=list(row["vector"])) for row in entities])
    graph.upsert_relations(
        [
            Relation(
                label=row["type"],
                source_id=row["source_id"],
                target_id=row["target_id"],
                properties={source: row["chunk_ids"][0]} if row["chunk_ids"] else {},
            )
            for row in store.table("relations").to_pylist()
        ]
    )
    model = llamaindex_embedding(embedder)
    index = PropertyGraphIndex.from_existing(graph, vector_store=near, llm=extractive_llm(), embed_model=model)

    def find(question: str, k: int) -> list[str]:
        walk = VectorContextRetriever(
            graph, vector_store=near, embed_model=model, include_text=True, similarity_top_k=2 * k, limit=20 * k
        )
        return _ids(index.as_retriever(sub_retrievers=[walk]), question, k)

    return find


def _ids(retriever: Any, question: str, k: int) -> list[str]:
    return list(dict.fromkeys(found.node.node_id for found in retriever.retrieve(question)))[:k]


INDEXES: dict[str, Callable[[Sequence[Row], Embedder, GraphStore], Finder]] = {
    "llamaindex-vector": vector,
    "llamaindex-summary": summary,
    "llamaindex-tree": tree,
    "llamaindex-keyword": keyword,
    "llamaindex-property-graph": property_graph,
}
