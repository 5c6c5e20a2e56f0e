"""Deleted rows leave the files, within a day where something is stored, and old versions go."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lance
import pyarrow as pa
import pytest

from pipelines.core.delta import Change
from resources.graph.embedded import EmbeddedGraphStore
from resources.tables import lance_upkeep
from resources.tables.tables import TableStore
from tests.contract.graphs import changed, graph, without_document_two

SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string())])


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    now = {"day": "2026-11-01"}
    for module in ("tables.lance_upkeep", "tables.amended_table", "tables.tables", "graph.embedded"):
        monkeypatch.setattr(f"resources.{module}.today", lambda: now["day"])
    yield now


def change(inputs: str, add: dict[str, str], drop: tuple[str, ...] = ()) -> Change:
    rows = pa.table({"id": list(add), "text": list(add.values())}, schema=SCHEMA)
    return Change("id", drop, [rows] if add else [], inputs)


def marked_rows(folder: Path) -> int:
    return sum(fragment.num_deletions for fragment in lance.dataset(str(folder)).get_fragments())


def test_a_days_deletions_leave_their_files_on_the_next(tmp_path: Path, day: dict[str, str]):
    store, folder = TableStore(tmp_path), tmp_path / "chunks.lance"
    store.amend("chunks", SCHEMA, change("1", {f"{n}": f"text {n}" for n in range(100)}))
    store.amend("chunks", SCHEMA, change("2", {}, ("7",)))
    assert marked_rows(folder) == 1
    digest = store.digest("chunks")
    store.amend("chunks", SCHEMA, change("2", {}))
    assert marked_rows(folder) == 1  # once a day is enough
    day["day"] = "2026-11-02"
    store.amend("chunks", SCHEMA, change("2", {}))
    assert marked_rows(folder) == 0 and store.digest("chunks") == digest
    assert "7" not in store.read("chunks")["id"].to_pylist() and len(store.read("chunks")) == 99


def test_upkeep_never_removes_the_version_that_stands_under_a_killed_runs(
    tmp_path: Path, day: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    store, folder = TableStore(tmp_path), tmp_path / "chunks.lance"
    store.amend("chunks", SCHEMA, change("1", {"a": "one", "b": "two"}))
    lance.dataset(str(folder)).delete("id = 'a'")  # a run that was killed before its switch
    monkeypatch.setattr("resources.tables.lance_upkeep.KEPT", lance_upkeep.timedelta(0))
    monkeypatch.setattr("resources.tables.versions.forget_old_versions",
                        lambda dataset: dataset.cleanup_old_versions(older_than=lance_upkeep.timedelta(0)))  # fmt: skip
    day["day"] = "2026-11-05"
    store.amend("chunks", SCHEMA, change("1", {}))
    assert store.read("chunks")["text"].to_pylist() == ["one", "two"]
    whole = pa.table({"id": ["a"], "text": ["whole"]})
    store.write("entities", whole)
    lance.write_dataset(whole.slice(0, 0), str(tmp_path / "entities.lance"), mode="overwrite")  # killed likewise
    day["day"] = "2026-11-09"
    store.write("entities", whole)
    assert store.read("entities").to_pylist() == whole.to_pylist()


def test_a_graphs_deletions_leave_its_files_with_the_next_change(tmp_path: Path, day: dict[str, str]):
    store = EmbeddedGraphStore(tmp_path)
    store.apply(graph())
    day["day"] = "2026-11-02"
    store.apply(without_document_two(graph()))
    assert marked_rows(tmp_path / "chunks.lance") == 0
    assert store.rollback()["chunks"] == 4  # the former version still holds them


def test_a_week_without_a_change_forgets_the_version_to_roll_back_to(tmp_path: Path, day: dict[str, str]):
    store, left = EmbeddedGraphStore(tmp_path), without_document_two(graph())
    store.apply(graph())
    store.apply(left)
    day["day"] = "2026-11-07"
    store.apply(left)
    assert store.graph("previous") is not None
    day["day"] = "2026-11-08"
    store.apply(left)
    assert store.graph("previous") is None and store.counts()["chunks"] == 2


def test_a_rollback_brings_the_model_of_its_vectors_with_it(tmp_path: Path):
    store = EmbeddedGraphStore(tmp_path)
    store.apply(replace(graph(), embedder="one@1"))
    assert store.model() == "one@1"
    store.apply(replace(changed(graph(), "chunks", "c1", vector=[0.0, 0.0, 1.0, 0.0]), embedder="other@2"))
    assert store.model() == "other@2"
    store.rollback()
    assert store.model() == "one@1"
    store.rollback()
    assert store.model() == "other@2"
