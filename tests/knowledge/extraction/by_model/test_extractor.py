"""What a language model answers, read: its JSON found and repaired, odd fields understood, what is of no use told."""

import pyarrow as pa
import pytest

from pipelines.core.protocols import CUT, Completion
from pipelines.knowledge.extraction.by_model.extractor import LanguageModelExtractor
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.ledger import empty_share, statuses
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.notation.json_objects import last_object
from pipelines.text.sentences import sentences
from tests.fakes import FakeLanguageModel
from tests.knowledge.graph.graph_tables import chunk_table

ENGLISH, CHINESE = "Ann works at Alder.", "小明在北京工作于腾讯。"


def _passage(text: str) -> Passage:
    return Passage(text, sentences(text))


def _types(found: Extraction) -> dict[str, str]:
    return {entity.name: entity.type for entity in found.entities}


def _read(answer: str, text: str = ENGLISH) -> Extraction:
    (found,) = LanguageModelExtractor(FakeLanguageModel(lambda messages: answer)).extract([_passage(text)])
    return found


@pytest.mark.parametrize(("answer", "value"), [
    ('{"a": [1, 2]}', {"a": [1, 2]}),
    ('Here you are:\n```json\n{"a": [1]}\n```\nEnjoy {this}', {"a": [1]}),
    ('{"a": [1, 2,], }', {"a": [1, 2]}),
    ('{"a": [{"n": "x"}, {"n": "y', {"a": [{"n": "x"}]}),
    ('{"a": [{"n": "}{"}]} and more', {"a": [{"n": "}{"}]}),
    ('{"a": "x, ]b"}', {"a": "x, ]b"}),
    ('{"a": "x, ]b", "c": [1,],}', {"a": "x, ]b", "c": [1]}),
    ('{"a": ["\\", ]"], "c": [1,]} so', {"a": ['", ]'], "c": [1]}),
    ('{"a": "a ```fence``` inside"}', {"a": "a ```fence``` inside"}),
    ('As in {"a": [1]}, I think. {"a": [2]}', {"a": [2]}),
    ('As in {"a": […]}: {"a": [{"n": "x"}, {"n": "y', {"a": [{"n": "x"}]}),
    ('{"result": {"A": [3]}}', {"a": [3]}),
    ('{"a": [4]} {"b": [5]}', {"a": [4]}),
    ('{"a', None),
    ("{}", None),
    ("no json at all", None),
    ("", None),
])  # fmt: skip
def test_the_last_object_with_the_wanted_key_is_read_and_repaired(answer: str, value: object):
    assert last_object(answer, ["a"]) == value


def test_a_language_model_extracts_what_stands_in_the_text():
    answer = (
        '```json\n{"entities": [{"name": "腾讯", "type": "ORGANIZATION"}, {"name": "小明", "type": "PERSON"}, '
        '{"name": "Atlantis", "type": "LOCATION"}, "rubbish"], '
        '"relations": [{"source": "小明", "type": "works at", "target": "腾讯"}, '
        '{"source": "小明", "type": "LOCATED_IN", "target": "Atlantis"}]}\n```'
    )
    model = FakeLanguageModel(lambda messages: answer)
    (found,) = LanguageModelExtractor(model).extract([_passage("小明在北京工作于腾讯。他很好。")])
    assert _types(found) == {"小明": "PERSON", "腾讯": "ORGANIZATION"}
    assert [(r.source, r.type, r.target, r.evidence) for r in found.relations] == [
        ("小明", "WORKS_AT", "腾讯", "小明在北京工作于腾讯。")
    ]


def test_a_language_models_rubbish_is_a_failed_row_and_all_texts_go_in_one_call():
    model = FakeLanguageModel(lambda messages: "{}" if "Cid" in messages[-1]["content"] else "I can't")
    chunks: pa.Table = chunk_table({"a.md": ["Ann met Bob.", "Cid left."]})
    table, work = extract(chunks, None, LanguageModelExtractor(model))
    assert len(model.calls) == 1 and len(model.calls[0]) == 2
    assert work.computed["failures"] == 2
    assert all("answer" in row["reason"] for row in table.to_pylist())


@pytest.mark.parametrize("entities", [
    '[{"entity_name": "Ann", "entity_type": "person"}, {"entity_name": "Alder"}]',
    '["Ann", "Alder"]',
    '[{"Name": "Ann"}, {"entity": {"name": "Alder"}}]',
])  # fmt: skip
def test_entities_under_other_field_names_or_as_bare_names_are_read(entities: str):
    assert set(_types(_read(f'{{"entities": {entities}, "relations": []}}'))) == {"Ann", "Alder"}


@pytest.mark.parametrize("relation", [
    '{"source_entity": "小明", "relation": "works at", "target_entity": "腾讯"}',
    '{"subject": "小明", "predicate": "WORKS_AT", "object": "腾讯"}',
    '["小明", "WORKS_AT", "腾讯"]',
])  # fmt: skip
@pytest.mark.parametrize("key", ["relations", "relationships"])
def test_relations_under_other_field_names_are_read(relation: str, key: str):
    found = _read(f'{{"entities": ["小明", "腾讯"], "{key}": [{relation}]}}', CHINESE)
    assert [(one.source, one.type, one.target) for one in found.relations] == [("小明", "WORKS_AT", "腾讯")]


