"""The guide's agent question on the sample's own documents, cut, stored and searched: a capable model behind a server
with its habits, and the packaged small one."""

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.answering.answered import Answered
from pipelines.answering.ask import Answerer
from pipelines.core.protocols import GraphStore, LanguageModel
from pipelines.knowledge.chunks.strategies import ChunkSettings
from resources.graph.stores import open_graph_store
from resources.models.language_model import open_language_model
from resources.settings import CHECKOUT, Settings
from tests.answering.modes.agent.test_agentic import GROWTH, GROWTH_ZH
from tests.fakes import FakeEmbedder, FakeLanguageModel
from tests.flow import Flow

Call = tuple[str, str]
GROWTH_STEPS: tuple[Call, ...] = (
    ("search", "revenue 2025 million euros"),
    ("search", "revenue the year before, 2024"),
    ("calculate", "(55.43 - 48.2) / 48.2"),
    ("answer", "p1"),
)
RESULT = "(55.43 - 48.2) / 48.2 = 0.15 (15 %)"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    home = tmp_path_factory.mktemp("sample")
    opened = open_graph_store(Settings(GRAFTLINE_HOME=str(home)))
    flow = Flow(CHECKOUT / "samples" / "documents", home, FakeEmbedder(), opened)
    flow.settings = ChunkSettings()
    flow.run()
    yield opened
    opened.close()


def as_text(calls: Sequence[Call]) -> dict[str, Any]:
    action, argument = calls[0]
    return {"content": json.dumps({"action": action, "argument": argument})}


def as_thought(calls: Sequence[Call]) -> dict[str, Any]:
    action, argument = calls[0]
    held = json.dumps({"tool": action, "parameters": {"query": argument}})
    return {"content": f'<think>Perhaps {{"action": "answer"}}?</think>\n```json\n{held}\n```'}


def as_tool_calls(calls: Sequence[Call]) -> dict[str, Any]:
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": action, "arguments": json.dumps({"q": argument})}}
        for n, (action, argument) in enumerate(calls)
    ]
    return {"content": None, "tool_calls": made}


def as_objects(calls: Sequence[Call]) -> dict[str, Any]:
    made = [
        {"id": "x", "type": "function", "function": {"name": f"functions.{action}", "arguments": {"query": argument}}}
        for action, argument in calls
    ]
    return {"content": "I will look that up.", "tool_calls": made}


def as_function_call(calls: Sequence[Call]) -> dict[str, Any]:
    action, argument = calls[0]
    return {"content": "", "function_call": {"name": action, "arguments": json.dumps({"argument": argument})}}


def as_marks(calls: Sequence[Call]) -> dict[str, Any]:
    lines = [json.dumps({"name": action, "arguments": {"argument": argument}}) for action, argument in calls]
    return {"content": "\n".join(f"<tool_call>\n{line}\n</tool_call>" for line in lines)}


