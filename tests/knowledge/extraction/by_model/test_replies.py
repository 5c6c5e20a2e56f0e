"""The habits of real models and servers, one test each: what of a reply is read, and what is told of the rest."""

import pytest

from pipelines.core.protocols import CUT, Completion
from pipelines.knowledge.extraction.by_model.replies import CUT_NOTE, MENDED_NOTE, UnusableReply, read_reply
from pipelines.knowledge.extraction.said.records import Said
from resources.models.reasoning import without_reasoning

GOOD = (
    '{"entities": [{"name": "Ann", "type": "PERSON"}, {"name": "Alder", "type": "ORGANIZATION"}], '
    '"relations": [{"source": "Ann", "type": "WORKS_AT", "target": "Alder"}]}'
)


def said_in(text: str, finish: str = "stop", calls: str = "") -> Said:
    return read_reply(Completion(without_reasoning(text), 1, 1, finish_reason=finish, calls=calls))


def names(said: Said) -> list[str]:
    return [one.name for one in said.entities]


def triples(said: Said) -> list[tuple[str, str, str]]:
    return [(one.source, one.type, one.target) for one in said.relations]


@pytest.mark.parametrize("reply", [
    pytest.param(
        '{"entities": [["Ann", "PERSON"], ["Alder", "ORGANIZATION"]], "relations": [["Ann", "WORKS_AT", "Alder"]]}',
        id="as asked"),
    pytest.param(GOOD, id="objects for lists"),
    pytest.param(f"<think>Like {{'entities': ['Bob']}}?</think>{GOOD}", id="thinking tags"),
    pytest.param(f"hm, hm</think>\n{GOOD}", id="a thought without its opening tag"),
    pytest.param(f"```json\n{GOOD}\n```", id="a code fence"),
    pytest.param(f"Here you are:\n{GOOD}\nAnything else?", id="prose around it"),
    pytest.param(GOOD.replace('"entities"', '"Entities"').replace('"name"', '"Name"'), id="keys in another case"),
    pytest.param(GOOD.replace('"name"', '"entityName"').replace('"source"', '"Source Entity"'), id="other keys"),
    pytest.param(GOOD.replace('"entities"', '"nodes"').replace('"relations"', '"edges"'), id="nodes and edges"),
    pytest.param(
        GOOD.replace("entities", "实体").replace("relations", "关系").replace("source", "头实体").replace(
            "target", "尾实体").replace("name", "名称").replace("type", "类型"), id="keys in Chinese"),
    pytest.param(
        '{"entities": {"Ann": "PERSON", "Alder": {"type": "ORGANIZATION"}}, '
        '"relations": [["Ann", "WORKS_AT", "Alder"]]}',
        id="entities by name, triples as lists"),
    pytest.param(
        '{"entities": {"PERSON": ["Ann"], "ORGANIZATION": ["Alder"]}, "relations": ["Ann -> WORKS_AT -> Alder"]}',
        id="entities by type, triples as lines"),
    pytest.param(
        '{"nodes": [{"id": "0", "label": "PERSON", "properties": {"name": "Ann"}}, '
        '{"id": "1", "label": "ORGANIZATION", "properties": {"name": "Alder"}}], '
        '"relationships": [{"type": "WORKS_AT", "start_node_id": "Ann", "end_node_id": "Alder"}]}',
        id="the form of neo4j-graphrag"),
    pytest.param(
        '[{"name": "Ann", "type": "PERSON"}, {"name": "Alder", "type": "ORGANIZATION"}, '
        '{"source": "Ann", "type": "WORKS_AT", "target": "Alder"}]', id="a list"),
    pytest.param(
        '{"name": "Ann", "type": "PERSON"}\n{"name": "Alder", "type": "ORGANIZATION"}\n'
        '{"head": "Ann", "relation": "WORKS_AT", "tail": "Alder"}\n', id="lines"),
])  # fmt: skip
def test_whatever_its_form_a_reply_is_read_and_nothing_is_told(reply: str) -> None:
    said = said_in(reply)
    assert (names(said), triples(said), said.note) == (["Ann", "Alder"], [("Ann", "WORKS_AT", "Alder")], "")
    assert [one.type for one in said.entities] == ["PERSON", "ORGANIZATION"]


