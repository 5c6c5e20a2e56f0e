"""Conversations: follow-ups that stand alone, summaries of what is long ago, and turns that outlive a process."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.answering.answered import Answered
from pipelines.answering.chat import chat as chats
from pipelines.answering.chat import standalone
from pipelines.answering.chat.chat import Chat
from pipelines.answering.chat.memory import Conversations, Turn
from pipelines.answering.prompts.prompt_files import load_prompts
from pipelines.core.errors import NotMaterializedError
from tests.answering.world import build_answerer
from tests.fakes import FakeLanguageModel


class Writing(FakeLanguageModel):
    packaged = False


def standalone_question(conversation: list[dict[str, str]], model: FakeLanguageModel) -> str:
    return standalone.standalone_question(conversation, model, load_prompts())[0]


def said(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("conversation", "asked"),
    [
        (("Who leads Halden?", "Petra.", "What are these documents about?"), "What are these documents about?"),
        (("谁管理宁波仓？", "王强。", "这些资料讲的是什么？"), "这些资料讲的是什么？"),
        (("Who leads Halden?", "Petra.", "What is it about?"), "What is it about? (leads Halden)"),
        (("什么是深度学习？", "一种方法。", "它有什么应用？"), "它有什么应用？ (深度学习)"),
        (("What does the Nordlys lamp weigh?", "90 g.", "Where is it made?"), "Where is it made? (Nordlys lamp weigh)"),
        (("Who runs Team A's shop in Oslo?", "Vik.", "Is she new?"), "Is she new? (runs Team A's shop Oslo)"),
        (("Fjell 2帐篷的重量是多少？", "2,100 克。", "它存放在哪里？"), "它存放在哪里？ (Fjell 2帐篷 重量)"),
        (("What does the lamp weigh?", "90 g.", "How long is the bridge?"), "How long is the bridge?"),
        (("What is it?",), "What is it?"),
    ],
)
def test_the_packaged_model_gets_the_subject_beside_a_question_that_refers_back(
    conversation: tuple[str, ...], asked: str
) -> None:
    model = FakeLanguageModel()
    assert standalone_question(said(*conversation), model) == asked and not model.calls


def test_a_question_that_refers_back_twice_finds_the_first_subject() -> None:
    conversation = said("什么是深度学习？", "一种方法。", "它有什么应用？", "很多。", "它何时出现？")
    assert standalone_question(conversation, FakeLanguageModel()) == "它何时出现？ (深度学习)"


def test_a_model_that_writes_rewrites_the_question_once() -> None:
    model = Writing(lambda messages: "深度学习有什么应用？")
    assert (
        standalone_question(said("什么是深度学习？", "一种方法。", "它有什么应用？"), model) == "深度学习有什么应用？"
    )
    prompt = model.calls[0][0][0]["content"]
    assert "user: 什么是深度学习？" in prompt and prompt.endswith("最后的问题：它有什么应用？")


@pytest.mark.parametrize("reply", ["", "Sure!\n\nHere is the question you wanted: …", "x" * 900])
def test_a_reply_that_is_no_question_is_not_searched(reply: str) -> None:
    conversation = said("What does the lamp weigh?", "90 g.", "Where is it made?")
    assert standalone_question(conversation, Writing(lambda messages: reply)) == "Where is it made? (lamp weigh)"


@pytest.mark.parametrize(
    ("question", "drifted"),
    [
        ("Within how many days can unused goods be sent back?", "What colour is the Fjell 2 tent?"),
        ("Within how many days can unused goods be sent back?", "未使用的商品几天内可以退货？"),
        ("未使用的商品几天内可以退货？", "Within how many days can unused goods be sent back?"),
        ("未使用的商品几天内可以退货？", "帐篷是什么颜色？"),
    ],
)
def test_a_question_that_stands_alone_is_not_searched_as_another_one(question: str, drifted: str) -> None:
    conversation = said("Where is the Fjell 2 tent stored?", "In hall 3.", question)
    assert standalone_question(conversation, Writing(lambda messages: drifted)) == question


def test_a_name_may_take_the_place_of_a_word() -> None:
    conversation = said("Who owns Halden Instruments?", "Nobody.", "Where does the company sell lamps?")
    written = "Where does Halden Instruments sell lamps?"
    assert standalone_question(conversation, Writing(lambda messages: written)) == written


def test_a_follow_up_is_answered_from_what_it_means_and_stored_as_it_was_typed(tmp_path: Path) -> None:
    memory = Conversations(tmp_path / "chats.sqlite")
    chat = Chat(build_answerer(), memory)
    list(chat.ask("Where is the Fjell 2 tent stored?", "native"))
    *_, last = chat.ask("How much does it weigh?", "native")
    assert isinstance(last, Answered) and "2,100 grams" in last.answer.text
    turns = memory.turns(chat.conversation)
    assert [turn.question for turn in turns] == ["Where is the Fjell 2 tent stored?", "How much does it weigh?"]
    assert "Fjell 2 tent" in turns[1].asked and turns[1].record["citations"]


def test_a_conversation_goes_on_in_another_process_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    memory = Conversations(tmp_path / "chats.sqlite")
    first = Chat(build_answerer(), memory)
    list(first.ask("Where is the Fjell 2 tent stored?", "native"))
    again = Chat(build_answerer(), Conversations(tmp_path / "chats.sqlite"), first.conversation)
    assert [turn.answer for turn in again.turns] == [turn.answer for turn in first.turns]
    assert [one.conversation for one in memory.headings()] == [first.conversation]
    with pytest.raises(NotMaterializedError, match=first.conversation):
        Chat(build_answerer(), memory, "nothing")


@pytest.mark.parametrize("writes", [True, False])
def test_what_is_long_ago_becomes_a_summary_within_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    monkeypatch.setattr(chats, "HISTORY_TOKENS", 76)
    model = (Writing if writes else FakeLanguageModel)(lambda messages: "They spoke of Halden.")
    memory = Conversations(tmp_path / "chats.sqlite")
    chat = Chat(build_answerer(model), memory)
    for place in range(6):
        record = {"answer": f"It is at place {place} of the Halden warehouse.", "note": ""}
        chat.turns.append(Turn(f"Where is thing {place}?", f"Where is thing {place}?", "native", record))
        memory.add(chat.conversation, chat.turns[-1])
    history = chat.history()
    assert history[0]["content"] == ("They spoke of Halden." if writes else "\n".join(t.asked for t in chat.turns[:-2]))
    assert [one["content"] for one in history if one["role"] == "user"] == ["Where is thing 4?", "Where is thing 5?"]
    calls = len(model.calls)
    assert chat.history() == history and len(model.calls) == calls, "a summary is made once"


def test_turns_of_many_threads_all_arrive_each_at_its_own_place(tmp_path: Path) -> None:
    memory = Conversations(tmp_path / "chats.sqlite")
    turns = [Turn(f"q{n}", f"q{n}", "native", {"answer": f"a{n}"}) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda turn: memory.add("one", turn), turns))
    assert sorted(places) == list(range(40))
    assert {turn.question for turn in memory.turns("one")} == {turn.question for turn in turns}


KILLED = """
import sys
from pathlib import Path
from pipelines.answering.chat.memory import Conversations, Turn
memory = Conversations(Path(sys.argv[1]))
for n in range(100_000):
    memory.add(sys.argv[2], Turn(f"q{n}", f"q{n}", "native", {"answer": "a" * 200}))
    print(n, flush=True)
"""


def test_a_killed_process_loses_no_turn_that_it_had_shown(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite"
    started = [
        subprocess.Popen([sys.executable, "-c", KILLED, str(path), f"c{n}"], stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline()
    time.sleep(0.5)
    for process in started:
        os.kill(process.pid, signal.SIGKILL)
    for place, process in enumerate(started):
        shown = [int(line) for line in process.communicate()[0].split()]
        stored = Conversations(path).turns(f"c{place}")
        assert [turn.question for turn in stored] == [f"q{n}" for n in range(len(stored))]
        assert len(stored) >= (shown[-1] + 1 if shown else 1)
