"""Loads and cuts a folder in a process of its own; prints what came out and the peaks of memory as JSON."""

import json
import resource
import sys
from pathlib import Path

from pipelines.core.child_process import peak_memory_bytes
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.knowledge.documents.formats.limits import Limits
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder
from tests.knowledge.documents.loaded import cut, load

folder, tables, limits = Path(sys.argv[1]), TableStore(Path(sys.argv[2])), Limits(seconds=float(sys.argv[3]))
loaded = load(folder, tables, limits)
stored, _ = cut(loaded.stored, tables, ChunkSettings(), FakeEmbedder())
parsing = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
peaks = {"loading": peak_memory_bytes() / 2**20, "parsing": parsing}
chunks = stored.to_table()
texts = {row["path"]: row["text"][:1000] for row in loaded.table.to_pylist()}
problems = {row["file"]: row["found"] for row in loaded.problems.to_pylist()}
longest = max(len(text) for text in chunks["text"].to_pylist())
result = {"texts": texts, "problems": problems, "chunked": sorted(set(chunks["path"].to_pylist()))}
print(json.dumps(result | {"peaks": peaks, "longest": longest}))
