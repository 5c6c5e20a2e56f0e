"""Swap: the graph in Neo4j as well. NEO4J_URI (and NEO4J_PASSWORD) are all that changes; the assets stay the same.

NEO4J_URI=bolt://localhost:7687 NEO4J_PASSWORD=… python examples/neo4j_graph.py      (it replaces that graph)
"""

from small_world import run, small_world

MODEL = "llamaindex:llama_index.core.llms.mock.MockLLM"
"""Says the prompt again: no summary of its is borne out, so that summaries are sentences of the sources."""

if __name__ == "__main__":
    with small_world(LLM_MODEL=MODEL):
        run(
            "documents,chunks,chunk_embeddings,extractions,entity_graph,communities,community_summaries,knowledge_graph"
        )
        from contextlib import closing

        from resources.graph.stores import open_graph_store
        from resources.settings import Settings

        with closing(open_graph_store(Settings.load())) as store:
            print(f"{store.name}: {store.counts()}")
