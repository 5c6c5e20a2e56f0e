"""Newer forms of formats that are claimed: LLaMA-Factory's v1, thoughts before calls, columns in capitals."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.finetune.dataset.example_rows import read, write

USER, ASSISTANT = {"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Yes."}
CALL = '{"name": "price", "arguments": {"item": "tent"}}'


def part(text: str, kind: str = "text") -> dict[str, str]:
    return {"type": kind, "value": text}


def turn(role: str, *parts: dict[str, str], weight: float = 1.0) -> dict[str, Any]:
    return {"role": role, "content": [*parts], "loss_weight": weight}


def only(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    write(folder, "rows.jsonl", [row])
    loaded = read(folder)
    assert not loaded.problems, loaded.problems
    return loaded.rows[0]


def test_parts_of_v1_are_text_reasoning_and_calls(tmp_path: Path):
    made = only(tmp_path, {"messages": [
        turn("user", part("What is "), part("a tent?"), weight=0.0),
        turn("assistant", part("Ask.", "reasoning"), part("One moment."), part(CALL, "tool_call")),
        turn("tool", part("90"), weight=0.0), turn("assistant", part("90 euros.")),
    ], "tools": json.dumps([{"name": "price", "parameters": {}}])})  # fmt: skip
    called = {"id": "call00001", "type": "function",
              "function": {"name": "price", "arguments": '{"item": "tent"}'}}  # fmt: skip
    assert made["messages"] == [
        {"role": "user", "content": "What is a tent?"},
        {"role": "assistant", "content": "<think>\nAsk.\n</think>\n\nOne moment.", "tool_calls": [called]},
        {"role": "tool", "content": "90", "tool_call_id": "call00001"},
        {"role": "assistant", "content": "90 euros."},
    ]


def test_an_answer_of_v1_without_loss_is_refused_and_not_learned(tmp_path: Path):
    write(tmp_path, "rows.jsonl", [{"messages": [
        turn("user", part("A?")), turn("assistant", part("B."), weight=0.0), turn("user", part("C?")),
        turn("assistant", part("D."))]}])  # fmt: skip
    (problem,) = read(tmp_path).problems
    assert (problem.reason, problem.found) == ("weighted turn", "an assistant's turn of loss_weight 0.0")


def test_a_pair_of_v1_is_a_prompt_and_two_answers(tmp_path: Path):
    asked = turn("user", part("Open?"), weight=0.0)
    before = [turn("user", part("Hello."), weight=0.0), turn("assistant", part("Hi."), weight=0.0)]
    made = only(tmp_path, {
        "chosen_messages": [*before, asked, turn("assistant", part("Yes."))],
        "rejected_messages": [*before, asked, turn("assistant", part("No."))],
    })  # fmt: skip
    assert (made["kind"], made["chosen"], made["rejected"]) == ("preference", "Yes.", "No.")
    assert [message["content"] for message in made["messages"]] == ["Hello.", "Hi.", "Open?"]


@pytest.mark.parametrize("thought", ["<think>Ask the price.</think>\n", "<think>\nAsk 价格 {}.\n</think>\n\n", ""])
def test_a_call_turn_may_begin_with_its_thought(tmp_path: Path, thought: str):
    made = only(tmp_path, {"conversations": [
        {"from": "human", "value": "What is a tent?"}, {"from": "function_call", "value": f"{thought}{CALL}"},
        {"from": "observation", "value": "90"}, {"from": "gpt", "value": "90 euros."},
    ]})  # fmt: skip
    assert made["messages"][1]["content"] == thought
    assert made["messages"][1]["tool_calls"][0]["function"]["name"] == "price"


CAPITALS: dict[str, dict[str, Any]] = {
    "alpaca": {"Instruction": "Open?", "Input": "", "Output": "Yes."},
    "blanks": {" instruction": "Open?", "output ": "Yes."},
    "question and answer": {"QUESTION": "Open?", "ANSWER": "Yes."},
    "messages": {"Messages": [USER, ASSISTANT]},
    "sharegpt": {"Conversations": [{"From": "human", "Value": "Open?"}, {"From": "gpt", "Value": "Yes."}]},
}


@pytest.mark.parametrize("row", CAPITALS.values(), ids=CAPITALS)
def test_columns_in_capitals_are_matched_and_noted(tmp_path: Path, row: dict[str, Any]):
    made = only(tmp_path, row)
    assert made["messages"] == [USER, ASSISTANT] and "columns renamed" in made["repairs"]


def test_columns_in_capitals_are_matched_in_a_registered_file_too(tmp_path: Path):
    write(tmp_path, "dataset_info.json", {"faq": {"file_name": "faq.csv", "columns": {"prompt": "q", "response": "a"}}})
    write(tmp_path, "faq.csv", "Q,A,Source\nOpen?,Yes.,hours\n")
    (made,) = read(tmp_path).rows
    assert (made["messages"], made["source"]) == ([USER, ASSISTANT], "hours")


def test_an_input_in_capitals_is_not_lost_and_a_shape_that_stands_is_not_changed(tmp_path: Path):
    made = only(tmp_path, {"instruction": "Translate.", "Input": "tent", "output": "帐篷"})
    assert made["messages"][0]["content"] == "Translate.\ntent"
    made = only(tmp_path, {"prompt": "Open?", "completion": "Yes.", "Question": "What else?"})
    assert (made["messages"], made["repairs"]) == ([USER, ASSISTANT], "")


@pytest.mark.parametrize(
    ("row", "named"),
    [({"instuction": "Open?", "output": "Yes."}, "'instuction' is nearly 'instruction'"),
     ({"instruction": "Open?", "outputs": "Yes."}, "'outputs' is nearly 'output'"),
     ({"mesages": [USER, ASSISTANT]}, "'mesages' is nearly 'messages'")],
)  # fmt: skip
def test_a_column_with_a_slip_is_named_beside_its_neighbour(tmp_path: Path, row: dict[str, Any], named: str):
    write(tmp_path, "rows.jsonl", [row])
    (problem,) = read(tmp_path).problems
    assert problem.reason == "missing column" and named in problem.found


def test_pictures_in_capitals_are_no_text_either(tmp_path: Path):
    write(tmp_path, "rows.jsonl", [{"messages": [USER, ASSISTANT], "Images": ["a.png"]}])
    assert [problem.reason for problem in read(tmp_path).problems] == ["not for text"]
