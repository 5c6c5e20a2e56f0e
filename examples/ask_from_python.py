"""Swap: Python in place of the command line. Opened once, asked often: the graph is counted and indexed once."""

from small_world import run, small_world

MODEL = "llamaindex:llama_index.core.llms.mock.MockLLM"
"""A stand-in that says the prompt again, so that the example needs no model: the answer is made of sources then."""
GRAPH = "documents,chunks,chunk_embeddings,extractions,entity_graph,communities,community_summaries,knowledge_graph"

if __name__ == "__main__":
    with small_world(LLM_MODEL=MODEL):
        run(GRAPH)
        from contextlib import closing

        from pipelines.answering.ask import Answerer
        from resources.embedding.embedders import open_embedder
        from resources.graph.stores import open_graph_store
        from resources.models.language_model import open_language_model
        from resources.settings import Settings

        settings = Settings.load()
        with (
            closing(open_graph_store(settings)) as store,
            Answerer(
                store=store, embedder=open_embedder(settings), language_model=open_language_model(settings)
            ) as answerer,
        ):
            for question in ("Who manages the Halden warehouse?", "How much does the Fjell 2 tent weigh?"):
                answered = answerer.ask(question, "native")
                print(question)
                for citation in answered.answer.citations:
                    print(f"  {citation['document']} {citation['start']}–{citation['end']}: {citation['quote']}")
