"""What `graftline plan` says that the next run costs is near to what it then costs, over a server that counts."""

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.knowledge import documents as files
from assets.knowledge import entities as graph
from benchmarks.cost.counting_server import CountingServer, counting_server
from pipelines.commands.plan import plan_of, plan_text
from resources.embedding.embedders import open_embedder
from resources.models.language_model import open_language_model
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore

ASSETS = [
    files.documents, files.chunks,
    graph.extractions, graph.entity_graph, graph.communities, graph.community_summaries,
]  # fmt: skip
NAMES = ("Nora", "Marek", "Anna", "Jonas")
SURNAMES = (
    "Berg", "Dvorsky", "Lindqvist", "Weber", "Hansen", "Keller",
    "Moreau", "Rossi", "Tanaka", "Larsen", "Fischer", "Novak",
)  # fmt: skip
FIRMS = ("Alder Systems", "Verano Outdoor", "Harbour Group")
PRICES = {"LLM_PROMPT_PRICE": "1", "LLM_COMPLETION_PRICE": "4"}


def _text(number: int) -> str:
    firm, surname = FIRMS[number % 3], SURNAMES[number % 12]
    people = "".join(f"{name} {surname} works at {firm} since 20{number:02}. " for name in NAMES)
    return (
        f"{people}{firm} has its seat in Oslo and sells tents to Bergen. "
        f"In 20{number:02} the Museum of Stavanger bought {number} tents from {firm}.\n"
    )


def _settings(place: Path, server: CountingServer, **values: str) -> Settings:
    given = {
        "GRAFTLINE_HOME": str(place / "home"),
        "GRAFTLINE_DOCUMENTS": str(place / "documents"),
        "GRAFTLINE_RECIPES": str(place / "recipes"),  # none
        "GRAFTLINE_EXTRACTOR": "llm",
        "GRAFTLINE_EXTRACTION_GLEANING": "off",  # how many names a model misses, only a run tells
        "LLM_BASE_URL": server.address,
        "LLM_MODEL": "gpt-4o-mini",
        **PRICES,
        **values,
    }
    return Settings(**given)


def _run(settings: Settings) -> dict[str, dict[str, Any]]:
    """Run the assets; return their metadata."""
    tables = TableStore(settings.home / "tables")
    resources = {
        "io_manager": TableIOManager(tables),
        "tables": tables,
        "settings": settings,
        "embedder": open_embedder(settings),
        "language_model": open_language_model(settings, settings.meter()),
    }
    result = dg.materialize(ASSETS, resources=resources)
    return {
        name: {key: value.value for key, value in result.asset_materializations_for_node(name)[0].metadata.items()}
        for name in ("extractions", "community_summaries")
    }


def _planned(settings: Settings) -> dict[str, dict[str, Any]]:
    return {one["asset"]: one for one in plan_of(settings)["cost"]}


def _factor(one: float, other: float) -> float:
    return max(one, other) / min(one, other)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    for number in range(12):
        (tmp_path / "documents" / f"{number:02}.md").write_text(_text(number), encoding="utf-8")
    return tmp_path


def test_the_plan_is_near_to_the_first_run_and_nearer_to_the_next(place: Path):
    with counting_server() as server:
        settings = _settings(place, server)
        planned = _planned(settings)
        assert server.counted().of("calls") == 0 and not (settings.home / "tables").exists()
        spent = _run(settings)
        first, actual = planned["extractions"], spent["extractions"]
        assert first["calls"] == first["wanted"] == actual["llm_calls"] == 12
        assert _factor(first["prompt_tokens"], actual["llm_prompt_tokens"]) <= 1.3
        assert _factor(first["money"], actual["llm_money"]) <= 2.5
        assert _factor(planned["community_summaries"]["calls"], spent["community_summaries"]["llm_calls"]) <= 2.5

        assert plan_of(settings)["cost"] == []  # all is done
        assert _planned(_settings(place, server, GRAFTLINE_CHUNK_TOKENS="24"))["extractions"]["calls"] > 20
        (place / "documents" / "03.md").write_text(_text(33), encoding="utf-8")
        for number in range(12, 15):
            (place / "documents" / f"{number}.md").write_text(_text(number), encoding="utf-8")
        planned, spent = _planned(settings), _run(settings)
        for asset, most in (("extractions", 1.2), ("community_summaries", 2.0)):
            tokens = planned[asset]["prompt_tokens"] + planned[asset]["completion_tokens"]
            told = spent[asset]["llm_prompt_tokens"] + spent[asset]["llm_completion_tokens"]
            assert _factor(tokens, told) <= most, asset
        assert planned["extractions"]["calls"] == spent["extractions"]["llm_calls"] == 4
        assert "by the last run" in planned["extractions"]["told"]


def test_what_the_cache_has_is_counted_out(place: Path):
    with counting_server() as server:
        settings = _settings(place, server)
        _run(settings)
        other = _settings(place, server, GRAFTLINE_HOME=str(place / "other"))
        shutil.copytree(settings.home / "cache", other.home / "cache")
        found = _planned(other)["extractions"]
        assert (found["cached"], found["calls"], found["prompt_tokens"]) == (12, 0, 0) and found["money"] == 0


def test_a_budget_that_is_too_small_is_said_and_without_prices_no_money_is(place: Path):
    with counting_server() as server:
        unpriced = {"LLM_PROMPT_PRICE": "", "LLM_COMPLETION_PRICE": ""}
        text = plan_text(plan_of(_settings(place, server, GRAFTLINE_BUDGET_CALLS="5", **unpriced)))
    assert "extractions: about 12 calls for 12, 0 from the cache" in text and "no prices are set" in text
    assert text.endswith("the budget of 5 calls ends it before, and the run after goes on")


def test_the_packaged_model_costs_only_time_and_is_not_planned(place: Path):
    settings = Settings(GRAFTLINE_HOME=str(place / "home"), GRAFTLINE_DOCUMENTS=str(place / "documents"))
    assert plan_of(settings)["cost"] == []
