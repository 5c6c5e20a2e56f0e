from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.identity import table_digest
from pipelines.core.protocols import Messages
from pipelines.knowledge.communities.checks import unsummarised
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.evidence import token_estimate
from pipelines.knowledge.communities.grounding import grounded
from pipelines.knowledge.communities.report import EXTRACTIVE
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.english import ENGLISH
from tests.fakes import FakeLanguageModel
from tests.knowledge.graph.graph_tables import WordExtractor, chunk_table

SETTINGS = SummarySettings(writer="model", least_members=2)
DOCUMENTS = {
    "a.md": ["Ann leads the workshop with Bob. Bob repairs tents for Cid."],
    "b.md": ["Xia ships boots to Yan. Yan pays Zoe for boots."],
}


def _first_fact(messages: Messages) -> str:
    return next(line[2:] for line in messages[0]["content"].splitlines() if line.startswith("- "))


def _tables(
    documents: dict[str, list[str]], previous: dict[str, pa.Table] | None = None, size: int = 14
) -> dict[str, Any]:
    before = previous or {}
    chunks = chunk_table(documents)
    extractions, _ = extract(chunks, before.get("extractions"), WordExtractor())
    graph = resolve_entities(extractions, chunks, before.get("entities"), before.get("relations"))
    chosen = CommunitySettings(max_cluster_size=size, min_members=2)
    communities, _ = detect_communities(graph.entities, graph.relations, before.get("communities"), chosen)
    return {
        "chunks": chunks,
        "extractions": extractions,
        "entities": graph.entities,
        "relations": graph.relations,
        "communities": communities,
    }


def _summarise(tables: dict[str, Any], previous: pa.Table | None, model: FakeLanguageModel):
    return summarise(
        tables["communities"], tables["entities"], tables["relations"], tables["chunks"], previous, model, SETTINGS
    )


def test_each_community_gets_a_summary_title_and_its_chunks():
    model = FakeLanguageModel(_first_fact)
    tables = _tables(DOCUMENTS)
    table, work = _summarise(tables, None, model)
    assert unsummarised(tables["communities"], table) == []
    assert (work.new, work.computed["summaries"], work.computed["extractive"]) == (3, 3, 0)
    rows = {row["title"]: row for row in table.to_pylist()}
    assert set(rows) == {"Bob, Ann, Cid", "Yan, Xia, Zoe", "Bob, Yan"}  # the last is the root
    row = rows["Bob, Ann, Cid"]
    assert row["model"] == "fake-model@1"
    texts = dict(zip(tables["chunks"]["chunk_id"].to_pylist(), tables["chunks"]["text"].to_pylist(), strict=True))
    assert [texts[key] for key in row["chunk_ids"]] == DOCUMENTS["a.md"]


def test_nothing_changed_calls_nothing():
    model = FakeLanguageModel(_first_fact)
    tables = _tables(DOCUMENTS)
    first, _ = _summarise(tables, None, model)
    second, work = _summarise(_tables(DOCUMENTS, tables), first, model)
    assert len(model.calls) == 2
    assert second.equals(first)
    assert (work.same, work.computed["summaries"]) == (3, 0)


def test_only_the_changed_community_and_the_root_are_written_again():
    model = FakeLanguageModel(_first_fact)
    tables = _tables(DOCUMENTS)
    first, _ = _summarise(tables, None, model)
    edited = {**DOCUMENTS, "b.md": ["Xia ships boots to Yan. Yan pays Zoe for lamps."]}
    second, work = _summarise(_tables(edited, tables), first, model)
    assert [len(call) for call in model.calls] == [2, 1, 1, 1]
    assert "lamps" in model.calls[2][0][0]["content"]
    assert (work.changed, work.same, second.num_rows) == (2, 1, 3)


def test_another_model_writes_everything_again():
    tables = _tables(DOCUMENTS)
    first, _ = _summarise(tables, None, FakeLanguageModel(_first_fact))
    other = FakeLanguageModel(_first_fact)
    other.name = "other-model@1"
    _, work = _summarise(tables, first, other)
    assert work.changed == 3


