"""A home over the cases' documents: built by the product's own command, opened with the scripted model."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.answer_cases.cases import DOCUMENTS
from benchmarks.answer_cases.scripted_server import MODEL
from benchmarks.ground.common import ROOT, say
from pipelines.answering.ask import Answerer
from resources.embedding.embedders import open_embedder
from resources.graph.stores import open_graph_store
from resources.models.language_model import open_language_model
from resources.settings import Settings

_CHAIN = "documents,chunks,chunk_embeddings,extractions,entity_graph,communities,community_summaries,knowledge_graph"


def settings_of(home: Path, server: str) -> Settings:
    """Return the settings of a home over the cases' documents, with the scripted model."""
    return Settings(GRAFTLINE_HOME=str(home), GRAFTLINE_DOCUMENTS=str(DOCUMENTS), LLM_BASE_URL=server, LLM_MODEL=MODEL)


def build(home: Path, server: str, documents: Path = DOCUMENTS) -> None:
    """Make the graph of the documents by the product's own command; without a server by the packaged model."""
    given: dict[str, Any] = {"GRAFTLINE_HOME": home, "GRAFTLINE_DOCUMENTS": documents}
    given |= {"LLM_BASE_URL": server, "LLM_MODEL": MODEL} if server else {}
    say(f"building the graph of {documents}")
    command = [sys.executable, "-m", "pipelines.commands.cli", "run", "--select", _CHAIN]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **{k: str(v) for k, v in given.items()}}, check=True)


@contextmanager
def opened(settings: Settings) -> Iterator[Answerer]:
    """Open an answerer over the home's graph."""
    with (
        closing(open_graph_store(settings)) as store,
        Answerer(
            store=store,
            embedder=open_embedder(settings),
            language_model=open_language_model(settings),
            settings=settings.answering,
        ) as answerer,
    ):
        yield answerer
