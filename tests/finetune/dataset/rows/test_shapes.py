"""Every common shape becomes the same conversation, whatever its columns, roles and file form."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.finetune.dataset.example_rows import read, write

ASKED, SAID = "如何退货？", "请在七天内申请。"
USER, ASSISTANT = {"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}
SYSTEM = {"role": "system", "content": "你是客服。"}
PLAIN: dict[str, dict[str, Any]] = {
    "alpaca": {"instruction": ASKED, "input": "", "output": SAID},
    "alpaca without input": {"instruction": ASKED, "output": SAID},
    "sharegpt": {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": SAID}]},
    "OpenAI": {"messages": [USER, ASSISTANT]},
    "OpenAI parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}, ASSISTANT]},
    "conversations by role": {"conversations": [USER, ASSISTANT]},
    "prompt and completion": {"prompt": ASKED, "completion": SAID},
    "prompt and completion of messages": {"prompt": [USER], "completion": [ASSISTANT]},
    "question and answer": {"question": ASKED, "answer": SAID},
    "instruction and response": {"instruction": ASKED, "context": "", "response": SAID},
}
PAIRS: dict[str, dict[str, Any]] = {
    "alpaca": {"instruction": ASKED, "input": "", "chosen": SAID, "rejected": "不知道。"},
    "sharegpt": {
        "conversations": [{"from": "human", "value": ASKED}],
        "chosen": {"from": "gpt", "value": SAID}, "rejected": {"from": "gpt", "value": "不知道。"},
    },
    "TRL text": {"prompt": ASKED, "chosen": SAID, "rejected": "不知道。"},
    "TRL messages": {
        "prompt": [USER], "chosen": [ASSISTANT], "rejected": [{"role": "assistant", "content": "不知道。"}],
    },
    "TRL implicit prompt": {
        "chosen": [USER, ASSISTANT], "rejected": [USER, {"role": "assistant", "content": "不知道。"}],
    },
    "TRL repeated prompt": {
        "prompt": ASKED, "chosen": [USER, ASSISTANT],
        "rejected": [USER, {"role": "assistant", "content": "不知道。"}],
    },
}  # fmt: skip
CALLS = [{"id": "call00001", "type": "function", "function": {"name": "price", "arguments": '{"item": "tent"}'}}]
TOOL = {"name": "price", "description": "Price of an item", "parameters": {"type": "object", "properties": {}}}


def only(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    write(folder, "rows.jsonl", [row])
    loaded = read(folder)
    assert not loaded.problems, loaded.problems
    return loaded.rows[0]


@pytest.mark.parametrize("row", PLAIN.values(), ids=PLAIN)
def test_every_shape_is_the_same_conversation(tmp_path: Path, row: dict[str, Any]):
    made = only(tmp_path, row)
    assert (made["messages"], made["kind"], made["language"], made["repairs"]) == ([USER, ASSISTANT], "sft", "zh", "")


@pytest.mark.parametrize("row", PAIRS.values(), ids=PAIRS)
def test_every_pair_is_a_prompt_and_two_answers(tmp_path: Path, row: dict[str, Any]):
    made = only(tmp_path, row)
    assert (made["messages"], made["chosen"], made["rejected"]) == ([USER], SAID, "不知道。")
    assert made["kind"] == "preference"


def test_system_history_and_input_come_in_their_order(tmp_path: Path):
    row = {"instruction": "翻译", "input": "tent", "output": "帐篷"}
    row |= {"system": SYSTEM["content"], "history": [[ASKED, SAID]]}
    last = [{"role": "user", "content": "翻译\ntent"}, {"role": "assistant", "content": "帐篷"}]
    assert only(tmp_path, row)["messages"] == [SYSTEM, USER, ASSISTANT, *last]


def test_tool_calls_of_sharegpt_and_of_openai_are_the_same(tmp_path: Path):
    call = json.dumps({"name": "price", "arguments": {"item": "tent"}})
    sharegpt = only(tmp_path, {
        "conversations": [
            {"from": "human", "value": "What is a tent?"}, {"from": "function_call", "value": call},
            {"from": "observation", "value": "90"}, {"from": "gpt", "value": "90 euros."},
        ],
        "tools": json.dumps([TOOL]),
    })  # fmt: skip
    openai = only(tmp_path, {
        "messages": [
            {"role": "user", "content": "What is a tent?"},
            {"role": "assistant", "content": None, "tool_calls": [{**CALLS[0], "id": "x7"}]},
            {"role": "tool", "content": "90", "tool_call_id": "x7"}, {"role": "assistant", "content": "90 euros."},
        ],
        "tools": [{"type": "function", "function": TOOL}],
    })  # fmt: skip
    assert sharegpt["row_id"] == openai["row_id"] and sharegpt["messages"] == openai["messages"]
    assert sharegpt["messages"][1] == {"role": "assistant", "content": "", "tool_calls": CALLS}
    assert json.loads(openai["tools"]) == [{"type": "function", "function": TOOL}]


def test_a_legacy_function_call_is_a_tool_call(tmp_path: Path):
    called = {"name": "price", "arguments": '{"item": "tent"}'}
    turns = [
        {"role": "user", "content": "What is a tent?"}, {"role": "assistant", "content": None, "function_call": called},
        {"role": "function", "name": "price", "content": "90"}, {"role": "assistant", "content": "90 euros."},
    ]  # fmt: skip
    made = only(tmp_path, {"messages": turns, "functions": [TOOL]})
    assert made["messages"][1] == {"role": "assistant", "content": "", "tool_calls": CALLS}
    assert json.loads(made["tools"]) == [{"type": "function", "function": TOOL}]
    assert made["repairs"] == "functions turned into tools, role renamed"


def test_reasoning_stands_before_the_answer_and_is_noted(tmp_path: Path):
    made = only(tmp_path, {"messages": [USER, ASSISTANT | {"reasoning_content": "Seven days.\n", "weight": 1}]})
    assert made["messages"][1]["content"] == f"<think>\nSeven days.\n</think>\n\n{SAID}"
    assert made["repairs"] == "reasoning put before the answer"
    twice = f"<think>Seven days.</think>{SAID}"
    made = only(tmp_path, {"messages": [USER, {**ASSISTANT, "content": twice, "reasoning": "Seven days."}]})
    assert (made["messages"][1]["content"], made["repairs"]) == (twice, "")


@pytest.mark.parametrize("ending", [
    "json", "jsonl", "csv", "parquet", "arrow", "lines.json", "JSON", "ndjson", "tsv", "jsonl.gz", "Csv.GZ",
])  # fmt: skip
def test_every_file_form_holds_the_same_rows(tmp_path: Path, ending: str):
    rows = [{"instruction": f'Question, "{n}"\nof many', "output": f"答 {n}", "source": f"s{n}"} for n in range(3)]
    path, table = tmp_path / f"rows.{ending}", pa.Table.from_pylist(rows)
    if ending in ("csv", "tsv", "Csv.GZ"):
        with (gzip.open if ending == "Csv.GZ" else open)(path, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if ending == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    elif ending == "parquet":
        pq.write_table(table, path)
    elif ending == "arrow":
        with pa.ipc.new_stream(str(path), table.schema) as stream:
            stream.write_table(table)
    elif ending in ("lines.json", "ndjson"):
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif ending == "jsonl.gz":
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    else:
        write(tmp_path, f"rows.{ending}", rows)
    loaded = read(tmp_path)
    assert not loaded.problems and {row["dataset"] for row in loaded.rows} == {
        "rows.lines" if "lines" in ending else "rows"
    }
    assert [(row["messages"][0]["content"], row["source"]) for row in loaded.rows] == [
        (row["instruction"], row["source"]) for row in rows
    ]


def test_messages_in_parquet_and_in_a_csv_cell_are_read(tmp_path: Path):
    pq.write_table(pa.Table.from_pylist([PLAIN["OpenAI"], {"messages": [USER, {**ASSISTANT, "tool_calls": None}]}]),
                   tmp_path / "a.parquet")  # fmt: skip
    with (tmp_path / "b.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["messages"], [json.dumps(PLAIN["OpenAI"]["messages"])]])
    loaded = read(tmp_path)
    assert [row["messages"] for row in loaded.rows] == [[USER, ASSISTANT]]
    assert [problem.reason for problem in loaded.problems] == ["duplicate", "duplicate"]
