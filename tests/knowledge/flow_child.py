"""Runs the knowledge flow on a folder, done or killed: `python -m tests.knowledge.flow_child FOLDER HOME`."""

import sys
from pathlib import Path

from resources.embedding.vector_cache import CachedEmbedder
from resources.graph.embedded import EmbeddedGraphStore
from tests.fakes import FakeEmbedder
from tests.flow import Flow

if __name__ == "__main__":
    folder, home = Path(sys.argv[1]), Path(sys.argv[2])
    embedder = CachedEmbedder(FakeEmbedder(), home / "cache" / "vectors.sqlite")
    flow = Flow(folder, home, embedder, EmbeddedGraphStore(home / "graph"))
    print("started", flush=True)
    flow.run()
    print("done", flush=True)