class Server:
    """Says what is written for it, a message after another, and at the end the answer with the sources' numbers."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.left, self.asked = list(messages), list[list[dict[str, str]]]()

    def reply(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        self.asked.append(messages)
        if self.left:
            return self.left.pop(0)
        prompt = messages[-1]["content"]
        sources = [part for part in prompt.split("\n\n[") if "55.43 million euros" in part and "48.2 million" in part]
        number = sources[0].partition("]")[0].rpartition("[")[2] if sources else "1"
        said = "Revenue grew by 15 %, from 48.2 million euros the year before to 55.43 million euros in 2025"
        if "问题：" in prompt:
            said = "收入增长了15%，从上年的4820万欧元到2025年的5543万欧元"
        return {"content": f"{said}: (55.43 − 48.2) / 48.2 = 15 % [{number}]."}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Any]:
    servers = []

    def start(script: Server) -> LanguageModel:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                message = {"role": "assistant", **script.reply(asked["messages"])}
                usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
                finish = "tool_calls" if message.get("tool_calls") else "stop"
                body = {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self.send_error(404)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        address = f"http://127.0.0.1:{server.server_port}/v1"
        home = tmp_path / str(len(servers))
        return open_language_model(Settings(GRAFTLINE_HOME=str(home), LLM_BASE_URL=address, LLM_MODEL="capable"))

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(store: GraphStore, model: LanguageModel, question: str = GROWTH) -> Answered:
    with Answerer(store=store, embedder=FakeEmbedder(), language_model=model) as answerer:
        return answerer.ask(question, "agentic")


def actions(answered: Answered) -> list[str]:
    return [step.action for step in answered.trace]


def assert_right(answered: Answered, calls: int) -> None:
    assert "15 %" in answered.answer.text and answered.answer.supported
    assert {sentence["status"] for sentence in answered.answer.sentences} <= {"supported", "derived"}
    assert {citation["document"] for citation in answered.answer.citations} == {"finance/year-2025.md"}
    assert (answered.prompt_tokens, answered.completion_tokens) == (100 * calls, 10 * calls)


@pytest.mark.parametrize("habit", [as_text, as_thought, as_tool_calls, as_objects, as_function_call, as_marks])
def test_two_searches_and_one_calculation_lead_to_the_growth_of_revenue(store: GraphStore, serving: Any, habit: Any):
    script = Server(*(habit([one]) for one in GROWTH_STEPS))
    answered = ask(store, serving(script))
    assert actions(answered) == ["search", "search", "calculate", "answer"]
    assert [step.argument for step in answered.trace] == [argument for _, argument in GROWTH_STEPS]
    assert answered.trace[2].result == RESULT and "55.43 million euros" in answered.trace[0].result
    assert f"calculated: {RESULT}" in script.asked[-1][-1]["content"]
    assert all(one["content"] for asked in script.asked for one in asked), "no message is empty"
    assert_right(answered, 5)


@pytest.mark.parametrize("habit", [as_tool_calls, as_objects, as_marks])
def test_calls_side_by_side_are_all_done_and_each_is_a_step(store: GraphStore, serving: Any, habit: Any) -> None:
    script = Server(habit(GROWTH_STEPS[:2]), habit(GROWTH_STEPS[2:3]), habit(GROWTH_STEPS[3:]))
    answered = ask(store, serving(script))
    assert actions(answered) == ["search", "search", "calculate", "answer"]
    told = script.asked[1][-1]["content"]
    assert told.count("search revenue") == 2 and "(6 steps left)" in told
    assert [step.prompt_tokens for step in answered.trace] == [100, 0, 100, 100]
    assert_right(answered, 4)


def test_an_answer_beside_searches_waits_for_their_results(store: GraphStore, serving: Any) -> None:
    script = Server(as_tool_calls([*GROWTH_STEPS[:1], ("answer", "p1")]), *(as_text([one]) for one in GROWTH_STEPS[1:]))
    answered = ask(store, serving(script))
    assert actions(answered) == ["search", "search", "calculate", "answer"]
    assert answered.trace[0].result.endswith("(what stood behind it in the reply was not done)")
    assert_right(answered, 5)


@pytest.mark.parametrize("habit", [as_text, as_tool_calls])
def test_a_tool_that_there_is_not_is_told_and_the_way_goes_on(store: GraphStore, serving: Any, habit: Any) -> None:
    script = Server(habit([("browse_web", "revenue")]), *(habit([one]) for one in GROWTH_STEPS))
    answered = ask(store, serving(script))
    assert actions(answered) == ["browse_web", "search", "search", "calculate", "answer"]
    assert answered.trace[0].result.startswith("there is no action 'browse_web'; expected ")
    assert_right(answered, 6)


@pytest.mark.parametrize(
    "first",
    [{"content": "Revenue grew by 15 %."}, {"content": '{"action": "answer", "argument": "Revenue grew by 15 %."}'}],
)
def test_who_answers_without_a_search_answers_from_what_is_searched_all_the_same(
    store: GraphStore, serving: Any, first: dict[str, Any]
) -> None:
    answered = ask(store, serving(Server(first, dict(first))))
    assert actions(answered)[2:5] == ["plan", "search", "search"]
    assert_right(answered, 3)


def test_a_chinese_question_goes_the_same_way(store: GraphStore, serving: Any) -> None:
    answered = ask(store, serving(Server(*(as_tool_calls([one]) for one in GROWTH_STEPS))), GROWTH_ZH)
    assert actions(answered) == ["search", "search", "calculate", "answer"] and "15%" in answered.answer.text
    assert answered.answer.supported


@pytest.mark.parametrize("question", [GROWTH, GROWTH_ZH])
def test_the_small_model_leaves_a_clear_trace(store: GraphStore, question: str) -> None:
    answered = ask(store, FakeLanguageModel(), question)
    plan, first, second, *_ = answered.trace
    assert plan.result == "by rules (the packaged small model does not plan): 2 searches, then the growth"
    assert (first.action, second.action) == ("search", "search") and first.argument != second.argument
    assert "[p1]" in first.result and answered.trace[-1].action == "calculate"
    assert answered.trace[-1].result.startswith(("none: ", "("))
    assert (
        answered.prompt_tokens == sum(step.prompt_tokens for step in answered.trace) == 0 or answered.answer.citations
    )