@pytest.mark.parametrize("answer", [
    '{"entities": [{"named": "Ann"}], "relations": []}',
    '{"entities": [{"name": "Atlantis", "type": "LOCATION"}], "relations": []}',
    '{"entities": [], "relations": [{"source": "Atlantis", "type": "LIES_IN", "target": "the sea"}]}',
])  # fmt: skip
def test_named_and_none_usable_is_a_failure_and_an_empty_list_is_none(answer: str):
    assert "none usable" in _read(answer).failure
    assert _read('{"entities": [], "relations": []}') == Extraction()


class CuttingModel(FakeLanguageModel):
    """Cuts its answer at so many characters as there are tokens."""

    def complete(self, prompts, max_tokens, schema=None, usable=None):
        self.calls.append(list(prompts))
        text = '{"entities": [{"name": "Ann"}, {"name": "Alder"}], "relations": []}'
        return [Completion(text[:max_tokens], 1, 1, finish_reason=CUT if max_tokens < len(text) else "stop")] * len(
            prompts
        )


def test_a_cut_answer_is_asked_for_once_more_with_a_longer_limit():
    model = CuttingModel()
    (found,) = LanguageModelExtractor(model, ExtractionSettings(max_tokens=20)).extract([_passage(ENGLISH)])
    assert set(_types(found)) == {"Ann", "Alder"} and not found.note and len(model.calls) == 2


def test_what_is_complete_before_a_cut_is_kept_with_a_note_and_counted():
    table, _ = extract(
        chunk_table({"a.md": [ENGLISH]}), None, LanguageModelExtractor(CuttingModel(), ExtractionSettings(max_tokens=9))
    )
    (row,) = table.to_pylist()
    assert (
        row["status"] == "repaired" and "cut" in row["reason"] and [one["name"] for one in row["entities"]] == ["Ann"]
    )
    assert statuses(table)["repaired"] == 1


def test_a_cut_answer_without_anything_complete_is_a_failure_that_says_so():
    (found,) = LanguageModelExtractor(CuttingModel(), ExtractionSettings(max_tokens=3)).extract([_passage(ENGLISH)])
    assert "the token limit cut it" in found.failure


def test_the_error_of_one_prompt_is_the_failure_of_its_chunk_alone():
    model = FakeLanguageModel(lambda messages: '{"entities": ["Ann"]}', fails_on="BOOM")
    extractor = LanguageModelExtractor(model)
    table, work = extract(chunk_table({"a.md": ["Ann met Bob.", "BOOM here."]}), None, extractor)
    assert sorted((row["status"], row["reason"]) for row in table.to_pylist()) == [
        ("failed", "this prompt is refused"),
        ("ok", ""),
    ]
    assert work.computed["failures"] == 1


def test_only_chunks_that_a_model_read_count_as_empty():
    texts = {"a.md": ["Ann met Bob.", "nothing here."]}
    model = FakeLanguageModel(
        lambda messages: '{"entities": [%s]}' % ('"Ann"' if "Ann" in messages[-1]["content"] else "")
    )
    table, _ = extract(chunk_table(texts), None, LanguageModelExtractor(model))
    assert empty_share(table) == 0.5
    from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor

    assert empty_share(extract(chunk_table(texts), None, RuleExtractor())[0]) == 0.0


@pytest.mark.parametrize(
    "circle", ["FARM|", '"target": "Sprinklers",\n      "relation": "type",\n      ', "最底层的货架清空，"]
)
def test_an_answer_that_runs_in_circles_is_a_failed_row_and_not_asked_for_at_greater_length(circle: str):
    class Circling(FakeLanguageModel):
        def _one(self, messages):
            text = '{"entities": [{"name": "Ann", "type": "PERSON"}, {"name": "' + circle * 90
            return Completion(text[:2000], 1, 512, finish_reason=CUT)

    model = Circling()
    (found,) = LanguageModelExtractor(model).extract([_passage(ENGLISH)])
    assert found.failure.startswith("the model repeats itself until the token limit") and not found.entities
    assert len(model.calls) == 1 and model.used == [False]


def test_a_long_list_that_the_limit_cut_is_no_circle():
    names = [f"Ann Number{number}" for number in range(60)]
    text = '{"entities": [' + ", ".join(f'{{"name": "{name}", "type": "PERSON"}}' for name in names)

    class Cut(FakeLanguageModel):
        def _one(self, messages):
            return Completion(text, 1, 512, finish_reason=CUT)

    model = Cut()
    (found,) = LanguageModelExtractor(model).extract([_passage(" ".join(f"{name} is here." for name in names))])
    assert len(found.entities) == 60 and not found.failure and len(model.calls) == 2
