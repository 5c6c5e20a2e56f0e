"""The scripted model answers each system in its own format, alike for all; the counted tokens become the rows."""

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import graph_cost
from benchmarks.cost.counting_server import Tokens, counting_server
from benchmarks.cost.scripted_model import EXTRACTION, GLEANING, REPORT, TEXT, answer

PASSAGE = "Nora Berg works at Alder Systems in Oslo.\nThe Harbour Group bought Alder Systems."
NAMES = ["Nora Berg", "Alder Systems", "Oslo", "Harbour Group"]


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _list_of(*fields: str) -> dict[str, Any]:
    return {"type": "array", "items": {"properties": {field: {"type": "string"} for field in fields}}}


def test_tuples_are_answered_with_the_findings_of_the_passage_and_gleaning_with_nothing_more():
    asked = _user(f'("entity"<|>name)\nText: an example\n######\nEntity_types: A\nText: {PASSAGE}\n######\nOutput:')
    found = answer([asked], None)
    assert found.kind == EXTRACTION and found.text.count('("entity"') == 4
    assert '("relationship"<|>NORA BERG<|>ALDER SYSTEMS<|>' in found.text and found.text.endswith("<|COMPLETE|>")
    later = [asked, {"role": "assistant", "content": found.text}, _user("MANY entities were missed. Add them below")]
    assert answer(later, None).kind == GLEANING
    assert answer([*later, _user("Answer Y if there are still more, or N. A single letter Y or N.")], None).text == "N"


def test_lines_of_fields_come_where_they_are_asked_for():
    system = {"role": "system", "content": "entity<|#|>name<|#|>type<|#|>description"}
    found = answer([system, _user(f"---Input Text---\n```\n{PASSAGE}\n```\n\n---Output---\n")], None)
    rows = [line.split("<|#|>") for line in found.text.splitlines()[:-1]]
    assert [row[1] for row in rows if row[0] == "entity"] == NAMES
    assert {len(row) for row in rows if row[0] == "relation"} == {5}


def test_a_json_schema_is_filled_whatever_its_fields_are_called():
    schema = {"properties": {"entities": _list_of("name", "type"), "relations": _list_of("subject", "type", "object")}}
    found = json.loads(answer([_user(f"Read.\n\nText:\n{PASSAGE}\n\nJSON:")], schema).text)
    assert [one["name"] for one in found["entities"]] == NAMES and set(found["entities"][0]) == {"name", "type"}
    assert {"subject": "Nora Berg", "type": found["relations"][0]["type"], "object": "Alder Systems"} in found[
        "relations"
    ]
    short = {"properties": {"entities": _list_of("name", "description"), "relations": _list_of("source", "target")}}
    said = json.loads(answer([_user(f"Descriptions: up to five words.\nText:\n{PASSAGE}")], short).text)
    assert said["entities"][0]["description"] == "Nora Berg works at Alder"


def test_reports_and_summaries_say_what_the_prompt_tells():
    facts = "- Nora Berg works at Alder Systems in Oslo.\n- The Harbour Group of Bergen bought Alder Systems."
    schema = {
        "properties": {"title": {"type": "string"}, "rating": {"type": "number"}, "findings": _list_of("summary")}
    }
    found = answer([_user(f"Write 3-5 findings.\n{facts}")], schema)
    report = json.loads(found.text)
    assert found.kind == REPORT and len(report["findings"]) == 3 and report["rating"] == 5
    plain = answer([_user(f"Summarise.\n{facts}")], None)
    assert plain.kind == TEXT and "The Harbour Group of Bergen bought Alder Systems." in plain.text


def _post(address: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{address}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


def test_the_server_counts_what_it_reads_and_writes_and_keeps_to_the_limit():
    with counting_server() as server:
        body = {"messages": [_user("one two three")], "max_tokens": 2}
        found = _post(server.address, "chat/completions", body)
        assert found["usage"]["prompt_tokens"] == 3 + 4 and found["usage"]["completion_tokens"] == 2
        assert found["choices"][0]["finish_reason"] == "length"
        vectors = _post(server.address, "embeddings", {"input": ["a", "b", "a"]})["data"]
        assert vectors[0]["embedding"] == vectors[2]["embedding"] != vectors[1]["embedding"]
        assert server.counted().total == 9 and server.counted().of("calls") == 1


def test_one_per_cent_is_changed_deleted_and_added(tmp_path: Path):
    passages = [{"title": f"T{n}", "text": f"Text {n}. More."} for n in range(210)]
    graph_cost.write(tmp_path / "texts", passages[:200])
    before = {path.name: path.read_text() for path in (tmp_path / "texts").iterdir()}
    assert graph_cost.change(tmp_path / "texts", passages, 200) == 2
    after = {path.name: path.read_text() for path in (tmp_path / "texts").iterdir()}
    assert len(before.keys() - after.keys()) == len(after.keys() - before.keys()) == 2
    assert sum(before[name] != after[name] for name in before.keys() & after.keys()) == 2


def _spent(build: int, delta: int, failure: str = "") -> graph_cost.Spent:
    tokens = [Tokens(Counter({("extraction", "prompt"): number})) for number in (build, delta)]
    return graph_cost.Spent(*tokens, [1.0, 1.0], failure)


def test_rows_are_plain_ratios_and_a_peer_that_failed_is_no_figure():
    spent = {"graftline": _spent(1000, 100), "graphrag": _spent(9000, 900), "lightrag": _spent(0, 0, "no such command")}
    rows = {row.id: row for row in graph_cost.rows_of(spent, 100, {"entities": 0}, 2)}
    assert set(rows) == set(graph_cost.ROWS)
    assert rows["tokens_per_corpus_token"].value == 10 and rows["tokens_vs_graphrag"].value == 9
    assert rows["tokens_vs_lightrag"].value is None and "no such command" in rows["tokens_vs_lightrag"].note
    assert rows["delta_tokens"].value == 0.1 and rows["delta_vs_peers"].value == 9
    assert rows["delta_equals_rebuild"].met


def test_a_peer_without_reports_is_compared_with_ours_without_them_in_the_row_of_the_same_work():
    ours = graph_cost.Spent(
        _spent(100, 0).build, Tokens(Counter({("extraction", "prompt"): 60, (REPORT, "completion"): 40})), [1.0]
    )
    spent = {
        "graftline": ours,
        "graphrag": _spent(0, 1500),
        "lightrag": _spent(0, 600),
        "nano_graphrag": _spent(0, 2000),
    }
    rows = {row.id: row for row in graph_cost.rows_of(spent, 100, None, 1)}
    assert rows["delta_vs_peers"].value == 6  # 600 against 100
    assert rows["delta_vs_peers_same_work"].value == 10  # 600 against 60; graphrag's 1,500 are 15 times all of ours
