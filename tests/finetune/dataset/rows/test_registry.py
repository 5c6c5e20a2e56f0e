"""LLaMA-Factory's dataset_info.json: it governs the files that it names, and what is not here is noted."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.conversation import messages_of, tools_of
from pipelines.finetune.dataset.preparation import prepare, read_ledger
from pipelines.finetune.dataset.rows.hub import HubDataset, fetch_dataset
from pipelines.finetune.dataset.rows.registry import find_sources
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.recipes.datasets import dataset_names
from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import Read, read, write

SFT = Path(os.environ.get("GRAFTLINE_BENCH_DATA") or CHECKOUT.parent / "shared" / "data") / "sft"


def load(folder: Path, entry: dict[str, Any], rows: Any, name: str = "rows.json") -> Read:
    write(folder, "dataset_info.json", {"mine": {"file_name": name} | entry})
    write(folder, name, rows)
    return read(folder)


def test_columns_are_mapped_and_the_name_is_the_entrys(tmp_path: Path):
    columns = {"prompt": "question", "response": "answer"}
    loaded = load(tmp_path, {"columns": columns}, [{"question": "1+1?", "answer": "#### 2", "input": "not mapped"}])
    (row,) = loaded.rows
    assert [message["content"] for message in row["messages"]] == ["1+1?", "#### 2"]
    assert row["dataset"] == "mine"


def test_tags_are_mapped(tmp_path: Path):
    tags = {"role_tag": "who", "content_tag": "said", "user_tag": "U", "assistant_tag": "B", "system_tag": "S",
            "function_tag": "F", "observation_tag": "O"}  # fmt: skip
    call = json.dumps([{"name": "clock", "arguments": {}}])
    turns = [("S", "Be kind."), ("U", "Time?"), ("F", call), ("O", "6"), ("B", "Six.")]
    rows = [{"talk": [{"who": who, "said": said} for who, said in turns], "fn": '[{"name": "clock"}]'}]
    entry = {"formatting": "sharegpt", "columns": {"messages": "talk", "tools": "fn"}, "tags": tags}
    (row,) = load(tmp_path, entry, rows).rows
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant", "tool", "assistant"]
    assert row["messages"][2]["tool_calls"][0]["function"] == {"name": "clock", "arguments": "{}"}
    assert json.loads(row["tools"]) == [{"type": "function", "function": {"name": "clock"}}]


def test_a_ranking_has_pairs_in_both_forms(tmp_path: Path):
    alpaca = {"ranking": True, "columns": {"prompt": "q", "chosen": "good", "rejected": "bad"}}
    (row,) = load(tmp_path, alpaca, [{"q": "Hi?", "good": "Hello!", "bad": "No."}]).rows
    assert (row["kind"], row["chosen"], row["rejected"]) == ("preference", "Hello!", "No.")
    listed = {"formatting": "sharegpt", "ranking": True, "columns": {"messages": "c", "chosen": "g", "rejected": "b"}}
    rows = [{"c": [{"from": "human", "value": "Hi?"}], "g": {"from": "gpt", "value": "Hello!"},
             "b": {"from": "gpt", "value": "No."}}]  # fmt: skip
    assert load(tmp_path, listed, rows).rows[0]["row_id"] == row["row_id"]


def test_a_sample_is_drawn_and_stays_the_same_in_another_order(tmp_path: Path):
    rows = [{"instruction": f"Question {n}?", "output": f"Answer {n}."} for n in range(20)]
    drawn = [{row["row_id"] for row in load(tmp_path, {"num_samples": 5}, order).rows} for order in (rows, rows[::-1])]
    assert len(drawn[0]) == 5 and drawn[0] == drawn[1]


def test_files_that_are_not_named_are_read_by_their_own_shape(tmp_path: Path):
    write(tmp_path, "free/other.jsonl", [{"instruction": "a?", "output": "b"}])
    loaded = load(tmp_path, {"columns": {"prompt": "q", "response": "a"}}, [{"q": "c?", "a": "d"}])
    assert sorted(row["dataset"] for row in loaded.rows) == ["free/other", "mine"]


def test_what_is_absent_or_not_for_text_is_noted_and_no_error(tmp_path: Path):
    write(tmp_path, "rows.json", [{"instruction": "a?", "output": "b"}])
    write(tmp_path, "pictures.json", [{"messages": [], "images": []}])
    entries = {
        "here": {"file_name": "rows.json"}, "gone": {"file_name": "gone.json"}, "hub": {"hf_hub_url": "org/name"},
        "scope": {"ms_hub_url": "org/name"}, "odd": {"file_name": "rows.json", "formatting": "odd"},
        "pictures": {"file_name": "pictures.json", "formatting": "sharegpt", "columns": {"images": "images"}},
    }  # fmt: skip
    write(tmp_path, "dataset_info.json", entries)
    sources, notes = find_sources(tmp_path)
    assert [source.dataset for source in sources] == ["pictures", "here"]
    assert {note.dataset for note in notes} == {"gone", "hub", "scope", "odd"}
    (problem,) = read(tmp_path).problems
    assert (problem.file, problem.reason) == ("pictures.json", "not for text") and "images" in problem.found


def test_a_file_that_is_not_read_is_named_and_what_never_holds_rows_is_not(tmp_path: Path):
    write(tmp_path, "rows.json", [{"instruction": "a?", "output": "b"}])
    for name in ("wiki.txt", "old/rows.xlsx", "README.md", "LICENSE", ".hidden/a.txt", "said.txt"):
        write(tmp_path, name, "text")
    for number in range(5):
        write(tmp_path, f"pictures/{number}.jpg", "picture")
    write(tmp_path, "dataset_info.json", {"rows": {"file_name": "rows.json"}, "said": {"file_name": "said.txt"}})
    notes = {note.dataset: note.reason for note in find_sources(tmp_path)[1]}
    assert set(notes) == {"wiki.txt", "old/rows.xlsx", "5 files pictures/*.jpg", "said"}
    assert notes["wiki.txt"].startswith("not read: ") and ".jsonl" in notes["said"]


def test_a_local_path_is_loaded_by_datasets_and_read_again_once_it_changed(tmp_path: Path):
    folder = tmp_path / "in"
    made = [{"q": f"Question {n}?", "a": f"Answer {n}."} for n in range(30)]
    entry = {"hf_hub_url": "made", "split": "train", "columns": {"prompt": "q", "response": "a"}}
    write(folder, "dataset_info.json", {"mine": entry})
    write(folder, "made/train-00000.txt", "")
    (folder / "made" / "train-00000.txt").unlink()
    write(folder, "made/.gitkeep", "")
    write(folder, "made/train.jsonl", made)
    record = prepare(folder, tmp_path / "home")
    assert record["datasets"]["train"]["mine"] + record["datasets"]["test"]["mine"] == 30
    write(folder, "made/train.jsonl", made[:25])
    again = prepare(folder, tmp_path / "home")
    assert again["train"] + again["test"] == 25


def test_a_hub_name_that_cannot_be_loaded_is_noted_when_a_recipe_asks_for_it(tmp_path: Path):
    write(tmp_path / "in", "rows.json", [{"instruction": f"a{n}?", "output": f"b{n}"} for n in range(30)])
    write(tmp_path / "in", "dataset_info.json", {"far": {"hf_hub_url": "nobody/nothing-here"}})
    write(tmp_path / "recipes", "one.yaml", "dataset: near, far\n")
    wanted = dataset_names(tmp_path / "recipes")
    assert wanted == {"near", "far"}
    assert prepare(tmp_path / "in", tmp_path / "home", wanted=wanted)["absent"]["far"].startswith("not loaded: ")


def test_a_hub_dataset_is_loaded_again_when_its_revision_moved(tmp_path: Path, monkeypatch):
    import datasets
    import huggingface_hub

    state: dict[str, Any] = {"sha": "aaa", "loads": []}

    def info(self: Any, name: str, **options: Any) -> Any:
        if state["sha"] is None:
            raise ConnectionError("the hub does not answer")
        return SimpleNamespace(sha=state["sha"])

    def load(where: str, revision: str | None, **options: Any) -> Any:
        if state["sha"] is None:
            raise ConnectionError("the hub does not answer")
        state["loads"].append(revision)
        return datasets.Dataset.from_list([{"instruction": f"{revision}?", "output": "yes"}])

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", info)
    monkeypatch.setattr(datasets, "load_dataset", load)
    hub = HubDataset("org/name", None, "train", None, tmp_path)

    def asks() -> str:
        path = fetch_dataset(hub, tmp_path / "cache")
        assert isinstance(path, Path)
        return pq.read_table(path)["instruction"][0].as_py()

    assert [asks(), asks()] == ["aaa?", "aaa?"] and state["loads"] == ["aaa"]
    state["sha"] = "bbb"
    assert asks() == "bbb?" and state["loads"] == ["aaa", "bbb"]
    state["sha"] = None  # what was loaded last, while the hub is out of reach
    assert asks() == "bbb?" and state["loads"] == ["aaa", "bbb"]


def test_a_broken_registry_says_what_to_correct(tmp_path: Path):
    write(tmp_path / "in", "dataset_info.json", "{")
    with pytest.raises(InputError, match=r"correct .*dataset_info\.json"):
        prepare(tmp_path / "in", tmp_path / "home")


@pytest.mark.skipif(not SFT.exists(), reason="LLaMA-Factory's demo files are not here")
def test_llama_factorys_own_files_are_read_through_their_own_registry(tmp_path: Path):
    folder = tmp_path / "in"
    entries = json.loads((SFT / "llamafactory_dataset_info.json").read_text(encoding="utf-8"))
    for name in ("identity", "alpaca_en_demo", "alpaca_zh_demo", "glaive_toolcall_en_demo", "dpo_en_demo"):
        rows = json.loads((SFT / f"{name}.json").read_text(encoding="utf-8"))
        write(folder, f"{name}.json", rows[:64])
    write(folder, "dataset_info.json", entries)
    record = prepare(folder, tmp_path / "home")
    assert not set(record["rejected"]) - {"duplicate", "near-duplicate"}, read_ledger(record).to_pylist()
    counts = {name: sum(record["datasets"][split].get(name, 0) for split in ("train", "test")) for name in entries}
    assert sum(count >= 55 for count in counts.values()) == 5
    assert "dpo_zh_demo" in record["absent"] and "the_stack" in record["absent"]
    rows = load_dataset(Path(record["path"]))["train"]
    called = next(row for row in rows if row["dataset"] == "glaive_toolcall_en_demo" and row["tools"])
    assert tools_of(called)[0]["function"]["name"]
    assert any("tool_calls" in message for row in rows for message in messages_of(row))
    assert {row["kind"] for row in rows if row["dataset"] == "dpo_en_demo"} == {"preference"}


def test_a_folder_of_the_hubs_form_is_read_again_when_a_file_of_it_is_renamed(tmp_path: Path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "train.jsonl").write_text("{}")
    hub = HubDataset("made", None, "train", None, tmp_path)
    before = hub.key()
    (tmp_path / "made" / "train.jsonl").rename(tmp_path / "made" / "test.jsonl")
    assert hub.key() != before
