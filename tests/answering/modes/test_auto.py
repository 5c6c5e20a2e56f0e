"""Mode auto: the cheapest mode that is good enough, by what a question asks and what a cheap search finds."""

from typing import Any

import pytest

from pipelines.answering.modes.auto import AutoRetriever, Choice
from pipelines.answering.modes.names import ALL_MODES, AUTO, DEFAULT_MODE
from pipelines.answering.question import question_terms
from pipelines.answering.question_forms import asks_by_way_of, sets_side_by_side
from pipelines.answering.question_patterns import asks_for_all
from pipelines.answering.retrievers import Retrievers, open_retriever
from pipelines.answering.settings import AnswerSettings
from pipelines.serving.chat_protocol import ChatRequest
from tests.answering.world import TEXTS, build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel

SIMPLE = "Within how many days can unused goods be sent back?"


def _chosen(question: str, store: FakeGraphStore | None = None, **settings: Any) -> Choice:
    retriever = Retrievers(store or build_store(), FakeEmbedder(), AnswerSettings(**settings)).of(AUTO)
    assert isinstance(retriever, AutoRetriever)
    return retriever.choose(question)


@pytest.mark.parametrize(
    ("question", "mode", "why"),
    [
        (SIMPLE, "native", "its best passage holds"),
        ("What are the main themes of these documents?", "global", "it asks about all documents together"),
        ("总结这些文档中的人物和公司", "global", "it asks about all documents together"),
        ("Which is heavier, the Fjell 2 or the Halden?", "ppr", "it sets things side by side"),
        ("Fjell 2和Halden相比，哪个更重？", "ppr", "it sets things side by side"),
        ("By how much did sales grow from 2022 to 2023?", "agentic", "it asks for a growth"),
        ("2022年到2023年销售额增长了多少？", "agentic", "it asks for a growth"),
        ("Who leads the Brekke institute?", "ppr", "a name in it stands in none of the best passages"),
        ("布雷克研究所的所长的出生地在哪里？", "ppr", "the best passage holds"),
    ],
)
def test_the_cheapest_mode_that_is_good_enough_is_taken_and_says_why(question: str, mode: str, why: str):
    choice = _chosen(question)
    assert choice.mode == mode and choice.told.startswith(f"auto: {mode}, because ") and why in choice.why


def test_without_a_graph_nothing_walks_and_nothing_reads_reports():
    bare = build_store({"a.md": "Something else.", **TEXTS})
    for question in ("What are the main themes of these documents?", "Who leads the Brekke institute?"):
        choice = _chosen(question, bare)
        assert choice.mode in ("native", "hybrid") and choice.then in ("", "hybrid")


def test_the_bars_are_settings():
    assert _chosen(SIMPLE, auto_said=1.0).mode == "ppr" and _chosen(SIMPLE, auto_said=0.1).mode == "native"


def test_what_is_found_is_what_the_chosen_mode_finds_and_the_choice_is_the_first_step():
    found = open_retriever(AUTO, build_store(), FakeEmbedder(), AnswerSettings()).retrieve(SIMPLE, 3)
    native = open_retriever("native", build_store(), FakeEmbedder(), AnswerSettings()).retrieve(SIMPLE, 3)
    assert [row["chunk_id"] for row in found.chunks] == [row["chunk_id"] for row in native.chunks]
    assert [step.action for step in found.trace] == ["auto"]


def test_a_mode_that_finds_no_evidence_is_followed_by_the_next_dearer_one_once():
    answered = build_answerer().ask("Which insurance company paid for the broken submarine?", AUTO)
    assert [step.argument for step in answered.trace if step.action == "auto"] == ["ppr", "local"]
    assert "auto: local as well, because what ppr found is no evidence" in answered.answer.note
    assert not answered.answer.supported


def test_a_mode_with_evidence_is_not_followed_by_another():
    model = FakeLanguageModel(lambda messages: "Unused goods can be sent back within 45 days.")
    answered = build_answerer(model).ask(SIMPLE, AUTO)
    assert [step.argument for step in answered.trace] == ["native"] and answered.answer.supported
    assert answered.answer.note.startswith("auto: native, because ")


def test_every_way_in_takes_auto_unless_told_otherwise():
    from pipelines.commands.answering import ask, chat

    assert DEFAULT_MODE == AUTO == ALL_MODES[0]
    assert ChatRequest(messages=[{"role": "user", "content": SIMPLE}]).mode == AUTO  # type: ignore[list-item]
    for command in (ask.command, chat.command):
        assert next(one for one in command.params if one.name == "mode").default == AUTO


@pytest.mark.parametrize(
    ("question", "everything"),
    [
        ("What are the main themes of the articles?", True),
        ("Summarise all documents.", True),
        ("Give an overview of the corpus", True),
        ("What do the incidents have in common?", True),
        ("这些文件的主要主题是什么？", True),
        ("请概括所有资料", True),
        ("What is the main ingredient of bread?", False),
        ("Who wrote the summary of the trial?", False),
        ("《鳄鱼泪》主要内容是什么？", False),
        ("公司的主要产品是什么？", False),
    ],
)
def test_a_question_about_all_documents_is_told_from_one_about_a_thing(question: str, everything: bool):
    assert asks_for_all(question) == everything


def test_what_a_question_calls_the_documents_is_no_word_of_its_subject():
    assert question_terms("总结这些文档中的人物和公司") == ["人物", "公司"]
    assert question_terms("Summarise all documents about tents") == ["tent"]
    assert question_terms("Which document names the tent?") == ["docu", "tent"]


@pytest.mark.parametrize(
    ("question", "hops", "compared"),
    [
        ("Where was the director of the film Brand born?", True, False),
        ("Who is the director of the film Brand?", False, False),
        ("Who is Anna Berg's father-in-law?", True, False),
        ("李明的岳父是谁？", True, False),
        ("Who is the spouse of the director of film Brand?", True, False),
        ("Who is the mayor of the city where Anna Berg died?", True, False),
        ("What is Anna's father's name?", True, False),
        ("电影《边城》的导演的妻子是谁？", True, False),
        ("Which film came out first, Brand or Peer Gynt?", False, True),
        ("Are Brand and Peer Gynt of the same author?", False, True),
        ("边城和活着哪部更早出版？", False, True),
        ("What does the tent weigh?", False, False),
        ("帐篷多重？", False, False),
    ],
)
def test_a_question_by_way_of_another_thing_or_over_two_is_recognised(question: str, hops: bool, compared: bool):
    assert (asks_by_way_of(question), sets_side_by_side(question)) == (hops, compared)
