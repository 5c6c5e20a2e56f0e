"""A server of the OpenAI protocol on this machine that stands for a capable model: it answers the cases it knows.

`python -m benchmarks.answer_cases.scripted_server right_open` serves a set until it is stopped.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.answer_cases.cases import SETS, Case, load
from benchmarks.answer_cases.numbered_sources import Resolved, resolve, sources_of
from benchmarks.ground.json_server import JsonHandler, serving

MODEL = "scripted"
THOUGHT = "The user asks about the sources. Let me look at [1] first. 先看第一条资料。"
UNKNOWN = "I can only answer the questions that were written for me."


@dataclass(frozen=True)
class Habits:
    """What a server and its model do besides answering."""

    think: bool = False
    """`<think>` stands before the answer."""
    reasoning_content: bool = False
    """Thoughts come in a field of their own."""
    mark: str = "[{}]"
    """How the model writes a citation: "[{}]", "【{}】", "[^{}]", "(source {})"."""
    joined: bool = False
    """[1, 3] instead of [1][3]."""
    chunk: int = 12
    """Characters of one event, for those who ask for a stream."""
    first_token_seconds: float = 0.0
    """How long the model takes before it says anything."""


@dataclass(frozen=True)
class Asked:
    """A request that was answered: the case (None where no question was recognised), the prompt and the answer."""

    case: Case | None
    prompt: str
    answer: str
    resolved: Resolved | None = None


@dataclass
class ScriptedServer:
    """Recognises questions in prompts; `otherwise` answers what is none of them, a query to translate for instance."""

    cases: Sequence[Case]
    habits: Habits = Habits()
    otherwise: Callable[[str], str] = lambda prompt: UNKNOWN
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def answer(self, messages: Sequence[dict[str, Any]]) -> Asked:
        """Answer a conversation, and keep what was asked."""
        prompt = "\n\n".join(_text(message.get("content")) for message in messages)
        case = self._case(prompt) if sources_of(prompt) else None
        resolved = resolve(case, prompt, self.habits.mark, self.habits.joined) if case else None
        answer = resolved.text if resolved else self.otherwise(prompt)
        asked = Asked(case, prompt, answer, resolved)
        self.asked.append(asked)
        return asked

    def _case(self, prompt: str) -> Case | None:
        """Return the case whose question stands last in the prompt; of two that end there, the longer."""
        plain = " ".join(prompt.split())
        found = [(plain.rfind(case.question) + len(case.question), case) for case in self.cases
                 if case.question in plain]  # fmt: skip
        return max(found, key=lambda one: (one[0], len(one[1].question)))[1] if found else None


@contextmanager
def scripted_server(
    cases: Sequence[Case], habits: Habits | None = None, otherwise: Callable[[str], str] | None = None, port: int = 0
) -> Iterator[ScriptedServer]:
    """Start a server that answers these cases, on any free port by default, and stop it."""
    served = ScriptedServer(cases, habits or Habits(), otherwise or ScriptedServer.otherwise)

    class Handler(JsonHandler):
        def do_GET(self) -> None:
            self.send_json({"object": "list", "data": [{"id": MODEL, "object": "model", "max_model_len": 32768}]})

        def do_POST(self) -> None:
            body = self.received()
            asked = served.answer(body["messages"])
            time.sleep(served.habits.first_token_seconds)
            message = _message(asked.answer, served.habits)
            usage = _usage(asked)
            if body.get("stream"):
                self._events(message, usage, bool((body.get("stream_options") or {}).get("include_usage")))
            else:
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
                self.send_json({"object": "chat.completion", "model": MODEL, "choices": [choice], "usage": usage})

        def _events(self, message: dict[str, str], usage: dict[str, int], with_usage: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._event({"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]})
            for name, text in sorted(message.items(), reverse=True):
                for start in range(0, len(text), served.habits.chunk):
                    delta = {name: text[start : start + served.habits.chunk]}
                    self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            if with_usage:
                self._event({"choices": [], "usage": usage})
            self._line("data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")

        def _event(self, body: dict[str, Any]) -> None:
            event = {"id": "scripted", "object": "chat.completion.chunk", "model": MODEL, **body}
            self._line(f"data: {json.dumps(event)}\n\n")

        def _line(self, text: str) -> None:
            raw = text.encode()
            self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    with serving(Handler, port) as served.address:
        yield served


def _message(text: str, habits: Habits) -> dict[str, str]:
    """Return the fields of the assistant's message; a stream sends reasoning_content before content."""
    content = f"<think>\n{THOUGHT}\n</think>\n\n{text}" if habits.think else text
    return {"content": content, **({"reasoning_content": THOUGHT} if habits.reasoning_content else {})}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content)
    return str(content or "")


def _usage(asked: Asked) -> dict[str, int]:
    """Return token counts that no tokenizer made: one for each four bytes."""
    read, said = (len(text.encode()) // 4 + 1 for text in (asked.prompt, asked.answer))
    return {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said}


def main() -> None:
    """Serve the sets that are named until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answer_cases.scripted_server")
    parser.add_argument("sets", nargs="+", choices=list(SETS))
    parser.add_argument("--port", type=int, default=8009)
    parser.add_argument("--first-token-seconds", type=float, default=0.0)
    options = parser.parse_args()
    habits = Habits(first_token_seconds=options.first_token_seconds)
    with scripted_server(load(*options.sets), habits, port=options.port) as served:
        print(f"LLM_BASE_URL={served.address} LLM_MODEL={MODEL}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