@pytest.mark.parametrize("reply", [
    pytest.param(GOOD.replace("}]", "},]"), id="trailing commas"),
    pytest.param(GOOD.replace('"', "'"), id="single quotes"),
    pytest.param(GOOD.replace('"Ann"', "“Ann”"), id="curly quotes"),
    pytest.param(GOOD.replace('"', "'").replace("{'name': 'Ann'", "{'id': None, 'name': 'Ann'"), id="Python's words"),
    pytest.param(GOOD[:-2], id="brackets that were never closed"),
])  # fmt: skip
def test_what_is_no_valid_json_is_mended_and_told(reply: str) -> None:
    said = said_in(reply)
    assert (names(said), said.note) == (["Ann", "Alder"], MENDED_NOTE)


def test_an_apostrophe_in_a_single_quoted_string_does_not_end_it() -> None:
    said = said_in("{'entities': [{'name': 'O'Brien & Sons', 'type': 'ORGANIZATION'}], 'relations': []}")
    assert names(said) == ["O'Brien & Sons"]


def test_of_a_reply_that_the_limit_cut_the_complete_part_is_kept() -> None:
    said = said_in(GOOD[: GOOD.index('"WORKS_AT"')], CUT)
    assert (names(said), said.relations, said.note) == (["Ann", "Alder"], (), CUT_NOTE)


@pytest.mark.parametrize(
    "reply", ['{"entities": null, "relations": null}', '{"entities": []}', "[]", "```json\n[]\n```"]
)
def test_nothing_named_is_an_answer(reply: str) -> None:
    assert said_in(reply) == Said()


def test_null_fields_are_left_empty() -> None:
    said = said_in('{"entities": [{"name": "Ann", "type": null, "description": null}], "relations": [null, {}]}')
    assert [(one.name, one.type, one.description) for one in said.entities] == [("Ann", "", "")]
    assert triples(said) == [("", "", ""), ("", "", "")]


@pytest.mark.parametrize(
    "reply", ['{"entities": [{"na', "", "I'm sorry, I can't help with that.", "{}", "对不起，我无法完成这个请求。"]
)
def test_a_refusal_and_an_empty_reply_are_told_as_what_they_are(reply: str) -> None:
    with pytest.raises(UnusableReply, match="no JSON object with entities or relations"):
        said_in(reply)


def test_a_call_of_a_tool_is_read_in_place_of_null_content() -> None:
    calls = '[{"function": {"name": "extract", "arguments": "{\\"entities\\": [{\\"name\\": \\"Ann\\"}]}"}}]'
    assert names(said_in("", calls=calls)) == ["Ann"]


def test_relations_that_use_the_ids_of_entities_carry_them() -> None:
    said = said_in(
        '{"entities": [{"id": "e1", "name": "Ann"}], "relations": [{"source": {"id": "e1"}, "target": "X"}]}'
    )
    assert (said.entities[0].key, said.relations[0].source) == ("e1", "e1")


def test_descriptions_and_dates_are_read_from_lists() -> None:
    said = said_in('{"entities": [["Ann", "PERSON", "a potter"]], "relations": [["Ann", "MET", "Bob", "", "1901"]]}')
    assert said.entities[0].description == "a potter"
    assert (said.relations[0].description, said.relations[0].date) == ("", "1901")


def test_descriptions_and_dates_are_read_under_their_names() -> None:
    said = said_in(
        '{"entities": [{"name": "Ann", "desc": "a potter"}], "relations": '
        '[{"subject": "Ann", "predicate": "met", "object": "Bob", "explanation": "at a fair", "when": "1901"}]}'
    )
    assert said.entities[0].description == "a potter"
    assert (said.relations[0].description, said.relations[0].date) == ("at a fair", "1901")
