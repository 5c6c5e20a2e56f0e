"""Loads and cuts a folder in a process of its own; prints what came out and the peaks of memory as JSON."""

import json
import resource
import sys
from pathlib import Path

from pipelines.child_process import peak_memory_bytes
from pipelines.knowledge.chunking import chunk_documents
from pipelines.knowledge.cutting.strategies import ChunkSettings
from pipelines.knowledge.loading import load_documents
from pipelines.knowledge.reading.limits import Limits
from tests.fakes import FakeEmbedder

loaded = load_documents(Path(sys.argv[1]), None, Limits(seconds=float(sys.argv[2])))
chunks, _ = chunk_documents(loaded.table, None, ChunkSettings(), FakeEmbedder().count_tokens, "fake")
parsing = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
peaks = {"loading": peak_memory_bytes() / 2**20, "parsing": parsing}
texts = {row["path"]: row["text"][:1000] for row in loaded.table.to_pylist()}
problems = {row["file"]: row["found"] for row in loaded.problems.to_pylist()}
longest = max(len(text) for text in chunks["text"].to_pylist())
result = {"texts": texts, "problems": problems, "chunked": sorted(set(chunks["path"].to_pylist()))}
print(json.dumps(result | {"peaks": peaks, "longest": longest}))
