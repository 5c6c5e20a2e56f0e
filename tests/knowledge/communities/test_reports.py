"""Reports by a model that can write: what servers send back, what is dropped, who is asked again, and the root."""

import json
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.protocols import CUT, Completion, Messages
from pipelines.knowledge.communities.evidence import Evidence, Fact
from pipelines.knowledge.communities.reading import read_report
from pipelines.knowledge.communities.report import EXTRACTIVE
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.english import ENGLISH
from tests.fakes import FakeLanguageModel
from tests.knowledge.communities.test_summaries import DOCUMENTS, _tables

SETTINGS = SummarySettings(least_members=2)
FACTS = [
    Fact("Ann leads the workshop in Oslo.", ("c1",), ("ann", "oslo")),
    Fact("The workshop repairs 300 tents a year.", ("c2",), ("workshop",)),
]
EVIDENCE = Evidence("Ann, Oslo", ["Ann (person)"], {"ann": "Ann", "oslo": "Oslo"}, FACTS, ENGLISH)
WHOLE: dict[str, Any] = {
    "title": "Ann's workshop in Oslo",
    "summary": "Ann leads the workshop in Oslo, which repairs 300 tents a year.",
    "rating": 7,
    "findings": [{"text": "The workshop repairs 300 tents.", "facts": [2]}],
}


class Writer(FakeLanguageModel):
    """A model that can write; without an answer of its own it repeats the first facts of its prompt."""

    packaged = False

    def __init__(self, answer: Any = None, fails_on: str | None = None) -> None:
        super().__init__(answer or _repeated, fails_on)


def _repeated(messages: Messages) -> str:
    facts = re.findall(r"^\[(\d+)\] (.*)$", messages[0]["content"], re.MULTILINE)
    findings = [{"text": text, "facts": [int(number)]} for number, text in facts[:3]]
    return json.dumps({"title": facts[0][1][:40], "summary": facts[0][1], "rating": 6, "findings": findings})


def _summarise(tables: dict[str, Any], previous: pa.Table | None, model: FakeLanguageModel):
    parts = (tables[name] for name in ("communities", "entities", "relations", "chunks"))
    return summarise(*parts, previous, model, SETTINGS)


def _read(text: str, reason: str = "stop"):
    return read_report(Completion(text, 1, 1, finish_reason=reason), EVIDENCE, FACTS, "m", 0.5)


def test_a_report_has_title_summary_findings_with_their_chunks_and_entities_and_a_rating():
    report = _read(json.dumps(WHOLE)).report
    assert report is not None
    assert (report.title, report.summary, report.rating) == (WHOLE["title"], WHOLE["summary"], 7.0)
    (finding,) = report.findings
    assert (finding.text, finding.chunk_ids, finding.entity_ids) == (
        "The workshop repairs 300 tents.", ("c2",), ("workshop",)
    )  # fmt: skip