def test_an_invented_summary_is_replaced_by_the_evidence():
    tables = _tables(DOCUMENTS)
    table, work = _summarise(tables, None, FakeLanguageModel(lambda _: "Unicorns dance on distant rainbows."))
    assert work.computed["extractive"] == 3 == work.computed["dropped_sentences"]
    assert set(table["model"].to_pylist()) == {EXTRACTIVE}
    assert any("Ann leads the workshop with Bob." in text for text in table["summary"].to_pylist())


def test_a_parent_is_written_after_its_parts_and_reads_their_summaries():
    rings = [[f"{letter}{i}x" for i in range(5)] for letter in "Abcdef".upper()]
    lines = [f"{one} met {other}." for ring in rings for one in ring for other in ring if one < other]
    lines += [f"{rings[i][0]} met {rings[i + 1][0]}." for i in range(5)]
    tables = _tables({"a.md": lines}, size=6)
    levels = tables["communities"]["level"].to_pylist()
    model = FakeLanguageModel(_first_fact)
    table, _ = _summarise(tables, None, model)
    assert len(set(levels)) >= 3 and len(model.calls) == len(set(levels))
    assert [len(call) for call in model.calls] == [levels.count(level) for level in sorted(set(levels), reverse=True)]
    assert unsummarised(tables["communities"], table) == []


def test_prompts_stay_small():
    lines = [
        f"Ann met Person{i} in a very long meeting about boots, tents, lamps and stoves number {i}." for i in range(60)
    ]
    model = FakeLanguageModel(_first_fact)
    _summarise(_tables({"a.md": lines}), None, model)
    assert max(token_estimate(messages[0]["content"]) for call in model.calls for messages in call) < 560


def test_sentences_without_ground_are_dropped():
    facts = ["Ann leads the repair workshop."]
    text = "Ann leads the workshop. Dragons eat moons. Ann leads the"
    assert grounded(text, facts, language=ENGLISH, min_support=0.6) == ["Ann leads the workshop."]
    assert grounded(2 * "Ann leads the workshop. ", facts, ENGLISH, 0.6) == ["Ann leads the workshop."]
    assert grounded("", facts, ENGLISH, 0.6) == []


def test_a_number_that_no_evidence_holds_is_dropped():
    facts = ["The mill in Leeds was checked in May 2025."]
    assert grounded("The mill in Leeds was checked in May 2027.", facts, ENGLISH, 0.6) == []
    assert grounded("The mill in Leeds was checked in 2025.", facts, ENGLISH, 0.6) != []


def test_a_sentence_glued_from_several_facts_is_dropped():
    facts = ["Ann leads the workshop in Oslo.", "Bob ships boots to Turin."]
    assert grounded("Ann ships boots from the workshop in Oslo to Turin.", facts, ENGLISH, 0.75) == []


def test_facts_together_bear_a_sentence_out_but_no_name_or_number_of_its_own():
    facts = ["Ann leads the workshop in Oslo.", "The workshop repairs 300 tents a year."]
    whole = "Ann leads the workshop in Oslo, which repairs 300 tents a year."
    assert grounded(whole, facts, ENGLISH, 0.75) == [] and grounded(whole, facts, ENGLISH, 0.75, True) == [whole]
    assert grounded(whole.replace("300", "400"), facts, ENGLISH, 0.5, True) == []
    assert grounded(whole.replace("Oslo", "Bergen"), facts, ENGLISH, 0.5, True) == []
    assert grounded("Many other people travel far beyond the tents.", facts, ENGLISH, 0.5, True) == []


def test_a_summary_in_the_wrong_language_is_dropped():
    facts = ["深光照明位于深圳，员工二百一十人。"]
    assert grounded("The company is in Shenzhen.", facts, language=CHINESE, min_support=0.6) == []
    assert grounded("深光照明位于深圳。", facts, language=CHINESE, min_support=0.6) == ["深光照明位于深圳。"]


