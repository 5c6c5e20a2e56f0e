"""What a model cost is in the metadata and the ledger; a budget stops an extraction, and the next run goes on."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.knowledge import entities as graph
from benchmarks.cost.counting_server import counting_server
from pipelines.knowledge.communities.summaries import model_reports
from resources.models.language_model import open_language_model
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder
from tests.knowledge.graph.graph_tables import chunk_table
from tests.resources.models.odd_server import OddServer, chat, odd_server

TEXTS = {f"{number}.md": [f"Nora Berg{number} works at Alder Systems in Oslo."] for number in range(10)}
PLACES = ("Oslo", "Bergen", "Madrid", "Lisbon", "Turin", "Leeds")
FIRST = ("Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Henrik", "Ines")
GROUPS = {
    f"{place}.md": [" ".join(f"{name} {place}sen works at {place} Systems." for name in FIRST)] for place in PLACES
}
"""Ten entities a place: communities that a model reports on."""
PRICES = {"LLM_PROMPT_PRICE": "1000000", "LLM_COMPLETION_PRICE": "2000000"}


def _answer(body: dict[str, Any]) -> Any:
    return chat(json.dumps({"entities": [{"name": "Oslo", "type": "LOCATION"}], "relations": []}))


def _extract(server: OddServer, home: Path, **values: str) -> tuple[dict[str, Any], pa.Table, pa.Table]:
    """Return metadata, rows and the ledger of spending."""

    @dg.asset
    def chunks() -> pa.Table:
        return chunk_table(TEXTS)

    given = {"GRAFTLINE_HOME": str(home), "GRAFTLINE_EXTRACTOR": "llm", "LLM_BASE_URL": server.address,
             "LLM_MODEL": "tiny", **values}  # fmt: skip
    settings, tables = Settings(**given), TableStore(home / "tables")
    resources = {
        "io_manager": TableIOManager(tables),
        "tables": tables,
        "settings": settings,
        "language_model": open_language_model(settings, settings.meter()),
    }
    result = dg.materialize([chunks, graph.extractions], resources=resources)
    (event,) = result.asset_materializations_for_node("extractions")
    metadata = {name: value.value for name, value in event.metadata.items()}
    return metadata, tables.read("extractions"), tables.read("model_spending")


def test_calls_tokens_cache_hits_seconds_and_money_are_metadata(tmp_path: Path):
    with odd_server(_answer) as server:
        found, _, ledger = _extract(server, tmp_path, **PRICES)
    calls = len(server.requests)
    assert found["llm_calls"] == calls >= 10 and found["llm_cache_hits"] == 0
    assert (found["llm_prompt_tokens"], found["llm_completion_tokens"]) == (7 * calls, 3 * calls)
    assert found["llm_money"] == 13.0 * calls and found["llm_seconds"] > 0 and "budget" not in found
    (row,) = ledger.to_pylist()
    assert row["asset"] == "extractions" and row["wanted"] == 10 and row["money"] == 13.0 * calls


def test_without_prices_money_is_said_to_be_unknown(tmp_path: Path):
    with odd_server(_answer) as server:
        found, _, ledger = _extract(server, tmp_path)
    assert found["llm_money"].startswith("unknown: LLM_PROMPT_PRICE") and ledger["money"].to_pylist() == [None]


def test_a_budget_leaves_chunks_failed_with_its_reason_and_the_next_run_pays_for_those_alone(tmp_path: Path):
    with odd_server(_answer) as server:
        once = {"GRAFTLINE_EXTRACTION_GLEANING": "off"}
        found, rows, _ = _extract(server, tmp_path, GRAFTLINE_BUDGET_CALLS="4", **once)
        assert len(server.requests) == found["llm_calls"] == 4
        assert found["llm_not_sent"] >= 6 and found["budget"].startswith("the budget of 4 calls had no room for")
        failed = [row["chunk_id"] for row in rows.to_pylist() if row["status"] == "failed"]
        assert len(failed) == 6
        assert all("budget: 4 of 4 calls" in row["reason"] for row in rows.to_pylist() if row["chunk_id"] in failed)
        found, rows, ledger = _extract(server, tmp_path, **once)
        assert len(server.requests) == 10 and found["llm_calls"] == 6 and found["computed_extractions"] == 6
        assert set(rows["status"].to_pylist()) == {"ok"}
        assert ledger["calls"].to_pylist() == [4, 6] and ledger["wanted"].to_pylist() == [10, 6]


def test_summaries_that_a_budget_leaves_out_quote_their_sources_until_the_next_run_writes_them(tmp_path: Path):
    def night(**values: str) -> dict[str, Any]:
        @dg.asset
        def chunks() -> pa.Table:
            return chunk_table(GROUPS)

        settings = Settings(
            GRAFTLINE_HOME=str(tmp_path), LLM_BASE_URL=server.address, LLM_MODEL="gpt-4o-mini", **values
        )
        resources = {
            "io_manager": TableIOManager(tables),
            "tables": tables,
            "settings": settings,
            "embedder": FakeEmbedder(),
            "language_model": open_language_model(settings, settings.meter()),
        }
        assets = [chunks, graph.extractions, graph.entity_graph, graph.communities, graph.community_summaries]
        result = dg.materialize(assets, resources=resources)
        (event,) = result.asset_materializations_for_node("community_summaries")
        return {name: value.value for name, value in event.metadata.items()}

    tables = TableStore(tmp_path / "tables")
    with counting_server() as server:
        found = night(GRAFTLINE_BUDGET_CALLS="2")
        assert found["llm_calls"] == 2 == server.counted().of("calls") and "budget" in found
        left = found["llm_not_sent"]
        assert left == found["computed_failures"] >= len(PLACES) - 2
        found = night()
        assert found["llm_calls"] + found["llm_cache_hits"] >= left and found["computed_failures"] == 0
        assert model_reports(tables.read("community_summaries")) == left + 2
        assert night()["llm_calls"] == 0
