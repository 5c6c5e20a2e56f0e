"""What clients of OpenAI's protocol send beside a question: done, refused by its field's name, or told as unread."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pipelines.answering.ask import Answerer
from pipelines.commands.ui import free_port
from pipelines.core.protocols import CUT, Completion, Messages, Usable
from pipelines.serving.app import create_app
from pipelines.serving.http.limits import MOST_BYTES
from resources.tables.tables import TableStore
from tests.serving.test_server import QUESTION, SAID, House, Writing, chat, chunks

PICTURE = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(House(Writing(lambda messages: SAID)).warm, TableStore(tmp_path / "tables"))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"stop": ["\n"]}, "stop"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}, "response_format"),
        ({"tool_choice": "required", "tools": [{"type": "function"}]}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"messages": [{"role": "user", "content": PICTURE}]}, "messages.0.content.1"),
        ({"messages": [{"role": "wizard", "content": QUESTION}]}, "messages.0.role"),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 40_000}]}, "messages"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_would_change_an_answers_form_is_refused_by_its_name(
    client: TestClient, fields: dict[str, Any], param: str, stream: bool
) -> None:
    refused = chat(client, stream=stream, **fields)
    error = refused.json()["error"]
    assert (refused.status_code, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert set(error) == {"message", "type", "param", "code"} and "\n" not in error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_what_changes_nothing_is_taken_and_told(client: TestClient, stream: bool) -> None:
    said = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "developer", "content": [{"type": "text", "text": "Always rhyme."}]},
        {"role": "user", "content": PICTURE},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "42", "tool_call_id": "x"},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]
    same = {"n": 1, "stop": [], "response_format": {"type": "text"}, "tool_choice": "auto", "logprobs": None}
    answer = chat(client, stream=stream, messages=said, temperature=0.7, tools=[{"type": "function"}], seed=1, **same)
    told = chunks(answer.text)[-1] if stream else answer.json()
    roles = ["messages.0 (system)", "messages.1 (developer)", "messages.2 (user)", "messages.4 (tool)"]
    assert told["graftline"]["unread"] == ["seed", "temperature", "tools", *roles]


def test_a_stream_ends_with_its_counts_where_they_are_wished(client: TestClient) -> None:
    *pieces, end, counts = chunks(chat(client, stream=True, stream_options={"include_usage": True}).text)
    assert counts["choices"] == [] and counts["usage"]["total_tokens"] > 0
    assert end["choices"][0]["finish_reason"] == "stop" and end["graftline"]["citations"]
    assert not any("usage" in one for one in (*pieces, end))


class Counting(Writing):
    """Writes as many words as it may."""

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        words = SAID.split()
        reason = CUT if max_tokens < len(words) else "stop"
        return [Completion(" ".join(words[:max_tokens]), 9, min(len(words), max_tokens), finish_reason=reason)]


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("stored", [{}, {"conversation": ""}])
def test_an_answer_has_no_more_tokens_than_were_wished_and_says_that_it_was_cut(
    tmp_path: Path, field: str, stored: dict[str, str]
) -> None:
    with TestClient(create_app(House(Counting()).warm, TableStore(tmp_path / "tables"))) as client:
        cut = chat(client, **{field: 3}, **stored).json()
        assert cut["choices"][0] | {"message": None} == {"index": 0, "message": None, "finish_reason": "length"}
        assert cut["choices"][0]["message"]["content"].split("\n")[0] == "Unused goods can"
        assert cut["graftline"]["note"] == "cut at 3 tokens"
        assert chat(client, **{field: 100_000}, **stored).json()["choices"][0]["finish_reason"] == "stop"


def test_an_unknown_model_path_or_method_has_the_protocols_error(client: TestClient) -> None:
    missing = chat(client, model="gpt-4o")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    assert client.get("/v1/models/gpt-4o").json()["error"]["param"] == "model"
    assert client.get("/v1/models/hybrid").json()["id"] == "hybrid"
    for method, path, status in (("GET", "/v1/none", 404), ("GET", "/v1/chat/completions", 405)):
        answer = client.request(method, path)
        assert answer.status_code == status and answer.json()["error"]["message"].startswith(f"{method} {path}")
    assert client.options("/v1/chat/completions", headers={"Origin": "https://evil.example"}).status_code == 405
    assert (
        "access-control-allow-origin" not in client.get("/health", headers={"Origin": "https://evil.example"}).headers
    )


@pytest.mark.parametrize("header", ["", "s3cret", "Basic s3cret", "Bearer", "Bearer s3cret2", "Bearer schlüssel"])
def test_a_wrong_key_has_the_protocols_error_and_a_right_one_may_be_written_either_way(
    tmp_path: Path, header: str
) -> None:
    house = House(Writing(lambda messages: SAID))
    with TestClient(create_app(house.warm, TableStore(tmp_path / "tables"), api_key="s3cret")) as client:
        refused = client.get("/v1/models", headers={"Authorization": header.encode()} if header else {})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        assert client.get("/v1/models", headers={"Authorization": "bearer s3cret"}).status_code == 200


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length not told"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/feedback", "/api/subgraph"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: TestClient, told: bool, path: str) -> None:
    body = b'{"a": "' + b"x" * MOST_BYTES + b'"}'
    answer = client.post(path, content=body if told else iter([body[:MOST_BYTES], body[MOST_BYTES:]]))
    assert answer.status_code == 413 and "8 MiB" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("query", "found"), [("  ", "no question"), ("\0", "no question"), ("x" * 40_000, "40000")])
def test_a_search_for_nothing_is_refused_as_a_question_is(client: TestClient, query: str, found: str) -> None:
    refused = client.get("/api/search", params={"q": query})
    assert refused.status_code == 400 and found in refused.json()["error"]["message"]


@pytest.mark.parametrize(("k", "count"), [(-3, 1), (0, 1), (2, 2), (10_000, 5)])
def test_a_search_returns_at_least_one_passage_and_no_more_than_are_wished(
    client: TestClient, k: int, count: int
) -> None:
    assert len(client.get("/api/search", params={"q": "Fjell 2 tent", "mode": "native", "k": k}).json()) == count


def test_a_fault_of_ours_is_one_line_without_its_inside(tmp_path: Path) -> None:
    def fails(messages: Messages) -> str:
        raise RuntimeError("secret inside")

    app = create_app(House(Writing(fails)).warm, TableStore(tmp_path / "tables"))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = chat(client)
        assert answer.status_code == 500 and answer.json()["error"]["type"] == "server_error"
        streamed = chat(client, stream=True)
        assert "secret" not in answer.text + streamed.text


class Slow(Writing):
    """Writes a word at a time, and says whether it was stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.stopped = 0, threading.Event()

    def stream(self, messages: Messages, max_tokens: int, usable: Usable | None = None) -> Iterator[str | Completion]:
        try:
            for _ in range(400):
                self.words += 1
                time.sleep(0.05)
                yield "word "
            yield Completion("word", 1, 1)
        finally:
            self.stopped.set()


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(0), log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.config.port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_model(tmp_path: Path, stream: bool) -> None:
    model = Slow()
    body = {"model": "native", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    with running(create_app(House(model).warm, TableStore(tmp_path / "tables"))) as address:
        if stream:
            with httpx.stream("POST", f"{address}/v1/chat/completions", json=body, timeout=30) as answer:
                assert "word" in "".join(line for line, _ in zip(answer.iter_lines(), range(6), strict=False))
        else:
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{address}/v1/chat/completions", json=body, timeout=1.5)
        assert model.stopped.wait(10) and model.words < 200


def test_what_is_shown_of_a_stream_is_the_answers_text_to_the_letter() -> None:
    house = House(Writing(lambda messages: f"\n\n {SAID} \n"))
    with house.warm.opened() as opened:
        answerer: Answerer = opened.answerer
        *pieces, last = answerer.stream(QUESTION, "native")
        assert "".join(map(str, pieces)) == SAID == last.answer.text  # type: ignore[union-attr]
        assert json.dumps(last.as_dict()) == json.dumps(answerer.ask(QUESTION, "native").as_dict())  # type: ignore[union-attr]
