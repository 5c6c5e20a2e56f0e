"""The scoreboard's runs and traces in a real MLflow store below the test's own folder."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from mlflow import MlflowClient

from pipelines.answering.scoreboard.cases import Case
from resources.tables.tables import TableStore
from resources.tracking.scoreboard_tracker import EXPERIMENT, MODE_TAG, LoggedBoard, log_scoreboard
from resources.tracking.tracker import KEY_TAG, PARENT_TAG, Tracker

QUESTION = {"id": "q1", "question": "退货期限是多少天?", "answer": "45 天", "documents": ["a.md"], "type": "single-hop"}
ANSWER = {"answer": "45 天 [1]", "note": "", "seconds": 1.5, "prompt_tokens": 70, "completion_tokens": 4}


def _logged(folder: Path) -> LoggedBoard:
    picture = folder / "one.png"
    picture.write_bytes(b"x")
    passages = ({"id": "c1", "document": "a.md", "text": "45 天内可以退货。"},)
    cases = [
        Case(f"{mode}-1", mode, QUESTION | {"language": "zh"}, ANSWER, passages, {"token_f1": 0.5, "seconds": 1.5})
        for mode in ("native", "local")
    ]
    values = {"native.all.token_f1": 0.5, "local.all.token_f1": 0.5, "local.single-hop.token_f1": 0.5}
    board = pa.table({"mode": ["native", "local"], "value": [0.5, 0.5]})
    return LoggedBoard(board, values, {"all": "native"}, [picture], cases, ["local: +0.00: not worth its cost"])


def _open(tmp_path: Path) -> tuple[Any, ...]:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    return Tracker(uri, tmp_path), TableStore(tmp_path / "tables"), MlflowClient(uri, uri)


def test_a_scoreboard_is_a_run_with_one_a_mode_below_it_whose_traces_hold_passages_gold_and_scores(
    tmp_path: Path,
) -> None:
    tracker, tables, client = _open(tmp_path)
    parent = log_scoreboard(tracker, tables, _logged(tmp_path))
    number = client.get_experiment_by_name(EXPERIMENT).experiment_id
    below = client.search_runs([number], f"tags.`{PARENT_TAG}` = '{parent}'")
    assert {run.data.tags[MODE_TAG] for run in below} == {"native", "local"}
    assert {run.data.tags["mlflow.runType"] for run in below} == {"genai_evaluate"}
    local = next(run for run in below if run.data.tags[MODE_TAG] == "local")
    assert local.data.metrics == {"token_f1": 0.5, "single-hop.token_f1": 0.5}
    assert {one.path for one in client.list_artifacts(parent)} == {"scoreboard.json", "against-native.txt", "plots"}

    (trace,) = client.search_traces(locations=[number], run_id=local.info.run_id)
    retrieved = next(span for span in trace.data.spans if span.span_type == "RETRIEVER")
    assert retrieved.outputs[0]["page_content"] == "45 天内可以退货。"
    assert retrieved.outputs[0]["metadata"]["doc_uri"] == "a.md"
    assert (
        trace.data.spans[0].inputs == {"question": "退货期限是多少天?"} and trace.data.spans[0].outputs == "45 天 [1]"
    )
    assert trace.info.execution_duration == 1500 and trace.info.token_usage["total_tokens"] == 74
    values = {one.name: one.value for one in trace.info.assessments}
    assert values["token_f1"] == 0.5 and values["expected_response"] == "45 天"


def test_an_equal_scoreboard_has_one_run_and_one_that_was_left_half_is_written_anew(tmp_path: Path) -> None:
    tracker, tables, client = _open(tmp_path)
    first = log_scoreboard(tracker, tables, _logged(tmp_path))
    elsewhere = TableStore(tmp_path / "other")
    assert log_scoreboard(tracker, elsewhere, _logged(tmp_path)) == first
    number = client.get_experiment_by_name(EXPERIMENT).experiment_id
    client.update_run(first, status="RUNNING")
    second = log_scoreboard(tracker, TableStore(tmp_path / "third"), _logged(tmp_path))
    assert second != first
    assert [run.info.run_id for run in client.search_runs([number], f"tags.`{KEY_TAG}` LIKE '%'")] == [second]
    assert len(client.search_traces(locations=[number])) == 2
