import pyarrow as pa
import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.core.schemas import SPANS
from pipelines.knowledge.extraction.extraction import extract, failed_share
from pipelines.knowledge.extraction.extractors import extractor_named
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor, extract_passage
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.sentences import sentences
from tests.fakes import FakeLanguageModel
from tests.knowledge.graph.graph_tables import WordExtractor, chunk_table


def _relations(found: Extraction) -> set[tuple[str, str, str]]:
    return {(relation.source, relation.type, relation.target) for relation in found.relations}


def _passage(text: str) -> Passage:
    return Passage(text, sentences(text))


def extract_text(text: str) -> Extraction:
    return extract_passage(_passage(text))


def _types(found: Extraction) -> dict[str, str]:
    return {entity.name: entity.type for entity in found.entities}


def test_the_guides_chinese_fixture_gives_its_own_relations():
    text = "小明在北京工作于腾讯。 小红在上海工作于阿里。 腾讯是一家互联网公司。"
    found = extract_text(text)
    assert {
        ("小明", "工作于", "腾讯"),
        ("小明", "位于", "北京"),
        ("小红", "工作于", "阿里"),
        ("小红", "位于", "上海"),
    } <= _relations(found)
    assert not {("小明", "工作于", "阿里"), ("小红", "位于", "北京")} & _relations(found)
    assert _types(found) == {
        "小明": "PERSON",
        "北京": "LOCATION",
        "腾讯": "ORGANIZATION",
        "小红": "PERSON",
        "上海": "LOCATION",
        "阿里": "ORGANIZATION",
    }
    evidence = {relation.evidence for relation in found.relations if relation.source == "小明"}
    assert evidence == {"小明在北京工作于腾讯。"}


def test_english_relations_are_named_by_the_verb_and_the_preposition_that_join_them():
    text = (
        "Nora Berg works at Alder Systems. Alder Systems is located in Oslo. Nora Berg leads the Bergen office. "
        "The Falcon headlamp is made by Alder Systems."
    )
    assert {
        ("Nora Berg", "WORKS_AT", "Alder Systems"),
        ("Alder Systems", "LOCATED_IN", "Oslo"),
        ("Nora Berg", "LEADS", "Bergen"),
        ("Falcon", "MADE_BY", "Alder Systems"),
    } <= _relations(extract_text(text))


@pytest.mark.parametrize("text", [
    "# Notes\n\n**Dr. Nora Berg** of Alder Systems met 林晓雯 in Ningbo about INC-24-03 and batch L23-11.\n",
    "供应商深光照明位于深圳，联系人是何俊。Lumen头灯由深光照明生产，存放在宁波仓。可持续发展负责人Freya Lund来过。",
    "| Company | Place |\n|---|---|\n| Alder Systems | Oslo, Norway |\n",
    "", " \n\t", "😀 🤷‍♀️ ﬁn　\u200b", "A" * 5000,
])  # fmt: skip
def test_every_span_holds_its_name(text: str):
    for entity in extract_text(text).entities:
        assert text[entity.start : entity.end] == entity.name
        assert entity.name == entity.name.strip() != ""


def test_mixed_text_is_read_in_both_languages():
    found = extract_text("Lin Xiaowen (林晓雯) leads the Ningbo office. 林晓雯在宁波管理Lumen头灯的采购。")
    assert ("Lin Xiaowen", "ALIAS_OF", "林晓雯") in _relations(found)
    assert _types(found)["林晓雯"] == "PERSON"
    assert ("Lin Xiaowen", "管理", "Lumen") in _relations(found)
    assert _types(found)["宁波"] == "LOCATION"


def test_identifiers_are_names_of_unknown_type_and_bare_numbers_are_nothing():
    found = extract_text("Incident INC-24-03 concerned 1,840 units of batch L23-11 and cost 310,000 euros.")
    assert _types(found) == {"INC-24-03": "CONCEPT", "L23-11": "CONCEPT"}


def test_a_pronoun_stands_for_the_subject_before_it():
    found = extract_text("The Falcon tent is light. It is sewn by Alder Packs.")
    assert ("Falcon", "SEWN_BY", "Alder Packs") in _relations(found)


def test_a_list_of_towns_is_no_town_in_a_town():
    kinds = {kind for _, kind, _ in _relations(extract_text("We have shops in Oslo, Turin, Leeds and Bergen."))}
    assert kinds <= {"CO_OCCURS"}


def test_the_same_text_gives_the_same_extraction():
    text = "Nora Berg works at Alder Systems. 深光照明位于深圳。"
    assert extract_text(text) == extract_text(text)