_GRAPHRAG = {
    "Title": None, "SUMMARY": WHOLE["summary"], "rating": "8/10",
    "findings": [{"summary": "The workshop repairs 300 tents.", "explanation": "x", "sources": "[2]"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        f'<think>Is it {{}} or {{"a": 1}}?</think>\n```json\n{json.dumps(WHOLE)}\n```',
        json.dumps(_GRAPHRAG),
        json.dumps(WHOLE | {"findings": ["The workshop repairs 300 tents. [2]"]}),
        json.dumps(WHOLE | {"findings": [{"finding": "The workshop repairs 300 tents.", "evidence": ["fact 2"]}]}),
        json.dumps(WHOLE)[:-2] + ",]}",
        json.dumps(WHOLE | {"rating": None, "findings": WHOLE["findings"][0]}),
    ],
    ids=["thoughts and fences", "graphrag's keys", "bare findings", "other keys", "a trailing comma", "no list"],
)
def test_what_servers_send_is_read(text: str):
    report = _read(text).report
    assert report is not None and report.summary == WHOLE["summary"]
    assert [(one.text, one.chunk_ids) for one in report.findings] == [("The workshop repairs 300 tents.", ("c2",))]
    assert 0 <= report.rating <= 10


@pytest.mark.parametrize("text", ["", "I can't help with that.", "null", '{"summary": null}', '{"summary": "Ann le'])
def test_what_is_no_report_is_none(text: str):
    assert _read(text).report is None


def test_of_a_cut_report_what_is_complete_is_kept_and_told():
    cut = json.dumps(WHOLE).replace("[2]}]}", '[2]}, {"text": "The wo')
    reading = _read(cut, CUT)
    assert reading.report is not None and len(reading.report.findings) == 1
    assert reading.dropped["cut answers"] == 1


def test_what_the_facts_do_not_bear_out_is_dropped_and_counted():
    invented = WHOLE | {
        "title": "Moon dragons",
        "summary": WHOLE["summary"] + " Ann leads the workshop in Bergen. It repairs 900 tents a year.",
        "findings": [*WHOLE["findings"], {"text": "Dragons eat moons.", "facts": [1]}],
        "rating": 99,
    }
    reading = _read(json.dumps(invented))
    assert reading.report is not None and reading.report.summary == WHOLE["summary"]
    assert (reading.report.title, reading.report.rating) == ("Ann, Oslo", 10.0)
    assert (reading.dropped["dropped sentences"], reading.dropped["dropped findings"]) == (2, 1)


def test_a_finding_that_cites_no_fact_stands_on_the_nearest():
    report = _read(json.dumps(WHOLE | {"findings": [{"text": "The workshop repairs 300 tents.", "facts": [9]}]})).report
    assert report is not None and report.findings[0].chunk_ids == ("c2",)


def test_a_chinese_report_is_read_like_an_english_one():
    facts = [Fact("深光照明位于深圳，员工二百一十人。", ("c",), ("深光照明",))]
    evidence = Evidence("深光照明", ["深光照明 (organization)"], {"深光照明": "深光照明"}, facts, CHINESE)
    told = {
        "title": "深光照明",
        "summary": "深光照明位于深圳。公司的火星基地很大。",
        "rating": 5,
        "findings": [{"text": "深光照明有员工二百一十人。", "facts": [1]}],
    }
    reading = read_report(Completion(json.dumps(told, ensure_ascii=False), 1, 1), evidence, facts, "m", 0.5)
    assert reading.report is not None and reading.report.summary == "深光照明位于深圳。"
    assert reading.report.findings[0].entity_ids == ("深光照明",)
    assert reading.dropped["dropped sentences"] == 1


def test_one_batch_a_level_and_a_root_over_all():
    tables, model = _tables(DOCUMENTS), Writer()
    table, work = _summarise(tables, None, model)
    assert [len(call) for call in model.calls] == [2, 1]
    root = next(row["community_id"] for row in tables["communities"].to_pylist() if row["level"] == -1)
    rows = {row["community_id"]: row for row in table.to_pylist()}
    told = model.calls[1][0][0]["content"]
    assert all(row["summary"] in told for key, row in rows.items() if key != root)
    assert rows[root]["model"] == model.name and set(rows[root]["chunk_ids"]) == {
        key for row in rows.values() for key in row["chunk_ids"]
    }
    assert (work.computed["model_reports"], work.computed["extractive"]) == (3, 0)
    assert work.computed["prompt_tokens"] > 0 and work.computed["completion_tokens"] > 0


def test_every_finding_names_chunks_and_members_that_there_are():
    tables = _tables(DOCUMENTS)
    table, _ = _summarise(tables, None, Writer())
    chunks, entities = set(tables["chunks"]["chunk_id"].to_pylist()), set(tables["entities"]["entity_id"].to_pylist())
    for row in table.to_pylist():
        assert len(row["findings"]) == len(row["finding_chunk_ids"]) == len(row["finding_entity_ids"]) > 0
        assert all(set(keys.split()) <= chunks and keys for keys in row["finding_chunk_ids"])
        assert all(set(keys.split()) <= entities and keys for keys in row["finding_entity_ids"])


def test_small_communities_are_quoted_and_not_asked_about():
    tables, model = _tables(DOCUMENTS), Writer()
    parts = (tables[name] for name in ("communities", "entities", "relations", "chunks"))
    table, work = summarise(*parts, None, model, SummarySettings(least_members=4))
    assert [len(call) for call in model.calls] == [1]  # the root alone: six entities are below it
    assert work.computed["extractive"] == 2 and table["model"].to_pylist().count(EXTRACTIVE) == 2


def test_an_answer_that_cannot_be_read_is_quoted_counted_and_asked_for_again():
    tables = _tables(DOCUMENTS)
    whole, _ = _summarise(tables, None, Writer())
    refusing = Writer(
        lambda messages: "I can't help with that." if "Xia" in messages[0]["content"] else _repeated(messages)
    )
    first, work = _summarise(tables, None, refusing)
    assert work.computed["failures"] == work.computed["unreadable_answers"] > 0
    again = Writer()
    second, work = _summarise(tables, first, again)
    assert work.computed["failures"] == 0 and second.equals(whole)
    assert [len(call) for call in again.calls] == [1, 1]  # the one that failed, and the root above it


def test_evidence_and_length_follow_the_models_context():
    lines = [
        f"Ann met Person{i} in a very long meeting about boots, tents, lamps and stoves number {i}." for i in range(99)
    ]
    asked = {}
    for context in (1024, 4096, 32_768):
        model = Writer()
        model.context_tokens = context
        _summarise(_tables({"a.md": lines}), None, model)
        asked[context] = max(len(message["content"]) for call in model.calls for (message,) in call)
    assert asked[1024] < asked[4096] < asked[32_768]


_PEOPLE = ("Ann", "Bob", "Cid", "Dan", "Eva", "Fay", "Gus", "Hal")
_SENTENCE = st.tuples(st.sampled_from(_PEOPLE), st.sampled_from(("met", "leads", "found")), st.sampled_from(_PEOPLE))
_DOCUMENT = st.lists(_SENTENCE.map(lambda words: " ".join(words) + "."), min_size=1, max_size=4, unique=True)
_STATES = st.lists(st.dictionaries(st.sampled_from(("a.md", "b.md", "c.md")), _DOCUMENT), min_size=1, max_size=4)


@settings(max_examples=20, deadline=None)
@given(_STATES)
def test_after_any_changes_the_reports_are_those_of_a_rebuild_and_only_ancestors_were_asked_for(states: list):
    tables: dict[str, Any] = {}
    reports: pa.Table | None = None
    for documents in states:
        before = {} if reports is None else {row["community_id"]: row["digest"] for row in reports.to_pylist()}
        model = Writer()
        tables = _tables(documents, tables, size=3)
        reports, _ = _summarise(tables, reports, model)
        changed = {
            row["community_id"] for row in reports.to_pylist() if before.get(row["community_id"]) != row["digest"]
        }
        assert sum(map(len, model.calls)) == len(changed)
        assert len(model.calls) <= len(set(tables["communities"]["level"].to_pylist()))
    rebuilt, _ = _summarise(_tables(states[-1], size=3), None, Writer())
    assert rebuilt.equals(reports)
