"""Answers while they are written: pieces in order, thoughts held back, the whole with its counts kept in the cache."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipelines.core.errors import ServiceError
from pipelines.core.protocols import Completion
from resources.models.completion_cache import CompletionCache
from resources.models.language_model import CachedLanguageModel
from resources.models.served import ServedModel
from resources.models.thought_filter import ThoughtFilter

ASKED = [{"role": "user", "content": "How deep?"}]


class Streaming(BaseHTTPRequestHandler):
    """Says `text` in pieces of three characters, whole where no stream is asked for."""

    text: ClassVar[str] = ""
    requests: ClassVar[list[dict[str, Any]]] = []
    refuses: ClassVar[str] = ""
    connections: ClassVar[list[Any]] = []
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.connections.append(self.client_address)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(asked)
        if self.refuses and self.refuses in asked:
            self._send(400, "application/json", json.dumps({"error": {"message": f"unknown field {self.refuses}"}}))
        elif asked.get("stream"):
            pieces = [self.text[place : place + 3] for place in range(0, len(self.text), 3)]
            events: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}]
            events += [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
            events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
            if "stream_options" in asked:
                events += [{"choices": [], "usage": _usage(len(pieces))}]
            body = "".join(f"data: {json.dumps({'id': 'x', 'object': 'y', **event})}\n\n" for event in events)
            self._send(200, "text/event-stream", body + "data: [DONE]\n\n")
        else:
            choice = {"message": {"role": "assistant", "content": self.text}, "finish_reason": "stop"}
            self._send(200, "application/json", json.dumps({"choices": [choice], "usage": {"prompt_tokens": 7}}))

    def _send(self, status: int, kind: str, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def _usage(written: int) -> dict[str, object]:
    return {"prompt_tokens": 7, "completion_tokens": written, "prompt_tokens_details": {"cached_tokens": 4}}


@pytest.fixture
def model(tmp_path: Path) -> Iterator[CachedLanguageModel]:
    Streaming.text, Streaming.refuses = "It is 14 m deep.", ""
    Streaming.requests.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Streaming)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/v1"
    yield CachedLanguageModel(ServedModel(address, "m", "", retries=0), CompletionCache(tmp_path / "llm.sqlite"))
    server.shutdown()
    server.server_close()


def streamed(model: CachedLanguageModel, limit: int) -> tuple[list[str], Completion]:
    *pieces, last = list(model.stream(ASKED, limit))
    assert isinstance(last, Completion)
    return [str(piece) for piece in pieces], last


def test_the_first_answer_comes_whole_and_the_next_ones_in_pieces(model: CachedLanguageModel) -> None:
    assert streamed(model, 10)[0] == ["It is 14 m deep."]
    pieces, last = streamed(model, 11)
    assert len(pieces) > 3 and "".join(pieces) == last.text == "It is 14 m deep."
    assert (last.prompt_tokens, last.completion_tokens, last.finish_reason) == (7, 6, "stop")


def test_what_was_streamed_is_kept_and_not_asked_again(model: CachedLanguageModel) -> None:
    streamed(model, 10), streamed(model, 11)
    pieces, last = streamed(model, 11)
    assert pieces == ["It is 14 m deep."] and last.cached and len(Streaming.requests) == 2
    assert model.complete([ASKED], 11)[0].cached


def test_requests_one_after_another_share_a_connection(model: CachedLanguageModel) -> None:
    Streaming.connections.clear()
    for limit in (10, 11, 12):
        model.complete([ASKED], limit)
    streamed(model, 13), streamed(model, 14)
    assert len(Streaming.requests) == 5 and len(set(Streaming.connections)) == 1


def test_an_answer_that_its_reader_cannot_use_is_not_kept(model: CachedLanguageModel) -> None:
    for _ in range(2):
        list(model.stream(ASKED, 10, usable=lambda number, one: False))
    assert len(Streaming.requests) == 2


@pytest.mark.parametrize(
    "thought", ["<think>It may be 12.</think>\n\n", "[THINK]12?[/THINK]", "12, or more?</think>\n"]
)
def test_thoughts_are_held_back(model: CachedLanguageModel, thought: str) -> None:
    Streaming.text = f"{thought}It is 14 m deep."
    assert streamed(model, 10)[0] == ["It is 14 m deep."]
    pieces, last = streamed(model, 11)
    assert "".join(pieces) == last.text == "It is 14 m deep." and len(pieces) > 1


def test_a_server_that_does_not_know_stream_options_still_streams(model: CachedLanguageModel) -> None:
    streamed(model, 10)
    Streaming.refuses = "stream_options"
    pieces, last = streamed(model, 11)
    assert "".join(pieces) == "It is 14 m deep." and last.prompt_tokens == 0


def test_a_server_that_fails_is_told_in_one_line(model: CachedLanguageModel) -> None:
    streamed(model, 10)
    Streaming.refuses = "messages"
    with pytest.raises(ServiceError, match="unknown field messages"):
        streamed(model, 11)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  plain", "plain"),
        ("<b>bold</b> is HTML", "<b>bold</b> is HTML"),
        ("[1] says so", "[1] says so"),
        ("<think>a</think>b", "b"),
        ("<think>never ends", ""),
        ("a <think> b", "a <think> b"),
        ("", ""),
        ("<", "<"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_pieces_of_any_size_show_the_same(text: str, shown: str, size: int) -> None:
    thoughts = ThoughtFilter()
    pieces = [thoughts.add(text[place : place + size]) for place in range(0, len(text), size)]
    assert "".join([*pieces, thoughts.rest()]) == shown


def test_a_thought_without_its_beginning_is_held_back_where_it_is_known_of() -> None:
    thoughts = ThoughtFilter(unopened=True)
    assert [thoughts.add(piece) for piece in ("so ", "12? </thi", "nk>\n\nIt", " is 14")] == ["", "", "It", " is 14"]


def test_a_stream_tells_which_tokens_its_server_had_read_before(model: CachedLanguageModel) -> None:
    streamed(model, 20)  # the first answer comes whole
    assert model.meter.usage.prefix_tokens == 0
    _, last = streamed(model, 21)
    assert last.prefix_tokens == 4 == model.meter.usage.prefix_tokens
