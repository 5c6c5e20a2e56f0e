"""`graftline ask`: a question answered from the documents, with citations."""

import argparse
import json
from contextlib import closing
from typing import TYPE_CHECKING

from pipelines.core.errors import ConfigurationError
from resources.settings import Settings

if TYPE_CHECKING:
    from pipelines.core.protocols import Embedder


_FILTERS = {"language": "languages", "path": "paths", "format": "formats"}


def _ask(arguments: argparse.Namespace) -> int:
    from pipelines.answering.ask import Answerer
    from pipelines.answering.settings import AnswerSettings, RetrievalSettings
    from pipelines.core.filters import Filters
    from resources.embedding.embedders import open_embedder
    from resources.embedding.reranker import open_reranker
    from resources.graph.stores import open_graph_store
    from resources.models.language_model import open_language_model

    settings = Settings.load()
    wanted = {field: tuple(getattr(arguments, option)) for option, field in _FILTERS.items()}
    filters = Filters(**wanted, section=arguments.section, since=arguments.since, until=arguments.until)
    embedder = open_embedder(settings)
    _refuse_other_graph(settings, embedder)
    with (
        closing(open_graph_store(settings)) as store,
        Answerer(
            store=store,
            embedder=embedder,
            language_model=open_language_model(settings),
            settings=AnswerSettings(retrieval=RetrievalSettings(filters=filters)),
            reranker=open_reranker(settings),
        ) as answerer,
    ):
        answer = answerer.ask(arguments.question, arguments.mode).as_dict()
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    print(answer["answer"])
    for number, citation in enumerate(answer["citations"], start=1):
        print(f"  [{number}] {citation['document']} ({citation['start']}–{citation['end']}): “{citation['quote']}”")
    return 0


def _refuse_other_graph(settings: Settings, embedder: "Embedder") -> None:
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
