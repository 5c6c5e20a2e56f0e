"""A folder of 1,000 rows of which 200 are malformed: each is reported with its reason, and the rest is used."""

import json
from collections import Counter
from pathlib import Path

import pytest

from pipelines.finetune.dataset.preparation import prepare, read_ledger
from pipelines.finetune.dataset.stored import load_dataset
from tests.finetune.dataset.bad_rows import VALUES, WAYS, alpaca, good, write_thousand
from tests.finetune.dataset.example_rows import read


@pytest.mark.parametrize("what", VALUES, ids=VALUES)
def test_each_way_has_its_reason(tmp_path: Path, what: str):
    reason, value = VALUES[what]
    (tmp_path / "rows.json").write_text(json.dumps([good(1), value]), encoding="utf-8")
    loaded = read(tmp_path)
    assert len(loaded.rows) == 1
    (problem,) = loaded.problems
    assert (problem.row, problem.reason) == (2, reason)
    assert problem.found and problem.expected and problem.fix == "correct row 2 of rows.json"


def test_a_thousand_rows_of_which_two_hundred_are_malformed_in_more_than_twenty_ways(tmp_path: Path):
    folder = tmp_path / "in"
    expected = write_thousand(folder)
    assert len(expected) == 200 and len(WAYS) >= 20
    record = prepare(folder, tmp_path / "home")
    found = {(row["file"], row["row"]): row["reason"] for row in read_ledger(record).to_pylist()}
    assert found == expected
    assert record["rejected"] == dict(sorted(Counter(expected.values()).items()))
    assert record["kept"] == 800 and record["repaired"] == {} and record["rejected_share"] == 0.2
    splits = load_dataset(Path(record["path"]))
    assert len(splits["train"]) + len(splits["test"]) == 800


@pytest.mark.parametrize(
    ("name", "content"),
    [("bad.csv", b'instruction,output\n"never closed,x\n'), ("bad.parquet", b"PAR1 and then nothing"),
     ("bad.arrow", b"nothing"), ("bad.json", b'[{"instruction": "x"'), ("twice.csv", b"output,output\na,b\n"),
     ("bad.jsonl.gz", b"nothing")],
)  # fmt: skip
def test_a_file_that_is_broken_as_a_whole_is_one_problem(tmp_path: Path, name: str, content: bytes):
    (tmp_path / "good.jsonl").write_text(json.dumps(good(1)), encoding="utf-8")
    (tmp_path / name).write_bytes(content)
    loaded = read(tmp_path)
    assert len(loaded.rows) == 1
    (problem,) = loaded.problems
    assert (problem.file, problem.row, problem.reason) == (name, 0, "unreadable file")


def test_repairs_change_nothing_that_is_said_and_are_counted(tmp_path: Path):
    rows = [
        json.dumps(alpaca(output="No.\r\nNever.\x00")),
        json.dumps({"conversations": [{"from": "User", "value": "Open?"}, {"from": "Bot", "value": " Yes. \n"}]}),
        json.dumps({"messages": [
            {"role": "system", "content": ""}, {"role": "user", "content": "Shut?"},
            {"role": "assistant", "content": "No. \ud83d"}]}),
        json.dumps(alpaca(instruction="Who?", output="I.")) + ",",
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("\ufeff" + "\n".join(rows), encoding="utf-8")
    loaded = read(tmp_path)
    assert not loaded.problems
    assert [row["messages"][-1]["content"] for row in loaded.rows] == ["No.\nNever.", " Yes. \n", "No. ", "I."]
    assert [row["repairs"] for row in loaded.rows] == [
        "line ends unified, unprintable characters removed",
        "role renamed",
        "empty system message dropped, unprintable characters removed",
        "trailing comma dropped",
    ]


CODE = "    total = n * 3\n    return total"
WRITTEN = {
    "an answer's indentation": {"instruction": "Finish the function.", "output": CODE},
    "a question's indentation": {"prompt": CODE, "completion": "total(n)"},
    "a turn before": {"instruction": "And then?", "output": "Nothing.", "history": [["Finish it.", CODE]]},
    "only indented": {"instruction": CODE[4:], "output": CODE},
    "both answers of a pair": {"prompt": "Finish it.", "chosen": CODE, "rejected": CODE.replace("\n    ", "\n")},
    "a pair of indentations": {"prompt": "Finish it.", "chosen": CODE, "rejected": CODE[4:]},
    "a wide blank": {"instruction": "写一段话。", "output": "\u3000\u3000今天下雨。\n"},
    "a line break of Markdown": {"instruction": "Write two lines.", "output": "one  \ntwo  "},
    "pages": {"instruction": "Two pages, please.", "output": "one\x0ctwo\x0b\x1b[1mthree\x1b[0m"},
}


@pytest.mark.parametrize("what", WRITTEN)
def test_what_is_learned_is_as_it_was_written(tmp_path: Path, what: str):
    row = WRITTEN[what]
    (tmp_path / "rows.json").write_text(json.dumps([row]), encoding="utf-8")
    loaded = read(tmp_path)
    assert not loaded.problems
    (made,) = loaded.rows
    said = [message["content"] for message in made["messages"]]
    said += [made["chosen"], made["rejected"]] if made["kind"] == "preference" else []
    turns = [text for turn in row.get("history", []) for text in turn]
    assert said == [*turns, *(value for key, value in row.items() if key != "history")] and made["repairs"] == ""


def test_blank_texts_are_still_empty_and_a_blank_end_makes_no_other_answer(tmp_path: Path):
    rows = [
        alpaca(output="\u3000\n"), alpaca(instruction="\n "), alpaca(output=alpaca()["instruction"] + " \n"),
        {"prompt": "Time?", "chosen": "Six.", "rejected": "Six.\n"},
        {"prompt": "Time?", "chosen": "Six.", "rejected": " "},
    ]  # fmt: skip
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    reasons = [problem.reason for problem in read(tmp_path).problems]
    assert reasons == ["empty answer", "empty question", "echo", "equal pair", "empty answer"]


@pytest.mark.parametrize("name", ["none.jsonl", "none.json", "none.csv", "list.json"])
def test_an_empty_file_is_listed_and_not_bad(tmp_path: Path, name: str):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.jsonl").write_text(json.dumps(good(1)), encoding="utf-8")
    (tmp_path / "in" / name).write_text("[]" if name == "list.json" else "\n", encoding="utf-8")
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert record["rejected"] == {"empty file": 1} and record["rejected_share"] == 0
    assert read_ledger(record)["file"].to_pylist() == [name]
