"""The second pass of an answer's proof: what the model may change of the rules' verdicts, and what it may not."""

import json
from typing import Any

import pytest

from pipelines.answering.answered import Answered
from pipelines.answering.answers import answer_all
from pipelines.answering.ask import Answerer
from pipelines.answering.checks import unread_verdicts
from pipelines.answering.grounding.second_pass import Opinion, read_opinion
from pipelines.answering.scoreboard.questions import load_questions
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Messages
from tests.answering.world import TEXTS, build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel

QUESTION = "What about returns and the Fjell 2 tent?"
SUPPORTED = "Goods that were not used may be returned within 45 days [1]."
UNFOLLOWED = "The Fjell 2 sleeps beside the southern fjord of Petra."
NUMBER = "Unused goods can be sent back within 90 days [1]."


class Judging(FakeLanguageModel):
    """Writes an answer, and replies in a way of its own where it is asked for a verdict."""

    packaged = False

    def __init__(self, said: str, reply: str = "yes", fails_on: str | None = None) -> None:
        self.judged = list[str]()
        super().__init__(lambda messages: self._judge(messages, reply) if is_check(messages) else said, fails_on)

    def _judge(self, messages: Messages, reply: str) -> str:
        self.judged.append(messages[0]["content"])
        return reply


def is_check(messages: Messages) -> bool:
    return "check whether sources" in messages[0]["content"] or "检查资料" in messages[0]["content"]


def asked(
    model: FakeLanguageModel, texts: dict[str, str] | None = None, question: str = QUESTION, **fields: Any
) -> Answered:
    settings = AnswerSettings(**{"verify": "model"} | fields)
    with Answerer(
        store=build_store(texts), embedder=FakeEmbedder(), language_model=model, settings=settings
    ) as answerer:
        return answerer.ask(question, "native")


def statuses(answered: Answered) -> list[str]:
    return [one["status"] for one in answered.answer.sentences]


@pytest.mark.parametrize(
    ("reply", "opinion"),
    [
        ('{"verdict": "yes", "sentences": [1, 4]}', Opinion("yes", (1, 4))),
        (
            '<think>{"verdict": "no"}?</think>\n```json\n{"verdict": "yes", "sentences": ["2"]}\n```',
            Opinion("yes", (2,)),
        ),
        ('Well: {"Verdict": "Contradicts", "sentences": "[3]",}', Opinion("contradicts", (3,))),
        ('{"verdict": "no"', Opinion("no")),
        ('{"supported": true, "sentence": 2}', Opinion("yes", (2,))),
        ('{"supported": false}', Opinion("no")),
        ('{"answer": "not supported"}', Opinion("no")),
        ("Yes.", Opinion("yes")),
        ("**No**, the sources are silent.", Opinion("no")),
        ("Verdict: contradicts", Opinion("contradicts")),
        ("Partially supported", Opinion("no")),
        ("Not supported by the sources", Opinion("no")),
        ("是的", Opinion("yes")),
        ("结论：不是", Opinion("no")),
        ("矛盾", Opinion("contradicts")),
        ("Nobody knows", None),
        ("", None),
        ("Yesterday it rained", None),
        ('{"verdict": 3}', None),
        ("I would say that it depends.", None),
    ],
)  # fmt: skip
def test_verdicts_are_read_as_models_write_them(reply: str, opinion: Opinion | None) -> None:
    assert read_opinion(reply) == opinion


@pytest.mark.parametrize(
    ("said", "rules", "reply", "status"),
    [
        (SUPPORTED, "supported", '{"verdict": "yes", "sentences": [1]}', "supported"),
        (SUPPORTED, "supported", "no", "unverified"),
        (SUPPORTED, "supported", '{"verdict": "contradicts", "sentences": [1]}', "contradicted"),
        (UNFOLLOWED, "unverified", '{"verdict": "yes", "sentences": [1]}', "supported"),
        (UNFOLLOWED, "unverified", "no", "unverified"),
        (UNFOLLOWED, "unverified", "contradicts", "contradicted"),
    ],
)
def test_the_model_bears_out_what_the_rules_cannot_follow_and_doubts_what_they_took_for_said(
    said: str, rules: str, reply: str, status: str
) -> None:
    assert statuses(asked(Judging(said), verify="rules")) == [rules]
    model = Judging(said, reply)
    answered = asked(model)
    assert statuses(answered) == [status] and len(model.judged) == 1
    assert answered.answer.text == said and answered.answer.supported == (status == "supported")
    assert [step.action for step in answered.trace] == ["verify"]
    for citation in answered.answer.citations:
        assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize("reply", ["yes", '{"verdict": "yes", "sentences": [1]}', "no", "contradicts"])
@pytest.mark.parametrize(
    "said",
    [
        NUMBER,
        "The label costs 9.50 euros [1].",
        "Petra Vogel has managed the Halden warehouse since April 2019 [1].",
        "45 + 45 = 100 days [1].",
    ],
)
def test_no_word_of_the_model_bears_out_a_number_that_is_not_there(said: str, reply: str) -> None:
    before = statuses(asked(Judging(said), verify="rules"))
    assert before[0] in ("unverified", "contradicted")
    model = Judging(said, reply)
    assert statuses(asked(model)) == before and not model.judged


