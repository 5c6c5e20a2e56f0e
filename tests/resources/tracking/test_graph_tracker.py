"""The knowledge graph's runs in a real MLflow store below the test's own folder."""

from pathlib import Path

from mlflow import MlflowClient

from resources.tables.tables import TableStore
from resources.tracking.graph_tracker import EXPERIMENT, LoggedGraph, log_graph
from resources.tracking.tracker import KEY_TAG, Tracker


def _logged(folder: Path, digest: str = "d1") -> LoggedGraph:
    view, picture = folder / "knowledge_graph.html", folder / "map.png"
    view.write_text("<!doctype html>宁波", encoding="utf-8")
    picture.write_bytes(b"x")
    changes = [{"what": "new entity", "which": "宁波", "how": ""}]
    return LoggedGraph(digest, {"store": "embedded"}, {"entities": 4, "orphan_share": 0.25}, view, [picture], changes)


def test_a_version_of_the_graph_is_one_run_with_its_page_and_pictures(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracker, tables, client = Tracker(uri, tmp_path), TableStore(tmp_path / "tables"), MlflowClient(uri, uri)
    first = log_graph(tracker, tables, _logged(tmp_path))
    run = client.get_run(first)
    assert run.info.experiment_id == client.get_experiment_by_name(EXPERIMENT).experiment_id
    assert run.data.metrics == {"entities": 4.0, "orphan_share": 0.25} and run.data.params == {"store": "embedded"}
    assert {one.path for one in client.list_artifacts(first)} == {"knowledge_graph.html", "plots", "changes.json"}
    page = client.download_artifacts(first, "knowledge_graph.html")
    assert Path(page).read_text(encoding="utf-8") == "<!doctype html>宁波"

    assert log_graph(tracker, tables, _logged(tmp_path)) == first
    assert log_graph(tracker, TableStore(tmp_path / "elsewhere"), _logged(tmp_path)) == first
    second = log_graph(tracker, tables, _logged(tmp_path, "d2"))
    assert second != first and len(client.search_runs([run.info.experiment_id])) == 2


def test_a_run_that_was_left_half_written_gives_way(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracker, client = Tracker(uri, tmp_path), MlflowClient(uri, uri)
    number = client.create_experiment(EXPERIMENT, artifact_location=(tmp_path / "artifacts").as_uri())
    half = client.create_run(number, tags={KEY_TAG: "d1"}).info.run_id
    whole = log_graph(tracker, TableStore(tmp_path / "tables"), _logged(tmp_path))
    assert [run.info.run_id for run in client.search_runs([number])] == [whole] != [half]
