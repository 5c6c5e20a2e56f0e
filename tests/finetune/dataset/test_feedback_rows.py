"""Rows made of feedback: trained on, never held out, moving no other row, left out and told where they ask what is."""

import json
from pathlib import Path

import pytest

from pipelines.finetune.dataset.leakage import audit
from pipelines.finetune.dataset.ledger import HELD_OUT_FEEDBACK
from pipelines.finetune.dataset.preparation import prepare, read_ledger
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


@pytest.mark.parametrize("changed", ["{}", "  {}\n", "Please: {}"], ids=["equal", "spaced", "nearly equal"])
def test_feedback_that_asks_what_is_held_out_is_told_and_not_trained_on(tmp_path: Path, changed: str) -> None:
    folder = write(tmp_path / "in", "rows.jsonl", rows(60)).parent
    first = prepare(folder, tmp_path / "home")
    stored = load_dataset(Path(first["path"]))["test"].with_format(None)[0]
    question = next(message["content"] for message in stored["messages"] if message["role"] == "user")
    said = {"instruction": changed.format(question), "output": "Another answer.", "source": "feedback c:0"}
    path = given(tmp_path / "home", [said, {"instruction": "Who sews it?", "output": "Ana.", "source": "feedback c:1"}])
    record = prepare(folder, tmp_path / "home", feedback=path)
    train, test = splits(record)
    assert test == splits(first)[1] and len(train - splits(first)[0]) == 1 and splits(first)[0] < train
    assert record["rejected"] == {HELD_OUT_FEEDBACK: 1} and record["rejected_share"] == 0
    assert any("1 rows of feedback ask what is held out" in note for note in record["notes"])
    [entry] = read_ledger(record).to_pylist()
    assert (entry["file"], entry["row"]) == (str(path), 1) and "which is held out" in entry["found"]
    assert not audit(Path(record["path"]), record["digest"], None, "", tmp_path / "home")


def test_a_dataset_of_feedback_that_is_all_held_out_says_so(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "rows.jsonl", rows(60)).parent
    stored = load_dataset(Path(prepare(folder, tmp_path / "home")["path"]))["test"].with_format(None).to_list()
    asked = [row["messages"][0]["content"] for row in stored[:3]]
    path = given(tmp_path / "home", [{"instruction": question, "output": "Another."} for question in asked])
    record = prepare(folder, tmp_path / "home", feedback=path)
    assert record["absent"]["feedback"] == f"none of its rows is used: {HELD_OUT_FEEDBACK} (3)"


def test_feedback_comes_back_once_its_question_is_no_longer_held_out(tmp_path: Path) -> None:
    made = rows(60)
    folder = write(tmp_path / "in", "rows.jsonl", made).parent
    stored = load_dataset(Path(prepare(folder, tmp_path / "home")["path"]))["test"].with_format(None)[0]
    question = stored["messages"][0]["content"]
    path = given(tmp_path / "home", [{"instruction": question, "output": "Another answer."}])
    assert prepare(folder, tmp_path / "home", feedback=path)["datasets"]["train"].get("feedback", 0) == 0
    write(folder, "rows.jsonl", [row for row in made if row["instruction"] != question])
    again = prepare(folder, tmp_path / "home", feedback=path)
    assert again["datasets"]["train"]["feedback"] == 1 and not again["rejected"]


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
