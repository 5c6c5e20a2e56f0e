"""The systems whose tokens are counted: each brings a folder of its own up to date with a folder of texts."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost.counting_server import EMBEDDING, MODEL, tiktoken_files
from benchmarks.ground.process import python, run
from benchmarks.peers import environment

ASSETS = (
    "documents", "chunks", "chunk_embeddings", "extractions", "entity_graph", "communities", "community_summaries",
)  # fmt: skip
TABLES = ("documents", "chunks", "extractions", "entities", "relations", "communities", "community_summaries")
_CLEARED = ("EMBEDDING_MODEL", "EMBEDDING_BASE_URL", "EMBEDDING_OPTIONS", "EMBEDDING_MAX_TOKENS", "LLM_OPTIONS",
            "NEO4J_URI", "GRAFTLINE_ENGINE")  # fmt: skip

Bring = Callable[[Path, Path, str], None]
"""Brings a kept folder up to date with a folder of texts, asking the server of this address."""


@dataclass(frozen=True)
class System:
    """A system: how it builds, what its update is, in words, and whether it writes reports of communities."""

    name: str
    bring: Bring
    update: str
    reports: bool = True


def graftline(kept: Path, texts: Path, address: str) -> None:
    """Run our assets up to the summaries, by the command that a user types."""
    values = {
        **dict.fromkeys(_CLEARED, ""),
        "GRAFTLINE_HOME": str(kept),
        "GRAFTLINE_DOCUMENTS": str(texts),
        "GRAFTLINE_EXTRACTOR": "llm",
        "LLM_BASE_URL": address,
        "LLM_MODEL": MODEL,
    }
    command = [sys.executable, "-m", "pipelines.commands.cli", "run", "--select", ",".join(ASSETS)]
    run(command, kept / "run.log", values)


def graphrag(kept: Path, texts: Path, address: str) -> None:
    """Index by graphrag's command, its settings as `init` writes them but for the address; its cache stays."""
    command = [environment("graphrag"), "-m", "graphrag"]
    if not (kept / "settings.yaml").exists():
        run([*command, "init", "--root", kept, "--model", MODEL, "--embedding", EMBEDDING], kept / "init.log")
        written, key = (kept / "settings.yaml").read_text(encoding="utf-8"), "    api_key: ${GRAPHRAG_API_KEY}"
        assert written.count(key) == 2, "graphrag's settings have another form"
        with_address = written.replace(key, f"    api_base: ${{GRAPHRAG_API_BASE}}\n{key}")
        (kept / "settings.yaml").write_text(with_address, encoding="utf-8")
    shutil.rmtree(kept / "input", ignore_errors=True)
    shutil.copytree(texts, kept / "input")
    values = _peer_values() | {"GRAPHRAG_API_BASE": address, "GRAPHRAG_API_KEY": "none"}
    run([*command, "index", "--root", kept], kept / "index.log", values)


def lightrag(kept: Path, texts: Path, address: str) -> None:
    """Insert, and delete what is gone, by LightRAG."""
    command = python("graph_lightrag", kept, texts, address, interpreter=environment("lightrag"))
    run(command, kept / "run.log", _peer_values())


def nano_graphrag(kept: Path, texts: Path, address: str) -> None:
    """Insert by nano-graphrag into a new graph: it can't delete; of an earlier one its cache of answers is kept."""
    cache = "kv_store_llm_response_cache.json"
    known = (kept / cache).read_bytes() if (kept / cache).exists() else None
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    if known is not None:
        (kept / cache).write_bytes(known)
    command = python("graph_nano", kept, texts, interpreter=environment("nano_graphrag"))
    run(command, kept / "run.log", _peer_values() | {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none"})


def _peer_values() -> Mapping[str, str]:
    return {"TIKTOKEN_CACHE_DIR": os.environ.get("TIKTOKEN_CACHE_DIR") or str(tiktoken_files())}


OURS = System("graftline", graftline, "the next run")
PEERS = (
    System("graphrag", graphrag, "`graphrag index` again with its cache, since its update only adds"),
    System("lightrag", lightrag, "its `adelete_by_doc_id` and `ainsert`", reports=False),
    System("nano_graphrag", nano_graphrag, "a rebuild with its cache of answers, since it can't delete"),
)
