from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.core.errors import NotMaterializedError
from resources.tables import versions
from resources.tables.tables import TableStore

ONE = pa.table({"id": ["a"], "tags": [["x", "y"]]})
TWO = pa.table({"id": ["a", "b"], "tags": [["x"], []]})


def test_a_table_comes_back_as_it_was_written(tmp_path: Path):
    store = TableStore(tmp_path)
    store.write("chunks", TWO)
    assert store.read("chunks").to_pylist() == TWO.to_pylist()


def test_a_table_without_rows_is_found_and_one_that_was_never_made_is_not(tmp_path: Path):
    store = TableStore(tmp_path)
    assert store.find("chunks") is None
    store.write("chunks", ONE.slice(0, 0))
    found = store.find("chunks")
    assert found is not None and found.schema == ONE.schema and len(found) == 0


def test_writing_the_same_table_again_writes_nothing(tmp_path: Path):
    store = TableStore(tmp_path)
    store.write("chunks", ONE)
    before = store.pointer("chunks")
    assert store.write("chunks", ONE) == before["digest"]
    assert store.pointer("chunks") == before


def test_a_crash_before_the_pointer_leaves_the_former_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = TableStore(tmp_path)
    store.write("chunks", ONE)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(versions, "write_atomically", crash)
    with pytest.raises(KeyboardInterrupt):
        store.write("chunks", TWO)
    monkeypatch.undo()
    assert store.read("chunks").to_pylist() == ONE.to_pylist()
    store.write("chunks", TWO)
    assert store.read("chunks").num_rows == 2


def test_partitions_are_listed_by_prefix(tmp_path: Path):
    store = TableStore(tmp_path)
    store.write("evaluation/lora", ONE)
    store.write_record("adapter/lora", {"path": "x"}, "d1")
    assert store.names("evaluation/") == ["evaluation/lora"]
    assert store.read_record("adapter/lora") == {"path": "x"}
    assert store.digest("adapter/lora") == "d1"


def test_what_was_never_made_says_what_to_type(tmp_path: Path):
    with pytest.raises(NotMaterializedError, match="graftline run --select chunks"):
        TableStore(tmp_path).read("chunks")