@pytest.mark.parametrize(("named", "status"), [("tent", "unverified"), ("boat", "supported")])
def test_what_the_model_bears_out_has_its_numbers_in_the_sentences_that_it_names(named: str, status: str) -> None:
    texts = {"a.md": "The tent is green.", "b.md": "The boat has 12 sails and the kayak none."}
    said = "Mariners admire the boat for its canvases, 12 of them, in every harbour [1][2]."

    def judge(messages: Messages) -> str:
        lines = messages[0]["content"].splitlines()
        number = next(one.partition(".")[0] for one in lines if one[:1].isdigit() and named in one)
        return f'{{"verdict": "yes", "sentences": [{number}]}}'

    model = Judging(said)
    model.answer = lambda messages: judge(messages) if is_check(messages) else said
    assert statuses(asked(model, texts, "What about the boat?", verify="rules")) == ["unverified"]
    answered = asked(model, texts, "What about the boat?")
    assert statuses(answered) == [status], answered.answer.sentences
    assert [one["document"] for one in answered.answer.citations] == ["b.md"] or named == "tent"


def test_a_reply_that_cannot_be_read_or_fails_leaves_the_rules_verdict_and_is_counted() -> None:
    said = f"{SUPPORTED} {UNFOLLOWED}"
    for model in (Judging(said, "Hm, who knows"), Judging(said, fails_on="check whether sources")):
        answered = asked(model)
        assert statuses(answered) == ["supported", "unverified"]
        assert answered.answer.note == "the model's verdict on 2 of 2 sentences could not be read: the rules' stands"
        assert all(step.result.startswith("unread: ") for step in answered.trace)
        assert not any(model.used[1:]), "nor is it kept"


def test_a_quotation_a_refusal_and_a_calculation_need_no_second_opinion() -> None:
    quote = "Unused goods can be sent back within 45 days [1]."
    model = Judging(f"{quote} 45 + 45 = 90 days [1]. The sources do not say who pays.", "no")
    assert "none" in statuses(asked(model)) and not any("who pays" in one for one in model.judged)
    assert not any("The sentence to check: Unused goods can be sent back" in one for one in model.judged)


def test_what_is_asked_is_the_sentence_before_what_it_refers_to_and_the_cited_text() -> None:
    model = Judging(f"{SUPPORTED} It was so for unused boots [1].", "yes")
    asked(model)
    last = model.judged[-1]
    assert "Unused goods can be sent back within 45 days." in last and "1. (" in last
    assert "to be checked): Goods that were not used may be returned within 45 days." in last


def test_sentences_of_many_answers_are_asked_about_in_one_call() -> None:
    model = Judging(SUPPORTED, "yes")
    with Answerer(
        store=build_store(), embedder=FakeEmbedder(), language_model=model, settings=AnswerSettings(verify="model")
    ) as answerer:
        prepared = [answerer.prepare(QUESTION, mode) for mode in ("native", "bm25", "local")]
        assert [one.answer.supported for one in answerer.answer(prepared)] == [True] * 3
    assert [len(call) for call in model.calls] == [3, 3]


def test_a_chinese_sentence_is_asked_about_in_chinese_and_dropped_where_the_setting_says_so() -> None:
    said = "国内订单由宁波仓负责寄出[1]。"
    model = Judging(said, '{"verdict": "no"}')
    answered = asked(model, question="国内订单由哪个仓库发货？", unproven="refuse")
    assert any("检查资料" in one for one in model.judged)
    assert not answered.answer.supported and said in answered.answer.note + answered.answer.text


def test_the_second_pass_and_its_prompt_are_part_of_the_answers_id(tmp_path: Any) -> None:
    (tmp_path / "verdict.en.md").write_text("$sources $sentence", encoding="utf-8")
    made = {
        Answerer(
            store=build_store(),
            embedder=FakeEmbedder(),
            language_model=Judging(""),
            settings=AnswerSettings(verify=verify),
            prompts=at,
        ).made_in("native")
        for verify, at in (("rules", None), ("rules", tmp_path), ("model", None), ("model", tmp_path))
    }
    assert len(made) == 3


def test_verdicts_that_could_not_be_read_are_counted_over_all_answers(tmp_path: Any) -> None:
    row = {"question": QUESTION, "answer": "x", "documents": [], "type": "single-hop"}
    (tmp_path / "q.jsonl").write_text(json.dumps(row), encoding="utf-8")
    questions = load_questions(tmp_path)[0]
    for reply, unread in (("Hm.", 4), ("yes", 0)):
        answerer = Answerer(
            store=build_store(),
            embedder=FakeEmbedder(),
            language_model=Judging(f"{SUPPORTED} {UNFOLLOWED}", reply),
            settings=AnswerSettings(verify="model"),
        )
        table, work = answer_all(questions, ["native", "bm25"], answerer, None, "g")
        assert unread_verdicts(table) == unread
        again, kept = answer_all(questions, ["native", "bm25"], answerer, table, "g")
        assert again.equals(table) and kept.computed["answers"] == 0 < work.computed["answers"]