def test_only_new_chunks_are_extracted_and_spans_are_of_the_document():
    extractor = WordExtractor()
    first, work = extract(chunk_table({"a.md": ["Ann met Bob.", "Cid left."]}), None, extractor)
    assert work.metadata() == {
        "new": 2,
        "changed": 0,
        "gone": 0,
        "same": 0,
        "computed_extractions": 2,
        "computed_failures": 0,
    }
    chunks = chunk_table({"a.md": ["Ann met Bob.", "Cid left."], "b.md": ["Dan came."]})
    second, work = extract(chunks, first, extractor)
    assert (work.new, work.same, work.computed["extractions"]) == (1, 2, 1)
    assert extractor.calls[1] == ["Dan came."]
    spans = {e["name"]: (e["start"], e["end"]) for row in second["entities"].to_pylist() for e in row}
    assert spans == {"Ann": (0, 3), "Bob": (8, 11), "Cid": (13, 16), "Dan": (0, 3)}
    assert second.equals(extract(chunks, None, WordExtractor())[0])


def test_the_extractor_is_given_the_stored_sentences_and_those_of_an_older_table_are_cut():
    class Recording(WordExtractor):
        def extract(self, passages):
            self.spans = [list(passage.spans) for passage in passages]
            return super().extract(passages)

    chunks, extractor = chunk_table({"a.md": ["Ann met Bob. Cid left."]}), Recording()
    place = chunks.schema.get_field_index("sentence_spans")
    stored = chunks.set_column(place, chunks.schema.field(place), pa.array([[0, 7, 8, 22]], SPANS))
    extract(stored, None, extractor)
    assert extractor.spans == [[(0, 7), (8, 22)]]
    extract(chunks.drop_columns(["sentence_spans"]), None, extractor)
    assert extractor.spans == [[(0, 12), (13, 22)]]


def test_a_chunk_that_moved_moves_its_spans_without_being_read_again():
    extractor = WordExtractor()
    before, _ = extract(chunk_table({"a.md": ["Ann met Bob."]}), None, extractor)
    chunks = chunk_table({"a.md": ["New heading.", "Ann met Bob."]})
    after, work = extract(chunks, before, extractor)
    assert extractor.calls[1] == ["New heading."]
    assert (work.new, work.changed) == (1, 1)
    assert after.equals(extract(chunks, None, WordExtractor())[0])


def test_another_extractor_reads_everything_again():
    chunks = chunk_table({"a.md": ["Ann met Bob.", "Cid left."]})
    first, _ = extract(chunks, None, WordExtractor())
    _, work = extract(chunks, first, WordExtractor("words-2"))
    assert (work.changed, work.computed["extractions"]) == (2, 2)


def test_nothing_new_calls_nothing_and_gone_chunks_are_gone():
    extractor = WordExtractor()
    first, _ = extract(chunk_table({"a.md": ["Ann met Bob.", "Cid left."]}), None, extractor)
    second, work = extract(chunk_table({"a.md": ["Ann met Bob."]}), first, extractor)
    assert len(extractor.calls) == 1
    assert (work.gone, work.same, second.num_rows) == (1, 1, 1)


def test_a_failure_is_a_row_with_its_reason_and_is_tried_again():
    chunks = chunk_table({"a.md": ["Ann met Bob.", "BOOM here."]})
    first, work = extract(chunks, None, WordExtractor())
    failed = [row for row in first.to_pylist() if row["status"] == "failed"]
    assert [row["reason"] for row in failed] == ["ValueError: BOOM"]
    assert work.computed["failures"] == 1
    assert failed_share(first) == 0.5
    extractor = WordExtractor()
    _, work = extract(chunks, first, extractor)
    assert extractor.calls == [["BOOM here."]]
    assert (work.changed, work.same) == (1, 1)


def test_one_text_that_breaks_the_rules_does_not_cost_the_others(monkeypatch: pytest.MonkeyPatch):
    from pipelines.knowledge.extraction.rules import rule_extraction

    def broken(passage: Passage, parse: object) -> Extraction:
        if passage.text == "bad":
            raise ValueError("no such text")
        return Extraction()

    monkeypatch.setattr(rule_extraction, "extract_passage", broken)
    found = RuleExtractor().extract([_passage("good"), _passage("bad")])
    assert [one.failure for one in found] == ["", "ValueError: no such text"]


def test_passages_that_are_parsed_together_read_as_each_alone():
    texts = [
        "Nora Berg works at Alder Systems.",
        "小明在北京工作于腾讯。",
        "",
        "Nora Berg works at Alder Systems. It is big.",
    ]
    passages = [_passage(text) for text in texts]
    assert RuleExtractor().extract(passages) == [extract_passage(passage) for passage in passages]


def test_the_rule_extractors_name_is_stable():
    assert RuleExtractor().name == RuleExtractor().name
    assert RuleExtractor().name.startswith("rules-")


def test_an_unknown_extractor_is_refused():
    with pytest.raises(ConfigurationError, match="GRAFTLINE_EXTRACTOR"):
        extractor_named("magic", FakeLanguageModel())
    assert extractor_named("llm", FakeLanguageModel()).name.startswith("llm-")
