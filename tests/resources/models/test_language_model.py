"""The language model over a fake backend and a real HTTP server that speaks the OpenAI protocol."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import ConfigurationError, InputError, ServiceError
from pipelines.core.protocols import CUT, Completion, Messages
from resources.models.chat_answer import completion_of
from resources.models.completion_cache import CompletionCache, completion_key
from resources.models.language_model import CachedLanguageModel, open_language_model
from resources.models.local import LocalModel
from resources.models.served import ServedModel
from resources.settings import Settings
from tests.checkpoints import write_checkpoint


class Backend:
    """Answers with the last message in capitals; breaks at the prompt with this number."""

    name = "fake@1"

    def __init__(self, breaks_at: int | None = None) -> None:
        self.breaks_at = breaks_at
        self.asked: list[str] = []

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        for number, messages in enumerate(prompts):
            if number == self.breaks_at:
                raise ServiceError("the model", "a crash", "an answer", "run it again")
            self.asked.append(messages[-1]["content"])
            yield number, Completion(messages[-1]["content"].upper(), 1, 1)

    def check(self) -> None:
        pass


def _prompts(*texts: str) -> list[Messages]:
    return [[{"role": "user", "content": text}] for text in texts]


def test_equal_prompts_are_generated_once_and_a_second_call_generates_nothing(tmp_path: Path) -> None:
    backend = Backend()
    model = CachedLanguageModel(backend, CompletionCache(tmp_path / "llm.sqlite"))
    assert [one.text for one in model.complete(_prompts("a", "b", "a"), 5)] == ["A", "B", "A"]
    again = model.complete(_prompts("b", "a"), 5)
    assert [one.text for one in again] == ["B", "A"] and all(one.cached for one in again)
    assert backend.asked == ["a", "b"]


def test_after_a_crash_only_what_is_missing_is_generated(tmp_path: Path) -> None:
    cache = CompletionCache(tmp_path / "llm.sqlite")
    with pytest.raises(ServiceError):
        CachedLanguageModel(Backend(breaks_at=2), cache).complete(_prompts("a", "b", "c"), 5)
    backend = Backend()
    CachedLanguageModel(backend, cache).complete(_prompts("a", "b", "c"), 5)
    assert backend.asked == ["c"]


def test_the_key_covers_prompt_model_sampling_and_schema() -> None:
    [messages, other] = _prompts("a", "b")
    keys = {
        completion_key(messages, "m@1", 5, None),
        completion_key(other, "m@1", 5, None),
        completion_key(messages, "m@2", 5, None),
        completion_key(messages, "m@1", 6, None),
        completion_key(messages, "m@1", 5, {"type": "object"}),
    }
    assert len(keys) == 5


class Server(BaseHTTPRequestHandler):
    """Two failures with status 500, then answers; remembers the requests."""

    failures = 0
    requests: list[dict[str, Any]] = []  # noqa: RUF012 - one list for all handlers of a test

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "tiny", "object": "model", "created": 0, "owned_by": "x"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).requests.append(body)
        if self.headers["Authorization"] != "Bearer secret-key":
            self._send(401, {"error": {"message": "bad key secret"}})
        elif type(self).failures > 0:
            type(self).failures -= 1
            self._send(500, {"error": {"message": "later"}})
        else:
            text = body["messages"][-1]["content"].upper()
            self._send(
                200,
                {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 0,
                    "model": "tiny",
                    "choices": [
                        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
                    ],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
                },
            )

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Server.failures, Server.requests = 0, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_a_served_model_answers_every_prompt_with_token_counts(address: str) -> None:
    found = dict(ServedModel(address, "tiny", "secret-key").generate(_prompts("a", "b"), 5, None))
    assert {number: one.text for number, one in found.items()} == {0: "A", 1: "B"}
    assert found[0].prompt_tokens == 7 and found[0].completion_tokens == 3


def test_a_failing_server_is_asked_again(address: str) -> None:
    Server.failures = 2
    assert next(ServedModel(address, "tiny", "secret-key").generate(_prompts("a"), 5, None))[1].text == "A"
    assert len(Server.requests) == 3


def test_a_schema_travels_as_response_format(address: str) -> None:
    list(ServedModel(address, "tiny", "secret-key").generate(_prompts("a"), 5, {"type": "object"}))
    assert Server.requests[0]["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_a_refused_key_is_named_by_its_variable_and_never_shown(address: str) -> None:
    with pytest.raises(ServiceError, match="LLM_API_KEY") as caught:
        list(ServedModel(address, "tiny", "wrong-key").generate(_prompts("a"), 5, None))
    assert "wrong-key" not in str(caught.value) and "secret" not in str(caught.value)


def test_check_names_the_models_that_the_server_has(address: str) -> None:
    ServedModel(address, "tiny", "secret-key").check()
    with pytest.raises(ConfigurationError, match="tiny"):
        ServedModel(address, "huge", "secret-key").check()


def _settings(home: Path, **values: str) -> Settings:
    return Settings(GRAFTLINE_HOME=str(home), **values)


def test_an_unreachable_server_is_named_by_its_variable(tmp_path: Path) -> None:
    model = open_language_model(_settings(tmp_path, LLM_BASE_URL="http://127.0.0.1:9/v1", LLM_MODEL="tiny"))
    with pytest.raises(ServiceError, match=r"LLM_BASE_URL=http://127\.0\.0\.1:9/v1"):
        model.check()


def test_a_server_without_a_model_name_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LLM_MODEL"):
        open_language_model(_settings(tmp_path, LLM_BASE_URL="http://127.0.0.1:9/v1"))


def test_a_model_name_without_a_server_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LLM_BASE_URL"):
        open_language_model(_settings(tmp_path, LLM_MODEL="no-such-folder"))


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer.json", "generation_config.json", "config.json"])
def test_each_file_that_a_local_model_reads_is_part_of_its_name(name: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    (folder / "generation_config.json").write_text("{}")
    before = LocalModel(Settings.load({}, tmp_path), folder).name
    (folder / name).write_text((folder / name).read_text() + " ")
    assert LocalModel(Settings.load({}, tmp_path), folder).name != before


def test_a_local_model_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    (write_checkpoint(tmp_path) / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="safetensors"):
        LocalModel(Settings.load({}, tmp_path), tmp_path).check()


def test_a_cache_of_an_earlier_release_is_read_without_its_thoughts(tmp_path: Path) -> None:
    path, [messages] = tmp_path / "llm.sqlite", _prompts("a")
    with contextlib.closing(sqlite3.connect(path)) as old, old:
        old.execute(
            "CREATE TABLE completions (key TEXT PRIMARY KEY, model TEXT NOT NULL, text TEXT NOT NULL, "
            "prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL)"
        )
        key = completion_key(messages, "fake@1", 5, None)
        old.execute("INSERT INTO completions VALUES (?, 'fake@1', '<think>hm</think>yes', 1, 1)", [key])
    backend = Backend()
    model = CachedLanguageModel(backend, CompletionCache(path))
    assert [one.text for one in model.complete(_prompts("a", "b"), 5)] == ["yes", "B"] and backend.asked == ["b"]


def test_only_what_its_reader_could_use_is_kept_and_an_empty_text_never_is(tmp_path: Path) -> None:
    backend = Backend()
    model = CachedLanguageModel(backend, CompletionCache(tmp_path / "llm.sqlite"))
    for _ in range(2):
        model.complete(_prompts("a", "b", "a"), 5, usable=lambda number, answer: number != 1)
        model.complete(_prompts(""), 5)
    assert backend.asked == ["a", "b", "", "b", ""]


def test_a_cut_answer_is_known_as_cut_also_from_the_cache(tmp_path: Path) -> None:
    cache = CompletionCache(tmp_path / "llm.sqlite")
    cache.add([("k", Completion("so f", 1, 1, finish_reason=CUT))], "fake@1")
    assert cache.find(["k"])["k"] == Completion("so f", 1, 1, cached=True, finish_reason=CUT)


class Thinking(LocalModel):
    """A local model that thinks for longer than the limit, but for its second prompt."""

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        super().__init__(settings, folder)
        self.asked: list[tuple[list[str], bool]] = []

    def _batch(self, prompts, max_tokens, schema, thinks):
        self.asked.append(([one[-1]["content"] for one in prompts], thinks))
        for number, messages in enumerate(prompts):
            question = messages[-1]["content"]
            short = question == "1" or thinks
            text = f"<think>hm</think>{question}" if short else "<think>hm, hm"
            yield number, Completion(text, 1, 1, finish_reason="stop" if short else "length")


def test_what_a_local_model_only_thought_is_asked_for_again_with_tokens_for_thinking(tmp_path):
    model = Thinking(Settings.load({"GRAFTLINE_ENGINE": "vllm"}, tmp_path), tmp_path)
    prompts = [[{"role": "user", "content": str(number)}] for number in range(3)]
    texts = {number: answer.text for number, answer in model.generate(prompts, 8, {"type": "object"})}
    assert texts == {number: f"<think>hm</think>{number}" for number in range(3)}
    list(model.generate(prompts[:1], 8, {"type": "object"}))
    assert model.asked == [(["0", "1", "2"], False), (["0", "2"], True), (["0"], True)]


def test_the_packaged_small_model_without_anything_that_holds_it_to_a_schema_is_refused_in_one_line(tmp_path):
    model = LocalModel(Settings.load({"GRAFTLINE_ENGINE": "transformers"}, tmp_path))
    with pytest.raises(ConfigurationError, match="Next: unset GRAFTLINE_EXTRACTOR") as caught:
        list(model.generate([[{"role": "user", "content": "?"}]], 8, {"type": "object"}))
    assert "\n" not in str(caught.value)


def test_a_models_calls_are_kept_beside_its_text(tmp_path: Path) -> None:
    calls = '[{"function": {"name": "search", "arguments": "{}"}}]'
    cache = CompletionCache(tmp_path / "llm.sqlite")
    cache.add([("k", Completion("", 1, 1, calls=calls))], "fake@1")
    assert cache.find(["k"])["k"] == Completion("", 1, 1, cached=True, calls=calls)


@pytest.mark.parametrize(
    ("message", "text", "calls"),
    [
        ({"content": None, "tool_calls": [{"function": {"name": "a"}}]}, "", '[{"function": {"name": "a"}}]'),
        ({"content": "So.", "tool_calls": [{"id": 1}]}, "So.", '[{"id": 1}]'),
        ({"content": "", "function_call": {"name": "a"}}, "", '[{"name": "a"}]'),
        ({"content": "", "reasoning": "hm", "tool_calls": [{"id": 1}]}, "", '[{"id": 1}]'),
        ({"content": "So.", "tool_calls": None}, "So.", ""),
        ({"content": "So.", "tool_calls": []}, "So.", ""),
        ({"content": "So.", "tool_calls": "none", "function_call": None}, "So.", ""),
    ],
)
def test_calls_of_tools_are_read_from_a_servers_answer(message: dict[str, Any], text: str, calls: str) -> None:
    found = completion_of(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}))
    assert (found.text, found.calls) == (text, calls)
