"""Every call of the model for an answer is counted: translation, planning, rewriting, summary, writing, checking."""

from pathlib import Path

import pytest

from pipelines.answering.answered import Answered
from pipelines.answering.answers import answer_all
from pipelines.answering.chat import chat as chats
from pipelines.answering.chat.chat import Chat
from pipelines.answering.chat.memory import Conversations, Turn
from pipelines.answering.scoreboard.questions import load_questions
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Completion, Messages
from tests.answering.search.test_finding import CHINESE, asked, is_translation
from tests.answering.world import build_answerer
from tests.fakes import FakeLanguageModel


class Counting(FakeLanguageModel):
    """Reads 1000 tokens and writes 10 in every call."""

    packaged = False

    def _one(self, messages: Messages) -> Completion:
        return Completion(self.answer(messages), 1000, 10)

    @property
    def asked(self) -> int:
        return sum(len(call) for call in self.calls)


def _counts(model: Counting, answered: Answered) -> None:
    assert (answered.prompt_tokens, answered.completion_tokens) == (1000 * model.asked, 10 * model.asked)


@pytest.mark.parametrize("mode", ["native", "hybrid", "bm25"])
def test_a_translation_is_counted_and_a_step_of_the_trace(mode: str) -> None:
    model = Counting(lambda messages: "tent weighs grams" if is_translation(messages) else "It weighs 2,100 grams [1].")
    answered = asked(model).ask(CHINESE, mode)
    assert model.asked == 2
    _counts(model, answered)
    (step,) = answered.trace
    assert (step.action, step.argument, step.result) == ("translate", CHINESE, "en: tent weighs grams")


def test_a_translation_made_ahead_is_counted_in_each_mode_that_searches_with_it(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(
        f'{{"question": "{CHINESE}", "answer": "x", "documents": [], "type": "single-hop"}}', encoding="utf-8"
    )
    model = Counting(lambda messages: "tent weighs grams" if is_translation(messages) else "It weighs 2,100 grams [1].")
    table, _ = answer_all(load_questions(tmp_path)[0], ["native", "bm25"], asked(model), None, "g")
    assert table["prompt_tokens"].to_pylist() == [2000, 2000] and model.asked == 3
    assert [trace[0]["action"] for trace in table["trace"].to_pylist()] == ["translate", "translate"]


def test_a_translation_that_is_none_is_paid_for_and_told() -> None:
    model = Counting(lambda messages: "" if is_translation(messages) else "It weighs 2,100 grams [1].")
    answered = asked(model).ask(CHINESE, "native")
    _counts(model, answered)
    assert answered.trace[0].result == "en: no translation; not searched"


def test_steps_of_the_agent_are_counted() -> None:
    replies = [
        '{"action": "search", "argument": "Halden"}',
        '{"action": "answer", "argument": "p1"}',
        "Petra Vogel [1].",
    ]
    model = Counting(lambda messages: replies.pop(0))
    _counts(model, build_answerer(model).ask("Who manages Halden?", "agentic"))


def test_the_second_pass_is_counted() -> None:
    def reply(messages: Messages) -> str:
        said = "Goods that were not used may be returned within 45 days [1]."
        return '{"verdict": "yes", "sentences": [1]}' if "verdict" in messages[0]["content"] else said

    model = Counting(reply)
    answered = build_answerer(model, settings=AnswerSettings(verify="model")).ask("How long for returns?", "native")
    assert model.asked == 2 and answered.trace[-1].action == "verify"
    _counts(model, answered)


def test_a_follow_up_and_a_summary_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "HISTORY_TOKENS", 40)
    model = Counting(lambda messages: "Where is the Fjell 2 tent stored?")
    chat = Chat(build_answerer(model), Conversations(tmp_path / "chats.sqlite"))
    for place in range(4):
        record = {"answer": f"It is at place {place} of the Halden warehouse.", "note": ""}
        chat.turns.append(Turn(f"Where is thing {place}?", f"Where is thing {place}?", "native", record))
    *_, last = chat.ask("Where is it?", "native")
    assert isinstance(last, Answered) and model.asked == 3
    assert [step.action for step in last.trace] == ["summarise", "rewrite"]
    _counts(model, last)


def test_the_time_of_a_kept_reply_is_not_known() -> None:
    class Kept(Counting):
        def _one(self, messages: Messages) -> Completion:
            return Completion(self.answer(messages), 1, 1, cached=is_translation(messages))

    model = Kept(lambda messages: "tent" if is_translation(messages) else "It weighs 2,100 grams [1].")
    assert asked(model).ask(CHINESE, "native").seconds is None
    assert asked(model).ask("What does the tent weigh?", "native").seconds is not None
