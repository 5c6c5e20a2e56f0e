"""The answering assets over fakes, with a real MLflow store below the test's own home."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from assets import answering as module
from pipelines.core.identity import table_digest
from pipelines.core.protocols import Completion
from pipelines.core.schemas import QUESTIONS
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker
from tests.answering.world import TEXTS, build_store
from tests.assets.gates_and_levels import SAYS_95, refusals
from tests.fakes import FakeEmbedder, FakeLanguageModel

ROWS = [
    {
        "id": "q1",
        "question": "Within how many days can unused goods be sent back?",
        "answer": "45 days",
        "documents": ["policies/returns.md"],
        "type": "single-hop",
    },
    {
        "id": "q2",
        "question": "Which insurer paid for the submarine?",
        "answer": "",
        "documents": [],
        "type": "unanswerable",
    },
]
CHECKS = [
    module.citations_stand_in_the_documents,
    module.most_questions_have_an_answer,
    module.the_model_wrote_the_answers,
    module.questions_rejected_share,
    module.every_mode_is_scored,
    module.no_figure_fell,
]


@pytest.fixture
def resources(tmp_path: Path) -> dict[str, Any]:
    """Fakes around a graph, and what the knowledge flow would have stored."""
    (tmp_path / "questions").mkdir()
    lines = [*map(json.dumps, ROWS), '{"question": "no answer key"}']
    (tmp_path / "questions" / "q.jsonl").write_text("\n".join(lines), encoding="utf-8")
    settings = Settings(
        GRAFTLINE_HOME=str(tmp_path), GRAFTLINE_QUESTIONS=str(tmp_path / "questions"), GRAFTLINE_BAD_SHARE="0.4"
    )
    tables, store = TableStore(tmp_path / "tables"), build_store()
    tables.write_record("knowledge_graph", {"digest": "graph-1"}, "graph-1")
    tables.write("documents", pa.table({"path": list(TEXTS), "text": list(TEXTS.values())}))
    tables.write("chunks", store.table("chunks").select(["chunk_id", "path"]))
    return {
        "io_manager": TableIOManager(tables),
        "settings": settings,
        "tables": tables,
        "graph_store": store,
        "embedder": FakeEmbedder(),
        "language_model": FakeLanguageModel(),
        "tracker": Tracker(settings.tracking_uri, tmp_path),
    }


def _run(
    resources: dict[str, Any],
    raise_on_error: bool = True,
    selection: dg.AssetSelection | Sequence[str] = ("questions", "answers", "scoreboard"),
) -> dg.ExecuteInProcessResult:
    upstream = [dg.AssetSpec("knowledge_graph"), dg.AssetSpec("documents"), dg.AssetSpec("chunks")]
    return dg.materialize(
        [*upstream, module.questions, module.answers, module.scoreboard, *CHECKS],
        resources=resources,
        selection=selection,
        raise_on_error=raise_on_error,
    )


def _metadata(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(name)
    return {key: value.value for key, value in event.metadata.items()}


def test_answers_and_scoreboard_pass_their_checks_and_list_the_rejected_row(resources: dict[str, Any]) -> None:
    result = _run(resources)
    assert all(check.passed for check in result.get_asset_check_evaluations())
    assert {check.check_name for check in result.get_asset_check_evaluations()} == {
        "citations_stand_in_the_documents",
        "most_questions_have_an_answer",
        "the_model_wrote_the_answers",
        "questions_rejected_share",
        "every_mode_is_scored",
        "no_figure_fell",
    }
    questions = _metadata(result, "questions")
    assert questions["rows"] == 2 and questions["rejected"] == 1 and "no key 'answer'" in questions["ledger"]
    assert _metadata(result, "answers")["rows"] == 6
    assert refusals(resources["tables"], CHECKS) == {"answers": None}
    board = resources["tables"].read("scoreboard").to_pylist()
    refused = [row["value"] for row in board if row["metric"] == "refused" and row["language"] == "all"]
    assert refused and set(refused) == {1.0}


def test_a_second_run_answers_nothing_anew_and_logs_no_second_run(resources: dict[str, Any]) -> None:
    first = _metadata(_run(resources), "scoreboard")
    resources["embedder"].calls.clear()
    second = _run(resources)
    assert _metadata(second, "answers")["computed_answers"] == 0 and not resources["embedder"].calls
    assert _metadata(second, "scoreboard")["mlflow_run"] == first["mlflow_run"]
    assert _metadata(second, "scoreboard")["digest"] == first["digest"]


def test_a_quote_that_left_its_document_fails_the_blocking_check(resources: dict[str, Any]) -> None:
    moved = pa.table({"path": list(TEXTS), "text": [f"moved {text}" for text in TEXTS.values()]})
    resources["tables"].write("documents", moved)
    result = _run(resources, raise_on_error=False)
    failed = [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
    assert not result.success and failed == ["citations_stand_in_the_documents"]
    assert "failed: citations_stand" in str(refusals(resources["tables"], CHECKS)["answers"])


def test_a_model_that_fails_is_told_and_is_no_right_refusal(resources: dict[str, Any]) -> None:
    class Down(FakeLanguageModel):
        packaged = False

        def complete(self, prompts: Sequence[Any], *_: Any, **__: Any) -> list[Completion]:
            self.calls.append(list(prompts))
            return [Completion("", 0, 0, failure="the server answered with status 500") for _ in prompts]

    resources["language_model"] = Down()
    result = _run(resources)
    failed = [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
    assert "the_model_wrote_the_answers" in failed
    board = resources["tables"].read("scoreboard").to_pylist()
    assert {row["value"] for row in board if row["metric"] == "refused"} == {0.0}
    assert not [row for row in board if row["metric"] == "prompt_tokens" and row["type"] == "unanswerable"]


def test_the_questions_are_a_table_with_its_digest_as_data_version(resources: dict[str, Any]) -> None:
    result = _run(resources, selection=["questions"])
    (event,) = result.asset_materializations_for_node("questions")
    stored = resources["tables"].read("questions")
    assert stored.schema.names == QUESTIONS.names and stored["id"].to_pylist() == ["q1", "q2"]
    assert event.tags and event.tags["dagster/data_version"] == table_digest(stored)


def test_answers_scores_and_the_gate_are_about_the_questions_that_were_read_not_about_the_folder_now(
    resources: dict[str, Any],
) -> None:
    _run(resources, selection=["questions"])
    file = resources["settings"].questions / "q.jsonl"
    file.write_text("not JSON\n" * 5 + json.dumps(ROWS[0] | {"id": "q3"}), encoding="utf-8")
    result = _run(resources, selection=["answers", "scoreboard"])
    assert result.success and set(resources["tables"].read("answers")["question_id"].to_pylist()) == {"q1", "q2"}
    assert resources["tables"].read("scoreboard").num_rows
    (gate,) = _run(
        resources, selection=dg.AssetSelection.checks(module.questions_rejected_share)
    ).get_asset_check_evaluations()
    assert gate.passed and gate.metadata["rejected"].value == 1


def test_at_level_99_nothing_that_the_scoreboard_shows_or_logs_says_95(
    resources: dict[str, Any], tmp_path: Path
) -> None:
    def board(level: float) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        settings = resources["settings"].model_copy(update={"level": level})
        result = _run(resources | {"settings": settings})
        return resources["tables"].read("scoreboard").to_pylist(), _metadata(result, "scoreboard")

    (narrow, usual), (wide, shown) = board(0.95), board(0.99)
    assert {row["level"] for row in narrow} == {0.95} and {row["level"] for row in wide} == {0.99}
    assert (usual["intervals"], shown["intervals"]) == ("95 %", "99 %")
    assert usual["mlflow_run"] != shown["mlflow_run"]
    logged = [path.read_text() for path in tmp_path.rglob(f"{shown['mlflow_run']}/**/*.json")]
    assert logged and not [text for text in [*logged, str(shown)] if SAYS_95.search(text)]


def _nightly(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    return next(one for one in result.get_asset_check_evaluations() if one.check_name == "no_figure_fell")


def test_a_first_night_has_nothing_to_compare_with_and_a_worse_one_fails_its_check(resources: dict[str, Any]) -> None:
    first = _nightly(_run(resources))
    assert first.passed and first.description == "nothing to compare with"
    assert _nightly(_run(resources)).passed

    resources["language_model"] = FakeLanguageModel(lambda messages: "nothing of use")
    resources["graph_store"] = build_store({"a.md": "Nothing of all that stands here, sent back or not."})
    resources["tables"].write_record("knowledge_graph", {"digest": "graph-2"}, "graph-2")
    resources["tables"].write("documents", pa.table({"path": ["a.md"], "text": ["Nothing of all that."]}))
    resources["tables"].write("chunks", resources["graph_store"].table("chunks").select(["chunk_id", "path"]))
    resources["settings"] = resources["settings"].model_copy(update={"modes": ("native",)})
    worse = _run(resources, raise_on_error=False, selection=["answers", "scoreboard"])
    check = _nightly(worse)
    assert not check.passed and "native recall_at_5 1.00 → 0.00: −1.00 [−1.00, −1.00]" in str(check.metadata["fell"])
    again = _nightly(_run(resources, raise_on_error=False, selection=["scoreboard"]))
    assert again.passed is False and again.description == check.description


def test_the_scoreboard_says_of_each_mode_whether_it_is_worth_its_cost(resources: dict[str, Any]) -> None:
    shown = _metadata(_run(resources), "scoreboard")
    assert "local: +0.00 [+0.00, +0.00] token F1 for" in shown["against_native"]
    assert shown["graph"].startswith("the graph is not worth its cost")
    rows = resources["tables"].read("scoreboard").to_pylist()
    assert {row["mode"] for row in rows if row["difference"] is not None} == {"local", "global"}
