"""Staging, switching, rolling back and forgetting, whoever the dataset belongs to."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from resources.graph.embedded import EmbeddedGraphStore
from resources.tables import versions as module
from resources.tables.tables import TableStore
from resources.tables.versions import Pointer, Versions, previous, succeeding
from tests.contract.graphs import graph, without_document_two

ONE, TWO = pa.table({"id": ["a"]}), pa.table({"id": ["a", "b"]})


def test_nothing_is_current_before_the_first_switch_and_then_what_was_switched_to(tmp_path: Path):
    pointer = Pointer(tmp_path / "below" / "current.json")
    assert pointer.read() is None
    pointer.switch({"version": 1, "name": "头灯"})
    assert pointer.read() == {"version": 1, "name": "头灯"}
    assert stat.S_IMODE(pointer.path.stat().st_mode) == 0o600


def test_a_pointer_keeps_what_the_former_one_named_and_gives_it_back_under_its_own_names():
    first = succeeding({"current": {"v": 1}, "model": "m1", "graph": "g1"}, {})
    assert previous(first) is None
    second = succeeding({"current": {"v": 2}, "model": "", "graph": "g2"}, first)
    assert previous(second) == {"current": {"v": 1}, "model": "m1", "graph": "g1"}
    back = succeeding(previous(second) or {}, second)
    assert (back["current"], back["graph"], previous(back)) == ({"v": 1}, "g1", {"current": {"v": 2}, "graph": "g2"})


def test_a_staged_version_leaves_the_former_one_readable_and_a_failed_runs_is_passed_over(tmp_path: Path):
    versions = Versions(tmp_path / "t.lance")
    assert not versions.there
    first = versions.stage_whole(ONE).version
    versions.stage_whole(TWO)  # of a run that never switched
    assert versions.there and versions.at(first).to_table() == ONE
    dataset = versions.stage_from(first)
    dataset.delete("id = 'a'")
    assert dataset.count_rows() == 0 and versions.at(first).to_table() == ONE
    assert versions.newest() == dataset.version > first + 1


def test_what_a_crash_left_of_a_first_write_is_replaced(tmp_path: Path):
    (tmp_path / "t.lance" / "data").mkdir(parents=True)
    assert Versions(tmp_path / "t.lance").stage_whole(TWO).to_table() == TWO


def test_old_versions_are_forgotten_and_the_newest_and_those_that_are_kept_stay(tmp_path: Path):
    versions = Versions(tmp_path / "t.lance")
    numbers = [versions.stage_whole(table).version for table in (ONE, TWO, ONE, TWO)]
    versions.keep(previous=numbers[0])
    versions.keep(previous=numbers[1])
    versions.forget(timedelta(0))
    assert versions.at(numbers[1]).to_table() == versions.at(numbers[3]).to_table() == TWO
    for gone in (numbers[0], numbers[2]):
        with pytest.raises(ValueError):
            versions.at(gone)


def test_a_table_that_was_switched_stands_though_its_old_versions_cannot_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(module, "forget_old_versions", fail)
    store = TableStore(tmp_path)
    store.write("chunks", TWO)
    assert store.read("chunks") == TWO and "could not be forgotten (disk full)" in caplog.text


def test_pointers_as_earlier_releases_wrote_them_are_read(tmp_path: Path):
    version = Versions(tmp_path / "chunks.lance").stage_whole(TWO).version
    (tmp_path / "chunks.json").write_text(json.dumps({"digest": "d", "version": version, "rows": 2}))
    assert TableStore(tmp_path).read("chunks") == TWO and TableStore(tmp_path).digest("chunks") == "d"
    store = EmbeddedGraphStore(tmp_path / "graph")
    store.apply(without_document_two(graph()))
    store.apply(graph())
    path = tmp_path / "graph" / "current.json"
    pointer = json.loads(path.read_text())
    path.write_text(json.dumps({key: pointer[key] for key in ("current", "previous", "swept")}))
    assert store.counts()["documents"] == 2 and store.model() == ""
    assert store.rollback()["documents"] == 1 and store.rollback()["documents"] == 2
