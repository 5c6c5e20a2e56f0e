"""LlamaIndex's property graph over our entities and relations."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.answering.frameworks.models import extractive_llm, llamaindex_embedding
from pipelines.answering.search.search import Row
from pipelines.core.errors import NotMaterializedError
from pipelines.core.protocols import Embedder, GraphStore

if TYPE_CHECKING:
    from llama_index.core.graph_stores import SimplePropertyGraphStore
    from llama_index.core.graph_stores.types import Triplet

_SOURCE = "triplet_source_id"


def property_graph(rows: Sequence[Row], embedder: Embedder, store: GraphStore) -> Callable[[str, int], list[str]]:
    """PropertyGraphIndex: from the nearest entities along their relations to the chunks that say them."""
    from llama_index.core import PropertyGraphIndex
    from llama_index.core.indices.property_graph import VectorContextRetriever
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores import SimpleVectorStore

    entities = store.table("entities").to_pylist()
    if not entities:
        raise NotMaterializedError(
            "mode llamaindex-property-graph", "no entities in the graph", "an extracted graph", "graftline run"
        )
    graph, near = neighbour_store(rows, entities, store.table("relations").to_pylist()), SimpleVectorStore()
    near.add([TextNode(id_=row["entity_id"], text=row["name"], embedding=list(row["vector"])) for row in entities])
    model = llamaindex_embedding(embedder)
    index = PropertyGraphIndex.from_existing(graph, vector_store=near, llm=extractive_llm(), embed_model=model)

    def find(question: str, k: int) -> list[str]:
        walk = VectorContextRetriever(
            graph, vector_store=near, embed_model=model, include_text=True, similarity_top_k=2 * k, limit=20 * k
        )
        found = index.as_retriever(sub_retrievers=[walk]).retrieve(question)
        return list(dict.fromkeys(one.node.node_id for one in found))[:k]

    return find


def neighbour_store(
    rows: Sequence[Row], entities: Sequence[Row], relations: Sequence[Row]
) -> "SimplePropertyGraphStore":
    """Return LlamaIndex's in-memory store, with its two look-ups by index and in a fixed order.

    Its own go through every triplet of the graph for each entity of the question and each of their neighbours, and
    what passes the limit depends on the order of a set. A triplet names the chunk of its relation: LlamaIndex reads it
    from the subject, which has one chunk for all its relations.
    """
    from llama_index.core.graph_stores import SimplePropertyGraphStore
    from llama_index.core.graph_stores.types import EntityNode, LabelledNode, Relation
    from llama_index.core.schema import TextNode

    homes = _homes(rows, relations)
    touching: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(relations, key=lambda row: (-row["weight"], row["relation_id"])):
        if row["relation_id"] in homes:
            touching[row["source_id"]].append(row)
            touching[row["target_id"]].append(row)

    def triplet(row: Row) -> "Triplet":
        ends = row["source_id"], row["target_id"]
        subject = EntityNode(name=ends[0], properties={_SOURCE: homes[row["relation_id"]]})
        return subject, Relation(label=row["type"], source_id=ends[0], target_id=ends[1]), EntityNode(name=ends[1])

    class NeighbourStore(SimplePropertyGraphStore):
        def get(self, properties: dict | None = None, ids: list[str] | None = None) -> list[LabelledNode]:
            return [self.graph.nodes[key] for key in dict.fromkeys(ids or []) if key in self.graph.nodes]

        def get_rel_map(
            self, graph_nodes: list[LabelledNode], depth: int = 1, limit: int = 30, ignore_rels: Any = None
        ) -> "list[Triplet]":
            found = {row["relation_id"]: row for node in graph_nodes for row in touching[node.id]}
            return [triplet(row) for row in list(found.values())[:limit]]

    graph = NeighbourStore()
    graph.upsert_llama_nodes([TextNode(id_=row["chunk_id"], text=row["text"]) for row in rows])
    graph.upsert_nodes([EntityNode(name=row["entity_id"], label=row["type"] or "THING") for row in entities])
    return graph


def _homes(rows: Sequence[Row], relations: Sequence[Row]) -> dict[str, str]:
    """Return by relation its first chunk among these rows; what only other chunks say is left out."""
    known = {row["chunk_id"] for row in rows}
    firsts = {row["relation_id"]: next((key for key in row["chunk_ids"] if key in known), "") for row in relations}
    return {key: chunk for key, chunk in firsts.items() if chunk}
