"""The asset `knowledge_graph` over the embedded store, materialised alone on stored inputs."""

from pathlib import Path

import dagster as dg
import pyarrow as pa

from assets.knowledge import graph as module
from pipelines.core.graph_tables import GraphTables
from pipelines.measuring.gates import standing_gate
from resources.graph.stores import open_graph_store
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.assets.gates_and_levels import blocking
from tests.contract.graphs import graph, without_document_two
from tests.fakes import FakeEmbedder
from tests.knowledge.graph.test_assembly import inputs

CHECKS = [module.store_holds_every_row, module.nothing_is_orphaned, module.every_community_is_summarised]
NAMES = {"summaries": "community_summaries"}


def run(home: Path, of: GraphTables, embedder: FakeEmbedder) -> dg.ExecuteInProcessResult:
    settings, tables = Settings(GRAFTLINE_HOME=str(home)), TableStore(home / "tables")
    for name, table in inputs(of).items():
        tables.write(NAMES.get(name, name), table)
    resources = {
        "io_manager": TableIOManager(tables),
        "settings": settings,
        "tables": tables,
        "embedder": embedder,
        "graph_store": open_graph_store(settings),
    }
    sources = [dg.AssetSpec(NAMES.get(name, name)) for name in inputs()]
    loaded = [dg.AssetsDefinition(specs=[spec]) for spec in sources]
    return dg.materialize(
        [*loaded, module.knowledge_graph, *CHECKS], resources=resources, selection=[module.knowledge_graph]
    )


def metadata(result: dg.ExecuteInProcessResult) -> dict:
    (event,) = result.asset_materializations_for_node("knowledge_graph")
    return {key: value.value for key, value in event.metadata.items()}


def test_the_graph_is_stored_checked_and_told(tmp_path):
    result = run(tmp_path, graph(), FakeEmbedder())
    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == {
        "store_holds_every_row": True,
        "nothing_is_orphaned": True,
        "every_community_is_summarised": True,
    }
    told = metadata(result)
    assert (told["written"], told["deleted"], told["computed_vectors"]) == (15, 0, 6)
    assert "| entities | 4 | 4 | 0 |" in told["store"]
    assert told["picture"].startswith("![graph](data:image/png;base64,")
    tables = TableStore(tmp_path / "tables")
    assert standing_gate(tables, "knowledge_graph", judges=blocking(CHECKS)["knowledge_graph"]).refusal() is None
    record = tables.read_record("knowledge_graph")
    assert record["store"] == "embedded" and record["counts"]["chunks"] == 4


def test_a_second_run_embeds_and_writes_nothing_and_a_deletion_goes_all_the_way(tmp_path):
    first = run(tmp_path, graph(), FakeEmbedder())
    embedder = FakeEmbedder()
    second = run(tmp_path, graph(), embedder)
    assert (metadata(second)["written"], metadata(second)["deleted"], embedder.calls) == (0, 0, [])
    assert metadata(first)["digest"] == metadata(second)["digest"]
    third = metadata(run(tmp_path, without_document_two(graph()), embedder))
    assert (third["written"], third["deleted"]) == (1, 8)


def test_a_community_without_summary_fails_its_check(tmp_path):
    bare = graph().communities.set_column(6, "summary", pa.array(["", "x"]))
    result = run(tmp_path, GraphTables(**(vars(graph()) | {"communities": bare})), FakeEmbedder())
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks["every_community_is_summarised"] is False


def test_a_row_that_refers_to_a_missing_one_fails_the_check(tmp_path):
    run(tmp_path, graph(), FakeEmbedder())
    tables = TableStore(tmp_path / "tables")
    store = open_graph_store(Settings(GRAFTLINE_HOME=str(tmp_path)))
    tables.write("documents", tables.read("documents").slice(0, 1))
    record = tables.read_record("knowledge_graph")
    result = module.nothing_is_orphaned(knowledge_graph=record, tables=tables, graph_store=store)
    assert not result.passed
    assert result.metadata["first"].value == ["chunks c3 -> documents d2", "chunks c4 -> documents d2"]
    assert not module.store_holds_every_row(knowledge_graph=record, tables=tables, graph_store=store).passed
    refusal = standing_gate(tables, "knowledge_graph").refusal() or ""
    assert (
        "nothing_is_orphaned (2 faults: chunks c3 -> documents d2; " in refusal and "store_holds_every_row" in refusal
    )
