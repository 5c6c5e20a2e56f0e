"""Rows made of feedback: trained on, never held out, moving no other row, told as a leak where they ask what is."""

import json
from pathlib import Path

import pytest

from pipelines.finetune.dataset.leakage import audit
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.rows import reading as row_reading
from pipelines.finetune.dataset.stored import load_dataset
from tests.finetune.dataset.example_rows import write
from tests.finetune.dataset.test_preparation import rows


def given(home: Path, made: list[dict[str, str]]) -> Path:
    path = home / "feedback" / "instructions.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in made), encoding="utf-8")
    return path


def splits(record: dict[str, object]) -> tuple[set[str], set[str]]:
    stored = load_dataset(Path(str(record["path"])))
    train, test = (set(stored[split].with_format(None)["row_id"]) for split in ("train", "test"))
    return train, test


def test_feedback_is_never_held_out_and_moves_no_other_row(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "rows.jsonl", rows(60)).parent
    train, test = splits(prepare(folder, tmp_path / "home"))
    path = given(tmp_path / "home", [row | {"source": f"feedback c:{n}"} for n, row in enumerate(rows(40, seed=7))])
    record = prepare(folder, tmp_path / "home", feedback=path)
    more, held = splits(record)
    assert test and held == test and train < more and len(more - train) == 40
    assert record["datasets"]["train"]["feedback"] == 40 and "feedback" not in record["datasets"]["test"]
    assert record["rows_read"] == 40
    assert splits(prepare(folder, tmp_path / "home")) == (train, test), "feedback that is taken back leaves nothing"


def test_feedback_that_asks_what_is_held_out_is_a_leak(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "rows.jsonl", rows(60)).parent
    first = prepare(folder, tmp_path / "home")
    stored = load_dataset(Path(first["path"]))["test"].with_format(None)[0]
    question = next(message["content"] for message in stored["messages"] if message["role"] == "user")
    path = given(tmp_path / "home", [{"instruction": question, "output": "Another answer.", "source": "feedback c:0"}])
    record = prepare(folder, tmp_path / "home", feedback=path)
    assert splits(record)[1] == splits(first)[1], "the held-out row stays where it is"
    leaks = audit(Path(record["path"]), record["digest"], None, "", tmp_path / "home")
    assert [(leak.row_id, leak.where, leak.kind) for leak in leaks] == [(stored["row_id"], "train", "exact")]


def test_without_new_feedback_nothing_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "in", "rows.jsonl", rows(60)).parent
    path = given(tmp_path / "home", rows(3, seed=9))
    first = prepare(folder, tmp_path / "home", feedback=path)
    monkeypatch.setattr(row_reading, "raw_rows", lambda path: pytest.fail("a file was parsed"))
    assert prepare(folder, tmp_path / "home", feedback=path) == first


def test_a_file_of_a_folder_that_is_named_like_feedback_is_parted_as_any_other(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "feedback.jsonl", rows(60)).parent
    record = prepare(folder, tmp_path / "home", feedback=given(tmp_path / "home", rows(5, seed=9)))
    assert record["datasets"]["test"]["feedback"] > 0
