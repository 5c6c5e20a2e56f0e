"""The graph assets by `dg.materialize`, over a fake language model and the real table store."""

from pathlib import Path

import dagster as dg
import pyarrow as pa

from assets.knowledge import entities as graph
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.assets.gates_and_levels import refusals
from tests.fakes import FakeEmbedder, FakeLanguageModel
from tests.knowledge.graph.graph_tables import chunk_table

TEXTS = {
    "a.txt": ["小明在北京工作于腾讯。 小红在上海工作于阿里。 腾讯是一家互联网公司。"],
    "b.md": ["Nora Berg works at Alder Systems. Alder Systems is located in Oslo."],
}
ASSETS = [graph.extractions, graph.entity_graph, graph.communities, graph.community_summaries]
CHECKS = [
    graph.extraction_failures_are_few, graph.few_chunks_are_empty, graph.relations_have_both_ends,
    graph.few_entities_look_like_others, graph.communities_nest, graph.every_community_has_a_summary,
]  # fmt: skip


def _run(
    home: Path, texts: dict[str, list[str]], model: FakeLanguageModel, selection: list[str] | None = None, **values: str
):
    @dg.asset
    def chunks() -> pa.Table:
        return chunk_table(texts)

    tables = TableStore(home / "tables")
    settings = Settings.load({"GRAFTLINE_HOME": str(home), **values}, home / "none.env")
    result = dg.materialize(
        [chunks, *ASSETS, *CHECKS],
        resources={
            "io_manager": TableIOManager(tables), "tables": tables, "settings": settings, "language_model": model,
            "embedder": FakeEmbedder(),
        },
        selection=selection, raise_on_error=not values,
    )  # fmt: skip
    return result, tables


def _counter(result: dg.ExecuteInProcessResult, asset: str, name: str) -> object:
    (event,) = result.asset_materializations_for_node(asset)
    return event.metadata[name].value


def test_chunks_become_a_graph_with_summaries_and_all_checks_pass(tmp_path: Path):
    result, tables = _run(tmp_path, TEXTS, FakeLanguageModel())
    assert result.success
    assert {(e.check_name, e.passed) for e in result.get_asset_check_evaluations()} == {
        ("extraction_failures_are_few", True),
        ("few_chunks_are_empty", True),
        ("relations_have_both_ends", True),
        ("few_entities_look_like_others", True),
        ("communities_nest", True),
        ("every_community_has_a_summary", True),
    }
    assert refusals(tables, CHECKS) == dict.fromkeys(asset.key.to_user_string() for asset in ASSETS)
    assert "aliases" in tables.names() and "suspected_duplicates" in tables.names()
    names = set(tables.read("entities")["name"].to_pylist())
    assert {"小明", "腾讯", "Nora Berg", "Alder Systems", "Oslo"} <= names
    assert {"WORKS_AT", "LOCATED_IN"} <= set(tables.read("relations")["type"].to_pylist())
    assert tables.read("community_summaries").num_rows == tables.read("communities").num_rows > 0


def test_a_second_run_computes_nothing_and_asks_no_model(tmp_path: Path):
    _run(tmp_path, TEXTS, FakeLanguageModel())
    model = FakeLanguageModel()
    result, _ = _run(tmp_path, TEXTS, model)
    assert model.calls == []
    assert _counter(result, "extractions", "computed_extractions") == 0
    assert _counter(result, "entity_graph", "entities_same") == _counter(result, "entity_graph", "entities")
    assert _counter(result, "community_summaries", "computed_summaries") == 0


def test_a_deleted_document_is_gone_from_every_table(tmp_path: Path):
    _run(tmp_path, TEXTS, FakeLanguageModel())
    result, tables = _run(tmp_path, {"a.txt": TEXTS["a.txt"]}, FakeLanguageModel())
    assert _counter(result, "extractions", "gone") == 1
    assert "Nora Berg" not in tables.read("entities")["name"].to_pylist()
    chunk_ids = set(tables.read("extractions")["chunk_id"].to_pylist())
    for name in ("entities", "relations", "community_summaries"):
        assert {key for keys in tables.read(name)["chunk_ids"].to_pylist() for key in keys} <= chunk_ids


def test_each_asset_can_be_materialised_alone(tmp_path: Path):
    _run(tmp_path, TEXTS, FakeLanguageModel())
    for asset in ASSETS:
        result, _ = _run(tmp_path, TEXTS, FakeLanguageModel(), [asset.key.to_user_string()])
        assert result.success


def test_chunks_in_which_a_model_found_nothing_fail_a_check_unless_so_many_are_allowed(tmp_path: Path):
    model = FakeLanguageModel(lambda messages: '{"entities": [], "relations": []}')
    result, tables = _run(tmp_path, TEXTS, model, GRAFTLINE_EXTRACTOR="llm")
    assert not result.success and tables.find("entities") is None
    verdicts = {e.check_name: e.passed for e in result.get_asset_check_evaluations()}
    assert verdicts == {"extraction_failures_are_few": True, "few_chunks_are_empty": False}
    result, _ = _run(tmp_path, TEXTS, model, GRAFTLINE_EXTRACTOR="llm", GRAFTLINE_EMPTY_SHARE="1")
    assert result.success


def test_chunks_that_fail_stop_the_run_above_the_share_and_the_next_run_asks_for_those_alone(tmp_path: Path):
    answer = '{"entities": [["Nora Berg", "PERSON"], ["Atlantis", "LOCATION"]], "relations": []}'
    model = FakeLanguageModel(lambda messages: answer if "Nora" in messages[-1]["content"] else "I can't.")
    values = {"GRAFTLINE_EXTRACTOR": "llm", "GRAFTLINE_EXTRACTION_GLEANING": "off"}
    result, tables = _run(tmp_path, TEXTS, model, **values)
    assert not result.success and tables.find("entities") is None
    told = {name: _counter(result, "extractions", name) for name in ("chunks_ok", "chunks_failed", "dropped", "calls")}
    assert told == {"chunks_ok": 1, "chunks_failed": 1, "dropped": 1, "calls": 2}
    assert _counter(result, "extractions", "dropped_by_reason") == {"entity that is not in the text": 1}
    result, _ = _run(tmp_path, TEXTS, model, **values, GRAFTLINE_BAD_SHARE="0.5")
    assert result.success and len(model.calls[-1]) == 1


def test_triples_of_a_file_become_a_graph_and_rows_that_match_nothing_are_told(tmp_path: Path):
    path = tmp_path / "triples.jsonl"
    path.write_text(
        '{"path": "b.md", "source": "Nora Berg", "relation": "heads", "target": "Alder Systems"}\n'
        '{"path": "c.md", "source": "Nora Berg", "relation": "heads", "target": "Alder Systems"}\n', encoding="utf-8",
    )  # fmt: skip
    model = FakeLanguageModel()
    result, tables = _run(tmp_path, TEXTS, model, GRAFTLINE_EXTRACTOR="replay", GRAFTLINE_EXTRACTION_TRIPLES=str(path))
    assert result.success and tables.read("relations")["type"].to_pylist() == ["HEADS"]
    assert _counter(result, "extractions", "unmatched_rows") == 1
    assert _counter(result, "extractions", "chunks_empty") == 1
