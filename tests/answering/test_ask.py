import pytest

from pipelines.answering.ask import ask
from pipelines.answering.modes.names import MODES, Mode
from pipelines.core.errors import NotMaterializedError
from pipelines.text.languages.languages import LANGUAGES
from tests.answering.world import TEXTS, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel


def _ask(question: str, mode: Mode = "native", says: str = "") -> dict:
    return ask(
        question,
        mode,
        store=build_store(),
        embedder=FakeEmbedder(),
        language_model=FakeLanguageModel(lambda messages: says),
    )


@pytest.mark.parametrize("mode", MODES)
def test_every_quote_is_the_documents_text_at_its_span(mode: Mode) -> None:
    answer = _ask("Who has managed the Halden warehouse since April 2023?", mode)
    assert answer["supported"] and answer["mode"] == mode and 1 <= len(answer["citations"]) <= 3
    for citation in answer["citations"]:
        assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]


def test_what_the_model_says_is_kept_where_a_source_holds_it() -> None:
    answer = _ask("Within how many days can unused goods be sent back?", says="Unused goods go back within 45 days.")
    assert answer["answer"] == "Unused goods go back within 45 days. [1]"
    assert answer["citations"][0]["document"] == "policies/returns.md"


def test_a_wrong_number_is_dropped_and_the_source_sentence_answers() -> None:
    answer = _ask("Within how many days can unused goods be sent back?", says="Unused goods go back within 90 days.")
    assert answer["answer"] == "Unused goods can be sent back within 45 days. [1]"


def test_a_chinese_question_is_answered_from_chinese_text() -> None:
    answer = _ask("订单满多少元免运费？")
    assert answer["supported"] and "299元" in answer["answer"]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Which insurance company paid for the broken submarine?", "en"),
        ("潜水艇的保险公司叫什么名字？", "zh"),
    ],
)
def test_what_the_sources_do_not_hold_is_refused_in_the_questions_language(question: str, language: str) -> None:
    model = FakeLanguageModel(lambda messages: "It was Atlantis Insurance.")
    answer = ask(question, "native", store=build_store(), embedder=FakeEmbedder(), language_model=model)
    assert answer == {
        "question": question,
        "mode": "native",
        "answer": LANGUAGES[language].refusal,
        "supported": False,
        "citations": [],
    }
    assert not model.calls, "what has no evidence costs no model call"


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_store_says_what_to_type(mode: Mode) -> None:
    with pytest.raises(NotMaterializedError, match="graftline run"):
        ask("Who?", mode, store=FakeGraphStore(), embedder=FakeEmbedder(), language_model=FakeLanguageModel())
