"""Ids of calls, their results and names come to the template as written; what no template can read is made anew."""

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest

from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.templates.rendering import as_engines_read
from tests.finetune.dataset.example_rows import read, write

MISTRAL = """{%- for m in messages %}
{%- for call in m.tool_calls or [] %}
{%- if call.id is not defined or call.id|length != 9 %}{{ raise_exception("length 9") }}{% endif %}[{{ call.id }}]
{%- endfor %}
{%- if m.role == "tool" %}
{%- if m.tool_call_id is not defined or m.tool_call_id|length != 9 %}{{ raise_exception("length 9") }}{% endif %}
{{- m.name }}({{ m.tool_call_id }}){{ m.content }}
{%- endif %}
{%- endfor %}"""
"""What Mistral's own templates ask of ids, and the places that they write them to."""


def call(name: str, written: str = "") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": "{}"}} | ({"id": written} if written else {})


def result(text: str, written: str = "", **more: str) -> dict[str, str]:
    return {"role": "tool", "content": text, **more} | ({"tool_call_id": written} if written else {})


def asked(calls: list[dict[str, Any]], *results: dict[str, str], question: str = "Tide and price?") -> dict[str, Any]:
    return {"messages": [
        {"role": "user", "content": question}, {"role": "assistant", "content": None, "tool_calls": calls}, *results,
        {"role": "assistant", "content": f"High, and ten, as to {question}"},
    ]}  # fmt: skip


def only(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    write(folder, "rows.jsonl", [row])
    loaded = read(folder)
    assert not loaded.problems, loaded.problems
    return loaded.rows[0]


def rendered(made: dict[str, Any]) -> str:
    def refuse(message: str) -> None:
        raise ValueError(message)

    template = jinja2.Environment().from_string(MISTRAL)
    return template.render(messages=as_engines_read(made["messages"], ""), raise_exception=refuse)


@pytest.mark.parametrize(
    ("calls", "results", "text", "repairs"),
    [
        ([call("tide", "Xa3bT9qLm")], [result("high", "Xa3bT9qLm", name="tide")],
         "[Xa3bT9qLm]tide(Xa3bT9qLm)high", ""),
        ([call("tide"), call("price")], [result("high"), result("ten")],
         "[call00001][call00002](call00001)high(call00002)ten", ""),
        ([call("tide", "call_a"), call("price", "call_b")], [result("ten", "call_b"), result("high", "call_a")],
         "[call00001][call00002](call00002)ten(call00001)high", "call ids renamed"),
        ([call("tide", "Xa3bT9qLm"), call("price", "call_b")], [result("ten", "call_b"), result("high")],
         "[Xa3bT9qLm][call00002](call00002)ten(Xa3bT9qLm)high", "call ids renamed"),
        ([call("tide", "Xa3bT9qLm")], [result("high", "Qa3bT9qLm")],
         "[Xa3bT9qLm](Xa3bT9qLm)high", "a result's call id corrected"),
    ],
)  # fmt: skip
def test_a_template_that_insists_on_ids_gets_each_call_with_its_result(
    tmp_path: Path, calls: list[dict[str, Any]], results: list[dict[str, str]], text: str, repairs: str
):
    made = only(tmp_path, asked(calls, *results))
    assert (rendered(made), made["repairs"]) == (text, repairs)


def test_calls_are_counted_through_the_conversation_and_a_result_without_a_call_has_an_id_too(tmp_path: Path):
    first, second = (asked([call("tide")], result("high"))["messages"] for _ in range(2))
    made = only(tmp_path, {"messages": [*first, *second]})
    assert rendered(made) == "[call00001](call00001)high[call00002](call00002)high"
    told = [
        {"from": "human", "value": "Tide?"},
        {"from": "gpt", "value": "tide()"},
        {"from": "observation", "value": "5"},
    ]
    made = only(tmp_path, {"conversations": [*told, {"from": "gpt", "value": "Five."}]})
    assert rendered(made) == "(call00001)5"


def test_kimis_ids_are_kept(tmp_path: Path):
    made = only(tmp_path, asked([call("tide", "functions.tide:0")], result("high", "functions.tide:0")))
    assert made["messages"][1]["tool_calls"][0]["id"] == made["messages"][2]["tool_call_id"] == "functions.tide:0"


def test_names_reach_the_template_and_make_another_conversation(tmp_path: Path):
    turns = [{"role": "user", "name": "Ana", "content": "Tide?"}, {"role": "assistant", "content": "High."}]
    made = only(tmp_path, {"messages": turns})
    assert as_engines_read(made["messages"], "")[0] == turns[0]
    plain = only(tmp_path, {"messages": [{**turns[0], "name": ""}, turns[1]]})
    assert "name" not in plain["messages"][0] and plain["row_id"] != made["row_id"]


def test_one_conversation_under_two_recordings_of_its_ids_is_one(tmp_path: Path):
    ids = ("Xa3bT9qLm", "Zz9bT1qLk")
    write(tmp_path, "rows.jsonl", [asked([call("tide", each)], result("high", each)) for each in ids])
    loaded = read(tmp_path)
    assert [problem.reason for problem in loaded.problems] == ["duplicate"] and len(loaded.rows) == 1


def test_a_pair_whose_sides_recorded_the_call_apart_is_one_prompt(tmp_path: Path):
    sides = [asked([call("tide", each)], result("high", each))["messages"] for each in ("Xa3bT9qLm", "Zz9bT1qLk")]
    sides[1][-1] = {"role": "assistant", "content": "I don't know."}
    made = only(tmp_path, {"chosen": sides[0], "rejected": sides[1]})
    assert made["kind"] == "preference" and rendered(made) == "[Xa3bT9qLm](Xa3bT9qLm)high"


def test_other_ids_make_another_dataset_so_that_no_stored_one_is_taken_for_it(tmp_path: Path):
    records = []
    for written in ("Xa3bT9qLm", "Zz9bT1qLk"):
        rows = [asked([call("tide", written)], result("high", written), question=f"Tide {n}?") for n in range(3)]
        write(tmp_path / "in", "rows.jsonl", rows)
        records.append(prepare(tmp_path / "in", tmp_path / "home"))
        stored = load_dataset(Path(records[-1]["path"]))["train"][0]["messages"]
        assert stored[2]["tool_call_id"] == written
    assert records[0]["digest"] != records[1]["digest"]


def test_a_thought_whose_words_stand_in_the_answer_is_kept(tmp_path: Path):
    turns = [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Yes.", "reasoning": "Yes"}]
    assert only(tmp_path, {"messages": turns})["messages"][1]["content"] == "<think>\nYes\n</think>\n\nYes."


def test_halves_of_surrogates_in_names_calls_and_tools_are_removed(tmp_path: Path):
    row = asked([{"name": "tide", "arguments": {"at": "\ud83d"}}], result("high", name="A\ud83d"))
    row["tools"] = [{"name": "tide", "description": "Tells \ud83dthe tide."}]
    write(tmp_path, "rows.jsonl", json.dumps(row))
    (made,) = read(tmp_path).rows
    assert (made["messages"][2]["name"], made["repairs"]) == ("A", "unprintable characters removed")
    assert made["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"at": ""}'
    assert json.loads(made["tools"])[0]["function"]["description"] == "Tells the tide."