def test_chinese_evidence_is_asked_about_in_chinese():
    said = "深光照明位于深圳，员工很多，Ann和Bob去过。"
    tables = _tables({"a.md": [said]})
    relations = pa.Table.from_pylist([], tables["relations"].schema)
    assert relations.num_rows == 0  # Chinese words are no names for this extractor
    facts = {
        "type": "PERSON",
        "aliases": [],
        "mentions": 1,
        "description": said,
        "chunk_ids": tables["chunks"]["chunk_id"].to_pylist(),
    }
    names = [{"entity_id": name, "name": name, **facts} for name in ("何俊", "林晓雯")]
    entities = pa.Table.from_pylist(names, tables["entities"].schema)
    communities = pa.Table.from_pylist(
        [{"community_id": "k", "level": 0, "parent_id": "", "entity_ids": ["何俊", "林晓雯"], "digest": "d"}],
        tables["communities"].schema,
    )
    model = FakeLanguageModel(lambda _: "not Chinese at all.")
    table, _ = summarise(communities, entities, relations, tables["chunks"], None, model, SETTINGS)
    assert "概括" in model.calls[0][0][0]["content"]
    assert table["summary"].to_pylist() == [said]
    assert table["model"].to_pylist() == [EXTRACTIVE]


_PEOPLE = ("Ann", "Bob", "Cid", "Dan", "Eva", "Fay", "Gus", "Hal")
_SENTENCE = st.tuples(st.sampled_from(_PEOPLE), st.sampled_from(("met", "leads", "found")), st.sampled_from(_PEOPLE))
_DOCUMENT = st.lists(_SENTENCE.map(lambda words: " ".join(words) + "."), min_size=1, max_size=4, unique=True)
_STATES = st.lists(st.dictionaries(st.sampled_from(("a.md", "b.md", "c.md")), _DOCUMENT), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(_STATES)
def test_a_delta_run_equals_a_clean_rebuild(states: list[dict[str, list[str]]]):
    tables: dict[str, Any] = {}
    summaries = None
    for documents in states:
        tables = _tables(documents, tables, size=3)
        summaries, _ = _summarise(tables, summaries, FakeLanguageModel(_first_fact))
    rebuilt = _tables(states[-1], size=3)
    rebuilt["summaries"], _ = _summarise(rebuilt, None, FakeLanguageModel(_first_fact))
    tables["summaries"] = summaries
    assert {name: table_digest(table) for name, table in tables.items()} == {
        name: table_digest(table) for name, table in rebuilt.items()
    }


def test_a_rare_chinese_character_costs_what_a_common_one_does():
    assert token_estimate("公") == token_estimate("𠀀") == token_estimate("豈") == 2


def test_a_summary_that_the_model_failed_for_is_quoted_and_asked_for_again():
    tables = _tables(DOCUMENTS)
    whole, _ = _summarise(tables, None, FakeLanguageModel(_first_fact))
    failing = FakeLanguageModel(_first_fact, fails_on="Xia")
    first, work = _summarise(tables, None, failing)
    assert work.computed["failures"] == work.computed["extractive"] > 0
    assert unsummarised(tables["communities"], first) == []
    again = FakeLanguageModel(_first_fact)
    second, work = _summarise(tables, first, again)
    assert work.computed["failures"] == 0 and second.equals(whole)
    assert all("Xia" in messages[0]["content"] for call in again.calls for messages in call)


def test_a_text_that_no_summary_is_made_of_is_not_one_to_keep():
    tables, refusing, writing = (
        _tables(DOCUMENTS),
        FakeLanguageModel(lambda _: "I can't."),
        FakeLanguageModel(_first_fact),
    )
    _summarise(tables, None, refusing)
    _summarise(tables, None, writing)
    assert set(refusing.used) == {False} and set(writing.used) == {True}


def test_without_a_capable_model_reports_are_extractive_say_so_and_call_nothing():
    model, tables = FakeLanguageModel(_first_fact), _tables(DOCUMENTS)
    table, work = summarise(
        *(tables[name] for name in ("communities", "entities", "relations", "chunks")), None, model, SummarySettings()
    )
    assert model.calls == [] and set(table["model"].to_pylist()) == {EXTRACTIVE}
    assert (work.computed["extractive"], work.computed["model_reports"]) == (3, 0)
    row = next(row for row in table.to_pylist() if row["title"] == "Bob, Ann, Cid")
    # The most central member's own sentence comes first.
    assert row["summary"].startswith("Bob repairs tents for Cid.")
    assert all(chunk in tables["chunks"]["chunk_id"].to_pylist() for chunk in row["finding_chunk_ids"])
