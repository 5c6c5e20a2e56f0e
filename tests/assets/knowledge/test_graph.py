"""The asset `knowledge_graph` over the embedded store, materialised alone on stored inputs."""

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from assets.knowledge import graph as module
from assets.knowledge import graph_views
from pipelines.core.errors import ServiceError
from pipelines.core.graph_tables import GraphTables
from pipelines.measuring.gates import standing_gate
from resources.graph.stores import MirroredGraphStore, open_graph_store
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from resources.tracking.graph_tracker import LoggedGraph
from resources.tracking.tracker import Tracker
from tests.assets.gates_and_levels import blocking
from tests.contract.graphs import changed, graph, without_document_two
from tests.fakes import FakeEmbedder, FakeGraphStore
from tests.knowledge.graph.test_assembly import inputs

CHECKS = [
    module.store_holds_every_row,
    module.nothing_is_orphaned,
    module.both_stores_hold_the_same,
    module.few_entities_stand_alone,
    module.most_chunks_hold_an_entity,
    module.every_community_is_summarised,
]
NAMES = {"summaries": "community_summaries"}


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> list[LoggedGraph]:
    """What was logged; MLflow itself has its test in tests/resources/tracking."""
    found: list[LoggedGraph] = []

    def log(tracker: Tracker, tables: TableStore, logged: LoggedGraph) -> str:
        if logged.digest not in [one.digest for one in found]:
            found.append(logged)
        return f"run-{len(found)}"

    monkeypatch.setattr(graph_views, "log_graph", log)
    return found


def run(home: Path, of: GraphTables, embedder: FakeEmbedder, **variables: str) -> dg.ExecuteInProcessResult:
    settings, tables = Settings(GRAFTLINE_HOME=str(home), **variables), TableStore(home / "tables")
    for name, table in inputs(of).items():
        tables.write(NAMES.get(name, name), table)
    resources = {
        "io_manager": TableIOManager(tables),
        "settings": settings,
        "tables": tables,
        "embedder": embedder,
        "graph_store": open_graph_store(settings),
        "tracker": Tracker(settings.tracking_uri, settings.home),
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
        "both_stores_hold_the_same": True,
        "few_entities_stand_alone": True,
        "most_chunks_hold_an_entity": True,
        "every_community_is_summarised": True,
    }
    told = metadata(result)
    assert (told["written"], told["deleted"], told["computed_vectors"]) == (15, 0, 6)
    assert "| entities | 4 | 4 | 0 |" in told["store"]
    assert told["picture"].startswith("![knowledge graph](data:image/png;base64,")
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


def test_a_version_has_a_page_pictures_and_one_run(tmp_path, runs):
    told = metadata(run(tmp_path, graph(), FakeEmbedder()))
    page = Path(told["view"])
    assert page == tmp_path / "views" / "knowledge_graph.html" and "陈建国" in page.read_text(encoding="utf-8")
    assert told["view_shows"] == "4 of 4 entities, 3 of 3 relations, 2 of 2 communities"
    assert told["distributions"].startswith("![knowledge graph distributions](data:image/png;base64,")
    assert (told["mlflow_run"], told["entities_new"], told["changes"]) == ("run-1", 0, "*the first version*")
    made = page.stat().st_mtime_ns
    again = metadata(run(tmp_path, graph(), FakeEmbedder()))
    assert page.stat().st_mtime_ns == made and len(runs) == 1
    assert again["changes"] == "*nothing differs from the last run*"
    page.unlink()
    run(tmp_path, graph(), FakeEmbedder())
    assert page.exists() and runs[0].view == page and runs[0].figures["orphan_share"] == 0


def test_the_differences_from_the_version_before_are_told(tmp_path, runs):
    run(tmp_path, graph(), FakeEmbedder())
    later = changed(graph(), "entities", "e1", name="Marek Dvorsky", mentions=4)
    told = metadata(run(tmp_path, without_document_two(later), FakeEmbedder()))
    counts = {name: told[f"entities_{name}"] for name in ("new", "gone", "changed")}
    assert counts == {"new": 0, "gone": 2, "changed": 1}
    assert "| changed entity | Marek Dvorsky (PERSON) |" in told["changes"]
    assert "| gone relation | 陈建国 → CO_OCCURS → 腾讯 |" in told["changes"]
    assert runs[1].figures["relations_gone"] == 2


def test_without_mlflow_the_graph_is_stored_all_the_same_and_the_reason_told(tmp_path, monkeypatch):
    def fail(*_: object) -> str:
        raise ServiceError("MLflow at x", "nobody", "a server", "start it")

    monkeypatch.setattr(graph_views, "log_graph", fail)
    result = run(tmp_path, graph(), FakeEmbedder())
    assert result.success and metadata(result)["mlflow_run"].startswith("not logged: MLflow at x: found nobody")


def test_lonely_entities_and_bare_chunks_are_a_warning(tmp_path):
    result = run(tmp_path, graph(), FakeEmbedder(), GRAFTLINE_EMPTY_SHARE="0.2", GRAFTLINE_ORPHAN_SHARE="0")
    found = {check.check_name: check for check in result.get_asset_check_evaluations()}
    bare, lonely = found["most_chunks_hold_an_entity"], found["few_entities_stand_alone"]
    assert (bare.passed, bare.severity, bare.metadata["coverage"].value) == (False, dg.AssetCheckSeverity.WARN, 0.75)
    assert bare.description == "25.0% of the chunks hold no entity, 20.0% allowed"
    assert (lonely.passed, lonely.metadata["share"].value) == (True, 0.0)


def test_two_stores_that_differ_fail_the_check_and_the_gate(tmp_path):
    run(tmp_path, graph(), FakeEmbedder())
    tables = TableStore(tmp_path / "tables")
    settings = Settings(GRAFTLINE_HOME=str(tmp_path))
    embedded = open_graph_store(settings)
    rows = {name: embedded.table(name).to_pylist() for name in ("documents", "chunks", "entities", "relations")}
    rows["entities"][0]["name"] = "edited by hand"
    del rows["relations"][0]
    neo4j = FakeGraphStore(**rows, communities=embedded.table("communities").to_pylist())
    record, both = tables.read_record("knowledge_graph"), MirroredGraphStore(neo4j, embedded)
    result = module.both_stores_hold_the_same(knowledge_graph=record, tables=tables, graph_store=both)
    assert not result.passed and result.metadata["first"].value == [
        "relations: 2 rows and 3",
        "entities e1 differs",
        "relations r1 differs",
    ]
    assert "set their property graftline to ''" in (result.description or "")
    assert "both_stores_hold_the_same" in (standing_gate(tables, "knowledge_graph").refusal() or "")
