from pathlib import Path

import pytest
from datasets import DatasetDict, Features
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InputError
from pipelines.finetune.dataset import build_dataset, load_dataset
from pipelines.finetune.instructions import Instruction, load_instructions
from pipelines.finetune.row_table import STORED
from pipelines.finetune.split import SplitSettings, split_of
from resources.settings import CHECKOUT

SETTINGS = SplitSettings()


def rows(count: int) -> list[Instruction]:
    return [
        Instruction(
            f"r{n}",
            [{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": f"a{n}"}],
            f"s{n // 2}",
            "en",
            "f.json",
            n,
        )
        for n in range(count)
    ]


@given(st.text(min_size=1))
def test_a_source_is_on_one_side_whatever_else_there_is(source: str):
    assert split_of(source, SETTINGS) == split_of(source, SETTINGS)
    assert split_of(source, SETTINGS) in ("train", "test")


def test_the_sample_holds_out_enough_and_shares_no_source(tmp_path: Path):
    record = build_dataset(load_instructions(CHECKOUT / "samples" / "instructions").rows, tmp_path)
    splits = load_dataset(Path(record["path"]))
    assert record["test"] >= 80
    assert not set(splits["train"]["source"]) & set(splits["test"]["source"])
    assert {"row_id", "messages", "source", "language"} <= set(splits["test"].column_names)


def test_rows_that_are_added_move_no_other_row(tmp_path: Path):
    few, many = (load_dataset(Path(build_dataset(rows(count), tmp_path)["path"])) for count in (40, 60))
    for split in ("train", "test"):
        assert set(few[split]["row_id"]) <= set(many[split]["row_id"])


def test_the_order_of_the_files_does_not_matter_and_a_second_build_does_nothing(tmp_path: Path):
    first = build_dataset(rows(40), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in Path(first["path"]).rglob("*")}
    again = build_dataset(list(reversed(rows(40))), tmp_path)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in Path(first["path"]).rglob("*")} == before


def test_the_stored_form_is_what_the_library_itself_saves(tmp_path: Path):
    ours = load_dataset(Path(build_dataset(rows(40), tmp_path)["path"]))
    ours.save_to_disk(str(tmp_path / "theirs"))
    theirs = DatasetDict.load_from_disk(str(tmp_path / "theirs"))
    for split in ("train", "test"):
        assert ours[split].features == theirs[split].features == Features.from_arrow_schema(STORED)
        assert ours[split].to_list() == theirs[split].to_list()


def test_a_split_that_would_be_empty_is_refused(tmp_path: Path):
    with pytest.raises(InputError):
        build_dataset(rows(1), tmp_path)
