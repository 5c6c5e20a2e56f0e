"""The knowledge flow through Dagster on a changing folder: only what changed is redone, deletions go everywhere.

The real extraction, communities and stores; the two models are fakes that count. With GRAFTLINE_TEST_NEO4J_URI set, the
same is asked of Neo4j.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets import inputs
from assets.knowledge import documents as documents_module
from assets.knowledge import entities as graph_module
from assets.knowledge import graph as knowledge_graph_module
from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.core.identity import table_digest
from pipelines.core.protocols import GraphStore
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.stores import open_graph_store
from resources.settings import CHECKOUT, Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker
from tests.fakes import FakeEmbedder, FakeLanguageModel

MODULES = [inputs, documents_module, graph_module, knowledge_graph_module]
TABLES = [
    "documents",
    "chunks",
    "chunk_embeddings",
    "extractions",
    "entities",
    "relations",
    "communities",
    "community_summaries",
]
NEO4J = os.environ.get("GRAFTLINE_TEST_NEO4J_URI", "")


class World:
    """A documents folder, a home and what the assets need."""

    def __init__(self, folder: Path, home: Path, neo4j: bool) -> None:
        server = {"NEO4J_URI": NEO4J, "NEO4J_PASSWORD": os.environ.get("GRAFTLINE_TEST_NEO4J_PASSWORD", "")}
        values = {"GRAFTLINE_HOME": str(home), "GRAFTLINE_DOCUMENTS": str(folder)}
        self.folder, self.settings = folder, Settings(**values, **(server if neo4j else {}))
        self.tables, self.embedder = TableStore(home / "tables"), FakeEmbedder()
        self.model = FakeLanguageModel()
        self.store: GraphStore = open_graph_store(self.settings)

    def run(self) -> dict[str, dict]:
        """Materialise the flow; return each asset's metadata."""
        assets = dg.load_assets_from_modules(MODULES)
        checks = dg.load_asset_checks_from_modules(MODULES)
        resources = {
            "io_manager": TableIOManager(self.tables),
            "settings": self.settings,
            "tables": self.tables,
            "embedder": self.embedder,
            "language_model": self.model,
            "graph_store": self.store,
            "tracker": Tracker(self.settings.tracking_uri, self.settings.home),
        }
        result = dg.materialize([*assets, *checks], resources=resources)
        events = result.get_asset_materialization_events()
        return {
            event.asset_key.to_user_string(): {
                name: value.value for name, value in event.materialization.metadata.items() if hasattr(value, "value")
            }
            for event in events
        }

    def digests(self) -> dict[str, str]:
        stored = {f"store {name}": table_digest(self.store.table(name)) for name in GRAPH_TABLES}
        return stored | {name: table_digest(self.tables.read(name)) for name in TABLES}


@pytest.fixture(params=["embedded", "neo4j"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    neo4j = request.param == "neo4j"
    if neo4j and not NEO4J:
        pytest.skip("needs GRAFTLINE_TEST_NEO4J_URI")
    folder = tmp_path / "documents"
    for name in ("incidents", "warehouses"):
        shutil.copytree(CHECKOUT / "samples" / "documents" / name, folder / name)
    made = World(folder, tmp_path / "home", neo4j)
    yield made
    made.store.close()


def test_nothing_changed_one_edited_one_deleted(world: World, tmp_path: Path):
    first = world.run()
    rows = {name: first[name]["rows"] for name in ("documents", "chunks")}
    assert rows["documents"] == first["documents"]["new"] > 10

    before, calls, embedded = world.digests(), len(world.model.calls), world.embedder.calls
    again = world.run()
    assert world.digests() == before
    assert (len(world.model.calls), world.embedder.calls) == (calls, embedded)
    assert again["documents"]["same"] == rows["documents"]
    assert all(
        again[name]["new"] == again[name]["changed"] == again[name]["gone"] == 0
        for name in ("documents", "chunks", "chunk_embeddings", "extractions", "communities")
    )
    assert again["knowledge_graph"]["written"] == again["knowledge_graph"]["deleted"] == 0

    edited = world.folder / "incidents" / "inc-24-09-verano-flood.md"
    edited.write_text(edited.read_text(encoding="utf-8") + "\nMarek Dvorsky visited Verano again.\n", encoding="utf-8")
    after = world.run()
    own = sum(path == "incidents/inc-24-09-verano-flood.md" for path in world.tables.read("chunks")["path"].to_pylist())
    assert (after["documents"]["changed"], after["documents"]["new"], after["documents"]["gone"]) == (1, 0, 0)
    assert after["chunk_embeddings"]["new"] + after["chunk_embeddings"]["changed"] <= own
    assert after["extractions"]["new"] + after["extractions"]["changed"] <= own
    assert after["chunks"]["same"] >= rows["chunks"] - own

    edited.unlink()
    last = world.run()
    assert last["documents"]["gone"] == 1
    left = {path for name in ("documents", "chunks") for path in world.tables.read(name)["path"].to_pylist()}
    left |= {path for name in ("documents", "chunks") for path in world.store.table(name)["path"].to_pylist()}
    assert "incidents/inc-24-09-verano-flood.md" not in left
    alive = set(world.tables.read("chunks")["chunk_id"].to_pylist())
    for name in ("entities", "relations"):
        held = {chunk for chunks in world.store.table(name)["chunk_ids"].to_pylist() for chunk in chunks}
        assert held <= alive

    rebuilt = World(world.folder, tmp_path / "clean", neo4j=False)
    rebuilt.run()
    clean, mine = rebuilt.digests(), world.digests()
    assert {name: mine[name] for name in TABLES} == {name: clean[name] for name in TABLES}
    embedded_store = EmbeddedGraphStore(world.settings.home / "graph")
    for name in GRAPH_TABLES:
        assert table_digest(embedded_store.table(name)) == clean[f"store {name}"]
