"""A model that can write is asked, reads whole passages, and its words reach the user with their proof."""

from typing import Any

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import CUT, Completion, Messages
from pipelines.text.languages.languages import ENGLISH
from tests.answering.world import TEXTS, build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel

QUESTION = "Within how many days can unused goods be sent back?"


class Writing(FakeLanguageModel):
    packaged = False


def ask(model: FakeLanguageModel, question: str = QUESTION, mode: str = "native", **settings: Any) -> dict[str, Any]:
    with Answerer(
        store=build_store(), embedder=FakeEmbedder(), language_model=model, settings=AnswerSettings(**settings)
    ) as answerer:
        return answerer.ask(question, mode).as_dict()


def prompt_of(model: FakeLanguageModel) -> str:
    return "\n".join(message["content"] for message in model.calls[0][0])


def test_the_text_is_the_models_to_the_letter_and_the_quote_stands_in_the_document() -> None:
    said = "Goods that were not used may be **returned** within 45 days [1]."
    answer = ask(Writing(lambda messages: said))
    assert answer["answer"] == said and answer["writer"] == "model" and answer["supported"]
    citation = answer["citations"][0]
    assert citation["document"] == "policies/returns.md"
    assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]
    sentence = answer["sentences"][0]
    assert sentence["status"] == "supported" and sentence["citations"] == [0]


def test_the_prompt_holds_whole_numbered_passages() -> None:
    model = Writing(lambda messages: "45 days [1].")
    ask(model)
    assert "[1] " in prompt_of(model) and TEXTS["policies/returns.md"].partition("\n\n")[2] in prompt_of(model)


def test_a_question_that_no_passage_seems_to_answer_is_asked_and_the_refusal_is_the_models_own() -> None:
    model = Writing(lambda messages: "The sources do not say who insured the submarine.")
    answer = ask(model, "Which insurance company paid for the broken submarine?")
    assert len(model.calls) == 1
    assert answer["answer"] == "The sources do not say who insured the submarine." != ENGLISH.refusal
    assert not answer["supported"] and answer["citations"] == []


def test_a_wrong_number_is_marked_and_told() -> None:
    answer = ask(Writing(lambda messages: "Unused goods can be sent back within 90 days [1]."))
    assert answer["answer"].startswith("Unused goods can be sent back within 90 days")
    assert answer["sentences"][0]["status"] in ("unverified", "contradicted") and answer["sentences"][0]["reason"]
    assert not answer["supported"]


def test_unproven_sentences_are_dropped_where_the_setting_says_so() -> None:
    said = "Unused goods can be sent back within 45 days [1]. Atlantis Insurance of Reykjavik pays for it [1]."
    kept = ask(Writing(lambda messages: said), unproven="drop")
    assert kept["answer"] == "Unused goods can be sent back within 45 days [1]." and "1" in kept["note"]
    refused = ask(Writing(lambda messages: said), unproven="refuse")
    assert not refused["supported"] and refused["answer"].startswith(ENGLISH.refusal)


def test_half_of_what_the_model_reads_is_the_sources() -> None:
    small = Writing(lambda messages: "45 days [1].")
    small.context_tokens = 60
    answer = ask(small)
    assert answer["left_out"] > 0 and prompt_of(small).count("\n[") == 1
    large = Writing(lambda messages: "45 days [1].")
    assert ask(large)["left_out"] == 0 and prompt_of(large).count("\n[") > 1


def test_a_model_that_failed_is_told_and_nothing_stands_in_its_place() -> None:
    answer = ask(Writing(lambda messages: "45 days", fails_on="Question"))
    assert answer["answer"] == "" and answer["note"] == "no answer: this prompt is refused" and not answer["supported"]


class Cut(Writing):
    def _one(self, messages: Messages) -> Completion:
        return Completion("Unused goods can be sent back within 45 days [1]. And the", 9, 9, finish_reason=CUT)


def test_an_answer_that_was_cut_is_told_and_not_kept() -> None:
    model = Cut()
    answer = ask(model, answer_tokens=16)
    assert answer["note"] == "cut at 16 tokens" and model.used == [False]


@pytest.mark.parametrize(("packaged", "writer", "wanted"), [(True, "auto", "extract"), (False, "auto", "model")])
def test_the_packaged_model_extracts_and_every_other_one_writes(packaged: bool, writer: str, wanted: str) -> None:
    model = FakeLanguageModel(lambda messages: "Within 45 days [1].")
    model.packaged = packaged  # type: ignore[misc]
    assert ask(model, writer=writer)["writer"] == wanted


@pytest.mark.parametrize("writer", ["model", "extract"])
def test_a_setting_names_the_writer_for_any_model(writer: str) -> None:
    for kind in (FakeLanguageModel, Writing):
        assert ask(kind(lambda messages: "Within 45 days [1]."), writer=writer)["writer"] == writer


def test_the_answers_id_depends_on_writer_and_prompts(tmp_path: Any) -> None:
    (tmp_path / "system.en.md").write_text("Answer.", encoding="utf-8")
    store, embedder = build_store(), FakeEmbedder()
    made = {
        Answerer(
            store=store, embedder=embedder, language_model=Writing(), settings=AnswerSettings(writer=writer), prompts=at
        ).made_with
        for writer, at in (("extract", None), ("model", None), ("model", tmp_path))
    }
    assert len(made) == 3


@pytest.mark.parametrize("mode", ["local", "global"])
def test_facts_and_reports_are_sources_that_stand_on_their_chunks(mode: str) -> None:
    model = Writing(lambda messages: "The Fjell 2 tent is stored at the Halden warehouse.")
    answer = ask(model, "Where is the Fjell 2 tent stored?", mode)
    assert answer["supported"]
    for citation in answer["citations"]:
        assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]


def test_a_models_answer_is_streamed_as_it_is_written_and_ends_with_its_proof() -> None:
    model = Writing(lambda messages: "Within 45 days [1].")
    with Answerer(store=build_store(), embedder=FakeEmbedder(), language_model=model) as answerer:
        *pieces, last = answerer.stream(QUESTION, "native")
        assert "".join(map(str, pieces)) == "Within 45 days [1]." and len(pieces) > 1
        assert last == answerer.ask(QUESTION, "native")


@pytest.mark.parametrize("settings", [{"writer": "extract"}, {"unproven": "drop"}])
def test_what_may_still_change_comes_in_one_piece(settings: dict[str, Any]) -> None:
    model = Writing(lambda messages: "Within 45 days [1].")
    with Answerer(
        store=build_store(), embedder=FakeEmbedder(), language_model=model, settings=AnswerSettings(**settings)
    ) as answerer:
        text, last = answerer.stream(QUESTION, "native")
        assert text == last.answer.text  # type: ignore[union-attr]
