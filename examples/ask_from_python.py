"""Swap: Python in place of the command line. Opened once, asked often: the graph is counted and indexed once."""

from small_world import run, small_world

MODEL = "llamaindex:llama_index.core.llms.mock.MockLLM"
"""A stand-in that says the prompt again, so that the example needs no model: the answer is made of sources then."""
GRAPH = "documents,chunks,chunk_embeddings,extractions,entity_graph,communities,community_summaries,knowledge_graph"

if __name__ == "__main__":
    with small_world(LLM_MODEL=MODEL):
        run(GRAPH)
        from pipelines.opening import opened_answerer
        from resources.settings import Settings

        with opened_answerer(Settings.load()) as answerer:
            for question in ("Who manages the Halden warehouse?", "How much does the Fjell 2 tent weigh?"):
                answered = answerer.ask(question, "native")
                print(question)
                for citation in answered.answer.citations:
                    print(f"  {citation['document']} {citation['start']}–{citation['end']}: {citation['quote']}")
