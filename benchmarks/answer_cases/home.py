"""A home over the cases' documents: built by the product's own command, opened with the scripted model."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.answer_cases.cases import DOCUMENTS
from benchmarks.answer_cases.scripted_server import MODEL
from benchmarks.ground.common import ROOT, say
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
