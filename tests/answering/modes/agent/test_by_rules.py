"""The plan by rules, for the packaged small model: what is searched, what is calculated, and what is not."""

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.modes.agentic import AgenticRetriever
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.search.trace import printed
from pipelines.answering.settings import AnswerSettings
from tests.answering.modes.agent.test_agentic import GROWTH, GROWTH_ZH, sample
from tests.answering.modes.scripted import found
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel


@pytest.mark.parametrize("question", [GROWTH, GROWTH_ZH])
def test_the_small_model_gets_a_plan_by_rules_with_a_clear_trace(question: str) -> None:
    with Answerer(store=sample(), embedder=FakeEmbedder(), language_model=FakeLanguageModel()) as answerer:
        trace = answerer.ask(question, "agentic").trace
    assert [step.action for step in trace][:3] == ["plan", "search", "search"]
    assert "2 searches, then the growth" in trace[0].result
    assert "2025" in trace[1].argument + trace[2].argument
    assert trace[-1].action == "calculate" and trace[-1].result.startswith("none: "), "the figures are not told apart"
    assert printed([step.as_dict() for step in trace])[-1].startswith("4 steps; the model read 0 and wrote 0 tokens")


@pytest.mark.parametrize(
    ("question", "texts", "result"),
    [
        (
            "By how much did sales grow from 2024 to 2025?",
            ("In 2024 sales came to 48.0 million euros.", "In 2025 sales came to 54.0 million euros."),
            "(54.0 - 48.0) / 48.0 = 0.125 (12.5 %)",
        ),
        (
            "2025年的销售额比2024年增长了多少？",
            ("2024年的销售额为40万元。", "2025年的销售额为50万元。"),
            "(50 - 40) / 40 = 0.25 (25 %)",
        ),
    ],
)
def test_rules_calculate_where_each_year_has_one_figure(question: str, texts: tuple[str, str], result: str) -> None:
    store = build_store({f"{number}.md": text for number, text in enumerate(texts)})
    retrieved = AgenticRetriever(Search(store, FakeEmbedder(), AnswerSettings())).retrieve(question, 5)
    assert retrieved.trace[-1].result == result
    (fact,) = retrieved.context
    assert fact.kind == "calculation" and {row["path"] for row in fact.chunks} == {"0.md", "1.md"}


def test_rules_search_once_for_each_thing_that_the_graph_knows_and_follow_its_relations() -> None:
    retrieved = found(None, "Is the Fjell 2 heavier than what Halden holds?")
    arguments = [step.argument for step in retrieved.trace if step.action == "search"]
    assert len(arguments) == 2 and "Fjell 2" in arguments[0] and "Halden" not in arguments[0]
    assert "STORED_AT" in next(step.result for step in retrieved.trace if step.action == "relations")
    assert "Fjell 2 –STORED_AT→ Halden: Fjell 2 is stored at Halden" in [fact.text for fact in retrieved.context]


@pytest.mark.parametrize(
    ("question", "queries"),
    [
        ("How did revenue grow from last year to this one?", ("grow from last year", "grow from to this one")),
        ("今年的收入比去年增长了多少？", ("去年", "今年")),
        ("2025年的收入比上年增长了多少？", ("上年", "2025")),
        ("Did costs fall in 2025, compared with 2023?", ("2023", "2025")),
    ],
)
def test_rules_tell_years_by_number_or_by_word_the_earliest_first(question: str, queries: tuple[str, str]) -> None:
    retrieved = found(None, question)
    arguments = [" ".join(step.argument.split()) for step in retrieved.trace if step.action == "search"]
    assert len(arguments) == 2
    for argument, own, other in zip(arguments, queries, queries[::-1], strict=True):
        assert own in argument and other not in argument


def figures(*texts: str) -> Retrieved:
    store = build_store({f"{number}.md": text for number, text in enumerate(texts)})
    store.tables["entities"] = [
        {"entity_id": name, "name": name, "type": "X", "aliases": [], "description": "", "chunk_ids": ["c0", "c1"]}
        for name in ("Alba", "Borea")
    ]
    store.__init__(**store.tables)  # type: ignore[misc]
    question = "How many grams heavier is the Alba than the Borea?"
    return AgenticRetriever(Search(store, FakeEmbedder(), AnswerSettings())).retrieve(question, 5)


def test_rules_set_two_things_against_each_other_where_each_has_one_figure_of_one_kind() -> None:
    light = "The Borea is 1,900 grams heavy."
    assert figures("The Alba is 2,100 grams heavy.", light).trace[-1].result == "2100 - 1900 = 200"
    result = figures("The Alba is 2.1 kilos heavy, not grams.", light).trace[-1].result
    assert result == "none: 2.1 kilos and 1,900 grams are not of one kind"
    result = figures("The Alba is 2,100 grams heavy, in its bag 2,300 grams.", light).trace[-1].result
    assert result == "none: 2 figures (2,100 grams, 2,300 grams) for Alba where one is needed"
