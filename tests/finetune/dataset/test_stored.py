from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from datasets import DatasetDict, Features
from hypothesis import given
from hypothesis import strategies as st

from pipelines.finetune.dataset import stored as storing
from pipelines.finetune.dataset.leakage import audit
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.rows.table import STORED, source_place
from pipelines.finetune.dataset.split import SplitSettings, held_out_rows, split_rows
from pipelines.finetune.dataset.stored import load_dataset, store_dataset
from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import many, stored

SETTINGS = SplitSettings()


def table(count: int) -> pa.Table:
    said = [[{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": f"a{n}"}] for n in range(count)]
    return stored(
        {"row_id": f"r{n}", "messages": messages, "source": f"s{n // 2}", "language": "en"}
        for n, messages in enumerate(said)
    )


def sides(sources: list[str]) -> list[bool]:
    places = [source_place(source, SETTINGS.salt) for source in sources]
    return held_out_rows(np.array(places, dtype=np.uint64), [], SETTINGS).tolist()


@given(st.text(min_size=1), st.lists(st.text(min_size=1)))
def test_a_source_is_on_one_side_whatever_else_there_is(source: str, others: list[str]):
    assert sides([source, *others, source]) == [*sides([source]), *sides(others), *sides([source])]


def test_linked_sources_stay_together_however_long_the_chain():
    places = np.sort(np.random.default_rng(3).integers(0, 2**64, 50, dtype=np.uint64))
    alone = held_out_rows(places, [], SETTINGS)
    assert 0 < alone.sum() < 50
    chains = [(n, n + 1) for n in [*range(48, 30, -2), *range(31, 48, 2), *range(20)]]
    held = held_out_rows(places, chains, SETTINGS)
    assert len(set(held[:21])) == len(set(held[31:50])) == 1 and (held[21:31] == alone[21:31]).all()


def test_the_sample_holds_out_enough_and_shares_no_source(tmp_path: Path):
    record = prepare(CHECKOUT / "samples" / "instructions", tmp_path)
    splits = load_dataset(Path(record["path"]))
    assert record["test"] >= 80
    assert not set(splits["train"]["source"]) & set(splits["test"]["source"])
    assert {"row_id", "messages", "source", "language"} <= set(splits["test"].column_names)


def test_rows_that_are_added_move_no_other_row(tmp_path: Path):
    few, more = (
        load_dataset(Path(prepare(many(tmp_path / f"in{sources}", sources), tmp_path)["path"])) for sources in (20, 30)
    )
    assert len(few["train"]) + len(few["test"]) == 40 and len(more["train"]) + len(more["test"]) == 60
    for split in ("train", "test"):
        assert set(few[split]["row_id"]) <= set(more[split]["row_id"])


def test_the_order_of_the_rows_does_not_matter_and_a_second_build_does_nothing(tmp_path: Path):
    rows, held = table(40), np.arange(40) % 4 == 0
    first = store_dataset(rows, np.arange(40), held, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in Path(first["path"]).rglob("*")}
    again = store_dataset(rows, np.arange(40)[::-1], held[::-1], tmp_path)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in Path(first["path"]).rglob("*")} == before


def test_only_the_rows_that_are_kept_are_stored(tmp_path: Path):
    kept = np.array([3, 30, 12, 7])
    record = store_dataset(table(40), kept, np.array([False, True, False, True]), tmp_path)
    splits = load_dataset(Path(record["path"]))
    assert (splits["train"]["row_id"][:], splits["test"]["row_id"][:]) == (["r12", "r3"], ["r30", "r7"])
    assert record["languages"] == {"train": {"en": 2}, "test": {"en": 2}}
    assert record["sources"] == {"train": 2, "test": 2}


def test_the_stored_form_is_what_the_library_itself_saves(tmp_path: Path):
    ours = load_dataset(Path(prepare(many(tmp_path / "in", 20), tmp_path)["path"]))
    ours.save_to_disk(str(tmp_path / "theirs"))
    theirs = DatasetDict.load_from_disk(str(tmp_path / "theirs"))
    for split in ("train", "test"):
        assert ours[split].features == theirs[split].features == Features.from_arrow_schema(STORED)
        assert ours[split].to_list() == theirs[split].to_list()


@pytest.mark.parametrize("sources", range(1, 8))
def test_too_few_sources_to_part_are_all_trained_on_and_a_note_says_so(tmp_path: Path, sources: int):
    record = prepare(many(tmp_path / "in", sources), tmp_path)
    splits = load_dataset(Path(record["path"]))
    assert len(splits["train"]) == record["train"] > 0 and record["train"] + record["test"] == 2 * sources
    assert len(splits["test"]) == record["test"] and splits["test"].features == splits["train"].features
    assert [note[:19] for note in record["notes"]] == ([] if record["test"] else ["nothing is held out"])
    assert audit(Path(record["path"]), record["digest"], None, "", tmp_path) == []


def test_where_all_would_be_held_out_all_are_trained_on():
    alone = np.array([0], dtype=np.uint64)
    assert held_out_rows(alone, [], SETTINGS).all()
    held, note = split_rows(alone, [], SETTINGS)
    assert not held.any() and "1 rows of 1 sources" in note
    parted, nothing = split_rows(np.array([0, 2**63], dtype=np.uint64), [], SETTINGS)
    assert parted.tolist() == [True, False] and nothing == ""


def test_rows_that_are_stored_in_other_columns_are_another_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows, kept, held = table(4), np.arange(4), np.array([False, False, False, True])
    before = store_dataset(rows, kept, held, tmp_path)["digest"]
    assert store_dataset(rows, kept, held, tmp_path)["digest"] == before
    monkeypatch.setattr(storing, "STORED", STORED.remove(STORED.get_field_index("characters")))
    assert store_dataset(rows, kept, held, tmp_path)["digest"] != before
