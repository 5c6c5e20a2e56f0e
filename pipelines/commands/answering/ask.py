"""`graftline ask`: a question answered from the documents, with citations."""

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from pipelines.answering.modes.names import ALL_MODES
from pipelines.commands.command import Command, NearestChoice
from pipelines.core.errors import ConfigurationError

if TYPE_CHECKING:
    from pipelines.answering.modes.names import Mode
    from pipelines.core.protocols import Embedder
    from resources.settings import Settings


@click.command(cls=Command)
@click.argument("question")
@click.option("--mode", type=NearestChoice(ALL_MODES), default="native", metavar="MODE", help=", ".join(ALL_MODES))
@click.option("--language", "languages", multiple=True, help="only chunks in this language (repeatable)")
@click.option("--path", "paths", multiple=True, help="only documents below this path (repeatable)")
@click.option("--format", "formats", multiple=True, help="only documents of this format: pdf, md (repeatable)")
@click.option("--section", default="", help="only this section and those below it: 'Returns > Abroad'")
@click.option("--since", default="", metavar="DATE", help="only documents dated then or later: 2024-05")
@click.option("--until", default="", metavar="DATE", help="only documents dated then or earlier")
@click.option(
    "--trace", "with_trace", is_flag=True, help="print the steps of a mode that takes several: agentic, cypher"
)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(question: str, mode: "Mode", with_trace: bool, as_json: bool, **filters: Any) -> int:
    """Answer a question from the documents, with citations."""
    from pipelines.answering.ask import Answerer
    from pipelines.commands.answering.printed import print_proof, step_printer
    from pipelines.core.filters import Filters
    from resources.embedding.embedders import open_embedder
    from resources.embedding.reranker import open_reranker
    from resources.graph.stores import open_graph_store
    from resources.models.language_model import open_language_model
    from resources.settings import Settings

    settings = Settings.load()
    retrieval = settings.answering.retrieval.model_copy(update={"filters": Filters(**filters)})
    embedder = open_embedder(settings)
    _refuse_other_graph(settings, embedder)
    with (
        closing(open_graph_store(settings)) as store,
        Answerer(
            store=store,
            embedder=embedder,
            language_model=open_language_model(settings),
            settings=settings.answering.model_copy(update={"retrieval": retrieval}),
            reranker=open_reranker(settings),
            prompts=settings.prompts,
        ) as answerer,
    ):
        answer = answerer.ask(question, mode, step_printer(with_trace and not as_json)).as_dict()
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    if with_trace:
        from pipelines.answering.search.trace import printed_total

        print(printed_total(answer["trace"]), end="\n\n")
    print(answer["answer"] or answer["note"])
    print_proof(answer)
    return 0


def _refuse_other_graph(settings: "Settings", embedder: "Embedder") -> None:
    """Raise ConfigurationError where the graph's vectors are another model's, with the shortest way to make them."""
    from pipelines.knowledge.vectors.vector_changes import refuse_other_model, stored_model
    from resources.embedding.embedders import graph_model
    from resources.tables.tables import TableStore

    graph, chunks = graph_model(settings), stored_model(TableStore(settings.home / "tables").stored("chunk_embeddings"))
    if graph and graph != embedder.name and chunks == embedder.name:
        raise ConfigurationError(
            "the knowledge graph",
            f"vectors of {graph}, while the chunks have those of {chunks} already",
            "a graph with the chunks' vectors",
            "graftline run --select knowledge_graph",
        )
    refuse_other_model(graph, embedder)
